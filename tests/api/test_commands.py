"""``POST /v1/sessions/{id}/commands``: every command of the protocol, and what is said to those that can't be."""

from typing import Any

import pytest

from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 5 ms"


def add_node(id_: str, label: str = "Thing", **props: Any) -> dict[str, Any]:
    return {"action": "add_node", "node": {"id": id_, "label": label, "props": props}}


# Prompts.


async def test_a_prompt_is_accepted_with_its_task_and_cursor(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "user_prompt", "c1", prompt="play 2 events")
    answer = response.json()
    assert response.status_code == 202
    assert set(answer) == {"command_id", "task_id", "cursor"}
    assert answer["command_id"] == "c1"
    events = await api.events(session_id)
    assert [event["type"] for event in events[:3]] == ["user_prompt", "task_started", "agent_status"]
    assert events[2]["id"] == answer["cursor"]
    assert {event["task_id"] for event in events[:3]} == {answer["task_id"]}


async def test_a_prompt_too_many_is_refused_with_the_queue_s_length() -> None:
    async with serving(max_concurrent_tasks=1, max_queued_tasks=1) as api:
        for _ in range(2):
            await api.prompt(await api.create(), SLOW)
        refused = await api.command(await api.create(), "user_prompt", prompt=SLOW)
        assert problem(refused, 429, "too_many")["queued"] == 1
        assert int(refused.headers["retry-after"]) > 0


async def test_a_command_without_an_id_is_given_one(api: Api) -> None:
    answer = (await api.command(await api.create(), "user_prompt", prompt="play 1 event")).json()
    assert answer["command_id"].startswith("cmd_")


async def test_what_was_asked_and_by_whom_is_in_the_log(api: Api) -> None:
    session_id = await api.create()
    await api.prompt(session_id, "Hello\u2028world 🎈")
    asked = (await api.events(session_id))[0]["data"]
    assert asked["prompt"] == "Hello\u2028world 🎈"
    assert asked["user_id"] == "local"
    assert asked["message_id"].startswith("msg_")


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.prompt"),
        ({"prompt": ""}, "data.prompt"),
        ({"prompt": "  \n\t"}, "data.prompt"),
        ({"prompt": 5}, "data.prompt"),
        ({"prompt": None}, "data.prompt"),
        ({"prompt": "x" * 262_145}, "data.prompt"),
        ({"prompt": "x", "max_steps": 0}, "data.max_steps"),
        ({"prompt": "x", "max_steps": 10_001}, "data.max_steps"),
        ({"prompt": "x", "max_steps": 10**30}, "data.max_steps"),
        ({"prompt": "x", "if_busy": "wait"}, "data.if_busy"),
        ({"prompt": "x", "agent": "nobody"}, "data.agent"),
        ({"prompt": "x", "agent": "x" * 201}, "data.agent"),
        ({"prompt": "x", "colour": "red"}, "data.colour"),
    ],
)
async def test_a_prompt_that_can_not_be_is_refused_by_field(api: Api, data: dict[str, Any], path: str) -> None:
    session_id = await api.create()
    told = problem(await api.command(session_id, "user_prompt", **data), 400, "invalid")
    assert told["errors"][0]["path"] == path
    assert told["detail"].startswith(f"{path}: ")
    assert await api.events(session_id) == []


async def test_the_longest_prompt_is_taken(api: Api) -> None:
    session_id = await api.create()
    prompt = "ä" * 262_144
    await api.prompt(session_id, prompt)
    assert (await api.events(session_id, limit=1))[0]["data"]["prompt"] == prompt


async def test_a_busy_session_rejects_enqueues_or_interrupts(api: Api) -> None:
    session_id = await api.create()
    first = await api.prompt(session_id, SLOW)
    refused = await api.command(session_id, "user_prompt", prompt="now?", if_busy="reject")
    assert "if_busy" in problem(refused, 409, "task_running")["detail"]
    second = await api.prompt(session_id, "play 1 event", if_busy="enqueue")
    assert (await api.get(f"/v1/tasks/{second}"))["status"] == "queued"
    third = await api.prompt(session_id, "play 1 event", if_busy="interrupt")
    assert [(await api.get(f"/v1/tasks/{task}"))["status"] for task in (first, second)] == ["cancelled"] * 2
    await api.until(third, "completed")


# Control.


