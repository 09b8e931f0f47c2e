"""One store is enough here: what takes its time is looked at next door."""

import pytest

from puntini.log.contract import Store


@pytest.fixture
def store(kept: Store) -> Store:
    """An empty store."""
    return kept
