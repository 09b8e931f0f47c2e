"""Group commit: what is handed in while a flush is under way is the next one.

What is held up by somebody else's lock is put aside: its session's next appends go behind it, and all others go on.

A flush ends in one of three ways. It is committed; it is not, and is tried again or answered; or its connection broke
while it was being committed. Then nobody is answered before the database has said which of the two it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import anyio
import psycopg
import structlog
from psycopg.pq import TransactionStatus

from puntini.errors import StoreUnavailable
from puntini.figures import figures
from puntini.log.contract import Append, Written
from puntini.store.postgres.aside import Accepted, Aside, portion
from puntini.store.postgres.database import (
    HELD,
    LEAST_SECONDS,
    TRIES,
    Collision,
    Database,
    Locked,
    Lost,
    is_lost,
    refused,
)
from puntini.store.postgres.decisions import Decisions, Result
from puntini.store.postgres.flush import LOCK_MS, Begun, Elsewhere, Group, begin, happened, locked, send, write
from puntini.store.postgres.partitions import make_ahead
from puntini.store.postgres.pool import WAIT_SECONDS, Connection, away, end
from puntini.store.postgres.trial import CHANGES_NOTHING, try_to_write

ASIDE_LOCK_MS = 100
"""As long as that what was held up may hold up the others when it is tried again."""
AGAIN_SECONDS = 0.1
LAST_TRIES = 30
"""To learn what became of the last flush, once the store is being closed."""
LOG = structlog.get_logger("puntini.store")

Committed = Callable[[Sequence[Append], Sequence[Result]], Awaitable[None]]


class Writer:
    """The one who writes for this process. ``committed`` is told of each group before whoever waits is answered."""

    def __init__(self, database: Database, name: str, committed: Committed) -> None:
        self._database = database
        self._name = name
        self._committed = committed
        self._accepted: list[Accepted] = []
        self._aside = Aside()
        self._wake = asyncio.Event()
        self._closing = False
        self._unknown = False
        self._refusal: StoreUnavailable | None = None
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

    async def writable(self) -> None:
        """Raises StoreUnavailable while nothing may be written, or the last flush was refused and a try is too."""
        await self._database.rows(CHANGES_NOTHING)
        if self._refusal is not None:
            await try_to_write(self._database)
            self._refusal = None

    async def run(self) -> None:
        """Flush what is handed in, until closed."""
        try:
            while self._accepted or self._aside.waiting or not self._closing:
                await self._flush(self._take(), LOCK_MS)
                await self._look_aside()
                if not self._accepted:
                    await self._rest()
        finally:
            self._closing = True
            self._refuse_waiting()

    async def _rest(self) -> None:
        """Wait for an append, or until it is time to look at those that were put aside."""
        self._wake.clear()
        look_at = self._aside.next_look
        with anyio.move_on_after(None if look_at is None else max(0.0, look_at - time.monotonic())):
            if not self._closing or self._aside.waiting:
                await self._wake.wait()

    def _take(self) -> list[Accepted]:
        """The next group, without what has to wait behind something that was put aside."""
        count = portion(self._accepted)
        group, self._accepted = self._accepted[:count], self._accepted[count:]
        self._aside.put([one for one in group if one[0].session_id in self._aside], time.monotonic())
        return [one for one in group if one[0].session_id not in self._aside]

    async def _flush(self, group: Sequence[Accepted], lock_ms: int) -> set[str]:
        """Commit a group and answer it. What is held up is put aside; returns of which sessions that is."""
        if not group:
            return set()
        try:
            results = await self._results([append for append, _, _ in group], lock_ms)
        except BaseException:
            _refuse(group, away())
            raise
        ended = [(one, result) for one, result in zip(group, results, strict=True) if not isinstance(result, Locked)]
        held = [one for one, result in zip(group, results, strict=True) if isinstance(result, Locked)]
        self._aside.put(held, time.monotonic())
        if ended:
            self._refusal = _refusal([result for _, result in ended])
            await self._deliver([one for one, _ in ended], [result for _, result in ended])
        return {append.session_id for append, _, _ in held}

    async def _look_aside(self) -> None:
        """Refuse what has waited enough, and try the rest again where the rows are free, until something is held up."""
        self._refuse_overdue()
        if not (due := self._aside.due(time.monotonic())):
            return
        try:
            heads = await self._database.ask(partial(locked, session_ids=due))
        except StoreUnavailable as error:
            self._refuse_behind(self._aside.clear(), error)
            heads = dict.fromkeys(due, 0)
        later = self._aside.locked(heads, time.monotonic())
        contended, free = heads.keys() - later, [name for name in due if name not in heads]
        for names in [*self._aside.turns(contended), *self._aside.turns(free)]:
            held = await self._flush(self._aside.take(names), ASIDE_LOCK_MS if names[0] in free else LOCK_MS)
            self._aside.tried(names, held, time.monotonic())
            if held:
                return

    def _refuse_overdue(self) -> None:
        if not (over := self._aside.overdue(time.monotonic())):
            return
        names = sorted({append.session_id for append, _, _ in over})
        LOG.error("appends were refused: somebody else holds locks for long in the database", sessions=names[:10])
        self._refuse_behind(over, Locked(HELD))

    def _refuse_behind(self, refused: Sequence[Accepted], error: StoreUnavailable) -> None:
        """Refuse these, and what was handed in for their sessions since: it may build on what came before."""
        names = {append.session_id for append, _, _ in refused}
        _refuse([*refused, *(one for one in self._accepted if one[0].session_id in names)], error)
        self._accepted = [one for one in self._accepted if one[0].session_id not in names]

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

    async def _results(self, writes: Sequence[Append], lock_ms: int) -> Sequence[Result]:
        try:
            return await self._commit(writes, lock_ms)
        except StoreUnavailable as error:
            return [error] * len(writes)
        except Exception as error:  # noqa: BLE001 - a value that can't be stored is its writer's fault, not the others'
            return [error] if len(writes) == 1 else await self._singly(writes, lock_ms)

    async def _singly(self, writes: Sequence[Append], lock_ms: int) -> Sequence[Result]:
        results: list[Result] = []
        held: dict[str, Result] = {}
        for one in writes:
            if one.session_id not in held:
                results += await self._results([one], lock_ms)
                if isinstance(results[-1], Locked):
                    held[one.session_id] = results[-1]
            else:
                results.append(held[one.session_id])
        return results

    async def _commit(self, writes: Sequence[Append], lock_ms: int) -> list[Result]:
        """One transaction for the group. Raises StoreUnavailable, and what a value that can't be stored raises."""
        also: list[str] = []
        for _ in range(TRIES):
            self._flushes += 1
            begun = Begun(self._flushes)
            try:
                return await self._attempt(Group(writes, also, lock_ms=lock_ms), begun)
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
                again = begun.results or time.monotonic() < began + WAIT_SECONDS - LEAST_SECONDS
                if again:
                    raise Lost(away().message) from None
                self._refuse_waiting()  # they would wait as long once more
                raise away() from None

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
        _refuse(self._aside.clear() + accepted, away())


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


def _refusal(results: Sequence[Result]) -> StoreUnavailable | None:
    """Why nothing could be written, where that was not because two changes met."""
    refused = [result for result in results if isinstance(result, StoreUnavailable)]
    return refused[0] if len(refused) == len(results) and not isinstance(refused[0], Collision) else None


def _refuse(accepted: Iterable[Accepted], error: StoreUnavailable) -> None:
    for _, future, _ in accepted:
        _answer(future, error)


def _answer(future: "asyncio.Future[Written]", result: Result) -> None:
    """Settle a future, unless whoever waited has left."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        future.exception()  # nobody may be waiting any more; that is not worth a warning
    else:
        future.set_result(result)
