"""The emitter: from an agent's events to appends. What is said while an append is under way goes into the next one."""

import asyncio

import anyio
import msgspec

from puntini.errors import PuntiniError, StoreUnavailable
from puntini.log.contract import Append, EventLog, Fence, TaskRow, Written
from puntini.log.mint import now_ms, timestamp
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import Envelope

ROOM_BYTES = 256 << 10
RETRY_SECONDS = 0.5


class Emitter:
    """Appends one attempt's events in order. The buffer is bounded as long as the agent awaits ``room``."""

    def __init__(self, log: EventLog, row: TaskRow) -> None:
        self._log = log
        self._row = row
        self._fence = Fence(row.task_id, row.attempt)
        self._waiting: list[Entry] = []
        self._size = 0
        self._wanted = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._room = asyncio.Event()
        self._refused: PuntiniError | None = None

    def stamp(self, event: Envelope) -> Entry:
        """Fill in who speaks and when, and encode."""
        row = self._row
        stamped = msgspec.structs.replace(
            event, task_id=row.task_id, attempt=row.attempt, agent=event.agent or row.agent, timestamp=timestamp()
        )
        return entry_of(stamped)

    def emit(self, event: Envelope) -> None:
        """Take an event in; it is appended soon."""
        entry = self.stamp(event)
        self._waiting.append(entry)
        self._size += len(entry.line)
        self._idle.clear()
        self._wanted.set()

    async def room(self, most: int) -> None:
        """Wait while ``most`` events wait. Raises what refused an append: the attempt is over then."""
        while self._refused is None and (len(self._waiting) >= most or self._size >= ROOM_BYTES):
            self._room.clear()
            await self._room.wait()
        if self._refused is not None:
            raise self._refused

    async def run(self) -> None:
        """Append what comes in. Runs until cancelled, or until an append is refused."""
        while self._refused is None:
            await self._wanted.wait()
            await self._flush()

    async def _flush(self) -> None:
        entries, self._waiting, self._size = self._waiting, [], 0
        self._wanted.clear()
        self._room.set()
        try:
            await self.commit(entries)
        except PuntiniError as error:
            # Taken over, ended or deleted: nothing that this attempt says counts any more.
            self._refused = error
            self._room.set()
        if self._refused is not None or not self._waiting:
            self._idle.set()

    async def drained(self) -> None:
        """Wait until everything said so far is committed. Raises what refused it."""
        await self._idle.wait()
        if self._refused is not None:
            raise self._refused

    async def commit(self, entries: list[Entry], row: TaskRow | None = None) -> Written:
        """Append under the fence, and again while the store is away. Raises StaleAttempt, NotFound or SessionClosed."""
        write = Append(session_id=self._row.session_id, entries=entries, task=row, fence=self._fence, at=now_ms())
        while True:
            try:
                return await self._log.append(write)
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)
