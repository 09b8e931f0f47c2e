"""A feed: one live session's newest events in a ring of runs, and the readers that wait for more.

Readers hold cursors. What several readers at one cursor are sent is made once and shared, whether it comes from the
ring or, for a reader that fell off it, from one shared read of the store.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from puntini.log.contract import Page
from puntini.log.runs import Framed, Lens, Run
from puntini.protocol.entries import Entry

CHUNK = 65_536
PAGES_KEPT = 8
JOINED_KEPT = 64
ROOM = 10
"""A ring that is full is emptied by a tenth, so that it is not full again at once."""
MOST_POSTPONED = 0.25
PROBE_SECONDS = 1.0
"""Of what comes within this time, how long one event takes to its readers is measured."""

ReadPage = Callable[[int], Awaitable[Page]]
Spawn = Callable[..., object]
Count = Callable[[int], None]


class Feed:
    """``base`` is the oldest cursor the ring can serve, ``head`` the newest seq known.

    ``size`` is what the ring takes: its runs, and the frames and joined frames that were made of them. ``count`` is
    told of each change to it.
    """

    def __init__(
        self, session_id: str, epoch: str, *, ring_bytes: int, read: ReadPage, spawn: Spawn, count: Count
    ) -> None:
        self.session_id = session_id
        self.epoch = epoch
        self.floor = 0
        self.base = 0
        self.head = 0
        self.size = 0
        self.readers = 0
        self.idle_since = 0.0
        self.loaded = asyncio.Event()
        self.gone = False
        self._known = False
        self._ring_bytes = ring_bytes
        self._ring: deque[Run] = deque()
        self._joined: dict[tuple[int, Lens], Framed] = {}
        self._joined_size = 0
        self._count = count
        self._page_runs: dict[int, Run] = {}
        self._reading: dict[int, asyncio.Future[Run]] = {}
        self._read = read
        self._spawn = spawn
        self._waiters: dict[asyncio.Future[None], None] = {}
        self._wake_planned = False
        self._round_started = 0.0
        self._round_seconds = 0.0
        self.probe = 0
        """The seq of the event that is measured on its way, since ``probe_at``."""
        self.probe_at = 0.0

    # What arrives.

    def learn(self, floor: int, head: int) -> None:
        """The bounds as the store had them; what was published meanwhile is newer and wins."""
        self.floor = max(self.floor, floor)
        if not self._known:
            self._known = True
            self.base = self.head = head
        self.loaded.set()

    def publish(self, first: int, entries: Sequence[Entry]) -> None:
        """Take in committed events. A hole before them empties the ring: the store has what was missed."""
        if not self._known or first != self.head + 1:
            self._known = True
            self.shrink(0)
            self.base = first - 1
        self.head = first + len(entries) - 1
        run = Run(self.session_id, first - 1, self.head, range(first, self.head + 1), entries)
        self._ring.append(run)
        self._forget_joined()
        self._grow(run.size)
        self._plan_wake()
        if (now := asyncio.get_running_loop().time()) - self.probe_at > PROBE_SECONDS:
            self.probe, self.probe_at = self.head, now

    def _grow(self, size: int) -> None:
        """Count what was added to the ring, and make room when it is too much."""
        self._resize(size)
        if self.size > self._ring_bytes:
            self.shrink(self._ring_bytes - self._ring_bytes // ROOM)

    def _resize(self, change: int) -> None:
        self.size += change
        self._count(change)

    def shrink(self, to: int) -> None:
        """Drop what was joined and the oldest runs until at most ``to`` bytes are kept."""
        self._forget_joined()
        while self.size > to and self._ring:
            run = self._ring.popleft()
            self.base = run.upto
            self._resize(-run.size)

    def _forget_joined(self) -> None:
        self._joined.clear()
        self._resize(-self._joined_size)
        self._joined_size = 0

    def forget(self) -> None:
        """The session was deleted: wake everybody, who will notice."""
        self.gone = True
        self.loaded.set()
        self._wake()

    # What is read.

    def framed(self, cursor: int, lens: Lens) -> Framed | None:
        """What comes after ``cursor``, about ``CHUNK`` bytes of it; None when the ring does not reach back so far."""
        if cursor < self.base:
            return None
        key = (cursor, lens)
        made = self._joined.get(key)
        if made is None:
            if len(self._joined) >= JOINED_KEPT:
                self._forget_joined()
            made, grown = self._join(cursor, lens)
            self._grow(grown + len(made.data))  # first: making room lets go of all that was joined before
            self._joined[key] = made
            self._joined_size += len(made.data)
        return made

    def _join(self, cursor: int, lens: Lens) -> tuple[Framed, int]:
        """Frames joined, and by how much the runs grew for it."""
        parts: list[bytes] = []
        size, grown, upto, ended, count = 0, 0, cursor, False, 0
        for run in self._after(cursor):
            before = run.size
            part = run.framed_after(cursor, lens, self.epoch)
            parts.append(part.data)
            size, grown, upto, ended = size + len(part.data), grown + run.size - before, part.upto, part.ended
            count += part.count
            if ended or size >= CHUNK:
                break
        return Framed(b"".join(parts), upto, ended, count), grown

    def _after(self, cursor: int) -> list[Run]:
        runs: list[Run] = []
        for run in reversed(self._ring):
            if run.upto <= cursor:
                break
            runs.append(run)
        runs.reverse()
        return runs

    async def stored(self, cursor: int) -> Run:
        """The run after ``cursor`` from the store; many readers at one cursor share one read.

        Raises StoreUnavailable or NotFound.
        """
        if run := self._page_runs.get(cursor):
            return run
        pending = self._reading.get(cursor)
        if pending is None:
            pending = self._reading[cursor] = asyncio.get_running_loop().create_future()
            self._spawn(self._fetch, cursor, pending)
        return await asyncio.shield(pending)

    async def _fetch(self, cursor: int, pending: asyncio.Future[Run]) -> None:
        try:
            page = await self._read(cursor)
        except BaseException as error:
            if not pending.done():
                pending.set_exception(error if isinstance(error, Exception) else ConnectionAbortedError())
                pending.exception()
            if not isinstance(error, Exception):
                raise
        else:
            self.floor = max(self.floor, page.floor)
            seqs, entries = zip(*page.events, strict=True) if page.events else ((), ())
            run = Run(self.session_id, cursor, page.upto, seqs, entries)
            self._keep(cursor, run)
            pending.set_result(run)
        finally:
            del self._reading[cursor]

    def _keep(self, cursor: int, run: Run) -> None:
        if run.upto == cursor:
            return
        self._page_runs[cursor] = run
        while len(self._page_runs) > PAGES_KEPT:
            del self._page_runs[next(iter(self._page_runs))]

    def rest(self) -> None:
        """Let go of what was read from the store for readers who came together."""
        self._page_runs.clear()

    # Who waits.

    async def wait(self, waiter: asyncio.Future[None]) -> None:
        """Wait until something was published, or somebody sets the waiter."""
        self._waiters[waiter] = None
        try:
            await waiter
        finally:
            self._waiters.pop(waiter, None)

    def _plan_wake(self) -> None:
        """Wake at once when idle, else no sooner than the last round took: the busier, the more is joined.

        A round that took long because of something else than its readers puts nobody off for more than a moment.
        """
        if self._wake_planned or not self._waiters:
            return
        self._wake_planned = True
        loop = asyncio.get_running_loop()
        due = min(self._round_started + 2 * self._round_seconds, loop.time() + MOST_POSTPONED)
        if due <= loop.time():
            loop.call_soon(self._wake)
        else:
            loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._wake_planned = False
        loop = asyncio.get_running_loop()
        self._round_started = loop.time()
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        loop.call_soon(self._round_over)

    def _round_over(self) -> None:
        self._round_seconds = asyncio.get_running_loop().time() - self._round_started
