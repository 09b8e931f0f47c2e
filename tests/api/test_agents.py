"""``/v1/agents`` and ``/v1/tools``: who there is, what each may call, and agents that come and go."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
BUILT_IN = ["scripted", "puntini", "driver", "creator", "generator"]
SLOW = "play 100000 events every 5 ms"


def new(name: str = "Ada", **more: object) -> dict[str, Any]:
    """What an agent is created from."""
    return {"name": name, "role": "You review contracts.", "capabilities": ["reviews"], "reason": "We need it.", **more}


async def chat(api: Api, prompt: str, **body: object) -> dict[str, Any]:
    """What a task came to."""
    answer: dict[str, Any] = await api.post("/v1/chat", {"prompt": prompt, **body}, accept="application/json")
    return answer


# Tools.


async def test_tools_are_listed_with_what_they_take_and_whether_they_need_consent(api: Api) -> None:
    listed = await api.get("/v1/tools?limit=100")
    tools = {tool["name"]: tool for tool in listed["items"]}

    assert listed["total"] == len(tools)
    assert set(tools["calculate"]) == {"name", "description", "parameters", "consent"}
    assert tools["calculate"]["parameters"]["type"] == "object"
    assert tools["clear_graph"]["consent"] is True
    assert tools["add_nodes"]["consent"] is False
    assert "create_agent" in tools


async def test_tools_come_in_pages(api: Api) -> None:
    whole = await api.get("/v1/tools?limit=100")
    part = await api.get("/v1/tools?limit=2&offset=1")

    assert part == {"items": whole["items"][1:3], "total": whole["total"]}
    problem(await api.ask("GET", "/v1/tools?limit=0"), 400, "invalid")
    problem(await api.ask("GET", "/v1/tools?name=x"), 400, "invalid")


# Who there is.


async def test_the_built_in_agents_are_listed_with_their_roles_and_tools(api: Api) -> None:
    listed = await api.get("/v1/agents")
    agents = {agent["agent_id"]: agent for agent in listed["items"]}

    # Where there are several nodes, all of them have one order.
    expected = sorted(BUILT_IN) if api.parts.store.shared else BUILT_IN
    assert (list(agents), listed["total"]) == (expected, 5)
    assert all(agent["kind"] == "built_in" and agent["role"] for agent in agents.values())
    assert {agent["status"] for agent in agents.values()} == {"idle"}
    assert agents["puntini"]["model"] == "offline"
    assert "create_agent" in agents["creator"]["tools"]
    assert "create_agent" not in agents["puntini"]["tools"]
    assert await api.get("/v1/agents?limit=1&offset=2") == {"items": [agents[expected[2]]], "total": 5}


class Parrot:
    """An agent of somebody's own."""

    name = "parrot"

    async def run(self, task: object) -> str:
        """Answer."""
        return "Hello."


async def test_an_agent_of_one_s_own_is_listed_as_loaded() -> None:
    async with serving([Parrot()]) as api:
        assert (await api.get("/v1/agents/parrot"))["kind"] == "loaded"
        problem(await api.ask("DELETE", "/v1/agents/parrot"), 409, "conflict")


async def test_an_agent_is_busy_while_it_has_tasks(api: Api) -> None:
    tasks = [await api.prompt(await api.create(), SLOW) for _ in range(2)]
    for task_id in tasks:
        await api.until(task_id, "running")

    assert await api.get("/v1/agents/scripted/status") == {"agent_id": "scripted", "status": "busy", "running": 2}
    assert (await api.get("/v1/agents/scripted"))["running"] == 2
    assert await api.get("/v1/agents/puntini/status") == {"agent_id": "puntini", "status": "idle", "running": 0}


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/status"), ("DELETE", ""), ("GET", "/messages")])
async def test_an_agent_that_is_not_there_is_not_found(api: Api, method: str, path: str) -> None:
    problem(await api.ask(method, f"/v1/agents/nobody{path}"), 404, "not_found")


# Agents that are created.


async def test_a_created_agent_can_be_asked_at_once(api: Api) -> None:
    response = await api.ask("POST", "/v1/agents", new())
    created = response.json()

    assert response.status_code == 201
    assert response.headers["location"] == "/v1/agents/Ada"
    assert created == await api.get("/v1/agents/Ada")
    assert (created["kind"], created["capabilities"], created["created_by"]) == ("created", ["reviews"], "local")
    assert (await chat(api, "add a person named Bob", agent="Ada"))["success"] is True
    session_id = await api.create(agent="Ada")
    assert (await chat(api, "what is 2 + 3", session_id=session_id))["final_answer"].count("5")


async def test_a_created_agent_may_call_only_the_tools_it_was_given(api: Api) -> None:
    created = await api.post("/v1/agents", new(tools=["find_nodes", "calculate"]))
    session_id = await api.create(agent="Ada")
    await chat(api, "add a person named Bob", session_id=session_id)
    await chat(api, "what is 2 + 3", session_id=session_id)
    events = await api.events(session_id)

    assert sorted(created["tools"]) == ["calculate", "find_nodes"]
    assert not [event for event in events if event["type"] == "graph_update"]
    succeeded = {event["data"]["tool_name"] for event in events if event["data"].get("status") == "succeeded"}
    assert "calculate" in succeeded <= {"calculate", "find_nodes"}


