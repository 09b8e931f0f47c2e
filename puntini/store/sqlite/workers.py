"""Threads that own a connection each and answer on the event loop."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

import apsw

from puntini.errors import StoreUnavailable
from puntini.figures import figures
from puntini.log.contract import Append, Listener, Written
from puntini.store.sqlite.files import told
from puntini.store.sqlite.writes import Result, Writes

T = TypeVar("T")
GROUP = 4_096

Job = tuple[Callable[[apsw.Connection], Any], "asyncio.Future[Any]"]
Accepted = tuple[Append, "asyncio.Future[Written]", float]
"""An append, its answer, and when it was handed in: in which turn of the loop."""


def _answer(future: "asyncio.Future[T]", result: T | Exception) -> None:
    """Settle a future, unless whoever waited has left."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        # Nobody may be waiting any more; that is not worth a warning.
        future.exception()
    else:
        future.set_result(result)


def _ask(connection: apsw.Connection, question: Callable[[apsw.Connection], T]) -> T | Exception:
    try:
        return question(connection)
    except apsw.Error as error:
        if not connection.getautocommit():
            connection.execute("ROLLBACK")
        return told(error)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked, on the other thread
        return error


class Readers:
    """A few threads that answer questions, each on a read-only connection of its own."""

    def __init__(self, connections: Sequence[apsw.Connection]) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, args=(connection,), name="puntini-reader", daemon=True)
            for connection in connections
        ]
        for thread in self._threads:
            thread.start()

    async def ask(self, question: Callable[[apsw.Connection], T]) -> T:
        """Answer a question on one of the threads."""
        return await self.start(question)

    def start(self, question: Callable[[apsw.Connection], T]) -> "asyncio.Future[T]":
        """Put a question and go on."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            _answer(future, StoreUnavailable("The store is closed."))
        else:
            self._jobs.put((question, future))
        return future

    def _run(self, connection: apsw.Connection) -> None:
        while job := self._jobs.get():
            question, future = job
            self._loop.call_soon_threadsafe(_answer, future, _ask(connection, question))
        connection.close()

    async def close(self) -> None:
        """Let the threads finish and end."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)


class Writer:
    """The one thread that writes. What waits together is committed together, and answered in one go."""

    def __init__(self, connection: apsw.Connection, committed: Callable[[int], None]) -> None:
        self._jobs: SimpleQueue[list[Accepted] | Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._accepted: list[Accepted] = []
        self._turn_at = 0.0
        self._connection = connection
        self._writes = Writes(connection)
        self._committed = committed
        self._wal_pages = 0
        connection.set_wal_hook(self._wal_grew)
        self._closed = False
        self.listener: Listener = lambda *_: None
        self.stats = {"appends": 0, "events": 0, "commits": 0}
        self._thread = threading.Thread(target=self._run, name="puntini-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Append) -> "asyncio.Future[Written]":
        """Hand in an append. Those of one turn of the loop are handed over together: the thread wakes once for all."""
        future: asyncio.Future[Written] = self._loop.create_future()
        if self._closed:
            _answer(future, StoreUnavailable("The store is closed."))
            return future
        if not self._accepted:
            self._turn_at = perf_counter()
            self._loop.call_soon(self._hand_over)
        self._accepted.append((write, future, self._turn_at))
        return future

    def _hand_over(self) -> None:
        if self._accepted:
            self._jobs.put(self._accepted)
            self._accepted = []

    async def change(self, change: Callable[[apsw.Connection], T]) -> T:
        """Make any other change, in its turn. It keeps its own transaction, and tells ``forget`` what it removed."""
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._hand_over()
        self._jobs.put((change, future))
        return await future

    def _run(self) -> None:
        job = self._jobs.get()
        while job is not None:
            if isinstance(job, list):
                job = self._group(job)
                continue
            change, future = job
            result = _ask(self._connection, change)
            self._loop.call_soon_threadsafe(self._settle, future, result, self._wal_pages)
            job = self._jobs.get()
        self._connection.close()

    def _settle(self, future: "asyncio.Future[T]", result: T | Exception, wal_pages: int) -> None:
        """On the loop: a change can let the log grow as appends do."""
        _answer(future, result)
        self._committed(wal_pages)

    def _group(self, group: list[Accepted]) -> list[Accepted] | Job | None:
        """Commit what waits, up to a job of another kind; returns the job that comes next."""
        following: list[Accepted] | Job | None = None
        waiting = False
        while len(group) < GROUP and not waiting:
            try:
                following = self._jobs.get_nowait()
            except Empty:
                break
            if isinstance(following, list):
                group += following
            else:
                waiting = True
        began = perf_counter()
        results = self._writes.commit([write for write, _, _ in group])
        figures.commits.add(perf_counter() - began)
        self._loop.call_soon_threadsafe(self._deliver, group, results, self._wal_pages)
        return following if waiting else self._jobs.get()

    def _wal_grew(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _deliver(self, group: list[Accepted], results: list[Result], wal_pages: int) -> None:
        """On the loop, in log order: first everybody who follows is told, then whoever waited."""
        self.stats["commits"] += 1
        for (write, future, _), result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                _answer(future, result)
                continue
            self._tell(write, result)
            _answer(future, result)
        self._committed(wal_pages)
        now = perf_counter()
        for at, together in groupby(group, key=itemgetter(2)):
            figures.appends.add(now - at, sum(1 for _ in together))

    def _tell(self, write: Append, result: Written) -> None:
        if write.entries and not result.repeated:
            self.listener(write.session_id, result.first, write.entries)
            self.stats["events"] += len(write.entries)
        self.stats["appends"] += 1

    async def copy(self, step: Callable[[apsw.Connection, Writes], Written | None], write: Append) -> Written:
        """Take one step after another, each in its turn, until the last has written ``write``."""
        while (written := await self.change(lambda connection: step(connection, self._writes))) is None:
            pass
        self._tell(write, written)
        return written

    def forget(self, session_id: str) -> None:
        """A session is gone. To be called by the change that removed it."""
        self._writes.forget(session_id)

    async def close(self, last: Callable[[apsw.Connection], object]) -> None:
        """Finish what was accepted, make a last change, and end; once. Raises what the last change raised."""
        if self._closed:
            return
        self._closed = True
        self._hand_over()
        done: asyncio.Future[object] = self._loop.create_future()
        self._jobs.put((last, done))
        self._jobs.put(None)
        try:
            await done
        finally:
            await asyncio.to_thread(self._thread.join)
