"""A process that is frozen in the middle of a transaction holds nobody up for long, with a pooler in between either."""

import anyio
import psycopg
import pytest

from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.flush import Begun, Group, begin
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.pool import Connection
from tests.store.making import add, said

pytestmark = pytest.mark.anyio
HOLDING = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND backend_xid IS NOT NULL"


async def limit(connection: Connection) -> str:
    """How long the transaction may be idle."""
    [(shown,)] = await execute(connection, "SHOW idle_in_transaction_session_timeout")
    return str(shown)


@pytest.mark.parametrize("pooled", [False, True])
async def test_every_transaction_has_an_end(database: str, pooled: bool) -> None:
    opened = await Database.open(database, pooled=pooled)
    await ready(opened)
    assert await opened.change(limit) == "5s"
    async with opened.connection() as connection:
        async with connection.pipeline() as pipeline:
            await begin(connection, pipeline, "frozen", Group([add(said())]), Begun(1))
        assert await limit(connection) == "5s"
        await connection.rollback()
    await opened.close()


async def freeze(connection: Connection, other: Connection) -> None:
    """Begin a flush, and do nothing more until it is seen to hold nothing."""
    async with connection.pipeline() as pipeline:
        await begin(connection, pipeline, "frozen", Group([add(said())]), Begun(1))
        with anyio.fail_after(20):
            while await execute(other, HOLDING, connection.info.backend_pid):
                await anyio.sleep(0.1)


@pytest.mark.slow
async def test_what_a_frozen_flush_holds_is_free_after_it(database: str) -> None:
    opened = await Database.open(database)
    await ready(opened)
    async with opened.pool.connection(seconds=30) as connection, opened.pool.connection(seconds=30) as other:
        with pytest.raises(psycopg.OperationalError):  # its connection was ended meanwhile
            await freeze(connection, other)
    await opened.close()
