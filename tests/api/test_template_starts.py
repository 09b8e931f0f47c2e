"""Beginning from a template: what the session, the graph, the plan and the task are then."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
MOVE = {
    "title": 'Move "house"',
    "tasks": [
        {"id": "drive", "title": "Drive", "depends_on": ["van", "boxes"]},
        {"id": "boxes", "title": "Pack the boxes", "description": "Heavy things into small ones.", "hours": 1.5},
        {"id": "van", "title": "Hire a van", "difficulty": "easy"},
    ],
}


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store, with the built-in agent and the scripted one."""
    store = "memory:" if request.param == "memory" else tmp_path / "puntini.db"
    async with serving(store=store, agent=("puntini",), offline_pause_seconds=0) as running:
        yield running


async def move(api: Api, **body: object) -> dict[str, Any]:
    """A session that has begun with moving house."""
    template_id = (await api.post("/v1/templates", MOVE))["template_id"]
    begun: dict[str, Any] = await api.post(f"/v1/templates/{template_id}/tasks", body)
    return begun


async def test_a_session_begins_with_plan_graph_and_task(api: Api) -> None:
    response = await api.ask("POST", "/v1/templates/rest-api/tasks", {"title": "Library API"})
    begun = response.json()
    session, task = f"/v1/sessions/{begun['session_id']}", f"/v1/tasks/{begun['task_id']}"

    assert response.status_code == 202
    assert response.headers["location"] == task
    assert response.headers["puntini-session"] == begun["session_id"]
    assert response.headers["puntini-task"] == begun["task_id"]
    assert (begun["template_id"], begun["nodes"], begun["edges"], len(begun["plan"])) == ("rest-api", 10, 15, 10)
    assert (await api.get(session))["title"] == "Library API"
    assert (await api.get(f"{task}/plan"))["current_plan"] == begun["plan"]
    assert len((await api.get(f"{session}/graph"))["nodes"]) == 10
    asked = (await api.get(task))["task"]
    assert asked.startswith('Begin from the template "REST API", for what is called "Library API".')
    assert all(title in asked for title in begun["plan"])


async def test_the_graph_shows_the_tasks_and_what_depends_on_what(api: Api) -> None:
    begun = await move(api, run=False)
    graph = await api.get(f"/v1/sessions/{begun['session_id']}/graph")
    names = {node["id"]: node["key"] for node in graph["nodes"]}

    assert begun["plan"] == ["Pack the boxes", "Hire a van", "Drive"]
    assert graph["version"] == 1
    assert [(node["label"], node["key"], node["props"]["order"]) for node in graph["nodes"]] == [
        ("Task", "Pack the boxes", 1),
        ("Task", "Hire a van", 2),
        ("Task", "Drive", 3),
    ]
    assert graph["nodes"][0]["props"] == {
        "title": "Pack the boxes",
        "description": "Heavy things into small ones.",
        "difficulty": "medium",
        "status": "todo",
        "order": 1,
        "hours": 1.5,
    }
    assert {(names[edge["source"]], edge["label"], names[edge["target"]]) for edge in graph["edges"]} == {
        ("Drive", "DEPENDS_ON", "Hire a van"),
        ("Drive", "DEPENDS_ON", "Pack the boxes"),
    }


async def test_all_of_it_is_one_append_and_the_plan_stands_before_the_start(api: Api) -> None:
    begun = await move(api)
    await api.until(begun["task_id"], "completed")
    events = await api.events(begun["session_id"])

    assert [event["type"] for event in events[:5]] == [
        "user_prompt",
        "plan_update",
        "graph_update",
        "task_started",
        "agent_status",
    ]
    assert {event["task_id"] for event in events} == {begun["task_id"]}
    assert begun["cursor"] == events[4]["id"]
    assert events[2]["data"]["author"] == "local"


async def test_the_offline_agent_says_the_plan_and_what_can_be_started_and_leaves_the_graph_alone(api: Api) -> None:
    begun = await move(api)
    session = f"/v1/sessions/{begun['session_id']}"
    await api.until(begun["task_id"], "completed")
    answer = (await api.get(f"/v1/tasks/{begun['task_id']}/result"))["final_answer"]

    assert answer.startswith(
        "This is the template \"Move 'house'\": 3 tasks, with 2 dependencies between them.\n"
        "1. Pack the boxes\n2. Hire a van\n3. Drive, after 1 and 2\n\n"
        "None of 3 tasks is done. What can be started now: Pack the boxes and Hire a van."
    )
    assert (await api.get(f"{session}/graph"))["version"] == 1
    assert (await api.get(f"/v1/tasks/{begun['task_id']}/plan"))["current_plan"] == begun["plan"]


