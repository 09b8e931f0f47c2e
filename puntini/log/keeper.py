"""The keeper folds sessions' logs: live views for snapshots, and views of the past.

It folds lazily, when somebody asks, and in the background when a session has grown so far that the next to ask would
wait. What it folded it saves as a snapshot, so that opening a stream costs what came since, not the history.

A ``task_retracted`` makes void what views have taken in by then. A fold that meets one starts anew, from a snapshot
that holds nothing void, and knows this time what to leave out. So a view at any event is as if all that had been taken
back up to that event had never been said, and a view of the time before shows what was seen then. Snapshots need no
mark: one from inside a stretch that was taken back later is right for its own time, and not gone on from any more.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, Protocol, Self, TypeVar
from weakref import WeakValueDictionary

import anyio
import anyio.lowlevel
import msgspec
import structlog

from puntini.errors import NotFound, StoreUnavailable
from puntini.log.contract import EventLog as Log
from puntini.log.contract import Page, Records, Snapshot
from puntini.log.retractions import retractions
from puntini.protocol.entries import Entry
from puntini.protocol.events import LoggedEvent
from puntini.protocol.retraction import RETRACTED, Retraction, Void, read_retraction

LIVE_VIEWS = 2_000
LIVE_BYTES = 64 << 20
"""Of all live views together, counted as their snapshots' sizes; in memory each takes several times that."""
GROWN_KEPT = 100_000
SNAPSHOT_EVENTS = 2_000
SNAPSHOT_BYTES_PER_EVENT = 256
REST_SECONDS = 5.0
REST_EVENTS = 500
"""A session that has come to rest gets a snapshot for less, so that the first to open it later does not wait."""

ANY_SEQ = (1 << 63) - 1
NOTHING = Snapshot(0, b"")

log = structlog.get_logger("puntini.log")
_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


class Fold(Protocol):
    """What the keeper asks of a view."""

    RELEVANT: ClassVar[frozenset[str]]
    seq: int

    def apply(self, seq: int, event: LoggedEvent) -> None:
        """Take in an event."""

    def void(self, seq: int, event: LoggedEvent) -> None:
        """An event passed that was taken back."""

    def skip(self, seq: int) -> None:
        """An event passed that changes nothing."""

    def encode(self) -> bytes:
        """Everything there is to it."""
        ...

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The inverse of ``encode``."""
        ...


F = TypeVar("F", bound=Fold)


class Source(Log, Records, Protocol):
    """The keeper reads the log and keeps snapshots beside it."""


class Versions:
    """Hands out graph versions to a session's writers in this process, each once."""

    def __init__(self) -> None:
        self.issued = 0
        """The last that was handed out."""

    def at_least(self, version: int) -> None:
        """The log already holds this version."""
        self.issued = max(self.issued, version)

    def next(self) -> int:
        """The version of the next update."""
        self.issued += 1
        return self.issued


