"""What the tests of the HTTP API share: an app that forgets everything."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api import calling
from tests.api.calling import Api, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An app on a memory store, with the scripted agent."""
    async with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def store_of_apps(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--postgres``, an empty database in the place of the memory store."""
    if request.config.getoption("--postgres") and not request.node.get_closest_marker("several_stores"):
        calling.instead[0] = request.getfixturevalue("database")
    yield
    calling.instead[0] = "memory:"