async def test_a_task_can_be_stopped_by_command(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, SLOW)
    response = await api.command(session_id, "control", "c2", task_id=task_id, action="stop")
    assert response.status_code == 202
    assert response.json().items() >= {"command_id": "c2", "task_id": task_id}.items()
    await api.until(task_id, "cancelled")


async def test_a_task_of_another_session_is_not_found(api: Api) -> None:
    task_id = await api.prompt(await api.create(), SLOW)
    response = await api.command(await api.create(), "control", task_id=task_id, action="stop")
    assert problem(response, 404, "not_found")["errors"][0]["path"] == "data.task_id"
    assert (await api.get(f"/v1/tasks/{task_id}"))["status"] == "running"


async def test_an_ended_task_can_not_be_controlled(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.played(session_id)
    response = await api.command(session_id, "control", task_id=task_id, action="pause")
    assert "completed" in problem(response, 409, "conflict")["detail"]


# Questions.


async def test_a_ping_is_answered_with_its_own_data(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "ping", n=[1, {"a": None}])
    assert response.status_code == 200
    assert response.json() == {"type": "pong", "session_id": session_id, "data": {"n": [1, {"a": None}]}}


async def test_chat_history_is_the_conversation(api: Api) -> None:
    session_id = await api.create()
    for _ in range(2):
        await api.played(session_id, "play 7 events")
    response = await api.command(session_id, "chat_history", limit=3)
    assert response.status_code == 200
    assert response.json()["type"] == "chat_history"
    assert [message["role"] for message in response.json()["data"]["messages"]] == ["assistant", "user", "assistant"]


async def test_agent_status_says_whether_it_works(api: Api) -> None:
    session_id = await api.create()
    assert (await api.command(session_id, "agent_status_request")).json()["data"]["status"] == "idle"
    await api.prompt(session_id, SLOW)
    answer = (await api.command(session_id, "agent_status_request", agent="scripted")).json()
    assert (answer["type"], answer["data"]) == ("agent_status", {"agent": "scripted", "status": "busy"})


@pytest.mark.parametrize("type_", ["chat_history", "agent_status_request", "close_session", "user_prompt"])
async def test_a_session_that_is_not_there_answers_no_command(api: Api, type_: str) -> None:
    data = {"prompt": "x"} if type_ == "user_prompt" else {}
    problem(await api.command("ses_none", type_, **data), 404, "not_found")


# Editing the graph.


async def test_a_graph_edit_is_logged_with_its_author_and_version(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "graph_edit", base_version=0, delta=[add_node("a", colour="red")])
    assert response.status_code == 202
    (event,) = await api.events(session_id)
    assert (event["type"], event["data"]["version"], event["data"]["author"]) == ("graph_update", 1, "local")
    assert event["id"] == response.json()["cursor"]
    graph = await api.get(f"/v1/sessions/{session_id}/graph")
    assert graph["version"] == 1
    assert graph["nodes"] == [{"id": "a", "label": "Thing", "props": {"colour": "red"}}]


@pytest.mark.parametrize(
    ("delta", "where"),
    [
        ([{"action": "remove_node", "id": "none"}], "data.delta[0]"),
        ([add_node("a"), {"action": "remove_edge", "id": "none"}], "data.delta[1]"),
        ([{"action": "add_edge", "edge": {"id": "e", "label": "L", "source": "a", "target": "b"}}], "data.delta[0]"),
    ],
)
async def test_a_graph_edit_that_does_not_apply_is_refused_whole(api: Api, delta: list[Any], where: str) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "graph_edit", base_version=0, delta=delta)
    told = problem(response, 409, "conflict")
    assert told["detail"].startswith(where)
    assert told["errors"][0]["path"] == "data.delta"
    assert (await api.get(f"/v1/sessions/{session_id}/graph"))["nodes"] == []


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"base_version": 0, "delta": []}, "data.delta"),
        ({"base_version": 0, "delta": [{"action": "clear"}] * 1_001}, "data.delta"),
        ({"base_version": -1, "delta": [add_node("a")]}, "data.base_version"),
        ({"delta": [add_node("a")]}, "data.base_version"),
        ({"base_version": 0, "delta": [{"action": "add_node"}]}, "data.delta[0]"),
        ({"base_version": 0, "delta": [add_node("a"), {"action": "paint"}]}, "data.delta[1].action"),
        ({"base_version": 0, "delta": [add_node("a") | {"extra": 1}]}, "data.delta[0].extra"),
    ],
)
async def test_a_graph_edit_that_is_no_edit_is_refused_by_field(api: Api, data: dict[str, Any], path: str) -> None:
    told = problem(await api.command(await api.create(), "graph_edit", **data), 400, "invalid")
    assert told["errors"][0]["path"].replace("[...]", "[1]" if "[1]" in path else "[0]") == path


