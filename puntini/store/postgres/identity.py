"""Which database this is: another, once it was restored elsewhere or a replica was promoted in its place."""

from typing import Any

from psycopg import AsyncConnection

# The timeline is in the name of the file that is written now. A table that was restored has another number than before.
_SERVER = b"""SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT oid FROM pg_database WHERE datname = current_database()),
    'meta'::regclass::oid)"""


async def server_of(connection: AsyncConnection[tuple[Any, ...]]) -> str:
    """Which server it is, how often it went another way than its predecessor, and which database's table it is.

    Raises psycopg.Error, also where the server takes no writes, for then it has no way of its own.
    """
    cursor = await connection.execute(_SERVER)
    found = await cursor.fetchone()
    return str(found[0]) if found else ""


_PLACE = b"""SELECT (SELECT system_identifier FROM pg_control_system()), oid, pg_is_in_recovery()
    FROM pg_database WHERE datname = current_database()"""


async def place_of(connection: AsyncConnection[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """Which server's database it is, and whether of a replica; for what is empty, too. Raises psycopg.Error."""
    cursor = await connection.execute(_PLACE)
    return await cursor.fetchone()
