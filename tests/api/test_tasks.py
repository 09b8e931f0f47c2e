"""``/v1/tasks``: look at tasks, control them, follow them."""

import pytest

from tests.api.calling import Api, problem, sse

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 5 ms"


async def test_a_task_is_told_in_full(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.played(session_id, "play 3 events")
    task = await api.get(f"/v1/tasks/{task_id}")
    assert (
        task.items()
        >= {
            "task_id": task_id,
            "session_id": session_id,
            "agent": "scripted",
            "task": "play 3 events",
            "status": "completed",
            "attempt": 1,
        }.items()
    )
    assert set(task) >= {"submitted_at", "updated_at"}
    assert task["submitted_at"] <= task["updated_at"]


async def test_a_session_s_tasks_are_listed_in_order_ended_ones_too(api: Api) -> None:
    session_id = await api.create()
    await api.played(await api.create())
    tasks = [await api.played(session_id, "play 1 event") for _ in range(3)]
    listed = await api.get(f"/v1/tasks?session_id={session_id}")
    assert [item["task_id"] for item in listed["items"]] == tasks
    assert listed["total"] == 3


async def test_without_a_session_the_open_tasks_are_listed(api: Api) -> None:
    await api.played(await api.create())
    running = [await api.prompt(await api.create(), SLOW) for _ in range(2)]
    listed = await api.get("/v1/tasks")
    assert [item["task_id"] for item in listed["items"]] == running


@pytest.mark.parametrize("query", ["agent=scripted", "status=all"])
async def test_an_agent_s_tasks_and_all_of_them_are_listed_ended_ones_too(api: Api, query: str) -> None:
    tasks = [await api.played(await api.create()), await api.prompt(await api.create(), SLOW)]
    listed = await api.get(f"/v1/tasks?{query}")
    assert [item["task_id"] for item in listed["items"]] == tasks
    assert listed["total"] == 2


async def test_the_list_comes_in_pages(api: Api) -> None:
    session_id = await api.create()
    tasks = [await api.prompt(session_id, SLOW) for _ in range(25)]
    first = await api.get(f"/v1/tasks?session_id={session_id}")
    rest = await api.get(f"/v1/tasks?session_id={session_id}&limit=100&offset=20")
    assert [item["task_id"] for item in first["items"] + rest["items"]] == tasks
    assert (len(first["items"]), first["total"], rest["total"]) == (20, 25, 25)
    problem(await api.ask("GET", "/v1/tasks?limit=0"), 400, "invalid")


async def test_pause_resume_and_stop_say_what_will_be(api: Api) -> None:
    task_id = await api.prompt(await api.create(), SLOW)
    for action, said, status in (
        ("pause", {"paused"}, "paused"),
        ("resume", {"queued", "running"}, "running"),
        ("stop", {"cancelled"}, "cancelled"),
    ):
        response = await api.ask("POST", f"/v1/tasks/{task_id}/control", {"action": action})
        assert response.status_code == 202
        assert set(response.json()) == {"task_id", "new_status", "detail"}
        assert response.json()["task_id"] == task_id
        assert response.json()["new_status"] in said
        await api.until(task_id, status)


async def test_a_task_that_is_resumed_behind_another_is_said_to_wait(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, SLOW)
    await api.post(f"/v1/tasks/{task_id}/control", {"action": "pause"})
    await api.until(task_id, "paused")
    await api.until(await api.prompt(session_id, SLOW), "running")
    said = await api.post(f"/v1/tasks/{task_id}/control", {"action": "resume"})
    assert said["new_status"] == (await api.get(f"/v1/tasks/{task_id}"))["status"] == "queued"


@pytest.mark.parametrize(
    ("body", "path"), [({}, "action"), ({"action": "jump"}, "action"), ({"action": "stop", "now": True}, "now")]
)
async def test_an_order_that_is_none_is_refused_by_field(api: Api, body: object, path: str) -> None:
    task_id = await api.prompt(await api.create(), SLOW)
    response = await api.ask("POST", f"/v1/tasks/{task_id}/control", body)
    assert problem(response, 400, "invalid")["errors"][0]["path"] == path


async def test_an_ended_task_takes_no_orders(api: Api) -> None:
    task_id = await api.played(await api.create())
    response = await api.ask("POST", f"/v1/tasks/{task_id}/control", {"action": "stop"})
    assert problem(response, 409, "conflict")["detail"] == "The task is completed; it can't be stopped any more."


@pytest.mark.parametrize("path", ["", "/stream"])
async def test_a_task_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    problem(await api.ask("GET", f"/v1/tasks/tsk_none{path}"), 404, "not_found")


async def test_orders_to_a_task_that_is_not_there_are_not_found(api: Api) -> None:
    problem(await api.ask("POST", "/v1/tasks/tsk_none/control", {"action": "stop"}), 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/tasks/{}/stream", "/v1/stream/tasks/{}"])
async def test_a_task_s_stream_is_the_task_from_its_first_event_to_its_end(api: Api, path: str) -> None:
    session_id = await api.create()
    await api.played(session_id)
    task_id = await api.played(session_id, "play 2 events")
    events = sse((await api.ask("GET", path.format(task_id))).text)
    names = [name for _, name, _ in events if name != "live"]
    assert names[:2] == ["user_prompt", "task_started"]
    assert names[2:] == ["agent_status", "reasoning", "debug", "agent_status", "task_completed"]
    last = [id_ for id_, _, _ in events if id_][-1]
    assert (await api.ask("GET", path.format(task_id), last_event_id=last)).status_code == 204


@pytest.mark.parametrize("path", ["/v1/tasks/{}/stream", "/v1/sessions/{}/stream"])
async def test_streams_are_read_only(api: Api, path: str) -> None:
    response = await api.ask("POST", path.format("any"), {})
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
