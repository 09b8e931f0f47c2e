"""Group commit: what is handed in while a flush is under way is the next one.

A flush ends in one of three ways. It is committed; it is not, and is tried again or answered; or its connection broke
while it was being committed. Then nobody is answered before the database has said which of the two it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import psycopg
from psycopg.pq import TransactionStatus

from puntini.errors import StoreUnavailable
from puntini.figures import figures
from puntini.log.contract import Append, Written
from puntini.store.postgres.database import TRIES, Collision, Database, Lost, is_lost, refused
from puntini.store.postgres.decisions import Decisions, Result
from puntini.store.postgres.flush import Begun, Elsewhere, Group, begin, happened, send, write
from puntini.store.postgres.partitions import make_ahead
from puntini.store.postgres.pool import WAIT_SECONDS, Connection, away, end

GROUP = 4_096
GROUP_BYTES = 8 << 20
AGAIN_SECONDS = 0.1
LAST_TRIES = 30
"""To learn what became of the last flush, once the store is being closed."""

Accepted = tuple[Append, "asyncio.Future[Written]", float]
"""An append, who waits for it, and when it was handed in."""
Committed = Callable[[Sequence[Append], Sequence[Result]], Awaitable[None]]


class Writer:
    """The one who writes for this process. ``committed`` is told of each group before whoever waits is answered."""

    def __init__(self, database: Database, name: str, committed: Committed) -> None:
        self._database = database
        self._name = name
        self._committed = committed
        self._accepted: list[Accepted] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._unknown = False
        self._flushes = 0
        self.stats = {"appends": 0, "events": 0, "commits": 0}

    def submit(self, append: Append) -> "asyncio.Future[Written]":
        """Hand in an append."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        if self._closing:
            _answer(future, StoreUnavailable("The store is closed."))
        elif self._unknown or self._database.away:
            _answer(future, away())
        else:
            self._accepted.append((append, future, time.perf_counter()))
            self._wake.set()
        return future

    def close(self) -> None:
        """Take nothing more; ``run`` ends when all that was accepted has been answered."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Flush what is handed in, until closed."""
        try:
            while self._accepted or not self._closing:
                if self._accepted:
                    await self._flush()
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._closing = True
            self._refuse_waiting()

    async def _flush(self) -> None:
        group = self._take()
        try:
            results = await self._results([append for append, _, _ in group])
        except BaseException:
            for _, future, _ in group:
                _answer(future, away())
            raise
        await self._deliver(group, results)

    def _take(self) -> list[Accepted]:
        """The next group: not too many, not too large."""
        size = count = 0
        for append, _, _ in self._accepted[:GROUP]:
            size += sum(len(entry.line) for entry in append.entries)
            count += 1
            if size >= GROUP_BYTES:
                break
        group, self._accepted = self._accepted[:count], self._accepted[count:]
        return group

    async def _deliver(self, group: Sequence[Accepted], results: Sequence[Result]) -> None:
        """In log order: first everybody who follows is told, then whoever waited."""
        self._count(group, results)
        await self._committed([append for append, _, _ in group], results)
        now = time.perf_counter()
        for (_, future, at), result in zip(group, results, strict=True):
            _answer(future, result)
            figures.appends.add(now - at)

    def _count(self, group: Sequence[Accepted], results: Sequence[Result]) -> None:
        done = [append for (append, *_), result in zip(group, results, strict=True) if isinstance(result, Written)]
        self.stats["commits"] += 1
        self.stats["appends"] += len(done)
        self.stats["events"] += sum(
            len(append.entries)
            for (append, *_), result in zip(group, results, strict=True)
            if isinstance(result, Written) and not result.repeated
        )

    async def _results(self, writes: Sequence[Append]) -> Sequence[Result]:
        try:
            return await self._commit(writes)
        except StoreUnavailable as error:
            return [error] * len(writes)
        except Exception as error:  # noqa: BLE001 - a value that can't be stored is its writer's fault, not the others'
            if len(writes) == 1:
                return [error]
            return [result for one in writes for result in await self._results([one])]

    async def _commit(self, writes: Sequence[Append]) -> list[Result]:
        """One transaction for the group. Raises StoreUnavailable, and what a value that can't be stored raises."""
        also: list[str] = []
        for _ in range(TRIES):
            self._flushes += 1
            begun = Begun(self._flushes)
            try:
                return await self._attempt(Group(writes, also), begun)
            except Lost:
                if begun.results and await self._happened(begun):
                    return begun.results
            except Elsewhere as elsewhere:
                also += elsewhere.session_ids
            except psycopg.errors.CheckViolation:
                await make_ahead(self._database)
            except Collision:
                continue
        raise Collision("Many changes met in the database; try again.")

    async def _attempt(self, group: Group, begun: Begun) -> list[Result]:
        async with self._database.pool.connection() as connection:
            began = time.monotonic()
            try:
                results = await _flush(connection, self._name, group, begun)
                figures.commits.add(time.monotonic() - began)
                return results
            except (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.ProgramLimitExceeded):
                raise
            except psycopg.Error as error:
                if not is_lost(connection, error):
                    raise await refused(connection, error) from None
                await end(connection)  # it may look as if it could be used again
                again = begun.results or time.monotonic() < began + WAIT_SECONDS
                raise (Lost(away().message) if again else away()) from None

    async def _happened(self, begun: Begun) -> bool:
        """Whether a flush whose connection broke was committed. Raises StoreUnavailable when closed meanwhile."""
        tries = 0
        while True:
            try:
                async with self._database.pool.connection(fresh=True) as connection:
                    return await happened(connection, self._name, begun)
            except (StoreUnavailable, psycopg.Error):
                self._unknown = True
                self._refuse_waiting()
                tries += 1
                if self._closing and tries > LAST_TRIES:
                    raise away() from None
                await anyio.sleep(AGAIN_SECONDS)
            finally:
                self._unknown = False

    def _refuse_waiting(self) -> None:
        accepted, self._accepted = self._accepted, []
        for _, future, _ in accepted:
            _answer(future, away())


async def _flush(connection: Connection, writer: str, group: Group, begun: Begun) -> list[Result]:
    try:
        async with connection.pipeline() as pipeline:
            decisions = Decisions(group.writes, await begin(connection, pipeline, writer, group, begun))
            await write(connection, decisions)
            begun.results = decisions.results  # from here on it may be committed
            committed = await send(connection, "COMMIT")
        if committed.statusmessage != "COMMIT":  # it ends a failed transaction without an error
            raise psycopg.OperationalError("the transaction was not committed")
    except BaseException:
        if not connection.closed and connection.pgconn.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                # Not as a statement: this also forgets what a pipeline had to prepare behind its error.
                await connection.rollback()
        raise
    return decisions.results


def _answer(future: "asyncio.Future[Written]", result: Result) -> None:
    """Settle a future, unless whoever waited has left."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        future.exception()  # nobody may be waiting any more; that is not worth a warning
    else:
        future.set_result(result)
