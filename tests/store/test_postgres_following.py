"""Two stores on one database: what one commits, the other hears once, in order and soon."""

import time
from collections.abc import AsyncIterator, Sequence

import anyio
import pytest

from puntini.log.contract import Store
from puntini.protocol.entries import Entry
from puntini.store.open import open_store
from tests.postgres import cut_connections
from tests.store.making import SESSION, add, begin, many, said
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Ear:
    """What a store's listener was told of one session."""

    def __init__(self, store: Store) -> None:
        self.seqs: list[int] = []
        self.entries: list[Entry] = []
        self.times: list[float] = []
        self.moves: list[tuple[str, int | None]] = []
        store.watch(self._told, lambda *move: self.moves.append(move))

    def _told(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        assert session_id == SESSION
        self.seqs += range(first, first + len(entries))
        self.entries += entries
        self.times.append(time.perf_counter())
