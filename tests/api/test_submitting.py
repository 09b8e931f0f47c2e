"""Tasks that are handed in, listed and called off over HTTP."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini.agent.contract import Task
from tests.api.calling import Api, problem, serving, sse

pytestmark = pytest.mark.anyio
SHORT = "play 2 events"
SLOW = "play 100000 events every 5 ms"


class Other:
    """An agent that has nothing to do."""

    name = "other"

    async def run(self, task: Task) -> str:
        """Do nothing."""
        return "Nothing."


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app with two agents on either store."""
    store = "memory:" if request.param == "memory" else tmp_path / "puntini.db"
    async with serving([Other()], store=store) as running:
        yield running


# Handing in.


async def test_a_task_is_accepted_and_named(api: Api) -> None:
    response = await api.ask("POST", "/v1/tasks", {"task": SHORT})
    assert response.status_code == 202
    made = response.json()
    assert set(made) == {"task_id", "status", "submitted_at"}
    assert made["status"] == "running"
    assert response.headers["location"] == f"/v1/tasks/{made['task_id']}"
    done = await api.until(made["task_id"], "completed")
    assert (done["session_id"], done["submitted_at"]) == (response.headers["puntini-session"], made["submitted_at"])
    assert (await api.get(f"/v1/sessions/{done['session_id']}"))["title"] == SHORT


async def test_a_task_in_a_session_waits_its_turn_and_is_said_to(api: Api) -> None:
    session_id = await api.create()
    await api.until(await api.prompt(session_id, SLOW), "running")
    made = await api.post("/v1/tasks", {"task": SHORT, "session_id": session_id, "agent": "other", "max_steps": 3})
    assert made["status"] == "queued"
    assert (await api.get(f"/v1/tasks/{made['task_id']}"))["agent"] == "other"


async def test_a_task_that_is_handed_in_again_under_its_key_is_the_same(api: Api) -> None:
    hand_in = partial(api.ask, "POST", "/v1/tasks", {"task": SHORT}, idempotency_key="k1")
    answers: list[Any] = []

    async def one() -> None:
        answers.append(await hand_in())

    async with anyio.create_task_group() as clients:
        for _ in range(5):
            clients.start_soon(one)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert (await api.get("/v1/sessions"))["total"] == 1


async def test_the_key_of_a_task_is_not_that_of_a_chat(api: Api) -> None:
    made = await api.post("/v1/tasks", {"task": SHORT}, idempotency_key="k1")
    chat = await api.ask("POST", "/v1/chat", {"prompt": SHORT}, idempotency_key="k1")
    assert chat.headers["puntini-task"] != made["task_id"]


