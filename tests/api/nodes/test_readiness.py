"""A database that can be read and not be written: no traffic comes here, until it takes writes again."""

import asyncio
from collections.abc import AsyncIterator

import anyio
import psycopg
import pytest
from psycopg import sql
from structlog.testing import capture_logs
from structlog.typing import EventDict

from puntini.store.postgres.database import ONLY_READ
from tests.api.calling import Api, serving

pytestmark = pytest.mark.anyio
DEADLINE_SECONDS = 30.0
QUIET_SECONDS = 3.0
FULL = """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"""
TABLES = ("sessions", "kept")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test does not take long."""
    monkeypatch.setattr("puntini.log.beat.QUIET_SECONDS", QUIET_SECONDS)


@pytest.fixture
async def node(bare: str) -> AsyncIterator[Api]:
    async with serving(store=bare) as api:
        await until_it_says(api, "")
        yield api


async def readiness(api: Api) -> str:
    """Why the node is not ready; empty when it is."""
    answer = await api.ask("GET", "/v1/ready")
    return "" if answer.status_code == 200 else str(answer.json()["detail"])


async def until_it_says(api: Api, wanted: str) -> None:
    found = "nothing yet"
    with anyio.move_on_after(DEADLINE_SECONDS):
        while (found := await readiness(api)) != wanted:
            await anyio.sleep(0.05)
    assert found == wanted


async def until_logged(lines: list[EventDict], wanted: EventDict) -> None:
    with anyio.move_on_after(DEADLINE_SECONDS):
        while wanted not in lines:
            await anyio.sleep(0.05)
    assert wanted in lines


def change(dsn: str, how: str) -> None:
    """Change a setting of the database, for all connections that are made from now on, and end those there are."""
    with psycopg.connect(dsn.rpartition("/")[0] + "/postgres", autocommit=True) as operator:
        name = dsn.rpartition("/")[2]
        operator.execute(sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(name)) + sql.SQL(how))
        operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


async def test_a_node_whose_database_only_reads_is_not_ready(node: Api, bare: str) -> None:
    begun = {"event": "the store takes no writes from this node", "reason": ONLY_READ, "log_level": "error"}
    over = {"event": "the store takes writes again", "log_level": "warning"}
    with capture_logs() as lines:
        await asyncio.to_thread(change, bare, "SET default_transaction_read_only = on")
        await until_it_says(node, f"The store can't be written. {ONLY_READ}")
        await until_logged(lines, begun)
        await asyncio.to_thread(change, bare, "RESET default_transaction_read_only")
        await until_it_says(node, "")
        await until_logged(lines, over)
    assert lines.count(begun) == lines.count(over) == 1
    assert await node.create()


@pytest.mark.slow
async def test_a_table_that_somebody_holds_makes_no_node_unready(node: Api, bare: str) -> None:
    with psycopg.connect(bare) as operator:
        operator.execute("LOCK TABLE carriers, watched, counts")
        with anyio.move_on_after(3 * QUIET_SECONDS):
            while True:
                assert await readiness(node) == ""
                await anyio.sleep(0.1)
        assert await node.create()


@pytest.mark.slow
async def test_a_node_whose_database_has_no_room_is_not_ready(node: Api, bare: str) -> None:
    with psycopg.connect(bare, autocommit=True) as operator:
        operator.execute(FULL)
        for table in TABLES:
            operator.execute(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()".encode())
        refused = await node.ask("POST", "/v1/sessions", {})
        assert refused.status_code == 503

        told = "The store can't be written. The database's disk is full: make room for it."
        await until_it_says(node, told)

        for table in TABLES:
            operator.execute(f"DROP TRIGGER no_room ON {table}".encode())
        await until_it_says(node, "")
