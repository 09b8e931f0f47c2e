"""The log's life: what is the same in all ids, until the database may have lost commits."""

import structlog

from puntini.log.mint import new_epoch
from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.identity import server_of
from puntini.store.postgres.nodes import FLOOR as NEWS_FLOOR
from puntini.store.postgres.pool import Connection

LOG = structlog.get_logger("puntini.store")


async def begin_life(database: Database) -> str:
    """The epoch. A new one begins where the database was restored elsewhere or a replica was promoted.

    Then commits that somebody was told of may be missing. From here on no other is taken for this one. Raises
    StoreUnavailable.
    """
    epoch, database.pool.answers.server = await database.change(_begin_life)
    return epoch


async def _begin_life(connection: Connection) -> tuple[str, str]:
    await execute(connection, "LOCK TABLE meta IN EXCLUSIVE MODE")
    known: dict[str, str] = dict(
        await execute(connection, "SELECT key, value FROM meta WHERE key IN ('epoch', 'server')")
    )
    server = await server_of(connection)
    if "epoch" in known and known.get("server") == server:
        return known["epoch"], server
    if "epoch" in known:
        reason = "the database was restored, or its server took another's place"
        LOG.warning("a new epoch begins, and clients with older ids are told of a gap", reason=reason)
    epoch = new_epoch()
    await go_on(connection, epoch)
    return epoch, server


async def go_on(connection: Connection, epoch: str) -> None:
    """Take an epoch for this database's own. News are forgotten: another server numbers its transactions anew."""
    await execute(connection, "DELETE FROM news")
    await execute(connection, "DELETE FROM meta WHERE key = %s", NEWS_FLOOR)
    await execute(connection, _PUT, "epoch", epoch)
    await execute(connection, _PUT, "server", await server_of(connection))


_PUT = "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
