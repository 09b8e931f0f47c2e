"""A repeat is answered with the first outcome and does nothing twice: the same door, another door, another life."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
SHORT = "play 2 events"


async def together(count: int, ask: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The same request several times at once."""
    answers: list[Any] = []

    async def one() -> None:
        answers.append(await ask())

    async with anyio.create_task_group() as clients:
        for _ in range(count):
            clients.start_soon(one)
    return answers


async def prompts(api: Api, session_id: str) -> int:
    """How many prompts the log holds."""
    return [event["type"] for event in await api.events(session_id)].count("user_prompt")


async def test_a_command_that_is_repeated_is_done_once(api: Api) -> None:
    session_id = await api.create()
    first, second = [await api.command(session_id, "user_prompt", "c1", prompt=SHORT) for _ in range(2)]
    assert first.json() == second.json()
    assert first.status_code == second.status_code == 202
    assert await prompts(api, session_id) == 1


async def test_a_command_that_comes_many_times_at_once_is_done_once(api: Api) -> None:
    session_id = await api.create()
    answers = await together(10, lambda: api.command(session_id, "user_prompt", "c1", prompt=SHORT))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert await prompts(api, session_id) == 1
    await api.until(answers[0].json()["task_id"], "completed")


@pytest.mark.parametrize("if_busy", ["reject", "interrupt"])
async def test_a_repeat_of_a_prompt_is_not_hindered_by_the_prompt_itself(api: Api, if_busy: str) -> None:
    session_id = await api.create()
    prompt = {"prompt": "play 100000 events every 5 ms", "if_busy": if_busy}
    first, second = [await api.command(session_id, "user_prompt", "c1", **prompt) for _ in range(2)]
    assert first.json() == second.json()
    assert (await api.get(f"/v1/tasks/{first.json()['task_id']}"))["status"] == "running"


async def test_the_header_stands_in_for_the_command_s_id(api: Api) -> None:
    path = f"/v1/sessions/{await api.create()}/commands"
    body = {"type": "user_prompt", "data": {"prompt": SHORT}}
    first, second = [await api.post(path, body, idempotency_key="k1") for _ in range(2)]
    third = await api.post(path, body | {"command_id": "k1"})
    assert first == second == third
    assert first["command_id"] == "k1"


async def test_the_command_s_own_id_goes_before_the_header(api: Api) -> None:
    path = f"/v1/sessions/{await api.create()}/commands"
    body = {"type": "user_prompt", "command_id": "c1", "data": {"prompt": SHORT}}
    first = await api.post(path, body, idempotency_key="k1")
    second = await api.post(path, body, idempotency_key="k2")
    assert first == second
    assert first["command_id"] == "c1"


async def test_an_id_is_good_for_one_session(api: Api) -> None:
    answers = [
        (await api.command(await api.create(), "user_prompt", "c1", prompt=SHORT)).json()["task_id"] for _ in range(2)
    ]
    assert answers[0] != answers[1]


async def test_commands_with_other_ids_and_with_none_are_all_done(api: Api) -> None:
    session_id = await api.create()
    for command_id in ("c1", "c2", "", ""):
        await api.command(session_id, "user_prompt", command_id, prompt=SHORT)
    assert await prompts(api, session_id) == 4


async def test_a_control_that_is_repeated_says_what_it_said(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "play 100000 events every 5 ms")
    first = await api.command(session_id, "control", "stop-1", task_id=task_id, action="stop")
    await api.until(task_id, "cancelled")
    second = await api.command(session_id, "control", "stop-1", task_id=task_id, action="stop")
    assert (first.status_code, second.status_code) == (202, 202)


async def test_a_command_that_was_refused_can_be_sent_again(api: Api) -> None:
    session_id = await api.create()
    running = await api.prompt(session_id, "play 100000 events every 5 ms")
    busy = await api.command(session_id, "user_prompt", "c1", prompt=SHORT, if_busy="reject")
    problem(busy, 409, "task_running")
    await api.command(session_id, "control", task_id=running, action="stop")
    await api.until(running, "cancelled")
    assert (await api.command(session_id, "user_prompt", "c1", prompt=SHORT)).status_code == 202


async def test_a_session_that_is_asked_for_again_is_the_same(api: Api) -> None:
    answers = await together(5, lambda: api.ask("POST", "/v1/sessions", {"title": "x"}, idempotency_key="k1"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert (await api.get("/v1/sessions"))["total"] == 1


async def test_another_key_makes_another_session(api: Api) -> None:
    for key in ("k1", "k2"):
        await api.post("/v1/sessions", idempotency_key=key)
    assert (await api.get("/v1/sessions"))["total"] == 2


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a_chat_that_is_repeated_is_the_same_task(api: Api, accept: str) -> None:
    answers = await together(
        5, lambda: api.ask("POST", "/v1/chat", {"prompt": SHORT}, idempotency_key="k1", accept=accept)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["puntini-task"] for answer in answers}) == 1
    assert (await api.get("/v1/sessions"))["total"] == 1
    assert len({answer.text for answer in answers if accept == "application/json"}) <= 1


async def test_keys_of_chats_sessions_and_commands_do_not_meet(api: Api) -> None:
    session_id = (await api.post("/v1/sessions", idempotency_key="k1"))["session_id"]
    chat = await api.ask("POST", "/v1/chat", {"prompt": SHORT}, idempotency_key="k1")
    command = await api.command(session_id, "user_prompt", "k1", prompt=SHORT)
    assert chat.headers["puntini-session"] != session_id
    assert command.json()["task_id"] != chat.headers["puntini-task"]


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/chat", "/v1/sessions/{}/commands"])
async def test_a_key_that_is_too_long_is_refused(api: Api, path: str) -> None:
    session_id = await api.create()
    body = {"/v1/sessions": {}, "/v1/chat": {"prompt": "x"}}.get(path, {"type": "ping"})
    response = await api.ask("POST", path.format(session_id), body, idempotency_key="k" * 129)
    assert problem(response, 400, "invalid")["errors"][0]["path"] == "Idempotency-Key"


async def test_a_repeat_after_a_restart_is_answered_with_the_first_outcome(tmp_path: Path) -> None:
    store = tmp_path / "puntini.db"
    async with serving(store=store) as api:
        session_id = await api.create()
        first = await api.command(session_id, "user_prompt", "c1", prompt=SHORT)
        made = await api.post("/v1/sessions", idempotency_key="k1")
        chat = await api.ask("POST", "/v1/chat", {"prompt": SHORT}, idempotency_key="k1")
    async with serving(store=store) as api:
        assert (await api.command(session_id, "user_prompt", "c1", prompt=SHORT)).json() == first.json()
        assert await api.post("/v1/sessions", idempotency_key="k1") == made
        again = await api.ask("POST", "/v1/chat", {"prompt": SHORT}, idempotency_key="k1")
        assert again.headers["puntini-task"] == chat.headers["puntini-task"]
        assert await prompts(api, session_id) == 1
