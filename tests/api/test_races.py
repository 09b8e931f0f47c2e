"""Clients that do contrary things at the same time: whatever wins, every task ends once and the server goes on."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api, serving

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 1 ms"
ENDS = {"task_completed", "task_failed", "task_cancelled"}


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store."""
    async with serving(store="memory:" if request.param == "memory" else tmp_path / "puntini.db") as running:
        yield running


async def idle(api: Api) -> None:
    """Wait until nothing runs or waits."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while (await api.get("/v1/status"))["engine"] != {"running": 0, "queued": 0}:
            await anyio.sleep(POLL_SECONDS)


async def check_tasks(api: Api, session_id: str) -> None:
    """Each task of a session has one start, one end, and nothing after it."""
    lives: dict[str, list[str]] = {}
    for event in await api.events(session_id, events="task_started,task_paused,task_resumed,task_cancelled"):
        lives.setdefault(event.get("task_id", ""), []).append(event["type"])
    lives.pop("", None)
    for life in lives.values():
        assert life[0] == "task_started"
        assert [type_ for type_ in life if type_ in ENDS] == [life[-1]]
        assert life.count("task_started") == 1


async def test_prompts_that_all_interrupt_leave_one_task() -> None:
    async with serving() as api:
        session_id = await api.create()
        async with anyio.create_task_group() as clients:
            for _ in range(10):
                clients.start_soon(interrupt, api, session_id)
        tasks = (await api.get(f"/v1/tasks?session_id={session_id}&limit=100"))["items"]
        assert len(tasks) == 10
        await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
        await check_tasks(api, session_id)


async def interrupt(api: Api, session_id: str) -> None:
    """A prompt that will not wait."""
    await api.prompt(session_id, SLOW, if_busy="interrupt")


async def test_a_close_among_prompts_is_the_last_word(api: Api) -> None:
    session_id = await api.create()
    async with anyio.create_task_group() as clients:
        for turn in range(30):
            if turn == 15:
                clients.start_soon(api.command, session_id, "close_session")
            clients.start_soon(prompt_if_open, api, session_id)
    await idle(api)
    events = await api.events(session_id, events="task_started,task_cancelled,session_closed")
    assert events[-1]["type"] == "session_closed"
    assert [event["type"] for event in events].count("session_closed") == 1
    await check_tasks(api, session_id)


async def prompt_if_open(api: Api, session_id: str) -> None:
    """A prompt, which a closed or deleted session refuses."""
    response = await api.command(session_id, "user_prompt", prompt=SLOW)
    assert response.status_code in {202, 404, 409}, response.text


async def test_a_delete_among_prompts_leaves_nothing_behind(api: Api) -> None:
    session_id, other = await api.create(), await api.create()
    async with anyio.create_task_group() as clients:
        for turn in range(30):
            if turn == 15:
                clients.start_soon(api.ask, "DELETE", f"/v1/sessions/{session_id}")
            clients.start_soon(prompt_if_open, api, session_id)
    await idle(api)
    assert (await api.ask("GET", f"/v1/sessions/{session_id}")).status_code == 404
    assert (await api.get("/v1/tasks"))["items"] == []
    await api.played(other)


async def test_a_delete_is_not_held_up_by_those_who_go_on_asking(api: Api) -> None:
    session_id = await api.create()
    await api.prompt(session_id, SLOW)
    async with anyio.create_task_group() as clients:
        for _ in range(5):
            clients.start_soon(ask_on, api, session_id)
        with anyio.fail_after(DEADLINE_SECONDS):
            assert (await api.ask("DELETE", f"/v1/sessions/{session_id}")).status_code == 204
    assert (await api.get("/v1/tasks"))["items"] == []


async def ask_on(api: Api, session_id: str) -> None:
    """Prompt without a pause until the session is gone."""
    while (response := await api.command(session_id, "user_prompt", prompt=SLOW)).status_code != 404:
        assert response.status_code == 202, response.text


@pytest.mark.parametrize("seed", range(5))
async def test_orders_from_everywhere_end_in_one_end(api: Api, seed: int) -> None:
    chance = random.Random(seed)
    session_id = await api.create()
    tasks = [await api.prompt(session_id, SLOW) for _ in range(3)]
    async with anyio.create_task_group() as clients:
        for _ in range(40):
            action = chance.choice(["pause", "resume", "pause", "resume", "stop"])
            clients.start_soon(order, api, chance.choice(tasks), action, chance.random() * 0.05)
    for task_id in tasks:
        await order(api, task_id, "stop", 0)
        await api.until(task_id, "cancelled")
    await idle(api)
    await check_tasks(api, session_id)


async def order(api: Api, task_id: str, action: str, later: float) -> None:
    """An order at some moment, which the task's status may refuse."""
    await anyio.sleep(later)
    response = await api.ask("POST", f"/v1/tasks/{task_id}/control", {"action": action})
    assert response.status_code in {202, 409}, response.text


async def test_two_who_close_both_find_it_closed(api: Api) -> None:
    session_id = await api.create()
    await api.prompt(session_id, SLOW)
    found: list[str] = []

    async def close() -> None:
        response = await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
        found.append(response.json()["status"])

    async with anyio.create_task_group() as clients:
        clients.start_soon(close)
        clients.start_soon(close)
    assert found == ["closed", "closed"]
