"""A process that is frozen in the middle of a transaction holds nobody up for long, with a pooler in between either."""

import pytest

from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.flush import Begun, Group, begin
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.pool import Connection
from tests.store.making import add, said

pytestmark = pytest.mark.anyio


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
        await begin(connection, "frozen", Group([add(said())]), Begun(1))
        assert await limit(connection) == "5s"
        await connection.rollback()
    await opened.close()
