"""Pause, resume and stop, in every state that a task can be in when the order comes."""

import anyio
import pytest

from puntini.agent.rota import MOST_WAITING, Action
from puntini.errors import Conflict, NotFound, TooMany, Unavailable
from puntini.log.contract import Store
from tests.agent.actors import Deaf, Patient, Stepper, Talker, Team, Tidy
from tests.agent.stage import Stage, ends, numbers, stage, until

pytestmark = pytest.mark.anyio
COUNT = 300
ALL = list(range(1, COUNT + 1))
ENDLESS = "play 1000000 events every 1 ms"


async def paused(life: Stage, stepper: Stepper) -> str:
    """A task that was paused in the middle, and would go on now."""
    stepper.allowed = 10
    task = await life.task("step")
    await life.spoken(task, 10)
    await life.control(task, "pause")
    await life.until(task, "paused")
    stepper.go()
    return task


@pytest.fixture
def stepper() -> Stepper:
    """An agent that says as much as it is allowed to."""
    return Stepper(COUNT)


async def test_a_paused_task_says_so_and_is_silent(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient, Stepper(COUNT, allowed=COUNT)) as life:
        task = await life.task("wait")
        await until(lambda: has_said(life, task, 4), "it to run")
        await life.control(task, "pause")
        await life.until(task, "paused")
        assert not patient.present  # whoever is not there can say nothing later either
        # What another says meanwhile comes after all that the paused one has handed in.
        assert await life.ended(await life.task("step", agent="stepper")) == "completed"
        assert (await life.kinds(task))[2:] == ["agent_status", "debug", "agent_status", "task_paused"]