async def test_a_graph_edit_on_a_version_that_has_not_been_is_a_conflict(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "graph_edit", base_version=7, delta=[add_node("a")])
    problem(response, 409, "conflict")


async def test_a_graph_edit_that_is_sent_twice_is_done_once(api: Api) -> None:
    session_id = await api.create()
    answers = [
        await api.command(session_id, "graph_edit", "edit-1", base_version=0, delta=[add_node("a")]) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert len(await api.events(session_id)) == 1


async def test_people_and_agents_share_one_count_of_versions(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "play 300 events every 1 ms")
    for number in range(10):
        await api.command(session_id, "graph_edit", base_version=0, delta=[add_node(f"mine-{number}")])
    await api.until(task_id, "completed")
    events = await api.events(session_id)
    versions = [event["data"]["version"] for event in events if event["type"] == "graph_update"]
    if api.parts.store.shared:  # one that met another's is given anew, and leaves a gap
        assert len(set(versions)) == len(versions)
    else:
        assert sorted(versions) == list(range(1, len(versions) + 1))
    nodes = {node["id"] for node in (await api.get(f"/v1/sessions/{session_id}/graph"))["nodes"]}
    assert nodes >= {f"mine-{number}" for number in range(10)} | {f"node-{number}" for number in range(40)}


# The others.


async def test_a_hand_over_is_logged_and_changes_the_agent(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "workflow_update", to_agent="scripted", reason="It knows best.")
    assert response.status_code == 202
    (event,) = await api.events(session_id)
    assert event["data"] == {"to_agent": "scripted", "reason": "It knows best.", "from_agent": "scripted"}


async def test_nobody_is_handed_over_to_an_agent_that_is_not_there(api: Api) -> None:
    response = await api.command(await api.create(), "workflow_update", to_agent="nobody", reason="why not")
    assert problem(response, 400, "invalid")["errors"][0]["path"] == "data.to_agent"


async def test_a_close_is_told_with_its_reason_and_the_last_cursor(api: Api) -> None:
    session_id = await api.create()
    response = await api.command(session_id, "close_session", "c9", reason="done")
    (event,) = await api.events(session_id)
    assert response.status_code == 202
    assert response.json() == {"command_id": "c9", "cursor": event["id"]}
    assert event["data"] == {"reason": "done"}


@pytest.mark.parametrize(
    ("type_", "data", "status", "code"),
    [
        ("approval_response", {"approval_id": "a1", "decision": "approved"}, 404, "not_found"),
        ("action", {"name": "zoom"}, 409, "conflict"),
        ("init_session", {}, 400, "invalid"),
        ("resume", {"after": "earliest"}, 400, "invalid"),
    ],
)
async def test_what_has_no_place_here_is_said_so(
    api: Api, type_: str, data: dict[str, Any], status: int, code: str
) -> None:
    problem(await api.command(await api.create(), type_, **data), status, code)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"data": {}}, "type"),
        ({"type": "dance"}, "type"),
        ({"type": 5}, "type"),
        ({"type": "ping", "extra": 1}, "extra"),
        ({"type": "ping", "command_id": "x" * 129}, "command_id"),
        ({"type": "ping", "session_id": "ses_other"}, "session_id"),
        ({"type": "control", "data": {"task_id": "t", "action": "jump"}}, "data.action"),
        ({"type": "user_prompt"}, "data"),
        ({"type": "user_prompt", "data": []}, "data"),
    ],
)
async def test_what_is_no_command_is_refused_by_field(api: Api, body: object, path: str) -> None:
    response = await api.ask("POST", f"/v1/sessions/{await api.create()}/commands", body)
    assert problem(response, 400, "invalid")["errors"][0]["path"] == path


async def test_naming_the_session_once_more_does_no_harm(api: Api) -> None:
    session_id = await api.create()
    await api.post(f"/v1/sessions/{session_id}/commands", {"type": "ping", "session_id": session_id})
