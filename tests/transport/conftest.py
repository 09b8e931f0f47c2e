"""The server of these tests: everything but a socket."""

from collections.abc import AsyncIterator

import pytest

from tests.transport.serving import Server, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server
