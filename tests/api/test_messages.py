"""``/v1/agents/{id}/messages``: a person says something to an agent, and goes on with it later."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini.agent.contract import Task
from puntini.protocol.events import Debug, DebugData
from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api, problem, serving, sse

pytestmark = pytest.mark.anyio
ADDRESS = "/v1/agents/listener/messages"
SLOW = "play 100000 events every 5 ms"


class Listener:
    """An agent that works until it is told to end, and answers with all that it heard."""

    name = "listener"

    async def run(self, task: Task) -> str:
        """Listen."""
        task.emit(Debug(data=DebugData(message="I listen.")))
        words = [task.prompt]
        heard = 0
        while words[-1] != "end":
            for item in await task.heard(heard):
                words.append(item.data.prompt)
                heard = item.seq
            await asyncio.sleep(0.001)
            await task.point()
        return " ".join(words)


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store, with an agent that listens."""
    store = "memory:" if request.param == "memory" else tmp_path / "puntini.db"
    async with serving([Listener()], store=store) as running:
        yield running


async def say(api: Api, message: str, *, key: str = "", **body: object) -> dict[str, Any]:
    """Send a message; returns what became of it."""
    headers = {"idempotency_key": key} if key else {}
    sent: dict[str, Any] = await api.post(ADDRESS, {"message": message, **body}, **headers)
    return sent