async def test_a_created_agent_is_given_no_tools_that_make_agents(api: Api) -> None:
    assert "create_agent" not in (await api.post("/v1/agents", new()))["tools"]
    refused = await api.ask("POST", "/v1/agents", new("Eve", tools=["create_agent"]))
    assert problem(refused, 400, "invalid")["errors"][0]["path"] == "tools"
    assert (await api.post("/v1/agents", new("Mute", tools=[])))["tools"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        (new(""), "name"),
        (new("a/b"), "name"),
        (new("a\n"), "name"),
        (new("x" * 61), "name"),
        (new(role=" "), "role"),
        (new(role="x" * 2_001), "role"),
        (new(reason=""), "reason"),
        (new(capabilities=["x"] * 21), "capabilities"),
        (new(capabilities=[""]), "capabilities[0]"),
        (new(instructions="x" * 8_001), "instructions"),
        (new(tools=["rm"]), "tools"),
        (new(model="gpt"), "model"),
    ],
)
async def test_what_no_agent_can_be_made_of_is_refused_by_field(api: Api, body: object, path: str) -> None:
    response = await api.ask("POST", "/v1/agents", body)
    assert problem(response, 400, "invalid")["errors"][0]["path"] == path
    assert (await api.get("/v1/agents"))["total"] == 5


@pytest.mark.parametrize("name", ["Ada", "ADA", "puntini", "Scripted"])
async def test_a_name_that_is_taken_is_a_conflict_in_any_case(api: Api, name: str) -> None:
    await api.post("/v1/agents", new("Ada"))
    problem(await api.ask("POST", "/v1/agents", new(name)), 409, "conflict")


async def test_so_many_agents_can_be_created_and_no_more(api: Api) -> None:
    for number in range(100):
        await api.post("/v1/agents", new(f"a{number}"))
    problem(await api.ask("POST", "/v1/agents", new("more")), 409, "conflict")
    assert (await api.ask("DELETE", "/v1/agents/a7")).status_code == 204
    await api.post("/v1/agents", new("more"))


async def test_created_agents_survive_a_restart_and_deleted_ones_do_not(tmp_path: Path) -> None:
    store = tmp_path / "log.db"
    async with serving(store=store) as api:
        kept = await api.post("/v1/agents", new("Ada", tools=["calculate"], instructions="Be brief."))
        await api.post("/v1/agents", new("Bea"))
        assert (await api.ask("DELETE", "/v1/agents/Bea")).status_code == 204

    async with serving(store=store) as api:
        assert await api.get("/v1/agents/Ada") == kept
        problem(await api.ask("GET", "/v1/agents/Bea"), 404, "not_found")
        assert "5" in (await chat(api, "what is 2 + 3", agent="Ada"))["final_answer"]


async def test_an_agent_that_is_loaded_later_takes_the_place_of_a_created_one(tmp_path: Path) -> None:
    store = tmp_path / "log.db"
    async with serving(store=store) as api:
        await api.post("/v1/agents", new("Parrot"))
    async with serving([Parrot()], store=store) as api:
        names = [agent["name"] for agent in (await api.get("/v1/agents"))["items"]]
        assert "parrot" in names
        assert "Parrot" not in names


async def test_the_driver_can_be_asked_for_a_new_agent_and_the_agent_then_asked(api: Api) -> None:
    made = await chat(api, "create an agent named Ada that reviews contracts", agent="driver")
    assert made["success"] is True
    assert (await api.get("/v1/agents/Ada"))["role"] == "reviews contracts"
    assert "5" in (await chat(api, "what is 2 + 3", agent="Ada"))["final_answer"]


# Teams.


def team(name: str = "Duo", **more: object) -> dict[str, Any]:
    """What a team is created from."""
    return new(name, **{"members": ["puntini", "generator"], "manner": "group_chat", **more})


async def test_a_team_is_created_listed_and_asked_as_any_agent(api: Api) -> None:
    made = await api.post("/v1/agents", team(members=["Puntini", "generator"], max_turns=6, until="DONE"))

    assert made == await api.get("/v1/agents/Duo")
    assert (made["members"], made["manner"]) == (["puntini", "generator"], "group_chat")
    assert (made["max_turns"], made["until"], made["tools"]) == (6, "DONE", [])
    answer = await chat(api, "add a person named Bob", agent="Duo")
    assert answer["success"] is True
    assert "I added the person Bob." in answer["final_answer"]


async def test_who_is_no_team_has_no_members_and_the_driver_s_are_all_that_could_be(api: Api) -> None:
    agents = {agent["name"]: agent for agent in (await api.get("/v1/agents"))["items"]}

    assert [name for name, agent in agents.items() if agent["manner"]] == ["driver"]
    assert (agents["driver"]["manner"], agents["driver"]["members"]) == ("supervisor", [])
    assert (agents["puntini"]["members"], agents["puntini"]["max_turns"], agents["puntini"]["until"]) == ([], 0, "")


