"""Addresses and databases that can't be used: each is told in a sentence, without a piece of a password."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from puntini.cli import FAILED
from puntini.errors import Misconfigured, StoreUnavailable
from puntini.store.open import open_store
from puntini.store.postgres.database import Database, parsed
from puntini.store.postgres.pool import FULL
from tests.cli.terminal import puntini
from tests.postgres import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture
def own(postgres_server: Postgres) -> Iterator[str]:
    """A database of the test's own, that belongs to a role which may have few connections."""
    dsn = postgres_server.database()
    name, role = sql.Identifier(dsn.rpartition("/")[2]), sql.Identifier("few")
    postgres_server.execute("postgres", sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT 1").format(role))
    postgres_server.execute("postgres", sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))
    yield dsn.replace("puntini@", "few@")
    postgres_server.drop(dsn)
    postgres_server.execute("postgres", sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize(
    "password", ["p@ss/w", "p@ss", "p/ss@w", "p/ss", "p@ss?w", "p@ss#w", "p#ss/w", "p?ss/w", "p@ss:w", "p%ss"]
)
def test_no_piece_of_a_password_is_told(password: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parsed(f"postgresql://puntini:{password}@127.0.0.1:5432/puntini")
    assert refused.value.message.startswith("The database's address can't be read; ")
    assert "ss" not in refused.value.message.replace("address", "").replace("PASSWORD", "").replace("password", "")


def test_a_password_with_its_signs_escaped_is_read() -> None:
    address = "postgresql://puntini:p%40ss%2Fw@one:5432,two/puntini?application_name=a@b/c"
    assert parsed(address)["password"] == "p@ss/w"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "5432,two:x"])
def test_a_port_that_is_none_is_told_as_a_wrong_setting(port: str) -> None:
    with pytest.raises(Misconfigured, match="port"):
        parsed(f"postgresql://puntini@127.0.0.1:{port}/puntini")


async def test_a_database_that_is_not_there_comes_with_how_to_make_it(postgres_server: Postgres) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        await Database.open(postgres_server.dsn("not%20here"))
    assert refused.value.message == (
        'The database refuses the connection: database "not here" does not exist; make it by '
        "`createdb 'not here'`, or correct the address."
    )


async def test_as_many_connections_as_may_be_are_told_as_such(own: str) -> None:
    with psycopg.connect(own), pytest.raises(StoreUnavailable) as refused:
        await Database.open(own)
    assert refused.value.message == FULL


async def test_a_pool_tells_of_too_few_connections_and_not_of_a_database_that_is_away(own: str) -> None:
    database = await Database.open(own)
    try:
        async with database.connection():
            with pytest.raises(StoreUnavailable) as refused:
                await database.rows("SELECT 1")
        assert refused.value.message == FULL
        assert not database.away
        assert await database.rows("SELECT 1") == [(1,)]
    finally:
        await database.close()


def test_a_start_with_too_few_connections_ends_with_a_sentence_and_no_trace(own: str, tmp_path: Path) -> None:
    ran = puntini("worker", cwd=tmp_path, env={"PUNTINI_STORE": own})

    assert ran.code == FAILED
    assert ran.err.splitlines()[-1] == f"puntini: {FULL}"
    assert "Traceback" not in ran.err


async def test_a_direct_address_of_another_database_is_refused(database: str, postgres_server: Postgres) -> None:
    with pytest.raises(Misconfigured, match="store_direct leads to another database than store"):
        await open_store(database, direct=postgres_server.dsn("postgres"))
    with pytest.raises(StoreUnavailable, match="The database that store_direct names refuses the connection"):
        await open_store(database, direct=postgres_server.dsn("nothere"))
    await (await open_store(database, direct=database)).close()