async def listening(api: Api, session_id: str) -> None:
    """Wait until the agent listens there."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while "debug" not in {event["type"] for event in await api.events(session_id)}:
            await anyio.sleep(POLL_SECONDS)


async def answer(api: Api, task_id: str) -> str:
    """What a task came to."""
    await api.until(task_id, "completed")
    return str((await api.get(f"/v1/tasks/{task_id}/result"))["final_answer"])


async def test_a_message_starts_a_task_of_the_agent(api: Api) -> None:
    response = await api.ask("POST", ADDRESS, {"message": "end"})
    sent = response.json()

    assert response.status_code == 202
    assert set(sent) == {"task_id", "session_id", "message_id", "cursor", "status"}
    assert response.headers["location"] == f"/v1/tasks/{sent['task_id']}"
    assert response.headers["puntini-session"] == sent["session_id"]
    assert (await api.get(response.headers["location"]))["agent"] == "listener"
    assert await answer(api, sent["task_id"]) == "end"
    (asked, *_) = await api.events(sent["session_id"])
    assert (asked["type"], asked["data"]["message_id"]) == ("user_prompt", sent["message_id"])
    assert [item["content"] for item in (await api.get(ADDRESS))["items"]] == ["end"]


async def test_a_task_that_runs_hears_it(api: Api) -> None:
    first = await say(api, "hello")
    await listening(api, first["session_id"])
    second = await say(api, "there")
    last = await say(api, "end")

    assert {first["task_id"]} == {second["task_id"], last["task_id"]}
    assert len({first["message_id"], second["message_id"], last["message_id"]}) == 3
    assert await answer(api, first["task_id"]) == "hello there end"


async def test_messages_without_a_session_are_one_conversation_with_each_agent(api: Api) -> None:
    first = await say(api, "end")
    await answer(api, first["task_id"])
    second = await say(api, "end")
    other = await api.post("/v1/agents/scripted/messages", {"message": "play 1 event"})

    assert second["session_id"] == first["session_id"] != other["session_id"]
    assert second["task_id"] != first["task_id"]
    assert (await api.get(f"/v1/sessions/{first['session_id']}"))["title"] == "Messages to listener"


async def test_many_first_messages_at_once_are_one_conversation(api: Api) -> None:
    sent = await asyncio.gather(*[say(api, f"word{number}") for number in range(5)])

    assert len({each["session_id"] for each in sent}) == 1
    assert (await api.get("/v1/sessions"))["total"] == 1


@pytest.mark.parametrize("ended", ["closed", "deleted"])
async def test_a_conversation_that_is_over_gives_way_to_another(api: Api, ended: str) -> None:
    first = await say(api, "end")
    path = f"/v1/sessions/{first['session_id']}"
    await (api.ask("PATCH", path, {"status": "closed"}) if ended == "closed" else api.ask("DELETE", path))

    assert (await say(api, "end"))["session_id"] != first["session_id"]


async def test_a_conversation_goes_on_after_a_restart(tmp_path: Path) -> None:
    sessions = set()
    for _ in range(2):
        async with serving([Listener()], store=tmp_path / "puntini.db") as api:
            sent = await say(api, "end")
            await answer(api, sent["task_id"])
            sessions.add(sent["session_id"])

    assert len(sessions) == 1


async def test_a_message_goes_to_the_session_that_it_names(api: Api) -> None:
    session_id = await api.create()
    sent = await say(api, "end", session_id=session_id)

    assert sent["session_id"] == session_id
    assert await answer(api, sent["task_id"]) == "end"


async def test_a_message_is_not_for_the_task_of_another_agent(api: Api) -> None:
    session_id = await api.create()
    other = await api.prompt(session_id, SLOW)
    await api.until(other, "running")
    sent = await say(api, "end", session_id=session_id)

    assert (sent["status"], sent["task_id"] != other) == ("queued", True)
    await api.ask("DELETE", f"/v1/tasks/{other}")
    assert await answer(api, sent["task_id"]) == "end"


@pytest.mark.parametrize("running", [False, True])
async def test_a_repeat_says_nothing_twice(api: Api, running: bool) -> None:
    if running:
        await listening(api, (await say(api, "hello"))["session_id"])
    first = await say(api, "once", key="k1")
    second = await say(api, "once", key="k1")
    await listening(api, first["session_id"])
    last = await say(api, "end")

    assert {**first, "status": ""} == {**second, "status": ""}
    assert await answer(api, last["task_id"]) == ("hello once end" if running else "once end")


async def test_a_repeat_is_answered_from_the_conversation_that_was(api: Api) -> None:
    first = await say(api, "end", key="k1")
    await answer(api, first["task_id"])
    await api.ask("PATCH", f"/v1/sessions/{first['session_id']}", {"status": "closed"})

    assert (await say(api, "end", key="k1"))["task_id"] == first["task_id"]
    assert (await api.get("/v1/sessions"))["total"] == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "message"), ({"message": " "}, "message"), ({"message": 7}, "message"), ({"message": "x", "to": "y"}, "to")],
)
async def test_what_is_no_message_is_refused_by_field(api: Api, body: object, path: str) -> None:
    told = problem(await api.ask("POST", ADDRESS, body), 400, "invalid")

    assert told["errors"][0]["path"] == path
    assert (await api.get("/v1/sessions"))["total"] == 0


async def test_a_message_to_nobody_or_nowhere_is_not_found(api: Api) -> None:
    problem(await api.ask("POST", "/v1/agents/nobody/messages", {"message": "x"}), 404, "not_found")
    problem(await api.ask("POST", ADDRESS, {"message": "x", "session_id": "ses_none"}), 404, "not_found")
    closed = await api.create()
    await api.ask("PATCH", f"/v1/sessions/{closed}", {"status": "closed"})
    problem(await api.ask("POST", ADDRESS, {"message": "x", "session_id": closed}), 409, "session_closed")


# Speaking to a task by other doors.


async def test_a_command_that_a_task_hears_is_answered_with_its_id_a_repeat_too(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "hello", agent="listener")
    await listening(api, session_id)
    steer = partial(api.command, session_id, "user_prompt", "c1", prompt="there", if_busy="steer")
    action = partial(api.command, session_id, "action", "c2", name="select")

    answers = [(await ask()).json() for ask in (steer, steer, action, action)]

    assert {each["task_id"] for each in answers} == {task_id}
    assert answers[0] == answers[1] != answers[2] == answers[3]
    await api.command(session_id, "user_prompt", prompt="end", if_busy="steer")
    assert await answer(api, task_id) == "hello there [select] end"


async def test_a_chat_that_steers_streams_the_task_from_what_it_heard_on(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "hello", agent="listener")
    await listening(api, session_id)
    response = await api.ask(
        "POST",
        "/v1/chat",
        {"prompt": "end", "session_id": session_id, "if_busy": "steer"},
        idempotency_key="k1",
    )
    names = [name for _, name, _ in sse(response.text) if name != "live"]
    again = await api.ask(
        "POST",
        "/v1/chat",
        {"prompt": "end", "session_id": session_id, "if_busy": "steer"},
        idempotency_key="k1",
        accept="application/json",
    )

    assert response.headers["puntini-task"] == task_id
    assert names == ["user_prompt", "agent_status", "task_completed"]
    assert (again.json()["task_id"], again.json()["final_answer"]) == (task_id, "hello end")


async def test_a_chat_that_would_steer_starts_a_task_where_none_runs(api: Api) -> None:
    body = {"prompt": "end", "agent": "listener", "if_busy": "steer"}
    done = await api.post("/v1/chat", body, accept="application/json")

    assert done["final_answer"] == "end"


@pytest.mark.parametrize("door", ["tasks", "chat"])
async def test_of_tasks_that_wait_the_one_with_the_higher_priority_goes_first(api: Api, door: str) -> None:
    session_id = await api.create()
    running = await api.prompt(session_id, SLOW)
    await api.until(running, "running")
    word = {"tasks": "task", "chat": "prompt"}[door]
    tasks = []
    for priority in (0, 5):
        body = {word: "play 1 event", "session_id": session_id, "priority": priority}
        async with api.stream(f"/v1/{door}", "POST", json.dumps(body).encode()) as wire:
            tasks.append(wire.headers["puntini-task"])
    await api.ask("DELETE", f"/v1/tasks/{running}")
    for task_id in tasks:
        await api.until(task_id, "completed")

    began = [
        event["task_id"]
        for event in await api.events(session_id)
        if event["type"] == "task_progress" and event["task_id"] in tasks
    ]
    assert began == tasks[::-1]


async def test_a_priority_that_is_none_is_refused(api: Api) -> None:
    told = problem(await api.ask("POST", "/v1/tasks", {"task": "x", "priority": 10}), 400, "invalid")
    assert told["errors"][0]["path"] == "priority"
