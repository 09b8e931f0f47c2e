"""A log to read in these tests: a memory store that remembers its reads, and things to say in few words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel

from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Bounds, Listener, Moved, Page, SessionRow, Snapshot
from puntini.log.feed import Feed
from puntini.log.hub import Hub
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Debug,
    DebugData,
    Envelope,
    Level,
    Reasoning,
    ReasoningData,
    SessionClosed,
    SessionClosedData,
    TaskCompleted,
    TaskEndData,
    Usage,
)
from puntini.store.memory import MemoryStore

SESSION = "ses_1"


class RecordingStore(MemoryStore):
    """A memory store that notes each read, answers a turn of the loop later, and can be told to wait with it."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_after: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.saved: list[int] = []
        self.asked_snapshots: list[str] = []
        self.trimmed: list[str] = []
        self.deaf = False
        self.broken = False
        self.page_bytes = 1 << 40

    def watch(self, listener: Listener, moved: Moved | None = None, wrote: Listener | None = None) -> None:
        """Name the listener, who hears nothing while the store is ``deaf``."""
        super().watch(lambda *commit: None if self.deaf else listener(*commit), moved, wrote)

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Note it, wait while the store is shut, read, and let others run before the answer.

        A page is never larger than ``page_bytes`` allows. Raises StoreUnavailable while the store is ``broken``.
        """
        self.reads_after.append(after)
        await self.open.wait()
        if self.broken:
            raise StoreUnavailable("The disk is away.")
        page = await super().read(session_id, after, max_bytes=min(max_bytes, self.page_bytes), to=to)
        await anyio.lowlevel.checkpoint()
        return page

    async def bounds(self, session_id: str) -> Bounds:
        """Read the bounds, and let others run before the answer."""
        await self.open.wait()
        bounds = await super().bounds(session_id)
        await anyio.lowlevel.checkpoint()
        return bounds

    async def save_snapshot(self, session_id: str, snapshot: Snapshot) -> None:
        """Note its seq, and keep it."""
        await super().save_snapshot(session_id, snapshot)
        self.saved.append(snapshot.seq)

    async def snapshot(self, session_id: str, at_most: int) -> Snapshot | None:
        """Note who is asked for, look, and let others run before the answer."""
        self.asked_snapshots.append(session_id)
        snapshot = await super().snapshot(session_id, at_most)
        await anyio.lowlevel.checkpoint()
        return snapshot

    async def trim(self, session_id: str, to: int) -> None:
        """Trim, and note that it happened."""
        await super().trim(session_id, to)
        self.trimmed.append(session_id)

    async def say(self, *entries: Entry, session_id: str = SESSION, at: int = 1) -> None:
        """Append to a session, which is made when it is not there."""
        create = None
        if await self.session(session_id) is None:
            create = SessionRow(session_id=session_id, owner="ada", created_at=at, updated_at=at)
        await self.append(Append(session_id=session_id, entries=entries, create=create, at=at))


def everything(size: int) -> list[int]:
    """The seqs of a log of so many events."""
    return list(range(1, size + 1))


@asynccontextmanager
async def hub_on(store: MemoryStore, *, ring_bytes: int = 1 << 20, per_session: int = 1 << 20) -> AsyncIterator[Hub]:
    """A hub with its task group around it."""
    async with anyio.create_task_group() as tasks:
        yield Hub(store, tasks, ring_bytes=ring_bytes, ring_bytes_per_session=per_session)
        tasks.cancel_scope.cancel()


def thought(text: str = "hm", *, task: str = "", size: int = 0) -> Entry:
    """An event of any kind will do: this is the plainest. ``size`` pads its line to about so many bytes."""
    return entry_of(Reasoning(task_id=task, data=ReasoningData(text=text.ljust(max(0, size - 60), "."))))


def thoughts(count: int, *, size: int = 0) -> list[Entry]:
    """So many numbered events."""
    return [thought(str(number), size=size) for number in range(1, count + 1)]


def remark(level: Level, message: str = "hm", *, task: str = "") -> Entry:
    """A debug event."""
    return entry_of(Debug(task_id=task, data=DebugData(message=message, level=level)))


def piece(message_id: str, text: str, offset: int = 0) -> Entry:
    """A piece of an answer."""
    return entry_of(answer(message_id, text, chunk=True, offset=offset))


def whole(message_id: str, text: str) -> Entry:
    """A whole answer."""
    return entry_of(answer(message_id, text, chunk=False))


def answer(message_id: str, text: str, *, chunk: bool, offset: int = 0) -> Envelope:
    """An answer as an event."""
    return AssistantResponse(data=AssistantResponseData(message_id=message_id, text=text, chunk=chunk, offset=offset))


def task_end(task: str) -> Entry:
    """A task's end."""
    return entry_of(TaskCompleted(task_id=task, data=TaskEndData(duration_seconds=1.0, usage=Usage())))


def session_end() -> Entry:
    """A session's last event."""
    return entry_of(SessionClosed(data=SessionClosedData(reason="done")))


def seqs_of(framed: bytes) -> list[int]:
    """The seqs that frames carry, in order: lines or SSE blocks."""
    found = []
    for line in framed.split(b"\n"):
        _, mark, rest = line.partition(b'"id":"')
        if mark and b'"session_id"' in rest:
            found.append(int(rest.partition(b'"')[0].partition(b".")[2]))
    return found


def holding(feed: Feed) -> tuple[int, int]:
    """The stretch of the log that the ring serves: from the cursor, up to the seq."""
    return feed.base, feed.head


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Let others run until it is true. Raises TimeoutError."""
    with anyio.fail_after(seconds):
        while not true():
            await anyio.sleep(0.001)
