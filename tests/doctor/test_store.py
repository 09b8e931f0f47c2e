"""Whether a store can be used."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from puntini.auth.agreement import marks_of
from puntini.doctor import store as doctor
from puntini.doctor.findings import Finding
from puntini.doctor.place import Place
from puntini.settings import Secret, Settings
from puntini.store.open import open_store
from tests.postgres import Postgres

pytestmark = pytest.mark.anyio
HERE = Place()
LATE = """CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz
    RETURN pg_catalog.clock_timestamp() - interval '4 s'"""


async def found(store: object, place: Place = HERE, **settings: Any) -> dict[str, Finding]:
    return {each.about: each for each in await doctor.findings(Settings(store=str(store), **settings), place)}


async def test_memory_forgets() -> None:
    assert (await found("memory:"))["store"].state == "warn"


async def test_a_file_is_made_at_the_first_start_and_not_by_looking(tmp_path: Path) -> None:
    looked = await found(tmp_path / "new.db")
    assert looked["store"].said.endswith("new.db is made at the first start.")
    assert not (tmp_path / "new.db").exists()


async def test_a_file_that_a_server_uses_can_be_looked_at(tmp_path: Path) -> None:
    store = await open_store(str(tmp_path / "puntini.db"))
    try:
        looked = await found(tmp_path / "puntini.db")
    finally:
        await store.close()
    assert looked["store"].state == "ok"
    assert looked["store"].said.endswith("holds 0 sessions and 0 events.")


async def test_a_file_that_is_no_store_fails(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir" * 1_000)
    assert (await found(tmp_path / "letter.db"))["store"].state == "fail"


async def test_a_directory_that_is_not_there_fails(tmp_path: Path) -> None:
    looked = await found(tmp_path / "none" / "puntini.db")
    assert looked["store"].state == "fail"
    assert "make it, or name another" in looked["store"].said


async def test_a_clock_that_is_off_the_database_s_fails(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(LATE)
    looked = await found(f"{database}?options=-csearch_path%3Dpublic,pg_catalog")
    assert looked["clock"].state == "fail"
    assert "4.0 s off" in looked["clock"].said


async def test_a_store_that_can_t_be_opened_fails_and_its_password_is_not_shown() -> None:
    looked = await found("postgresql://puntini:hunter2@127.0.0.1:1/puntini")
    assert looked["store"].state == "fail"
    assert "hunter2" not in repr(looked)


async def test_a_store_of_no_known_kind_fails() -> None:
    assert "There is no store of the kind mysql:" in (await found("mysql://127.0.0.1/puntini"))["store"].said


async def test_an_empty_database_is_looked_at_and_left_as_it_is(postgres_server: Postgres) -> None:
    dsn = postgres_server.database()
    try:
        looked = await found(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    finally:
        postgres_server.drop(dsn)
    assert {about: each.state for about, each in looked.items()} == {"store": "ok", "store writes": "ok", "clock": "ok"}
    assert looked["store"].said.endswith("and is empty: `puntini serve` sets it up, or `puntini store migrate`.")
    assert tables == (0,)


async def test_an_old_schema_fails(postgres_server: Postgres) -> None:
    dsn = postgres_server.database()
    try:
        await (await open_store(dsn)).close()
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DELETE FROM steps WHERE number = (SELECT max(number) FROM steps)")
        looked = await found(dsn)
    finally:
        postgres_server.drop(dsn)
    assert looked["store"].state == "fail"
    assert "run `puntini store migrate`" in looked["store"].said


async def test_a_role_that_may_not_write_is_told(database: str) -> None:
    await (await open_store(database)).close()
    looked = await found(f"{database}?options=-cdefault_transaction_read_only%3Don")
    assert looked["store"].state == "fail"
    assert "takes no changes" in looked["store"].said


async def test_a_direct_address_of_another_database_fails(database: str, postgres_server: Postgres) -> None:
    looked = await found(database, store_direct=postgres_server.dsn("postgres"))
    assert looked["store"].state == "fail"
    assert looked["store"].said.startswith("store_direct leads to another database than store")


async def test_the_doctor_s_settings_are_compared_with_those_of_nodes_that_run(database: str) -> None:
    ours: dict[str, Any] = {"secret": Secret("0123456789" * 4), "retention_days": 7.0}
    store = await open_store(database)
    try:
        assert (await found(database))["settings of nodes"].said == "No node runs on it now."

        assert store.nodes is not None
        await store.nodes.carry("nod_other", {}, [])
        await store.nodes.marked("nod_other", marks_of(Settings(**ours), b"0123456789" * 4))

        assert (await found(database, **ours))["settings of nodes"].state == "ok"
        other = (await found(database, secret=Secret("abcdefghij" * 4)))["settings of nodes"]
    finally:
        await store.close()
    assert other.state == "warn"
    assert "the same retention_days, secret: give all of them the same" in other.said