async def test_a_paused_task_holds_no_place(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        session = (await life.row(task)).session_id
        await until(lambda: idle(life), "the runner to be idle")
        assert await life.ended(await life.prompt(session, "step")) == "completed"
        assert await life.status(task) == "paused"


async def idle(life: Stage) -> bool:
    """Whether nothing runs or waits."""
    return life.runner.stats == {"running": 0, "queued": 0}


async def test_a_resumed_task_goes_on_where_it_was(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == ALL
    assert ends(said) == ["task_completed"]


async def test_a_resumed_task_is_another_attempt(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        await life.control(task, "resume")
        await life.ended(task)
        kinds = [name for name in await life.kinds(task) if name.startswith("task_")]
        attempts = [event.attempt for event in await life.said(task)]
    assert kinds == ["task_started", "task_paused", "task_resumed", "task_progress", "task_completed"]
    assert attempts == sorted(attempts)
    assert set(attempts) == {1, 2}


async def test_pause_and_resume_again_and_again_lose_and_repeat_nothing(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await life.task("step")
        for round_ in range(1, 6):
            stepper.allowed = 10 * round_
            await life.spoken(task, 10 * round_)
            await life.control(task, "pause")
            await life.until(task, "paused")
            await life.control(task, "resume")
        stepper.go()
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == ALL
    assert said[-1].attempt == 6


async def test_a_demo_that_is_paused_and_resumed_says_its_answer_once(store: Store) -> None:
    async with stage(store) as life:
        undisturbed = await life.task("hello")
        task = await life.task("hello")
        await until(lambda: has_said(life, task, 5), "two lines")
        await life.control(task, "pause")
        await life.until(task, "paused")
        await life.control(task, "resume")
        await life.ended(task)
        await life.ended(undisturbed)
        rests = {"task_paused", "task_resumed", "task_progress", "agent_status"}
        told, expected = [
            [name for name in await life.kinds(each) if name not in rests] for each in (task, undisturbed)
        ]
        assert told == expected


async def has_said(life: Stage, task: str, count: int) -> bool:
    """Whether a task has said so many events."""
    return len(await life.said(task)) >= count


async def test_a_pause_that_is_taken_back_before_the_safe_point_changes_nothing(store: Store) -> None:
    deaf = Deaf()
    async with stage(store, deaf) as life:
        task = await life.task("listen")
        await deaf.here.wait()
        await life.control(task, "pause")
        await life.control(task, "resume")
        assert await life.status(task) == "running"
        assert "task_paused" not in await life.kinds(task)


async def test_a_resume_that_comes_while_the_agent_unwinds_begins_another_attempt(store: Store) -> None:
    tidy = Tidy()
    async with stage(store, tidy) as life, anyio.create_task_group() as client:
        task = await life.task("wait")
        await tidy.here.wait()
        await life.control(task, "pause")
        await tidy.tidying.wait()
        client.start_soon(life.control, task, "resume")
        for _ in range(10):  # the runner has the order by then
            await anyio.lowlevel.checkpoint()
        tidy.may_leave.set()
        assert await life.ended(task) == "completed"
        kinds = [name for name in await life.kinds(task) if name.startswith("task_")]
    assert kinds == ["task_started", "task_paused", "task_resumed", "task_progress", "task_completed"]


async def test_a_resume_does_not_wait_for_ever_for_an_agent_to_leave(store: Store) -> None:
    tidy = Tidy()
    async with stage(store, tidy, leave_seconds=0.01) as life:
        task = await life.task("wait")
        await tidy.here.wait()
        await life.control(task, "pause")
        await tidy.tidying.wait()
        with pytest.raises(Unavailable, match="still coming to rest"):
            await life.control(task, "resume")
        tidy.may_leave.set()
        await life.until(task, "paused")
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"


async def test_a_resume_is_refused_while_too_many_wait(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        await life.prompt(session, "wait")
        waiting = await life.prompt(session, "wait")
        await life.control(waiting, "pause")
        for _ in range(MOST_WAITING):
            await life.prompt(session, "wait")
        with pytest.raises(TooMany):
            await life.control(waiting, "resume")
        assert await life.status(waiting) == "paused"


async def test_pausing_twice_is_pausing_once(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        await life.control(task, "pause")
        assert (await life.kinds(task)).count("task_paused") == 1


async def test_a_pause_that_comes_with_the_last_event_ends_all_the_same(store: Store) -> None:
    async with stage(store) as life:
        for _ in range(20):
            task = await life.task("play 20 events")
            await life.control(task, "pause")
            row = await life.until(task, "paused", "completed")
            if row.status == "paused":
                await life.control(task, "resume")
            assert await life.ended(task) == "completed"
            said = await life.said(task)
            assert numbers(said) == list(range(1, 21))
            assert ends(said) == ["task_completed"]


async def test_a_queued_task_can_be_paused_and_resumed(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        first, second = [await life.prompt(session, "wait") for _ in range(2)]
        await life.control(second, "pause")
        assert await life.status(second) == "paused"
        patient.may_finish.set()
        assert await life.ended(first) == "completed"
        assert patient.started == [first]
        await life.control(second, "resume")
        assert await life.ended(second) == "completed"


@pytest.mark.parametrize("state", ["running", "queued"])
async def test_what_is_not_paused_can_not_be_resumed(store: Store, state: str) -> None:
    async with stage(store, Patient()) as life:
        session = await life.session()
        running, queued = [await life.prompt(session, "wait") for _ in range(2)]
        await until(lambda: has_said(life, running, 4), "it to run")
        with pytest.raises(Conflict, match="not paused"):
            await life.control(running if state == "running" else queued, "resume")


async def test_resuming_twice_is_a_conflict_and_starts_one_attempt(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        await life.control(task, "resume")
        with pytest.raises(Conflict):
            await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        assert (await life.kinds(task)).count("task_resumed") == 1


async def test_two_who_resume_at_the_same_time_start_one_attempt(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        outcomes = await both(life, task, "resume")
        assert sorted(outcomes) in [["Conflict", "done"], ["StaleAttempt", "done"]]
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == ALL
    assert said[-1].attempt == 2


async def test_stopping_twice_is_stopping_once(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task(ENDLESS)
        await life.spoken(task, 3)
        outcomes = await both(life, task, "stop")
        assert set(outcomes) <= {"done", "Conflict"}
        assert await life.ended(task) == "cancelled"
        assert ends(await life.said(task)) == ["task_cancelled"]


async def test_a_paused_task_can_be_stopped(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        task = await paused(life, stepper)
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"
        assert ends(await life.said(task)) == ["task_cancelled"]


async def test_a_task_can_be_stopped_while_it_comes_to_rest(store: Store) -> None:
    async with stage(store) as life:
        for _ in range(20):
            task = await life.task(ENDLESS)
            await life.spoken(task, 1)
            await life.control(task, "pause")
            await anyio.lowlevel.checkpoint()
            await life.control(task, "stop")
            assert await life.ended(task) == "cancelled"
            assert ends(await life.said(task)) == ["task_cancelled"]


async def test_a_queued_task_can_be_stopped_and_never_runs(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        first, second = [await life.prompt(session, "wait") for _ in range(2)]
        await life.control(second, "stop")
        assert await life.status(second) == "cancelled"
        patient.may_finish.set()
        assert await life.ended(first) == "completed"
        assert patient.started == [first]
        assert await life.kinds(second) == ["user_prompt", "task_started", "task_cancelled"]


async def test_an_order_that_comes_before_the_agent_has_begun_holds(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        for turns in range(12):
            task = await life.task("wait")
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            await life.control(task, "pause")
            await life.until(task, "paused")
            await until(lambda: idle(life), "the runner to be idle")
            assert not patient.present
            assert (await life.kinds(task))[-1] == "task_paused"
            await life.control(task, "stop")
            assert await life.ended(task) == "cancelled"


async def test_a_stop_before_the_agent_has_begun_frees_its_place(store: Store) -> None:
    deaf = Deaf()
    async with stage(store, deaf, Talker(1)) as life:
        for turns in range(12):
            session = await life.session()
            task = await life.prompt(session, "listen")
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            await life.control(task, "stop")
            await life.until(task, "cancelled")
            after = await life.prompt(session, "talk", agent="talker")
            assert await life.ended(after) == "completed"


@pytest.mark.parametrize(("action", "status"), [("pause", "paused"), ("stop", "cancelled")])
async def test_an_agent_with_child_tasks_takes_orders_and_harms_nobody(
    store: Store, action: Action, status: str
) -> None:
    async with stage(store, Team(), Talker(1)) as life:
        team = await life.task("talk")
        await until(lambda: has_said(life, team, 7), "the team to talk")
        await life.control(team, action)
        await life.until(team, status)
        assert await life.ended(await life.task("talk", agent="talker")) == "completed"


async def test_a_task_that_is_not_there_takes_no_orders(store: Store) -> None:
    async with stage(store) as life:
        with pytest.raises(NotFound, match="There is no task `tsk_none`"):
            await life.control("tsk_none", "stop")


async def both(life: Stage, task: str, action: Action) -> list[str]:
    """Give an order twice at the same time; returns what came of each."""
    outcomes: list[str] = []

    async def one() -> None:
        try:
            await life.control(task, action)
        except Conflict as error:
            outcomes.append(type(error).__name__)
        else:
            outcomes.append("done")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        tasks.start_soon(one)
    return outcomes
