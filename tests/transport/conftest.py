"""The server of these tests: everything but a socket."""

from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import store_of_apps
from tests.transport.serving import Server, serving

__all__ = ["store_of_apps"]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server
