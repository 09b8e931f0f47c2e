"""Where a stream starts: the cursor it begins at, and what it must be told first.

A cursor that can't be honoured is never silence and never a partial replay: it is a ``gap``, then a snapshot.
"""

import asyncio
from typing import Protocol
from weakref import WeakValueDictionary

from msgspec import Struct

from puntini.errors import NotFound
from puntini.log.contract import EventLog, Records, SessionRow, TaskRow
from puntini.log.feed import Feed
from puntini.log.runs import Framing
from puntini.protocol.events import Gap, GapData, GapReason, SessionReady
from puntini.protocol.ids import Cursor, Earliest, EventId, Malformed, parse_cursor
from puntini.transport.request import StreamRequest
from puntini.transport.words import Words

REUSE_SECONDS = 0.25


class Ready(Struct, frozen=True, eq=False, weakref=True):
    """A snapshot: the event, and the seq it stands at."""

    event: SessionReady
    seq: int
    _framed: dict[Framing, bytes] = {}

    def framed(self, words: Words) -> bytes:
        """The event as it is sent, made once and shared: a stalled reader holds no copy of its own."""
        data = self._framed.get(words.framing)
        if data is None:
            data = self._framed[words.framing] = words.control(self.event, self.event.data.cursor)
        return data


class Opening(Struct, frozen=True):
    """``cursor`` is where the stream goes on; ``live_at`` the head at opening, where replay is over.

    ``over`` when nothing can come any more: the session is closed, or the task has ended, at or before ``cursor``.
    ``named`` when the request brought a cursor that could be honoured.
    """

    session_id: str
    epoch: str
    cursor: int
    live_at: int
    gap: Gap | None = None
    ready: Ready | None = None
    over: bool = False
    named: bool = False

    @property
    def start_id(self) -> str:
        """Where the stream starts, as an id."""
        return f"{self.epoch}.{self.cursor}"


class Source(EventLog, Records, Protocol):
    """What opening a stream reads."""


class Snapshots(Protocol):
    """Makes a session's snapshot at its head."""

    async def ready(self, row: SessionRow) -> Ready:
        """The snapshot event. Raises NotFound."""
        ...


class Opener:
    """Opens streams on one store.

    A snapshot made a moment ago serves all who come together, and one that is still being sent all who come before the
    session goes on.
    """

    def __init__(self, store: Source, snapshots: Snapshots) -> None:
        self.store = store
        self._snapshots = snapshots
        self._recent: dict[str, tuple[float, Ready]] = {}
        self._on_its_way: WeakValueDictionary[str, Ready] = WeakValueDictionary()
        self._making: dict[str, asyncio.Lock] = {}

    async def open(self, request: StreamRequest, feed: Feed, task: TaskRow | None = None) -> Opening:
        """Decide where ``request`` starts in ``feed``. Raises NotFound or StoreUnavailable."""
        head = feed.head  # before anything is asked: what ends behind it still has to be sent
        row = await self._row(request.session_id)
        if request.after is None:
            return await self._without_cursor(row, feed, task)
        cursor = parse_cursor(request.after, feed.epoch)
        if reason := _refusal(cursor, feed, max(feed.head, row.head)):
            return await self._gap(request.after, reason, row, feed, task)
        seq = _seq(cursor, feed.floor, head)
        over = await self._over(row.status == "closed" and seq >= row.head, task, seq)
        return _opening(feed, seq, over=over, named=True)

    async def _row(self, session_id: str) -> SessionRow:
        row = await self.store.session(session_id)
        if row is None:
            raise NotFound(f"There is no session `{session_id}`.")
        return row

    async def _without_cursor(self, row: SessionRow, feed: Feed, task: TaskRow | None) -> Opening:
        """A session begins with a snapshot, a task with its first event."""
        if task is not None and task.first_seq > feed.floor:
            return _opening(feed, task.first_seq - 1)
        ready = await self.ready(row)
        return _opening(feed, ready.seq, ready=ready, over=await self._over_at(ready, task))

    async def _gap(self, asked: str, reason: GapReason, row: SessionRow, feed: Feed, task: TaskRow | None) -> Opening:
        ready = await self.ready(row)
        at = f"{feed.epoch}.{ready.seq}"
        gap = Gap(session_id=row.session_id, data=GapData(requested=asked[:40], resumed_at=at, reason=reason))
        return _opening(feed, ready.seq, gap=gap, ready=ready, over=await self._over_at(ready, task))

    async def _over_at(self, ready: Ready, task: TaskRow | None) -> bool:
        # The snapshot itself says whether the session is closed: the row was read before it was made.
        return await self._over(ready.event.data.status == "closed", task, ready.seq)

    async def _over(self, closed: bool, task: TaskRow | None, seq: int) -> bool:
        """Whether nothing can follow ``seq``. A task that was open may have ended since its row was read."""
        if closed or task is None:
            return closed
        now = task if task.ended else await self.store.task(task.task_id)
        return now is not None and now.ended and seq >= now.last_seq

    async def expired(self, session_id: str, feed: Feed, cursor: int, task_id: str = "") -> Opening:
        """Retention overtook a reader at ``cursor``. Raises NotFound or StoreUnavailable."""
        row = await self._row(session_id)
        task = await self.store.task(task_id) if task_id else None
        return await self._gap(f"{feed.epoch}.{cursor}", "expired", row, feed, task)

    async def ready(self, row: SessionRow) -> Ready:
        """A snapshot not older than a moment; what came since follows it in the stream anyway."""
        async with self._making.setdefault(row.session_id, asyncio.Lock()):
            now = asyncio.get_running_loop().time()
            made = self._recent.get(row.session_id)
            if made is None or now - made[0] > REUSE_SECONDS:
                made = (now, self._unchanged(row) or await self._snapshots.ready(row))
                self._recent[row.session_id] = made
                self._on_its_way[row.session_id] = made[1]
                asyncio.get_running_loop().call_later(REUSE_SECONDS, self._forget, row.session_id)
        return made[1]

    def _unchanged(self, row: SessionRow) -> Ready | None:
        """A snapshot that somebody is still being sent, if there is nothing to add to it."""
        ready = self._on_its_way.get(row.session_id)
        if ready is None or ready.seq != row.head:
            return None
        data = ready.event.data
        return ready if (data.status, data.agent) == (row.status, row.agent) else None

    def _forget(self, session_id: str) -> None:
        self._recent.pop(session_id, None)
        lock = self._making.get(session_id)
        if lock is not None and not lock.locked():
            del self._making[session_id]


def _opening(
    feed: Feed,
    cursor: int,
    *,
    gap: Gap | None = None,
    ready: Ready | None = None,
    over: bool = False,
    named: bool = False,
) -> Opening:
    return Opening(feed.session_id, feed.epoch, cursor, max(feed.head, cursor), gap, ready, over, named)


def _refusal(cursor: Cursor, feed: Feed, head: int) -> GapReason | None:
    match cursor:
        case Malformed():
            return "malformed"
        case EventId(epoch, _) if epoch != feed.epoch:
            return "unknown_epoch"
        case EventId(_, seq) if seq > head:
            return "ahead_of_log"
        case EventId(_, seq) if seq < feed.floor:
            return "expired"
        case _:
            return None


def _seq(cursor: Cursor, floor: int, head: int) -> int:
    match cursor:
        case EventId(_, seq):
            return seq
        case Earliest():
            return floor
        case _:
            return head
