"""What the tests of the HTTP API share: an app that forgets everything."""

from collections.abc import AsyncIterator

import pytest

from tests.api.calling import Api, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An app on a memory store, with the scripted agent."""
    async with serving() as running:
        yield running
