"""How long a log is kept: so many days and so many bytes a session.

When a session holds too much, the pieces of messages that are whole by now go first: nobody who folds the log misses
them. If that is not enough the oldest events go, and the floor moves up to a snapshot that keeps every view right.

The floor never comes to lie between what was taken back and its retraction: a snapshot there holds what is void later.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import anyio
import anyio.lowlevel
import msgspec
import structlog

from puntini.errors import NotFound, StoreUnavailable
from puntini.log.contract import Store
from puntini.log.mint import now_ms
from puntini.log.retractions import retractions
from puntini.log.turns import Turn, always
from puntini.protocol.entries import Entry
from puntini.protocol.events import AssistantResponse, Reasoning
from puntini.protocol.retraction import Void

DAY_MS = 86_400_000
ROUND_SECONDS = 300.0
SESSIONS_A_PAGE = 100
SLACK = 10
"""A session that is too large is cut a tenth below its limit, so that the next append does not cut again."""

log = structlog.get_logger("puntini.log")
_pieces: msgspec.json.Decoder[AssistantResponse | Reasoning] = msgspec.json.Decoder(AssistantResponse | Reasoning)


class Snapshots(Protocol):
    """What retention asks of the keeper."""

    async def snapshot_at(self, session_id: str, seq: int) -> None:
        """Save a snapshot of the past."""


class Floors(Protocol):
    """What retention tells the hub."""

    def trimmed(self, session_id: str, floor: int) -> None:
        """The floor moved."""


class Retention:
    """Keeps sessions within ``days`` and ``keep_bytes``; 0 keeps everything.

    What grows is looked at by the process that writes it, everything by the one whose ``turn`` it is.
    """

    def __init__(
        self,
        store: Store,
        snapshots: Snapshots,
        hub: Floors,
        *,
        days: float,
        keep_bytes: int,
        round_seconds: float = ROUND_SECONDS,
        turn: Turn = always,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._hub = hub
        self._days = days
        self._keep_bytes = keep_bytes
        self._round_seconds = round_seconds
        self._turn = turn
        self._grown: dict[str, int] = {}
        self._due: dict[str, None] = {}
        self._wake = anyio.Event()

    def committed(self, session_id: str, _first: int, entries: Sequence[Entry]) -> None:
        """Count bytes; a session that grew by a tenth of its limit is looked at soon."""
        if not self._keep_bytes:
            return
        grown = self._grown.get(session_id, 0) + sum(len(entry.line) for entry in entries)
        if grown > self._keep_bytes // SLACK:
            grown = 0
            self._due[session_id] = None
            self._wake.set()
        self._grown[session_id] = grown

    async def sweep(self) -> None:
        """Look at what grew, and at everything once in a while. Runs until cancelled."""
        clock = asyncio.get_running_loop().time
        round_at = clock() + self._round_seconds
        while True:
            # The round's time is fixed, so that sessions that always grow do not put it off.
            with anyio.move_on_after(round_at - clock()):
                await self._wake.wait()
            self._wake = anyio.Event()
            due, self._due = list(self._due), {}
            for session_id in due:
                await self._look(session_id)
            if clock() >= round_at:
                self._grown.clear()
                await self._all()
                round_at = clock() + self._round_seconds

    async def _all(self) -> None:
        offset = 0
        while True:
            try:
                if not await self._turn():
                    return
                rows, total = await self._store.sessions(limit=SESSIONS_A_PAGE, offset=offset)
            except StoreUnavailable:
                return
            for row in rows:
                await self._look(row.session_id)
            offset += SESSIONS_A_PAGE
            if offset >= total:
                return

    async def _look(self, session_id: str) -> None:
        try:
            await self.apply(session_id)
        except (NotFound, StoreUnavailable):
            # Deleted meanwhile, or the store can't now: the next round looks again.
            return
        except Exception:  # a damaged line or snapshot is that session's trouble, and no one else's
            log.exception("a session could not be trimmed", session_id=session_id)

    async def apply(self, session_id: str) -> None:
        """Bring one session within its limits, as far as open tasks allow. Raises NotFound or StoreUnavailable."""
        bounds = await self._store.bounds(session_id)
        spare = await self._spare(session_id, bounds.head)
        if await self._cut(session_id, spare, self._keep_bytes) <= bounds.floor:
            return
        # Who spoke up to `spare` has ended by now, so that all retractions of it have been written.
        head = (await self._store.bounds(session_id)).head
        void = Void(await retractions(self._store, session_id, bounds.floor, head))
        await self._erase(session_id, bounds.floor, spare, void)
        if await self._cut(session_id, spare, self._keep_bytes) <= bounds.floor:
            return
        cut = void.clean(await self._cut(session_id, spare, self._keep_bytes - self._keep_bytes // SLACK))
        if cut <= bounds.floor:
            return
        await self._snapshots.snapshot_at(session_id, cut)
        await self._store.trim(session_id, cut)
        self._hub.trimmed(session_id, cut)

    async def _cut(self, session_id: str, spare: int, keep_bytes: int) -> int:
        before = now_ms() - int(self._days * DAY_MS) if self._days else 0
        horizon = await self._store.horizon(session_id, before=before, keep_bytes=keep_bytes or 1 << 62)
        return min(horizon, spare)

    async def _spare(self, session_id: str, head: int) -> int:
        """The seq up to ``head`` to which no open task needs its events: one that is taken up again counts them."""
        open_tasks = await self._store.tasks(session_id=session_id, open_only=True)
        return min([head, *(task.first_seq - 1 for task in open_tasks if task.first_seq)])

    async def _erase(self, session_id: str, floor: int, end: int, void: Void) -> None:
        """Forget the pieces of messages that are whole. A whole that is void supersedes nothing."""
        cursor = floor
        open_pieces: dict[str, list[int]] = {}
        while cursor < end:
            page = await self._store.read(session_id, cursor, to=end)
            standing = [numbered for numbered in page.events if not void.covers(*numbered)]
            doomed = [seq for numbered in standing for seq in _superseded(numbered, open_pieces)]
            if doomed:
                await self._store.erase(session_id, doomed)
            cursor = page.upto
            await anyio.lowlevel.checkpoint()


def _superseded(numbered: tuple[int, Entry], open_pieces: dict[str, list[int]]) -> list[int]:
    """The pieces that this event makes needless; a piece itself is remembered in ``open_pieces``."""
    seq, entry = numbered
    if entry.kind not in {"assistant_response", "reasoning"}:
        return []
    data = _pieces.decode(entry.line).data
    if not data.message_id:
        return []
    name = f"{entry.kind} {data.message_id}"
    if data.chunk:
        open_pieces.setdefault(name, []).append(seq)
        return []
    return open_pieces.pop(name, [])
