"""Whether a database takes writes: something is written that needs room, and taken back."""

import os
from contextlib import suppress

from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.pool import Connection

BYTES = 65_536
"""On a disk that is full there may still be room for less, in what the database has of it already."""
CHANGES_NOTHING = "UPDATE writers SET flush = flush WHERE false"
"""Is refused where nothing may be written: by a replica, or a database that is set to read only."""


class _Undone(Exception):
    """Ends a transaction without a commit."""


async def try_to_write(database: Database, *, empty: bool = False) -> None:
    """Try, in a database with our schema or an ``empty`` one. Raises StoreUnavailable where it is refused."""

    async def work(connection: Connection) -> None:
        if empty:
            await execute(connection, "CREATE TABLE tried (num int)")
        else:
            await execute(connection, _INSERT, os.urandom(BYTES))
        raise _Undone

    with suppress(_Undone):
        await database.change(work)


_INSERT = "INSERT INTO kept (space, kind, key, body) VALUES ('', 'trial', gen_random_uuid()::text, %s)"