async def test_with_stream_the_answer_is_the_task_s_stream(api: Api) -> None:
    response = await api.ask("POST", "/v1/tasks", {"task": SHORT, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    names = [name for _, name, _ in sse(response.text) if name != "live"]
    assert names[:2] == ["user_prompt", "task_started"]
    assert names[2:] == ["agent_status", "reasoning", "debug", "agent_status", "task_completed"]
    assert response.headers["location"] == f"/v1/tasks/{response.headers['puntini-task']}"


async def test_a_stream_is_one_object_for_who_accepts_json_and_goes_on_under_its_key(api: Api) -> None:
    body = {"task": SHORT, "stream": True}
    stream = partial(api.ask, "POST", "/v1/tasks", body, idempotency_key="k1")
    whole = (await stream(accept="application/json")).json()
    first = await stream(accept="application/x-ndjson")
    rest = await stream(last_event_id=whole["cursor"])
    assert (whole["success"], whole["final_answer"]) == (True, "Played 2 events.")
    assert first.headers["puntini-task"] == whole["task_id"]
    assert rest.status_code == 204


async def test_a_stream_whose_client_leaves_stops_nothing(api: Api) -> None:
    body = b'{"task":"play 100 events every 1 ms","stream":true}'
    async with api.stream("/v1/tasks", "POST", body) as wire:
        await wire.until("event: debug")
        task_id = wire.headers["puntini-task"]
    await api.until(task_id, "completed")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "task"),
        ({"task": "  "}, "task"),
        ({"task": 7}, "task"),
        ({"task": SHORT, "agent": "nobody"}, "agent"),
        ({"task": SHORT, "max_steps": 0}, "max_steps"),
        ({"task": SHORT, "prompt": SHORT}, "prompt"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_field(body: dict[str, Any], path: str, stream: bool) -> None:
    async with serving() as api:
        told = problem(await api.ask("POST", "/v1/tasks", {**body, "stream": stream}), 400, "invalid")
        assert told["errors"][0]["path"] == path
        assert told["detail"].startswith(path)
        assert (await api.get("/v1/sessions"))["total"] == 0


async def test_a_task_for_a_session_that_is_not_there_is_refused(api: Api) -> None:
    problem(await api.ask("POST", "/v1/tasks", {"task": SHORT, "session_id": "ses_none"}), 404, "not_found")


async def test_a_stream_in_no_known_format_is_refused(api: Api) -> None:
    response = await api.ask("POST", "/v1/tasks", {"task": SHORT, "stream": True}, accept="image/png")
    problem(response, 406, "not_acceptable")
    assert (await api.get("/v1/sessions"))["total"] == 0


# Listing.


async def test_lists_are_by_session_status_and_agent_with_the_right_totals(api: Api) -> None:
    one, other = await api.create(), await api.create()
    done = [await api.played(one, SHORT) for _ in range(3)]
    by_other = [await api.prompt(other, SHORT, agent="other") for _ in range(2)]
    for task_id in by_other:
        await api.until(task_id, "completed")
    running = await api.prompt(one, SLOW)
    waiting = await api.prompt(one, SLOW)
    await api.until(running, "running")
    for query, expected in {
        "": [running, waiting],
        f"session_id={one}": [*done, running, waiting],
        "status=completed": [*done, *by_other],
        "status=queued": [waiting],
        "status=failed": [],
        "agent=other": by_other,
        "agent=scripted": [*done, running, waiting],
        "status=all&agent=other": by_other,
        f"session_id={other}&agent=other": by_other,
        f"session_id={one}&status=running": [running],
        "status=completed&agent=other": by_other,
        "session_id=ses_none": [],
    }.items():
        listed = await api.get(f"/v1/tasks?{query}")
        assert ([item["task_id"] for item in listed["items"]], listed["total"]) == (expected, len(expected)), query


async def test_a_list_by_status_comes_in_pages_too(api: Api) -> None:
    session_id = await api.create()
    tasks = [await api.played(session_id, "play 1 event") for _ in range(7)]
    pages = [await api.get(f"/v1/tasks?status=completed&limit=3&offset={offset}") for offset in (0, 3, 6, 9)]
    assert [[item["task_id"] for item in page["items"]] for page in pages] == [tasks[:3], tasks[3:6], tasks[6:], []]
    assert {page["total"] for page in pages} == {7}


async def test_a_status_that_is_none_is_refused(api: Api) -> None:
    told = problem(await api.ask("GET", "/v1/tasks?status=done"), 400, "invalid")
    assert told["errors"][0]["path"] == "status"


# Calling off.


async def test_a_task_that_runs_is_stopped(api: Api) -> None:
    task_id = await api.prompt(await api.create(), SLOW)
    response = await api.ask("DELETE", f"/v1/tasks/{task_id}")
    assert response.status_code == 202
    assert response.json()["new_status"] == "cancelled"
    await api.until(task_id, "cancelled")


async def test_a_task_that_has_ended_stays(api: Api) -> None:
    task_id = await api.played(await api.create(), SHORT)
    told = problem(await api.ask("DELETE", f"/v1/tasks/{task_id}"), 409, "conflict")
    assert told["detail"].startswith("The task is completed, and what it said stays")
    assert (await api.get(f"/v1/tasks/{task_id}"))["status"] == "completed"


async def test_a_task_is_called_off_once_under_a_key(api: Api) -> None:
    task_id = await api.prompt(await api.create(), SLOW)
    call_off = partial(api.ask, "DELETE", f"/v1/tasks/{task_id}", idempotency_key="k1")
    first = await call_off()
    await api.until(task_id, "cancelled")
    assert (await call_off()).json() == first.json()


async def test_a_task_that_is_not_there_can_t_be_called_off(api: Api) -> None:
    problem(await api.ask("DELETE", "/v1/tasks/tsk_none"), 404, "not_found")
