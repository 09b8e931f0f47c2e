"""Looking at a database without changing anything in it: whether a server could use it, and what its nodes say."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from puntini.log.contract import Ledger
from puntini.log.nodes import Nodes
from puntini.store.postgres import clock
from puntini.store.postgres.database import Database
from puntini.store.postgres.ledger import DatabaseLedger
from puntini.store.postgres.migrations import fits, taken
from puntini.store.postgres.nodes import PostgresNodes
from puntini.store.postgres.trial import try_to_write


class Look:
    """Made by ``looking``. Each verb raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ledger: Ledger = DatabaseLedger(database)
        self.nodes: Nodes = PostgresNodes(database, partial(try_to_write, database))

    async def empty(self) -> bool:
        """Whether it has no schema of ours yet. Raises Misconfigured for one that does not fit this program."""
        steps = await self._database.change(taken)
        if steps:
            fits(steps)
        return not steps

    async def seconds(self) -> float:
        """How long an answer takes."""
        began = time.perf_counter()
        await self._database.rows("SELECT 1")
        return time.perf_counter() - began

    async def ahead_ms(self) -> int:
        """How far its clock is ahead of this machine's."""
        return await clock.measure(self._database)

    async def writable(self, *, empty: bool) -> None:
        """Try to write, and take it back. Raises StoreUnavailable where that is refused."""
        await try_to_write(self._database, empty=empty)


@asynccontextmanager
async def looking(dsn: str, *, direct: str = "", listen: bool = True) -> AsyncIterator[Look]:
    """A database for the length of a block. Raises Misconfigured and StoreUnavailable."""
    database = await Database.open(dsn, direct=direct, pooled=not listen or bool(direct))
    try:
        yield Look(database)
    finally:
        await database.close()
