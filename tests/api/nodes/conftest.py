"""Two nodes for the tests that need no more of them than that."""

from collections.abc import AsyncIterator

import pytest

from tests.api.nodes.pairs import Pair, pair_on


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    """Two nodes in open mode, on an empty database."""
    async with pair_on(database) as both:
        yield both