async def test_a_team_survives_a_restart_and_so_does_its_conversation(tmp_path: Path) -> None:
    store = tmp_path / "log.db"
    async with serving(store=store) as api:
        await api.post("/v1/agents", new("Ada"))
        kept = await api.post("/v1/agents", team("Aces", members=["Ada", "puntini"], manner="supervisor"))
        session_id = await api.create(agent="Aces")
        await chat(api, "add a person named Alice", session_id=session_id)

    async with serving(store=store) as api:
        assert await api.get("/v1/agents/Aces") == kept
        answer = await chat(api, "ask puntini to rename Alice to Bob", session_id=session_id)
        assert "I handed this to puntini" in answer["final_answer"]


@pytest.mark.parametrize(
    ("body", "path", "why"),
    [
        (team(manner=None), "manner", "say how the members work together, `supervisor` or `group_chat`"),
        (team(manner="choir"), "manner", ""),
        (team(members=[]), "members", "name the agents that work together"),
        (team(members=["puntini"]), "members", "a group chat takes two or more"),
        (team(members=["puntini", "nobody"]), "members", "there is no agent `nobody`"),
        (team(members=["puntini", "scripted"]), "members", "`scripted` has no model"),
        (team(members=["puntini", "driver"]), "members", "`driver` is a team"),
        (team(members=["puntini", "Puntini"]), "members", "`puntini` is named twice"),
        (team(members=["puntini"] * 11), "members", ""),
        (team(manner="supervisor", until="DONE"), "until", "a supervisor ends when it answers"),
        (team(tools=["calculate"]), "tools", "a team calls none itself"),
        (team(max_turns=0), "max_turns", ""),
        (team(max_turns=201), "max_turns", ""),
        (new(max_turns=5), "max_turns", "only a team takes this"),
        (new(until="DONE"), "until", "only a team takes this"),
    ],
)
async def test_what_no_team_can_be_made_of_is_refused_by_field(api: Api, body: object, path: str, why: str) -> None:
    response = await api.ask("POST", "/v1/agents", body)
    [error] = problem(response, 400, "invalid")["errors"]

    assert error["path"] == path
    assert why in response.text
    assert (await api.get("/v1/agents"))["total"] == 5


async def test_a_member_stays_as_long_as_its_team(api: Api) -> None:
    for body in (new("Ada"), new("Bea"), team(members=["Ada", "Bea"])):
        await api.post("/v1/agents", body)

    refused = problem(await api.ask("DELETE", "/v1/agents/Ada"), 409, "conflict")
    assert "a member of the team `Duo`" in refused["detail"]
    for name in ("Duo", "Ada"):
        assert (await api.ask("DELETE", f"/v1/agents/{name}")).status_code == 204


# Deleting.


async def test_a_deleted_agent_can_not_be_asked_and_its_name_is_free(api: Api) -> None:
    await api.post("/v1/agents", new())
    assert (await api.ask("DELETE", "/v1/agents/Ada")).status_code == 204

    problem(await api.ask("POST", "/v1/chat", {"prompt": "hello", "agent": "Ada"}), 400, "invalid")
    await api.post("/v1/agents", new())


async def test_a_prompt_in_a_session_of_a_deleted_agent_fails_with_a_sentence(api: Api) -> None:
    await api.post("/v1/agents", new())
    session_id = await api.create(agent="Ada")
    await api.ask("DELETE", "/v1/agents/Ada")

    answer = await chat(api, "hello", session_id=session_id)
    assert (answer["success"], answer["error"].partition(";")[0]) == (False, "There is no agent `Ada`")


async def test_an_agent_with_open_tasks_is_not_deleted(api: Api) -> None:
    await api.post("/v1/agents", new())
    session_id = await api.create()
    running = await api.prompt(session_id, SLOW)
    waiting = await api.prompt(session_id, "hello", agent="Ada")

    problem(await api.ask("DELETE", "/v1/agents/Ada"), 409, "conflict")
    for task_id in (waiting, running):
        await api.ask("DELETE", f"/v1/tasks/{task_id}")
        await api.until(task_id, "cancelled")
    assert (await api.ask("DELETE", "/v1/agents/Ada")).status_code == 204


@pytest.mark.parametrize("name", BUILT_IN)
async def test_built_in_agents_stay(api: Api, name: str) -> None:
    problem(await api.ask("DELETE", f"/v1/agents/{name}"), 409, "conflict")


# Messages.


async def test_an_agent_s_messages_are_those_of_its_latest_tasks_in_all_sessions(api: Api) -> None:
    for prompt in ("what is 2 + 3", "what is 4 + 5"):
        await chat(api, prompt, agent="puntini")
    await chat(api, "play 2 events", agent="scripted")
    listed = await api.get("/v1/agents/puntini/messages")
    asked = [message["content"] for message in listed["items"] if message["role"] == "user"]

    assert asked == ["what is 2 + 3", "what is 4 + 5"]
    assert listed["total"] == len(listed["items"])
    newest = await api.get("/v1/agents/puntini/messages?limit=1")
    assert newest["items"] == listed["items"][-1:]
    assert (await api.get("/v1/agents/generator/messages"))["items"] == []
