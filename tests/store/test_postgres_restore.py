"""A restored database begins a new epoch where it can know that it was, and otherwise by hand."""

import shutil
import subprocess
from pathlib import Path

import anyio
import pytest
from psycopg import sql

from puntini.cli import main
from puntini.errors import Misconfigured
from puntini.store.open import open_store
from tests.postgres import Postgres, postgres
from tests.store.making import SESSION, add, begin, everything, said

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def epoch_of(dsn: str) -> str:
    """The epoch that a store begins with."""
    store = await open_store(dsn)
    await store.close()
    return store.epoch


def restore(dsn: str, to: str, dump: Path) -> None:
    """Dump a database, and restore it into another."""
    for command in (
        ["pg_dump", "--format=custom", f"--file={dump}", dsn],
        ["pg_restore", "--no-owner", f"--dbname={to}", str(dump)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
async def test_a_dump_goes_on_with_a_new_epoch(postgres_server: Postgres, tmp_path: Path) -> None:
    dsn = postgres_server.database()
    store = await open_store(dsn)
    await store.append(begin(SESSION, said("kept")))
    same_server, dump = postgres_server.database(), tmp_path / "dump"
    restore(dsn, same_server, dump)
    await store.append(add(said("lost")))
    await store.close()

    assert await epoch_of(same_server) != store.epoch
    assert await epoch_of(dsn) == store.epoch

    with postgres() as other:
        elsewhere = other.database()
        restore(dsn, elsewhere, dump)
        assert await epoch_of(elsewhere) != store.epoch
        restored = await open_store(elsewhere)
        assert [entry for _, entry in await everything(restored)] == [said("kept"), said("lost")]
        await restored.close()
    for each in (dsn, same_server):
        postgres_server.drop(each)


def test_by_hand_a_new_epoch_is_begun_and_stays(postgres_server: Postgres) -> None:
    dsn = postgres_server.database()
    before = anyio.run(epoch_of, dsn)

    assert main(["store", "new-epoch", f"--store={dsn}"]) == 0

    after = anyio.run(epoch_of, dsn)
    assert before != after == anyio.run(epoch_of, dsn)
    postgres_server.drop(dsn)


async def test_a_database_that_can_t_hold_every_text_is_refused(postgres_server: Postgres) -> None:
    postgres_server.execute(
        "postgres", sql.SQL("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").format()
    )

    with pytest.raises(Misconfigured, match="kept in LATIN1; make one with `createdb --encoding=UTF8`"):
        await open_store(postgres_server.dsn("latin"))
    postgres_server.drop(postgres_server.dsn("latin"))
