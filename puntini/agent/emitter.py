"""The emitter: from an agent's events to appends. What is said while an append is under way goes into the next one.

What an agent saves, a checkpoint say, is written in one transaction with what it said before it, and what it says after
it goes into a later one. So the log and the checkpoint never tell different stories.
"""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from functools import partial

import anyio
import msgspec
from msgspec.structs import replace

from puntini.errors import PuntiniError, StaleAttempt, StaleGraph, StoreUnavailable
from puntini.figures import figures
from puntini.log.contract import Append, EventLog, Fence, GraphVersions, Kept, TaskRow, Written
from puntini.log.keeper import Versions
from puntini.log.mint import now_ms, timestamp
from puntini.log.renumbering import renumbered
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    SERVERS_OWN,
    Debug,
    Envelope,
    Error,
    GraphUpdate,
    LoggedEvent,
    TaskFailed,
    TaskStatus,
)
from puntini.redaction import Redaction

ROOM_BYTES = 256 << 10
MOST_BYTES = 16 << 20
RETRY_SECONDS = 0.5
OVER = "This attempt at the task is over."
QUOTING = frozenset({Debug, Error, TaskFailed})
"""Events that quote what agents and libraries have at hand: addresses, headers, settings."""


class Batch:
    """What goes into one append. It is ``safe`` when it ends with a save."""

    __slots__ = ("entries", "kept", "safe", "size", "versions")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.kept: list[Kept] = []
        self.size = 0
        self.safe = False
        self.versions: GraphVersions | None = None

    def brings(self, versions: GraphVersions) -> None:
        """It holds graph updates of these versions."""
        before = self.versions or versions
        self.versions = GraphVersions(min(before.after, versions.after), max(before.last, versions.last))

    def join(self, later: "Batch") -> None:
        """Take in what comes after."""
        self.entries += later.entries
        self.kept += later.kept
        self.size += later.size
        self.safe = later.safe
        if later.versions is not None:
            self.brings(later.versions)


