"""Agents that do what no agent should: each harms its own task, which has its one end, and nobody else."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from math import inf, nan
from typing import Any

import anyio
import pytest

from puntini.agent.attempt import FAULT
from puntini.agent.contract import Approval, Task
from puntini.agent.emitter import MOST_BYTES
from puntini.agent.job import MOST_SPENT, Interrupted
from puntini.agent.status import MOST_ANSWER, MOST_ERROR
from puntini.errors import PuntiniError
from puntini.log.contract import Append, Store, Written
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


async def told_of(store: Store, deed: Callable[[Task], Awaitable[object]]) -> str:
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


async def exits_in_a_child(_task: Task) -> None:
    """As a helper that parses arguments does."""
    await asyncio.create_task(exits(_task))


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
        (exits_in_a_child, "RuntimeError: The agent's code called sys.exit(3)."),
        (unwinds_unasked, "The agent left as if at a safe point, and nobody had asked it to."),
        (raises_unspeakably, "Unspeakable"),
    ],
)
async def test_whatever_an_agent_raises_fails_its_task_alone(
    store: Store, deed: Callable[[Task], Awaitable[object]], told: str
) -> None:
    assert await told_of(store, deed) == told


async def test_a_scope_that_an_agent_leaves_open_fails_its_task_alone(store: Store) -> None:
    assert (await told_of(store, leaves_a_scope_open)).startswith("RuntimeError: ")


@pytest.mark.parametrize("answer", [None, 42, b"bytes", ["a"]])
async def test_an_answer_that_is_no_text_fails_the_task(store: Store, answer: object) -> None:
    async def deed(_task: Task) -> object:
        return answer

    assert await told_of(store, deed) == f"The agent returned {type(answer).__name__}, not its answer as a str."


async def test_an_agent_that_is_cancelled_by_a_stop_is_cancelled_and_nothing_else(store: Store) -> None:
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


async def test_an_agent_that_dies_with_its_server_has_no_end(store: Store) -> None:
    deaf = Deaf()
    async with stage(store, deaf) as life:
        task = await life.task("listen")
        await deaf.here.wait()
    assert ends(await log_of(store, (await life.row(task)).session_id)) == []


async def test_a_log_that_can_not_be_read_fails_the_task(store: Store) -> None:
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
async def test_what_only_the_server_says_fails_the_task_and_is_not_said(store: Store, event: Envelope) -> None:
    async def says_it(task: Task) -> str:
        task.emit(event)
        return "said"

    async with stage(store, Unruly(says_it), Talker(1)) as life:
        task = await life.task("say it")
        told = await failure(life, task)
        assert await life.kinds(task) == SILENT
    assert told == f"ValueError: Only the server says {event.__struct_config__.tag}, not an agent."


async def test_how_far_it_has_come_an_agent_may_say(store: Store) -> None:
    async def says_it(task: Task) -> str:
        task.emit(TaskProgress(data=TaskData(status="running", progress=0.5)))
        return "said"

    async with stage(store, Unruly(says_it)) as life:
        task = await life.task("say it")
        assert await life.ended(task) == "completed"
        assert "task_progress" in await life.kinds(task)


# More than can be held.


async def test_an_agent_that_never_awaits_a_safe_point_fails_when_too_much_waits(store: Store) -> None:
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


async def test_one_event_that_is_too_large_fails_the_task(store: Store) -> None:
    async def shouts(task: Task) -> None:
        task.emit(line("x" * MOST_BYTES))

    assert "BufferError: More than 16 MiB" in await told_of(store, shouts)


@pytest.mark.parametrize(
    ("spent", "sentence"),
    [
        ((-5, 0, None), "input_tokens: a task books from 0 to"),
        ((0, 2**64, None), "output_tokens: a task books from 0 to"),
        ((1.5, 0, None), "TypeError: 'float' object"),
        ((0, 0, nan), "cost_usd: a task books from 0 to"),
        ((0, 0, inf), "cost_usd: a task books from 0 to"),
        ((0, 0, -1.0), "cost_usd: a task books from 0 to"),
    ],
)
async def test_what_no_book_can_hold_fails_the_task(store: Store, spent: Any, sentence: str) -> None:
    async def spends(task: Task) -> str:
        task.spend(*spent)
        return "spent"

    assert sentence in await told_of(store, spends)


async def test_a_little_too_often_is_too_much(store: Store) -> None:
    async def spends(task: Task) -> str:
        for _ in range(2):
            task.spend(MOST_SPENT - 1, 0, None)
        return "spent"

    assert f"not {MOST_SPENT - 1} more than {MOST_SPENT - 1}" in await told_of(store, spends)


class Bookless(MemoryStore):
    """A store that has no place for what was spent."""

    def submit(self, write: Append) -> asyncio.Future[Written]:
        """Refuse a task's record in which anything was spent."""
        if write.task is None or not write.task.input_tokens:
            return super().submit(write)
        done: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        done.set_exception(PuntiniError("The books are full."))
        return done


async def test_a_task_whose_books_can_not_be_written_has_its_end_all_the_same() -> None:
    async def spends(task: Task) -> str:
        task.spend(1, 1, 0.1)
        return "spent"

    async with stage(Bookless(), Unruly(spends), Talker(1)) as life:
        task = await life.task("spend")
        assert await failure(life, task) == FAULT
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskFailed)
    assert end.data.usage == Usage(input_tokens=0, output_tokens=0)


async def test_an_answer_that_is_too_long_is_cut_and_says_so(store: Store) -> None:
    async def rambles(_task: Task) -> str:
        return "é" * (MOST_ANSWER + 5_000)

    async with stage(store, Unruly(rambles)) as life:
        task = await life.task("ramble")
        await life.ended(task)
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "é" * MOST_ANSWER + "… (5,000 more characters were cut)"


async def test_an_error_that_is_too_long_is_cut_and_says_so(store: Store) -> None:
    async def complains(_task: Task) -> None:
        raise RuntimeError("no" * MOST_ERROR)

    error = await told_of(store, complains)
    assert error.startswith("RuntimeError: nono")
    assert error.endswith("… (4,014 more characters were cut)")


@pytest.mark.parametrize("seconds", [1e12, inf, nan, -1.0])
async def test_a_question_that_can_not_expire_then_fails_the_task_with_a_sentence(store: Store, seconds: float) -> None:
    async def asks(task: Task) -> None:
        await task.ask(Approval(key="may", question="May I?", expires_seconds=seconds))

    assert "expires_seconds: give at most 31622400, which is a year, or 0 for never" in await told_of(store, asks)


async def test_who_awaits_safe_points_may_say_more_than_can_wait(store: Store) -> None:
    async def talks(task: Task) -> str:
        for _ in range(40):
            await task.point()
            task.emit(Debug(data=DebugData(message="x" * 500_000)))
        return "done"

    async with stage(store, Unruly(talks)) as life:
        task = await life.task("talk")
        assert await life.ended(task) == "completed"
        await until(lambda: life.said(task), "it to be said")
