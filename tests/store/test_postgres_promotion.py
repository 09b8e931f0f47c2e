"""A replica is promoted in the place of the server: what it lacks is lost, so nobody goes on as if nothing had been."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from psycopg import sql

from puntini.errors import StoreUnavailable
from puntini.store.open import open_store
from tests.live.serving import serving, wait_for
from tests.postgres import Postgres, postgres
from tests.store.making import SESSION, add, begin, said

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of one's own."""
    with postgres() as running:
        yield running


def promote(server: Postgres) -> None:
    """Have the data be a replica's, and promote it: it is on another timeline then."""
    server.stop()
    (server.directory / "data" / "standby.signal").touch()
    server.start()
    server.execute("postgres", sql.Composed([sql.SQL("SELECT pg_promote()")]))


async def test_a_process_that_runs_does_not_go_on_with_it(server: Postgres) -> None:
    dsn = server.database()
    store = await open_store(dsn)
    await store.append(begin())
    epoch = store.epoch

    await anyio.to_thread.run_sync(promote, server)

    with pytest.raises(StoreUnavailable):
        await store.read(SESSION, 0)
    with pytest.raises(StoreUnavailable):
        await store.append(add(said()))
    with anyio.fail_after(20):
        await store.lost()
    await store.close()
    following = await open_store(dsn)
    assert following.epoch != epoch
    await following.append(add(said()))
    await following.close()


@pytest.mark.slow
def test_a_server_ends_and_the_next_one_begins_anew(server: Postgres, tmp_path: Path) -> None:
    with serving(tmp_path, store=server.database()) as running:
        session = running.create()
        before = running.get(f"/v1/sessions/{session}")["cursor"].partition(".")[0]

        promote(server)

        assert running.wait(25) == 1
        assert "another database answers" in running.said()
        running.start()
        after = wait_for(lambda: running.get(f"/v1/sessions/{session}")["cursor"], 10, "the session").partition(".")[0]
        assert after != before
