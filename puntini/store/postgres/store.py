"""The Postgres store: one database, any number of processes on it."""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self

import anyio
import structlog

from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Bounds, Listener, Moved, Page, Written
from puntini.log.mint import new_id
from puntini.log.nodes import Nodes
from puntini.log.queue import Queue
from puntini.store.postgres import clock, migrations, partitions, reads
from puntini.store.postgres.database import URGENT, Database
from puntini.store.postgres.decisions import Result
from puntini.store.postgres.documents import PostgresDocuments
from puntini.store.postgres.ends import PostgresEnds
from puntini.store.postgres.following import Following
from puntini.store.postgres.forgetting import Forgetting
from puntini.store.postgres.forks import fork
from puntini.store.postgres.hints import Hints
from puntini.store.postgres.life import begin_life
from puntini.store.postgres.nodes import PostgresNodes
from puntini.store.postgres.queue import PostgresQueue
from puntini.store.postgres.records import PostgresRecords
from puntini.store.postgres.writer import Writer

TIDY_SECONDS = 600.0
AGAIN_SECONDS = 1.0
LOG = structlog.get_logger("puntini.store")


class PostgresStore(PostgresRecords, PostgresEnds, PostgresDocuments):
    """See ``puntini.log.contract.Store``. Made by ``open``."""

    kind = "postgres"
    shared = True

    def __init__(self, database: Database, epoch: str, writer: str, *, listen: bool) -> None:
        super().__init__(database)
        self.epoch = epoch
        self._forgetting = Forgetting(database)
        self._urgent = database.beside(URGENT)
        self.hints = Hints(self._urgent, writer)
        self.queue: Queue | None = PostgresQueue(self._urgent, self.hints)
        self._following = Following(self._urgent, self.hints)
        self._writer = Writer(self._urgent, writer, self._committed)
        self.nodes: Nodes | None = PostgresNodes(database, self._writer.writable)
        self._listen = listen
        self._reads = 0
        # The store's life is no block: it lasts from `open` to `close`, whichever tasks call them.
        self._life = asyncio.get_running_loop().create_task(self._run(), name="puntini-store")

    @classmethod
    async def open(cls, dsn: str, *, direct: str = "", listen: bool = True) -> Self:
        """Connect, and make the schema of an empty database. Raises Misconfigured and StoreUnavailable.

        Without ``listen`` there may be a pooler in between that keeps no sessions; ``direct`` is an address without it.
        """
        database = await Database.open(dsn, direct=direct, pooled=not listen or bool(direct))
        try:
            await migrations.ready(database)
            await partitions.make_ahead(database)
            await clock.go_by(database)
            writer = new_id("wrt")
            await database.rows("INSERT INTO writers (id, flush) VALUES (%s, 0) ON CONFLICT DO NOTHING", writer)
            return cls(database, await begin_life(database), writer, listen=listen)
        except BaseException:
            await database.close()
            raise

    async def _run(self) -> None:
        async with anyio.create_task_group() as tasks:
            for work in (self._following.run, self._tidy_now_and_then, partial(clock.keep_going_by, self._database)):
                tasks.start_soon(_again_and_again, work)
            if self._listen:
                tasks.start_soon(_again_and_again, self.hints.send)
                tasks.start_soon(_again_and_again, self.hints.listen)
            await self._writer.run()
            tasks.cancel_scope.cancel()

    async def _tidy_now_and_then(self) -> None:
        while True:
            await anyio.sleep(TIDY_SECONDS)
            with suppress(StoreUnavailable):  # the next time, then
                await self.tidy()

    async def tidy(self) -> None:
        """Make the partitions of the days to come, drop those that nobody reads, remove what else is left over."""
        await partitions.make_ahead(self._database)
        await partitions.drop_unread(self._database)
        await self._forgetting.sweep()
        await self._database.rows("DELETE FROM writers WHERE seen_at < now() - interval '7 days'")

    async def lost(self) -> None:
        """Wait until another database answers in the place of this one."""
        await self._database.pool.answers.another.wait()

    async def close(self) -> None:
        """Finish what was accepted and let go of everything."""
        self._writer.close()
        await asyncio.wait([self._life])
        await self._urgent.close()
        await self._database.close()
        await self._life

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since the start, and how far this machine's clock is off the database's."""
        urgent = self._urgent.stats
        connections = {name: count + urgent[name] for name, count in self._database.stats.items()}
        ahead = {"clock_offset_ms": self._database.ahead_ms}
        return {**self._writer.stats, "reads": self._reads, **connections, **ahead}

    # The log.

    def watch(self, listener: Listener, moved: Moved | None = None, wrote: Listener | None = None) -> None:
        """Name who listens."""
        self._following.listener = listener
        self._following.wrote = wrote or (lambda *_: None)
        self._following.moved = moved or (lambda *_: None)

    def follow(self, session_id: str) -> None:
        """Tell of other processes' commits too."""
        self._following.follow(session_id)

    def unfollow(self, session_id: str) -> None:
        """Tell of them no more."""
        self._following.unfollow(session_id)

    async def _committed(self, writes: Sequence[Append], results: Sequence[Result]) -> None:
        await self._following.catch_up(writes, results)
        self._following.committed(writes, results)

    def submit(self, write: Append) -> Future[Written]:
        """Hand in an append."""
        return self._writer.submit(write)

    async def append(self, write: Append) -> Written:
        """Append. The commit goes on when the caller gives up."""
        return await self._writer.submit(write)

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Events after a cursor."""
        self._reads += 1
        page = await self._database.ask(
            partial(reads.page, session_id=session_id, after=after, max_bytes=max_bytes, to=to)
        )
        self._following.learn(session_id, 0, Bounds(page.floor, page.head))
        return page

    async def bounds(self, session_id: str) -> Bounds:
        """The session's bounds."""
        num, bounds = await self._database.ask(partial(reads.place, session_id=session_id))
        self._following.learn(session_id, num, bounds)
        return bounds

    async def trim(self, session_id: str, to: int) -> None:
        """Move the floor at once; remove what is below it after that."""
        self._following.trimmed(session_id, await self._forgetting.trim(session_id, to))

    async def erase(self, session_id: str, seqs: Sequence[int]) -> None:
        """Make holes."""
        await self._forgetting.erase(session_id, seqs)

    async def fork(self, source: str, to: int, write: Append) -> Written:
        """Copy, then append."""
        written = await fork(self._database, source, to, write)
        await self._committed([write], [written])
        return written

    async def horizon(self, session_id: str, *, before: int, keep_bytes: int) -> int:
        """Up to where events are too old or too many."""
        return await self._database.ask(
            partial(reads.horizon, session_id=session_id, before=before, keep_bytes=keep_bytes)
        )

    async def delete_session(self, session_id: str) -> None:
        """Remove a session at once, and its events after it."""
        await self._forgetting.delete(session_id)
        self._following.deleted(session_id)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Run what runs beside the writer. Runs until cancelled."""
    while True:
        try:
            await work()
        except Exception:  # what nobody thought of shall not take the writer, and with it the node, along
            LOG.exception("a part of the store failed and begins again")
            await anyio.sleep(AGAIN_SECONDS)
