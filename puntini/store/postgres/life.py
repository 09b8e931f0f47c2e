"""The log's life: what is the same in all ids, until the database may have lost commits."""

from puntini.log.mint import new_epoch
from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.nodes import FLOOR as NEWS_FLOOR
from puntini.store.postgres.pool import Connection


async def begin_life(database: Database) -> str:
    """The epoch. A new one begins where the database was restored elsewhere or a replica was promoted.

    Then commits that somebody was told of may be missing. Raises StoreUnavailable.
    """
    return await database.change(_begin_life)


async def _begin_life(connection: Connection) -> str:
    await execute(connection, "LOCK TABLE meta IN EXCLUSIVE MODE")
    known: dict[str, str] = dict(
        await execute(connection, "SELECT key, value FROM meta WHERE key IN ('epoch', 'server')")
    )
    server = await _server(connection)
    if "epoch" in known and known.get("server") == server:
        return known["epoch"]
    epoch = new_epoch()
    await go_on(connection, epoch)
    return epoch


async def go_on(connection: Connection, epoch: str) -> None:
    """Take an epoch for this database's own. News are forgotten: another server numbers its transactions anew."""
    await execute(connection, "DELETE FROM news")
    await execute(connection, "DELETE FROM meta WHERE key = %s", NEWS_FLOOR)
    await execute(connection, _PUT, "epoch", epoch)
    await execute(connection, _PUT, "server", await _server(connection))


async def _server(connection: Connection) -> str:
    """Which server it is, how often it went another way than its predecessor, and which database's table it is."""
    [(name,)] = await execute(connection, _SERVER)
    return str(name)


# The timeline is in the name of the file that is written now. A table that was restored has another number than before.
_SERVER = """SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT oid FROM pg_database WHERE datname = current_database()),
    'meta'::regclass::oid)"""
_PUT = "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