async def test_people_and_the_agent_go_on_from_there(api: Api) -> None:
    session_id = (await move(api, run=False))["session_id"]
    graph = await api.get(f"/v1/sessions/{session_id}/graph")
    boxes = graph["nodes"][0] | {"props": {"status": "done"}}
    delta = [{"action": "update_node", "node": boxes}]
    assert (await api.command(session_id, "graph_edit", base_version=1, delta=delta)).status_code == 202

    assert (
        await said(api, session_id, 'set the status of "Hire a van" to done') == "Hire a van has the status done now."
    )
    assert await said(api, session_id, "What can be started next?") == (
        "2 of 3 tasks are done. What can be started now: Drive."
    )


async def said(api: Api, session_id: str, prompt: str) -> str:
    """What the agent answers."""
    task_id = await api.prompt(session_id, prompt)
    await api.until(task_id, "completed")
    return str((await api.get(f"/v1/tasks/{task_id}/result"))["final_answer"])


async def test_without_a_task_there_is_a_session_with_plan_and_graph(api: Api) -> None:
    response = await api.ask("POST", "/v1/templates/documentation/tasks", {"run": False, "agent": "scripted"})
    begun = response.json()

    assert (response.status_code, begun["task_id"], begun["status"]) == (201, None, None)
    assert response.headers["location"] == f"/v1/sessions/{begun['session_id']}"
    assert response.headers["puntini-session"] == begun["session_id"]
    session = await api.get(response.headers["location"])
    assert (session["title"], session["agent"], session["cursor"]) == ("Documentation", "scripted", begun["cursor"])
    plan, graph = await api.events(begun["session_id"])
    assert (plan["type"], plan["data"]["current_plan"]) == ("plan_update", begun["plan"])
    assert (graph["type"], len(graph["data"]["delta"])) == ("graph_update", begun["nodes"] + begun["edges"])
    assert (await api.get(f"/v1/tasks?session_id={begun['session_id']}&status=all"))["total"] == 0


@pytest.mark.parametrize("run", [True, False])
async def test_a_repeat_is_told_the_same_and_begins_nothing(api: Api, run: bool) -> None:
    template_id = (await api.post("/v1/templates", MOVE))["template_id"]
    path, body = f"/v1/templates/{template_id}/tasks", {"run": run}
    answers: list[dict[str, Any]] = []

    async def begin() -> None:
        answers.append(await api.post(path, body, idempotency_key="k1"))

    async with anyio.create_task_group() as clients:
        for _ in range(3):
            clients.start_soon(begin)
    await api.ask("DELETE", f"/v1/templates/{template_id}")
    await begin()

    assert len({answer["session_id"] for answer in answers}) == 1
    assert [answer | {"status": ""} for answer in answers] == [answers[0] | {"status": ""}] * 4
    assert (answers[0]["plan"], answers[0]["nodes"], answers[0]["edges"]) == (
        ["Pack the boxes", "Hire a van", "Drive"],
        3,
        2,
    )
    assert (await api.get("/v1/sessions"))["total"] == 1


async def test_the_same_key_begins_from_each_template_once(api: Api) -> None:
    begun = [
        await api.post(f"/v1/templates/{name}/tasks", {"run": False}, idempotency_key="k1")
        for name in ("rest-api", "documentation")
    ]

    assert begun[0]["session_id"] != begun[1]["session_id"]


@pytest.mark.parametrize(
    ("body", "path"),
    [({"agent": "nobody"}, "agent"), ({"title": "t" * 201}, "title"), ({"max_steps": 0}, "max_steps"), ({"x": 1}, "x")],
)
async def test_a_body_that_can_not_be_is_refused_and_nothing_begins(api: Api, body: object, path: str) -> None:
    told = problem(await api.ask("POST", "/v1/templates/rest-api/tasks", body), 400, "invalid")

    assert [error["path"] for error in told["errors"]] == [path]
    assert (await api.get("/v1/sessions"))["total"] == 0


async def test_an_empty_body_will_do(api: Api) -> None:
    begun = await api.post("/v1/templates/mobile-app/tasks")

    assert (await api.get(f"/v1/sessions/{begun['session_id']}"))["title"] == "Mobile app"


async def test_a_team_hands_it_on(api: Api) -> None:
    begun = await move(api, agent="driver")
    await api.until(begun["task_id"], "completed")

    result = await api.get(f"/v1/tasks/{begun['task_id']}/result")
    assert "What can be started now: Pack the boxes and Hire a van." in result["final_answer"]
