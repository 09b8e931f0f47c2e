"""Agents that do what no agent should: each harms its own task, which has its one end, and nobody else."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import anyio
import pytest

from puntini.agent.contract import Task
from puntini.agent.emitter import MOST_BYTES
from puntini.agent.job import Interrupted
from puntini.log.contract import Append
from puntini.protocol.entries import Entry
from puntini.protocol.events import (
    Debug,
    DebugData,
    Envelope,
    SessionClosed,
    SessionClosedData,
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskRetracted,
    TaskRetractedData,
    TaskStarted,
    Usage,
    UserPrompt,
    UserPromptData,
)
from puntini.store.memory import MemoryStore
from tests.agent.actors import Deaf, Talker, line
from tests.agent.stage import Stage, ends, log_of, stage, until

pytestmark = pytest.mark.anyio
SILENT = ["user_prompt", "task_started", "agent_status", "agent_status", "task_failed"]
"""What the server says of a task whose agent says nothing and fails."""
START, END = TaskData(status="running"), TaskEndData(duration_seconds=0, usage=Usage())


class Unruly:
    """Does the one thing it was given to do."""

    name = "unruly"

    def __init__(self, deed: Callable[[Task], Awaitable[object]]) -> None:
        self._deed = deed

    async def run(self, task: Task) -> str:
        """Do it."""
        return await self._deed(task)  # type: ignore[return-value]


class Unspeakable(Exception):
    """An exception whose text can't be had."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


async def failure(life: Stage, task: str) -> str:
    """Why a task failed; other tasks still run afterwards."""
    assert await life.ended(task) == "failed"
    said = await life.said(task)
    assert ends(said) == ["task_failed"]
    assert isinstance(said[-1], TaskFailed)
    assert await life.ended(await life.task("talk", agent="talker")) == "completed"
    return said[-1].data.error


async def told_of(store: MemoryStore, deed: Callable[[Task], Awaitable[object]]) -> str:
    """What becomes of a task whose agent does this."""
    async with stage(store, Unruly(deed), Talker(1)) as life:
        return await failure(life, await life.task("do it"))


# Endings that are none.


async def awaits_what_was_cancelled(_task: Task) -> None:
    """As an agent whose helper was cancelled by somebody else."""
    helper = asyncio.ensure_future(asyncio.sleep(60))
    helper.cancel()
    await helper


async def cancels_itself(_task: Task) -> None:
    """The loop's own way of ending a task."""
    me = asyncio.current_task()
    assert me is not None
    me.cancel()
    await asyncio.sleep(0)


async def exits(_task: Task) -> None:
    """As a script does."""
    sys.exit(3)


async def unwinds_unasked(_task: Task) -> None:
    """As a safe point would, were there an order."""
    raise Interrupted


async def raises_unspeakably(_task: Task) -> None:
    """With an exception that can't be told of."""
    raise Unspeakable


async def leaves_a_scope_open(_task: Task) -> None:
    """What anyio calls not properly nested."""
    anyio.CancelScope().__enter__()


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (awaits_what_was_cancelled, "CancelledError"),
        (cancels_itself, "CancelledError"),
        (exits, "SystemExit: 3"),
        (unwinds_unasked, "The agent left as if at a safe point, and nobody had asked it to."),
        (raises_unspeakably, "Unspeakable"),
    ],
)
async def test_whatever_an_agent_raises_fails_its_task_alone(
    store: MemoryStore, deed: Callable[[Task], Awaitable[object]], told: str
) -> None:
    assert await told_of(store, deed) == told


async def test_a_scope_that_an_agent_leaves_open_fails_its_task_alone(store: MemoryStore) -> None:
    assert (await told_of(store, leaves_a_scope_open)).startswith("RuntimeError: ")


@pytest.mark.parametrize("answer", [None, 42, b"bytes", ["a"]])
async def test_an_answer_that_is_no_text_fails_the_task(store: MemoryStore, answer: object) -> None:
    async def deed(_task: Task) -> object:
        return answer

    assert await told_of(store, deed) == f"The agent returned {type(answer).__name__}, not its answer as a str."


