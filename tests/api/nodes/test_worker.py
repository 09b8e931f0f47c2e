"""A worker with a port answers how it is, and sends everybody else to a server."""

import psycopg
import pytest
from psycopg import sql

from tests.api.calling import problem, serving
from tests.api.nodes.pairs import FIXED, SECRET

pytestmark = pytest.mark.anyio


async def test_a_worker_that_others_can_reach_needs_no_secret_and_tells_strangers_only_that_it_is_well(
    database: str,
) -> None:
    async with (
        serving(store=database, secret=SECRET, api_keys=FIXED),
        serving(store=database, share="tasks", host="0.0.0.0") as worker,
    ):
        for path, status in (("/v1/health", 200), ("/v1/ready", 200), ("/v1/status", 401), ("/metrics", 401)):
            assert (await worker.ask("GET", path)).status_code == status, path


async def test_a_task_whose_worker_stops_says_that_others_take_it_up(database: str) -> None:
    async with serving(store=database, share="streams") as front:
        session = await front.create()
        async with serving(store=database, share="tasks", grace=5.0):
            task = await front.prompt(session, "play 10000 events every 5 ms")
            await front.until(task, "running")
        await front.until(task, "queued")

        (said,) = [each["data"]["detail"] for each in await front.events(session) if each["type"] == "task_resumed"]
        assert said == "its worker stops; another one takes it up, or the next to start"


async def test_who_ends_well_leaves_nothing_for_the_next_to_bury(database: str) -> None:
    async with serving(store=database, share="tasks"), serving(store=database) as server:
        await server.until(await server.prompt(await server.create(), "Hello."), "completed")

    with psycopg.connect(database) as connection:
        for table in ("nodes", "leases", "duties"):
            assert connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall() == [], table


async def test_a_worker_names_its_own_addresses_and_no_others(database: str) -> None:
    async with serving(store=database, share="tasks") as worker:
        told = problem(await worker.ask("POST", "/v1/chat", {"prompt": "Hello"}), 404, "not_found")

        named = [word.rstrip(",;") for word in told["detail"].split() if word.startswith("/")]
        assert named == ["/v1/health", "/v1/ready", "/v1/status", "/metrics"]
        for path in named:
            assert (await worker.ask("GET", path)).status_code == 200, path