class Emitter:
    """Appends one attempt's events in order, one append at a time. It has no task of its own: the loop calls it back.

    What is unsent is little as long as the agent awaits ``room``, and never more than ``MOST_BYTES``. Of a task that is
    ``resting``, nothing is written once it has another status than ``row``'s.
    """

    away = ""
    """Why the store does not write at the moment; empty while it does."""

    def __init__(
        self,
        log: EventLog,
        row: TaskRow,
        *,
        resting: bool = False,
        redacted: Redaction | None = None,
        versions: Versions | None = None,
    ) -> None:
        self._log = log
        self._redacted = redacted
        self._versions = versions or Versions()
        self.row = row
        self._fence = Fence(row.task_id, row.attempt, row.status if resting else None)
        self._loop = asyncio.get_running_loop()
        self._waiting = Batch()
        self._saved: Batch | None = None
        self._under_way = 0
        self._busy = False
        self._closed = False
        self._moved = asyncio.Event()
        self._refused: PuntiniError | None = None

    def stamp(self, event: Envelope) -> Entry:
        """Fill in who speaks and when, and encode."""
        row = self.row
        agent = event.agent or row.agent
        entry = entry_of(replace(event, task_id=row.task_id, attempt=row.attempt, agent=agent, timestamp=timestamp()))
        return (
            entry if type(event) not in QUOTING or self._redacted is None else _without_secrets(entry, self._redacted)
        )

    def emit(self, event: Envelope) -> None:
        """Take an event in; it is appended soon, unless the attempt is over. Raises as ``Task.emit`` says."""
        if self._closed:
            return
        entry = self.stamp(event)
        if entry.kind in SERVERS_OWN:
            raise ValueError(f"Only the server says {entry.kind}, not an agent.")
        self._admit(len(entry.line))
        self._waiting.entries.append(entry)
        if isinstance(event, GraphUpdate):
            self._waiting.brings(GraphVersions(event.data.version - 1, event.data.version))
        self._begin()

    def save(self, kept: Sequence[Kept], row: TaskRow) -> None:
        """Keep things together with all that was said so far: from then on it stands whatever becomes of the attempt.

        ``row`` is the task's as it is then. Raises BufferError as ``emit`` does.
        """
        self._admit(sum(len(item.body or b"") for item in kept))
        self.row = row
        self._waiting.kept += kept
        self._waiting.safe = True
        if self._saved is None:
            self._saved = self._waiting
        else:
            self._saved.join(self._waiting)
        self._waiting = Batch()
        self._begin()

    def _admit(self, size: int) -> None:
        if self._size + self._under_way + size > MOST_BYTES:
            raise BufferError(
                f"More than {MOST_BYTES >> 20} MiB would wait to be written; await `task.point()` between events."
            )
        self._waiting.size += size

    @property
    def _size(self) -> int:
        return self._waiting.size + (self._saved.size if self._saved else 0)

    @property
    def _count(self) -> int:
        return len(self._waiting.entries) + (len(self._saved.entries) if self._saved else 0)

    def _begin(self) -> None:
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._flush)

    async def room(self, most: int) -> None:
        """Wait while ``most`` events wait. Raises what refused an append: the attempt is over then."""
        while self._refused is None and (self._count >= most or self._size >= ROOM_BYTES):
            await self._change()
        if self._refused is not None:
            raise self._refused

    async def drained(self) -> None:
        """Wait until everything said so far is committed. Raises what refused it."""
        while self._refused is None and self._busy:
            await self._change()
        if self._refused is not None:
            raise self._refused

    async def _change(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def close(self) -> None:
        """Append nothing more, whatever waits. Who waits for it is told so: a thread that outlives its task, say."""
        self._closed = True
        self._refused = self._refused or StaleAttempt(OVER)
        self._moved.set()

    def _flush(self) -> None:
        if self._saved is not None:
            batch, self._saved = self._saved, None
        else:
            batch, self._waiting = self._waiting, Batch()
        self._under_way = batch.size
        row = self.row if batch.safe else None
        self._submit(self._append(batch.entries, row, kept=batch.kept, versions=batch.versions))
        self._moved.set()

    def _submit(self, write: Append) -> None:
        if not self._closed:
            self._log.submit(write).add_done_callback(partial(self._settled, write))

    def _settled(self, write: Append, done: Future[Written]) -> None:
        error = done.exception()
        self.away = error.message if isinstance(error, StoreUnavailable) else ""
        if isinstance(error, StoreUnavailable):
            self._loop.call_later(RETRY_SECONDS, self._submit, write)
        elif isinstance(error, StaleGraph):
            self._submit(self._renumbered(write, error.version))
        elif error is not None:
            # Taken over, ended or deleted: nothing that this attempt says counts any more.
            self._refused = error if isinstance(error, PuntiniError) else PuntiniError(f"The log failed: {error}")
            self._moved.set()
        elif self._saved is not None or self._waiting.entries:
            self._flush()
        else:
            self._busy = False
            self._under_way = 0
            self._moved.set()

    def _renumbered(self, write: Append, version: int) -> Append:
        """The same, with graph versions that come after all that others gave meanwhile."""
        entries, brings = renumbered(write.entries, self._versions, version)
        return replace(write, entries=entries, versions=brings)

    async def commit(self, events: Sequence[Envelope], row: TaskRow, *, still: TaskStatus | None = None) -> None:
        """Write events with the change of the row they stand for, and again while the store is away.

        To be called when nothing waits any more. Where it is told, only if the task's status is ``still`` that.
        Raises StaleAttempt, NotFound or SessionClosed.
        """
        while True:
            try:
                await self.write(events, row, still=still)
                self.away = ""
                return
            except StoreUnavailable as error:
                self.away = error.message
                await anyio.sleep(RETRY_SECONDS)

    async def write(self, events: Sequence[Envelope], row: TaskRow, *, still: TaskStatus | None = None) -> None:
        """``commit`` that is tried once: raises StoreUnavailable as well."""
        if self._closed:
            raise self._refused or StaleAttempt(OVER)
        write = self._append([self.stamp(event) for event in events], row, safe=False)
        await self._log.append(write if still is None else replace(write, fence=replace(self._fence, status=still)))
        self.row = row
        if row.ended:
            figures.tasks_ended[row.status] += 1

    def _append(
        self,
        entries: list[Entry],
        row: TaskRow | None,
        *,
        kept: Sequence[Kept] = (),
        safe: bool = True,
        versions: GraphVersions | None = None,
    ) -> Append:
        return Append(
            session_id=self.row.session_id,
            entries=entries,
            task=row,
            safe=safe and row is not None,
            kept=kept,
            versions=versions,
            fence=self._fence,
            at=now_ms(),
        )


def _without_secrets(entry: Entry, redacted: Redaction) -> Entry:
    text = entry.line.decode()
    if redacted(text) == text:
        return entry
    return entry_of(msgspec.convert(redacted.values(msgspec.json.decode(text)), LoggedEvent))
