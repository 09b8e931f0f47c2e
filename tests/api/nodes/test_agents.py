"""Agents that were created at one node are asked at the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from puntini.agent.contract import Task
from tests.api.calling import Api, problem, serving
from tests.api.nodes.pairs import Pair, eventually

pytestmark = pytest.mark.anyio
ADA = {"name": "Ada", "role": "Counts.", "capabilities": ["counts"], "reason": "A test."}


async def test_a_chat_with_a_new_agent_may_go_to_another_node_at_once(pair: Pair) -> None:
    await pair.a.post("/v1/agents", ADA)

    session = await pair.b.create(agent="Ada")

    assert (await pair.b.get(f"/v1/sessions/{session}"))["agent"] == "Ada"
    assert (await pair.b.get("/v1/agents/Ada"))["role"] == "Counts."


async def test_all_nodes_list_the_same_agents_in_one_order(pair: Pair) -> None:
    for number, api in enumerate((pair.b, pair.a, pair.b)):
        await api.post("/v1/agents", ADA | {"name": f"Ada{9 - number}"})

    listed = [[each["name"] for each in (await api.get("/v1/agents"))["items"]] for api in pair]

    assert listed[0] == listed[1]
    assert listed[0][-3:] == ["Ada9", "Ada8", "Ada7"]


async def test_of_two_with_one_name_made_at_once_one_stays(pair: Pair) -> None:
    statuses: list[int] = []

    async def create(number: int) -> None:
        body = ADA | {"name": ("Ada", "ADA")[number], "role": f"Role {number}."}
        statuses.append((await pair[number].ask("POST", "/v1/agents", body)).status_code)

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(create, number)
    await pair.beat()

    assert sorted(statuses) == [201, 409]
    first, second = [(await api.get("/v1/agents"))["items"][-1] for api in pair]
    assert first == second


async def test_one_that_is_removed_is_gone_everywhere_and_its_name_is_free(pair: Pair) -> None:
    await pair.a.post("/v1/agents", ADA)
    await pair.beat()
    assert "Ada" in pair.b.parts.staff.roster

    assert (await pair.b.ask("DELETE", "/v1/agents/Ada")).status_code == 204
    await pair.beat()

    problem(await pair.a.ask("POST", "/v1/sessions", {"agent": "Ada"}), 400, "invalid")
    await pair.a.post("/v1/agents", ADA | {"role": "Sings."})
    assert (await pair.b.get("/v1/agents/Ada"))["role"] == "Sings."


async def test_a_member_of_another_node_s_team_stays(pair: Pair) -> None:
    for name in ("Ada", "Bob"):
        await pair.a.post("/v1/agents", ADA | {"name": name})
    await pair.b.post("/v1/agents", ADA | {"name": "Duo", "members": ["Ada", "Bob"], "manner": "group_chat"})

    problem(await pair.a.ask("DELETE", "/v1/agents/Ada"), 409, "conflict")


async def test_messages_that_two_nodes_take_at_once_begin_one_conversation(pair: Pair) -> None:
    sent: list[str] = []

    async def say(number: int) -> None:
        said = await pair[number].post("/v1/agents/scripted/messages", {"message": "play 1 events"})
        sent.append(said["session_id"])

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(say, number)

    assert len(set(sent)) == 1
    assert (await pair.a.get("/v1/sessions"))["total"] == 1


async def test_an_agent_that_works_at_one_node_is_busy_at_the_other(pair: Pair) -> None:
    session = await pair.a.create()
    task = await pair.a.prompt(session, "play 100000 events every 50 ms")
    await pair.a.until(task, "running")

    assert (await pair.b.get("/v1/agents/scripted/status"))["running"] == 1
    await pair.a.ask("POST", f"/v1/tasks/{task}/control", {"action": "stop"})
    await pair.a.until(task, "cancelled")
    assert (await pair.b.get("/v1/agents/scripted"))["status"] == "idle"


# Agents that a worker was started with.


class Heavy:
    """Waits until it may go on."""

    name = "heavy"

    def __init__(self) -> None:
        self.go_on = anyio.Event()

    async def run(self, task: Task) -> str:
        """Work."""
        await self.go_on.wait()
        return "done"


@asynccontextmanager
async def served(database: str, heavy: Heavy) -> AsyncIterator[Api]:
    """A server that runs no tasks, and a worker with an agent of its own."""
    async with (
        serving([heavy], store=database, share="tasks"),
        serving(store=database, share="streams") as front,
    ):
        yield front


async def test_a_worker_s_own_agent_is_listed_and_asked_at_a_server_without_it(database: str) -> None:
    heavy = Heavy()
    async with served(database, heavy) as front:
        listed = {each["name"]: each for each in (await front.get("/v1/agents"))["items"]}
        assert sorted(listed) == ["creator", "driver", "generator", "heavy", "puntini", "scripted"]
        assert (listed["heavy"]["kind"], listed["heavy"]["status"]) == ("loaded", "idle")
        assert listed["puntini"]["kind"] == "built_in"

        task = await front.prompt(await front.create(agent="heavy"), "Dig.")
        await front.until(task, "running")
        assert await front.get("/v1/agents/heavy/status") == {"agent_id": "heavy", "status": "busy", "running": 1}
        heavy.go_on.set()
        await front.until(task, "completed")
        assert (await front.get("/v1/agents/heavy"))["status"] == "idle"


async def test_a_worker_for_named_agents_takes_no_tasks_of_others(database: str) -> None:
    async with (
        serving([heavy := Heavy()], store=database, share="tasks", agent=("heavy",), named_only=True) as worker,
        serving(store=database, share="streams") as front,
    ):
        heavy.go_on.set()
        await front.post("/v1/agents", ADA)
        others = [await front.prompt(await front.create(agent=name), "Hello.") for name in ("puntini", "Ada")]
        await front.until(await front.prompt(await front.create(agent="heavy"), "Dig."), "completed")

        assert [(await front.get(f"/v1/tasks/{task}"))["status"] for task in others] == ["queued", "queued"]
        assert (await worker.get("/v1/status"))["agents"] == ["heavy"]

        async with serving(store=database, share="tasks"):
            for task in others:
                await front.until(task, "completed")


@pytest.mark.slow
async def test_a_team_on_such_a_worker_hands_work_to_agents_that_are_not_named(database: str) -> None:
    async with (
        serving(store=database, share="streams") as front,
        serving(store=database, share="tasks", agent=("driver",), named_only=True),
    ):
        session = await front.create(agent="driver")
        await front.until(await front.prompt(session, "write a report about Wireframes"), "completed")

        said = await front.get(f"/v1/sessions/{session}/messages")
        assert {each["agent"] for each in said["items"] if each["role"] == "assistant"} > {"driver"}


async def test_its_name_is_taken_and_it_can_t_be_deleted(database: str) -> None:
    async with served(database, Heavy()) as front:
        problem(await front.ask("POST", "/v1/agents", ADA | {"name": "Heavy"}), 409, "conflict")
        problem(await front.ask("DELETE", "/v1/agents/heavy"), 409, "conflict")


async def test_it_is_listed_as_long_as_its_worker_runs(database: str) -> None:
    async with serving(store=database, share="streams") as front:

        async def there() -> bool:
            return "heavy" in {each["name"] for each in (await front.get("/v1/agents"))["items"]}

        async with serving([Heavy()], store=database, share="tasks"):
            await eventually(there)

        async def gone() -> bool:
            return not await there()

        await eventually(gone)
        told = problem(await front.ask("POST", "/v1/sessions", {"agent": "heavy"}), 400, "invalid")
        assert told["detail"].endswith("there is creator, driver, generator, puntini, scripted")


async def test_one_that_was_created_and_deleted_is_not_listed_for_the_workers_that_still_have_it(database: str) -> None:
    async with served(database, Heavy()) as front, serving(store=database) as other:
        await front.post("/v1/agents", ADA)
        await other.parts.staff.roster.look()
        queue = other.parts.store.queue
        assert queue is not None
        await queue.renew([], list(other.parts.runner.agents), 1, other.parts.staff.roster.own)

        assert (await front.ask("DELETE", "/v1/agents/Ada")).status_code == 204

        async def counted() -> bool:
            return front.parts.runner.leases["workers"] == 2

        await eventually(counted)
        assert "Ada" not in {each["name"] for each in (await front.get("/v1/agents"))["items"]}
        problem(await front.ask("POST", "/v1/sessions", {"agent": "Ada"}), 400, "invalid")
