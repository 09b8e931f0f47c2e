"""A task's life: it runs, it says what it says, and it ends exactly once."""

import pytest

from puntini.errors import Conflict, Invalid
from puntini.log.contract import Store
from puntini.protocol.events import TaskCancelled, TaskCompleted, TaskFailed, TaskStarted
from tests.agent.actors import Broken, Deaf, Patient, Talker, Unspeakable
from tests.agent.stage import ends, kind, numbers, stage

pytestmark = pytest.mark.anyio


async def test_a_task_is_asked_started_spoken_and_completed(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task("play 3 events")
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert [kind(event) for event in said] == [
        "user_prompt",
        "task_started",
        "agent_status",
        "reasoning",
        "debug",
        "graph_update",
        "agent_status",
        "task_completed",
    ]
    assert isinstance(said[1], TaskStarted)
    assert said[1].data.status == "running"


async def test_every_event_names_its_task_attempt_agent_and_time(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task("play 7 events")
        await life.ended(task)
        said = await life.said(task)
    assert {(event.task_id, event.attempt, event.agent) for event in said} == {(task, 1, "scripted")}
    assert all(event.timestamp.endswith("Z") for event in said)
    assert [event.timestamp for event in said] == sorted(event.timestamp for event in said)


async def test_the_end_brings_the_answer_the_time_and_the_usage(store: Store) -> None:
    async with stage(store, Talker(3)) as life:
        task = await life.task("talk")
        await life.ended(task)
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "line 2"
    assert end.data.duration_seconds >= 0
    assert end.data.usage.input_tokens == 0
    assert not end.data.error


async def test_the_row_knows_the_first_and_the_last_event(store: Store) -> None:
    async with stage(store, Talker(3)) as life:
        session = await life.session()
        await life.ended(await life.prompt(session, "first"))
        second = await life.prompt(session, "second")
        await life.ended(second)
        row = await life.row(second)
    assert (row.first_seq, row.last_seq) == (9, 16)


@pytest.mark.parametrize("error", [ValueError("no such thing"), KeyError("key"), ExceptionGroup("two", [OSError("a")])])
async def test_an_exception_fails_the_task_and_nothing_else(store: Store, error: Exception) -> None:
    async with stage(store, Broken(error), Talker(1)) as life:
        broken = await life.task("break")
        assert await life.ended(broken) == "failed"
        end = (await life.said(broken))[-1]
        assert isinstance(end, TaskFailed)
        assert end.data.error == f"{type(error).__name__}: {error}"
        assert await life.ended(await life.task("talk", agent="talker")) == "completed"


async def test_what_a_failing_agent_said_before_comes_before_its_end(store: Store) -> None:
    async with stage(store, Broken(RuntimeError("now"))) as life:
        task = await life.task("break")
        await life.ended(task)
        assert (await life.kinds(task))[-3:] == ["debug", "agent_status", "task_failed"]


async def test_an_event_that_can_not_be_logged_fails_the_task(store: Store) -> None:
    async with stage(store, Unspeakable()) as life:
        task = await life.task("say it")
        assert await life.ended(task) == "failed"
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskFailed)
    assert "debug event can hold what JSON can" in end.data.error


async def test_a_stopped_task_is_cancelled_at_once_even_without_a_safe_point(store: Store) -> None:
    deaf = Deaf()
    async with stage(store, deaf) as life:
        task = await life.task("listen")
        await deaf.here.wait()
        await life.control(task, "stop")
        await deaf.left.wait()
        assert await life.ended(task) == "cancelled"
        assert isinstance((await life.said(task))[-1], TaskCancelled)


async def test_what_was_said_before_a_stop_is_kept(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task("play 1000000 events every 1 ms")
        await life.spoken(task, 5)
        await life.control(task, "stop")
        await life.ended(task)
        said = await life.said(task)
    assert numbers(said) == list(range(1, len(numbers(said)) + 1))
    assert ends(said) == ["task_cancelled"]


@pytest.mark.parametrize("action", ["pause", "resume", "stop"])
async def test_an_ended_task_takes_no_orders(store: Store, action: str) -> None:
    async with stage(store, Talker(1)) as life:
        task = await life.task("talk")
        await life.ended(task)
        with pytest.raises(Conflict, match="completed"):
            await life.runner.control(task, action)  # type: ignore[arg-type]
        assert ends(await life.said(task)) == ["task_completed"]


async def test_a_prompt_for_an_agent_that_is_not_there_starts_nothing(store: Store) -> None:
    async with stage(store) as life:
        session = await life.session()
        with pytest.raises(Invalid, match=r"data\.agent: there is no agent `nobody`"):
            await life.prompt(session, "hello", agent="nobody")
        assert await life.log(session) == []


async def test_the_agent_that_a_prompt_names_runs_it(store: Store) -> None:
    patient = Patient()
    patient.may_finish.set()
    async with stage(store, Talker(1), patient) as life:
        task = await life.task("wait", agent="patient")
        await life.ended(task)
        assert (await life.said(task))[-1].agent == "patient"
        assert patient.started == [task]
