"""When many read at once, and slowly, what keeps tasks alive does not wait behind them."""

import anyio
import psycopg
import pytest
from psycopg import sql

from puntini.store.open import open_store
from puntini.store.postgres.database import CONNECTIONS
from puntini.store.postgres.store import PostgresStore
from tests.store.making import SESSION, add, begin, said

pytestmark = pytest.mark.anyio
SECONDS = 1.5


async def test_appends_and_leases_do_not_wait_behind_reads(database: str) -> None:
    store = await open_store(database)
    assert isinstance(store, PostgresStore)
    assert store.queue is not None
    await store.append(begin(SESSION))
    with psycopg.connect(database) as locker:
        async with anyio.create_task_group() as tasks:
            locker.execute(sql.SQL("LOCK TABLE snapshots"))
            for _ in range(3 * CONNECTIONS):
                tasks.start_soon(store.snapshot, SESSION, 1)
            await anyio.sleep(0.1)

            with anyio.fail_after(SECONDS):
                await store.append(add(said("on time")))
                await store.queue.renew([], [], 0)
            locker.rollback()
    await store.close()
