"""The emitter: from an agent's events to appends. What is said while an append is under way goes into the next one."""

import asyncio
from asyncio import Future
from functools import partial

import anyio
from msgspec.structs import replace

from puntini.errors import PuntiniError, StoreUnavailable
from puntini.log.contract import Append, EventLog, Fence, TaskRow, Written
from puntini.log.mint import now_ms, timestamp
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import TASK_ENDS, Envelope

ROOM_BYTES = 256 << 10
MOST_BYTES = 16 << 20
RETRY_SECONDS = 0.5
SERVERS_OWN = TASK_ENDS | {
    "user_prompt",
    "task_started",
    "task_paused",
    "task_resumed",
    "task_retracted",
    "session_closed",
}
"""What no agent may say: each of these stands for a change of the records that is written together with it."""


class Emitter:
    """Appends one attempt's events in order, one append at a time. It has no task of its own: the loop calls it back.

    What is unsent is little as long as the agent awaits ``room``, and never more than ``MOST_BYTES``.
    """

    away = ""
    """Why the store does not write at the moment; empty while it does."""

    def __init__(self, log: EventLog, row: TaskRow) -> None:
        self._log = log
        self._row = row
        self._fence = Fence(row.task_id, row.attempt)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Entry] = []
        self._size = 0
        self._under_way = 0
        self._busy = False
        self._closed = False
        self._moved = asyncio.Event()
        self._refused: PuntiniError | None = None

    def stamp(self, event: Envelope) -> Entry:
        """Fill in who speaks and when, and encode."""
        row = self._row
        agent = event.agent or row.agent
        return entry_of(replace(event, task_id=row.task_id, attempt=row.attempt, agent=agent, timestamp=timestamp()))

    def emit(self, event: Envelope) -> None:
        """Take an event in; it is appended soon. Raises as ``Task.emit`` says."""
        entry = self.stamp(event)
        if entry.kind in SERVERS_OWN:
            raise ValueError(f"Only the server says {entry.kind}, not an agent.")
        if self._size + self._under_way + len(entry.line) > MOST_BYTES:
            raise BufferError(
                f"More than {MOST_BYTES >> 20} MiB would wait to be written; await `task.point()` between events."
            )
        self._waiting.append(entry)
        self._size += len(entry.line)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._flush)

    async def room(self, most: int) -> None:
        """Wait while ``most`` events wait. Raises what refused an append: the attempt is over then."""
        while self._refused is None and (len(self._waiting) >= most or self._size >= ROOM_BYTES):
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
        """Append nothing more, whatever waits."""
        self._closed = True

    def _flush(self) -> None:
        entries, self._waiting = self._waiting, []
        self._under_way, self._size = self._size, 0
        self._submit(entries)
        self._moved.set()

    def _submit(self, entries: list[Entry]) -> None:
        if not self._closed:
            self._log.submit(self._append(entries)).add_done_callback(partial(self._settled, entries))

    def _settled(self, entries: list[Entry], done: Future[Written]) -> None:
        error = done.exception()
        self.away = error.message if isinstance(error, StoreUnavailable) else ""
        if isinstance(error, StoreUnavailable):
            self._loop.call_later(RETRY_SECONDS, self._submit, entries)
        elif error is not None:
            # Taken over, ended or deleted: nothing that this attempt says counts any more.
            self._refused = error if isinstance(error, PuntiniError) else PuntiniError(f"The log failed: {error}")
            self._moved.set()
        elif self._waiting:
            self._flush()
        else:
            self._busy = False
            self._under_way = 0
            self._moved.set()

    async def commit(self, event: Envelope, row: TaskRow) -> None:
        """Write an event with the change of the row it stands for, and again while the store is away.

        Raises StaleAttempt, NotFound or SessionClosed.
        """
        while True:
            try:
                await self.write(event, row)
                self.away = ""
                return
            except StoreUnavailable as error:
                self.away = error.message
                await anyio.sleep(RETRY_SECONDS)

    async def write(self, event: Envelope, row: TaskRow) -> None:
        """``commit`` that is tried once: raises StoreUnavailable as well."""
        await self._log.append(self._append([self.stamp(event)], row))

    def _append(self, entries: list[Entry], row: TaskRow | None = None) -> Append:
        return Append(session_id=self._row.session_id, entries=entries, task=row, fence=self._fence, at=now_ms())
