"""Agents that were created at one node are asked at the other."""

import anyio
import pytest

from tests.api.calling import problem
from tests.api.nodes.pairs import Pair

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