class Live(Generic[F]):
    """One session's live view, and how far its newest snapshot reaches."""

    def __init__(self, view: F, saved: int) -> None:
        self.view = view
        self.saved = saved
        self.size = 0
        self.lock = asyncio.Lock()

    @property
    def due(self) -> int:
        """After how many events a new snapshot pays: the larger it is, the more seldom."""
        return max(SNAPSHOT_EVENTS, self.size // SNAPSHOT_BYTES_PER_EVENT)


class Keeper(Generic[F]):
    """Folds of type ``F`` over the sessions of one store."""

    def __init__(
        self,
        store: Source,
        fold: Callable[[], F],
        decode: Callable[[bytes], F],
        *,
        live_bytes: int = LIVE_BYTES,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._live_bytes = live_bytes
        self._rest_seconds = rest_seconds
        self._store = store
        self._fold = fold
        self._decode = decode
        self._live: OrderedDict[str, Live[F]] = OrderedDict()
        self._size = 0
        self._grown: dict[str, int] = {}
        self._due: dict[str, None] = {}
        self._resting: dict[str, int] = {}
        self._looked = 0.0
        self._wake = asyncio.Event()
        self._versions: WeakValueDictionary[str, Versions] = WeakValueDictionary()

    def versions(self, session_id: str) -> Versions:
        """The session's version counter, one for all who hold it at a time."""
        return self._versions.setdefault(session_id, Versions())

    async def view(self, session_id: str) -> F:
        """The session's view at its head. Use it before the next await: it goes on changing. Raises NotFound."""
        return (await self.live(session_id)).view

    async def live(self, session_id: str) -> Live[F]:
        """The view with what is known about it, caught up."""
        head = (await self._store.bounds(session_id)).head
        live = await self._load(session_id)
        async with live.lock:
            if not await self._catch_up(session_id, live.view, head):
                await self._start_anew(session_id, live, head)
        return live

    async def view_at(self, session_id: str, seq: int) -> F:
        """The view as it was after ``seq``: a fold of its own. Raises NotFound, also when that past is gone."""
        if seq > (await self._store.bounds(session_id)).head:
            raise NotFound("The log does not reach forward to that id.")
        view = self._open(await self._newest(session_id, seq, to=seq))
        if await self._catch_up(session_id, view, seq):
            return view
        return (await self._anew(session_id, seq))[0]

    async def snapshot_at(self, session_id: str, seq: int) -> None:
        """Save a snapshot of the past, so that what lies before ``seq`` can be forgotten."""
        view = await self.view_at(session_id, seq)
        await self._store.save_snapshot(session_id, Snapshot(seq, view.encode()))

    async def snapshot(self, session_id: str) -> int:
        """Make sure that a snapshot at the head is saved; returns its seq."""
        live = await self.live(session_id)
        async with live.lock:
            snapshot = Snapshot(live.view.seq, live.view.encode())
        if snapshot.seq > live.saved:
            await self._store.save_snapshot(session_id, snapshot)
            live.saved = snapshot.seq
            self._resize(session_id, live, len(snapshot.body))
        self._grown.pop(session_id, None)
        return live.saved

    def forget(self, session_id: str) -> None:
        """The session was deleted."""
        if live := self._live.pop(session_id, None):
            self._size -= live.size
        self._grown.pop(session_id, None)

    def committed(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """Count what was appended; plan a snapshot when it is time."""
        if len(self._grown) > GROWN_KEPT:
            self._grown.clear()  # then their snapshots come later
        grown = self._grown.get(session_id, 0) + len(entries)
        self._grown[session_id] = grown
        live = self._live.get(session_id)
        if grown >= (live.due if live else SNAPSHOT_EVENTS):
            self._grown[session_id] = 0
            self._due[session_id] = None
            self._wake.set()

    async def keep(self) -> None:
        """Save the snapshots that are due, one after the other. Runs until cancelled."""
        while True:
            with anyio.move_on_after(self._rest_seconds):
                await self._wake.wait()
            self._wake.clear()
            self._look_for_rest()
            while self._due:
                session_id = next(iter(self._due))
                del self._due[session_id]
                try:
                    await self.snapshot(session_id)
                except (NotFound, StoreUnavailable):
                    # Deleted meanwhile, or not now: the next events plan it again.
                    continue
                except Exception:  # a damaged line or snapshot is that session's trouble, and no one else's
                    log.exception("a session could not be folded", session_id=session_id)
                    self._grown.pop(session_id, None)

    def _look_for_rest(self) -> None:
        """Plan snapshots for the sessions to which nothing was added since it was last looked."""
        now = asyncio.get_running_loop().time()
        if now - self._looked < self._rest_seconds:
            return
        self._looked = now
        grown = {session_id: count for session_id, count in self._grown.items() if count >= REST_EVENTS}
        self._due |= dict.fromkeys(key for key, count in grown.items() if self._resting.get(key) == count)
        self._resting = grown

    async def _load(self, session_id: str) -> Live[F]:
        if live := self._live.get(session_id):
            self._live.move_to_end(session_id)
            return live
        base = await self._newest(session_id, ANY_SEQ)
        live = self._live.setdefault(session_id, Live(self._open(base), base.seq))
        self._resize(session_id, live, max(len(base.body), live.size))
        return live

    async def _start_anew(self, session_id: str, live: Live[F], to: int) -> None:
        """Replace a view that holds what is void by now, or that retention has overtaken."""
        live.view, base = await self._anew(session_id, to)
        live.saved = base.seq
        self._resize(session_id, live, len(base.body))

    def _resize(self, session_id: str, live: Live[F], size: int) -> None:
        """Note what a view takes, and let go of those not asked for longest when all take too much."""
        if self._live.get(session_id) is live:
            self._size += size - live.size
        live.size = size
        while len(self._live) > LIVE_VIEWS or (self._size > self._live_bytes and len(self._live) > 1):
            self._size -= self._live.popitem(last=False)[1].size

    def _open(self, base: Snapshot) -> F:
        return self._decode(base.body) if base.body else self._fold()

    async def _newest(self, session_id: str, at_most: int, *, to: int = ANY_SEQ) -> Snapshot:
        """The newest snapshot up to ``at_most``; where the log does not reach back so far, the one it stands on.

        Raises NotFound when that is after ``to``.
        """
        while True:
            # The floor is asked for first: whatever it is, the snapshot that it stands on is there by now.
            floor = (await self._store.bounds(session_id)).floor
            base = await self._store.snapshot(session_id, max(at_most, floor)) or NOTHING
            if floor <= base.seq <= to:
                return base
            if base.seq > to or floor == (await self._store.bounds(session_id)).floor:
                raise NotFound("The log does not reach back to that id.")

    async def _clean(self, session_id: str, to: int) -> tuple[Snapshot, Void]:
        """The newest snapshot up to ``to`` that holds nothing void, and what is void of what follows it."""
        known: list[Retraction] = []
        at_most = looked_through = to
        while True:
            base = await self._newest(session_id, at_most, to=to)
            known += await retractions(self._store, session_id, base.seq, looked_through)
            looked_through = min(looked_through, base.seq)
            void = Void(known)
            clean = void.clean(base.seq)
            if clean == base.seq:
                return base, void
            if base.seq > at_most:
                # Retention takes care that this does not happen; but a view with too much in it is better than none.
                log.warning("the log does not reach back to what was taken back", session_id=session_id, seq=base.seq)
                return base, void
            at_most = clean

    async def _anew(self, session_id: str, to: int) -> tuple[F, Snapshot]:
        """A fold that knows from its start what is void, and the newest snapshot on its way. Raises NotFound."""
        while True:
            base, void = await self._clean(session_id, to)
            view = self._open(base)
            if not await self._catch_up(session_id, view, void.newest, void):
                continue
            if view.seq - base.seq >= REST_EVENTS:
                # Whoever starts before this would go this way again.
                base = Snapshot(view.seq, view.encode())
                await self._store.save_snapshot(session_id, base)
            if await self._catch_up(session_id, view, to, void):
                return view, base

    async def _catch_up(self, session_id: str, view: F, to: int, void: Void | None = None) -> bool:
        """Take in what follows, up to and with ``to``.

        False when retention has removed some of it unread, or, unless ``void`` is known, at a retraction.
        """
        while view.seq < to:
            page = await self._store.read(session_id, view.seq, to=to)
            if page.floor > view.seq or not _take_in(view, page, void):
                return False
            await anyio.lowlevel.checkpoint()
        return True


def _take_in(view: Fold, page: Page, void: Void | None) -> bool:
    """Fold a page. False at a retraction, unless ``void`` is known."""
    for seq, entry in page.events:
        if void is None and entry.kind == RETRACTED and read_retraction(seq, entry):
            return False
        if entry.kind not in view.RELEVANT:
            view.skip(seq)
        elif void is not None and void.covers(seq, entry):
            view.void(seq, _logged.decode(entry.line))
        else:
            view.apply(seq, _logged.decode(entry.line))
    if view.seq < page.upto:
        view.skip(page.upto)
    return True
