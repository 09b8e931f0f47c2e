"""What is kept in a database by its names, for a program beside the servers that use it: no listening, no log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from puntini.store.postgres.database import Database
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.records import PostgresRecords


class DatabaseLedger(PostgresRecords):
    """See ``puntini.log.contract.Ledger``. Made by ``ledger``."""

    def __init__(self, database: Database) -> None:
        self._database = database


@asynccontextmanager
async def ledger(dsn: str) -> AsyncIterator[DatabaseLedger]:
    """A database for the length of a block; an empty one gets its schema. Raises Misconfigured and StoreUnavailable."""
    database = await Database.open(dsn)
    try:
        await ready(database)
        yield DatabaseLedger(database)
    finally:
        await database.close()
