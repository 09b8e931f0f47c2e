"""The stores that runners are tested on: one that answers at once, and one that takes its time."""

import pytest

from puntini.store.memory import MemoryStore
from tests.agent.stage import LateStore


@pytest.fixture(params=["at once", "late"])
def store(request: pytest.FixtureRequest) -> MemoryStore:
    """An empty store."""
    return MemoryStore() if request.param == "at once" else LateStore()
