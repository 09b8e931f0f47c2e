"""The stores that runners are tested on: one that answers at once, and one that takes its time."""

from collections.abc import AsyncIterator

import pytest

from puntini.log.contract import Store
from puntini.store.memory import MemoryStore
from puntini.store.open import open_store
from tests.agent.stage import LateStore
from tests.databases import databases


@pytest.fixture
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """An empty store: memory, or with ``--postgres`` a database."""
    if not databases.server:
        yield MemoryStore()
        return
    opened = await open_store(request.getfixturevalue("database"))
    yield opened
    await opened.close()


@pytest.fixture(params=["at once", "late"])
def store(request: pytest.FixtureRequest, kept: Store) -> Store:
    """An empty store."""
    if request.param == "at once":
        return kept
    if databases.server:
        pytest.skip("a database takes its time anyway")
    return LateStore()