async def test_an_agent_that_is_cancelled_by_a_stop_is_cancelled_and_nothing_else(store: MemoryStore) -> None:
    deaf = Deaf()

    async def passes_it_on(_task: Task) -> str:
        helper = asyncio.ensure_future(deaf.run(_task))
        return await helper  # cancelled with whoever awaits it

    async with stage(store, Unruly(passes_it_on)) as life:
        task = await life.task("listen")
        await deaf.here.wait()
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"
        assert ends(await life.said(task)) == ["task_cancelled"]


async def test_an_agent_that_dies_with_its_server_has_no_end(store: MemoryStore) -> None:
    deaf = Deaf()
    async with stage(store, deaf) as life:
        task = await life.task("listen")
        await deaf.here.wait()
    assert ends(await log_of(store, (await life.row(task)).session_id)) == []


async def test_a_log_that_can_not_be_read_fails_the_task(store: MemoryStore) -> None:
    async with stage(store, Talker(1)) as life:
        session = await life.session()
        await store.append(Append(session_id=session, entries=[Entry("user_prompt", "", b"{damaged")], at=0))
        task = await life.prompt(session, "talk")
        assert await life.ended(task) == "failed"
        page = await store.read(session, 1)
    assert [entry.kind for _, entry in page.events] == SILENT


# Words that are not an agent's.


@pytest.mark.parametrize(
    "event",
    [
        UserPrompt(data=UserPromptData(message_id="m", prompt="p", user_id="u")),
        TaskStarted(data=START),
        TaskPaused(data=TaskData(status="paused")),
        TaskResumed(data=START),
        TaskCompleted(data=END),
        TaskFailed(data=END),
        TaskCancelled(data=END),
        TaskRetracted(data=TaskRetractedData(attempt=1, from_id="a.1", to_id="a.2")),
        SessionClosed(data=SessionClosedData(reason="mine")),
    ],
    ids=lambda event: str(event.__struct_config__.tag),
)
async def test_what_only_the_server_says_fails_the_task_and_is_not_said(store: MemoryStore, event: Envelope) -> None:
    async def says_it(task: Task) -> str:
        task.emit(event)
        return "said"

    async with stage(store, Unruly(says_it), Talker(1)) as life:
        task = await life.task("say it")
        told = await failure(life, task)
        assert await life.kinds(task) == SILENT
    assert told == f"ValueError: Only the server says {event.__struct_config__.tag}, not an agent."


async def test_how_far_it_has_come_an_agent_may_say(store: MemoryStore) -> None:
    async def says_it(task: Task) -> str:
        task.emit(TaskProgress(data=TaskData(status="running", progress=0.5)))
        return "said"

    async with stage(store, Unruly(says_it)) as life:
        task = await life.task("say it")
        assert await life.ended(task) == "completed"
        assert "task_progress" in await life.kinds(task)


# More than can be held.


async def test_an_agent_that_never_awaits_a_safe_point_fails_when_too_much_waits(store: MemoryStore) -> None:
    said = 0

    async def floods(task: Task) -> None:
        nonlocal said
        while True:
            task.emit(Debug(data=DebugData(message="x" * 500_000)))
            said += 1

    async with stage(store, Unruly(floods), Talker(1)) as life:
        task = await life.task("flood")
        told = await failure(life, task)
        kept = len(await life.said(task)) - len(SILENT)
    assert told == "BufferError: More than 16 MiB would wait to be written; await `task.point()` between events."
    assert said == kept == MOST_BYTES // 500_150


async def test_one_event_that_is_too_large_fails_the_task(store: MemoryStore) -> None:
    async def shouts(task: Task) -> None:
        task.emit(line("x" * MOST_BYTES))

    assert "BufferError: More than 16 MiB" in await told_of(store, shouts)


async def test_who_awaits_safe_points_may_say_more_than_can_wait(store: MemoryStore) -> None:
    async def talks(task: Task) -> str:
        for _ in range(40):
            await task.point()
            task.emit(Debug(data=DebugData(message="x" * 500_000)))
        return "done"

    async with stage(store, Unruly(talks)) as life:
        task = await life.task("talk")
        assert await life.ended(task) == "completed"
        await until(lambda: life.said(task), "it to be said")
