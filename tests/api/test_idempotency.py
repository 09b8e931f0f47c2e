"""A repeat is answered with the first outcome and does nothing twice: the same door, another door, another life."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini.api.repeats import Repeats
from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Once, SessionRow, Written
from puntini.protocol.commands import WorkflowUpdateCommand, WorkflowUpdateCommandData
from puntini.store.memory import MemoryStore
from tests.api.calling import ANN, Api, problem, serving
from tests.api.inside import inside

pytestmark = pytest.mark.anyio
SHORT = "play 2 events"


@pytest.fixture(params=["memory", "sqlite"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store: only the one on the disk takes its time to answer."""
    async with serving(store="memory:" if request.param == "memory" else tmp_path / "puntini.db") as running:
        yield running


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


@pytest.mark.parametrize("if_busy", ["reject", "interrupt"])
async def test_a_prompt_that_comes_many_times_at_once_is_not_hindered_by_itself(either: Api, if_busy: str) -> None:
    session_id = await either.create()
    prompt = {"prompt": "play 100000 events every 5 ms", "if_busy": if_busy}
    answers = await together(5, lambda: either.command(session_id, "user_prompt", "c1", **prompt))
    assert [answer.status_code for answer in answers] == [202] * 5
    (task_id,) = {answer.json()["task_id"] for answer in answers}
    await either.until(await either.prompt(session_id, SHORT), "queued")
    assert (await either.get(f"/v1/tasks/{task_id}"))["status"] == "running"


@pytest.mark.parametrize("if_busy", ["reject", "interrupt"])
async def test_a_chat_that_comes_twice_at_once_is_not_hindered_by_itself(either: Api, if_busy: str) -> None:
    session_id = await either.create()
    body = {"prompt": SHORT, "session_id": session_id, "if_busy": if_busy}
    ask = partial(either.ask, "POST", "/v1/chat", body, idempotency_key="k1", accept="application/json")
    answers = await together(3, ask)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert {answer.json()["status"] for answer in answers} == {"completed"}
    assert await prompts(either, session_id) == 1


async def test_one_who_leaves_does_not_hold_up_the_next_with_the_same_key() -> None:
    store = MemoryStore()
    repeats, key, begun = Repeats(store), Once("command ses_1", "c1"), anyio.Event()

    async def never() -> Written:
        begun.set()
        await anyio.sleep_forever()
        raise AssertionError("slept for ever")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(repeats.once, key, never)
        await begun.wait()
        tasks.cancel_scope.cancel()
    row = SessionRow(session_id="ses_1", owner="ann", created_at=0, updated_at=0)
    work = partial(store.append, Append(session_id="ses_1", create=row, once=key, at=0))
    assert [(await repeats.once(key, work)).repeated for _ in range(2)] == [False, True]


class RigidStore(MemoryStore):
    """A memory store that takes appends, and no other change to a session."""

    async def amend(
        self, session_id: str, *, at: int, title: str | None = None, agent: str | None = None
    ) -> SessionRow:
        """Refuse."""
        raise StoreUnavailable("The disk is full.")


async def test_a_hand_over_is_done_and_remembered_in_one_append() -> None:
    store = RigidStore()
    command = WorkflowUpdateCommand(command_id="c1", data=WorkflowUpdateCommandData(to_agent="other", reason="r"))
    async with inside(store) as parts:
        session_id = await parts.desk.create("", user="ann")
        first, second = [await parts.desk.execute(session_id, command, who=ANN) for _ in range(2)]
    row = await store.session(session_id)
    assert row is not None
    assert (row.agent, row.head) == ("other", 1)
    assert first == second


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


async def test_nobody_else_s_key_can_be_reached_by_the_name_of_a_session(api: Api) -> None:
    await api.post("/v1/chat", {"prompt": SHORT}, idempotency_key="k1", accept="application/json")
    for name in ("chat%20local", "create%20local", "command%20local"):
        path = f"/v1/sessions/{name}/commands"
        problem(await api.ask("POST", path, {"type": "close_session", "command_id": "k1"}), 404, "not_found")


async def test_an_order_to_a_task_is_given_once_by_either_door(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "play 100000 events every 5 ms")
    order = partial(api.post, f"/v1/tasks/{task_id}/control", {"action": "pause"}, idempotency_key="k1")
    first = await order()
    await api.until(task_id, "paused")
    await api.post(f"/v1/tasks/{task_id}/control", {"action": "resume"})
    assert await order() == first
    again = await api.command(session_id, "control", "k1", task_id=task_id, action="pause")
    assert again.status_code == 202
    await api.prompt(session_id, SHORT)
    assert (await api.until(task_id, "running"))["status"] == "running"


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
