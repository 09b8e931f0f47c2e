"""A store that can't work for a while: nothing is lost, and every task has its end all the same."""

import anyio
import pytest

from puntini.agent.emitter import ROOM_BYTES
from puntini.agent.rota import Action
from puntini.agent.turns import POINTS_A_TURN, ROOM_TURNS
from puntini.errors import StoreUnavailable
from tests.agent.actors import Flood, Patient, Stepper, Talker
from tests.agent.stage import FailingStore, Stage, ends, numbers, stage, until

pytestmark = pytest.mark.anyio
ROOM = POINTS_A_TURN * ROOM_TURNS
ORDERS: tuple[Action, ...] = ("resume", "stop")
PROMPTLY = 2.0


async def refused(store: FailingStore) -> bool:
    """Whether the store has refused something since it was broken."""
    return store.refused > 0


async def test_what_an_agent_says_while_the_disk_is_full_is_written_when_it_is_not() -> None:
    store, stepper = FailingStore(), Stepper(200, allowed=10)
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 10)
        store.writes = False
        stepper.go()
        await until(lambda: refused(store), "an append to be refused")
        store.writes = True
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == list(range(1, 201))
    assert ends(said) == ["task_completed"]


async def test_an_end_is_written_when_the_disk_is_back() -> None:
    store = FailingStore()
    async with stage(store, Talker(3)) as life:
        session = await life.session()
        task = await life.prompt(session, "talk")
        store.writes = False
        await until(lambda: refused(store), "an append to be refused")
        assert ends(await life.said(task)) == []
        store.writes = True
        assert await life.ended(task) == "completed"
        assert ends(await life.said(task)) == ["task_completed"]


async def test_an_agent_is_held_back_while_nothing_can_be_written() -> None:
    store, flood = FailingStore(), Flood()
    async with stage(store, flood) as life:
        task = await life.task("flood")
        await until(lambda: talks(life, task), "it to talk")
        store.writes = False
        await until(lambda: refused(store), "an append to be refused")
        await until(lambda: at_rest(flood), "the agent to be held back")
        row = await life.row(task)
        size = len((await store.read(row.session_id, 2)).events[0][1].line)
        unsent = flood.said - (await life.kinds(task)).count("debug")
        assert unsent <= 2 * ROOM  # as many wait as are under way
        assert unsent * size <= 2 * (ROOM_BYTES + size)
        store.writes = True
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"


async def talks(life: Stage, task: str) -> bool:
    """Whether a task has said anything."""
    return "debug" in await life.kinds(task)


async def at_rest(flood: Flood) -> bool:
    """Whether an agent that floods says nothing, turn of the loop after turn."""
    said = flood.said
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
    return flood.said == said


# Commands do not wait for the disk: they are refused, and the task is as it was.


@pytest.mark.parametrize("action", ["pause", "stop"])
async def test_a_waiting_task_that_can_not_be_written_keeps_its_place(action: Action) -> None:
    store, patient = FailingStore(), Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        tasks = [await life.prompt(session, "wait") for _ in range(4)]
        await life.until(tasks[0], "running")
        store.writes = False
        with pytest.raises(StoreUnavailable), anyio.fail_after(PROMPTLY):
            await life.control(tasks[2], action)
        assert await life.status(tasks[2]) == "queued"
        store.writes = True
        patient.may_finish.set()
        for task in tasks:
            assert await life.ended(task) == "completed"
    assert patient.started == tasks


async def test_a_paused_task_that_can_not_be_written_stays_paused() -> None:
    store, stepper = FailingStore(), Stepper(20, allowed=10)
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 10)
        await life.control(task, "pause")
        await life.until(task, "paused")
        store.writes = False
        for action in ORDERS:
            with pytest.raises(StoreUnavailable), anyio.fail_after(PROMPTLY):
                await life.control(task, action)
            assert await life.status(task) == "paused"
        store.writes = True
        stepper.go()
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"


async def test_what_waits_for_a_running_task_is_refused_while_its_end_can_not_be_written() -> None:
    store = FailingStore()
    async with stage(store, Patient()) as life:
        session = await life.session()
        task = await life.prompt(session, "wait")
        await until(lambda: life.said(task), "it to run")
        store.writes = False
        with pytest.raises(StoreUnavailable), anyio.fail_after(PROMPTLY):
            await life.prompt(session, "now", if_busy="interrupt")
        store.writes = True
        assert await life.ended(task) == "cancelled"
        assert ends(await life.said(task)) == ["task_cancelled"]


async def test_a_resume_is_refused_while_the_pause_can_not_be_written() -> None:
    store, stepper = FailingStore(), Stepper(20, allowed=10)
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 10)
        store.writes = False
        await life.control(task, "pause")
        await until(lambda: refused(store), "an append to be refused")
        with pytest.raises(StoreUnavailable), anyio.fail_after(PROMPTLY):
            await life.control(task, "resume")
        store.writes = True
        await life.until(task, "paused")


async def test_a_task_that_is_stopped_while_nothing_can_be_written_ends_once() -> None:
    store = FailingStore()
    async with stage(store) as life:
        task = await life.task("play 1000000 events every 1 ms")
        await life.spoken(task, 10)
        store.writes = False
        await until(lambda: refused(store), "an append to be refused")
        await life.control(task, "stop")
        store.writes = True
        assert await life.ended(task) == "cancelled"
        said = await life.said(task)
    assert numbers(said) == list(range(1, len(numbers(said)) + 1))
    assert ends(said) == ["task_cancelled"]


async def test_a_task_whose_log_can_not_be_read_at_first_runs_when_it_can() -> None:
    store = FailingStore()
    async with stage(store) as life:
        session = await life.session()
        store.reads = False
        task = await life.prompt(session, "play 20 events")
        await until(lambda: refused(store), "a read to be refused")
        store.reads = True
        assert await life.ended(task) == "completed"
        assert numbers(await life.said(task)) == list(range(1, 21))


async def test_a_prompt_that_can_not_be_written_is_refused_and_leaves_nothing() -> None:
    store = FailingStore()
    async with stage(store) as life:
        session = await life.session()
        store.writes = False
        with pytest.raises(StoreUnavailable):
            await life.prompt(session, "play 1 event")
        store.writes = True
        assert not await life.runner.busy(session)
        assert await life.log(session) == []
        assert await life.ended(await life.prompt(session, "play 1 event", if_busy="reject")) == "completed"


async def test_a_prompt_that_can_not_be_written_keeps_its_place_from_nobody() -> None:
    store = FailingStore()
    async with stage(store, Talker(1), most=1) as life:
        session, other = await life.session(), await life.session()
        store.writes = False
        with pytest.raises(StoreUnavailable):
            await life.prompt(session, "talk")
        store.writes = True
        assert await life.ended(await life.prompt(other, "talk")) == "completed"


async def test_a_client_that_leaves_while_its_prompt_is_written_does_not_stop_the_task() -> None:
    store = FailingStore()
    async with stage(store) as life:
        session = await life.session()
        async with anyio.create_task_group() as client:
            client.start_soon(life.prompt, session, "play 5 events")
            await until(lambda: store.tasks(session_id=session), "the prompt to be written")
            client.cancel_scope.cancel()
        (row,) = await store.tasks(session_id=session)
        assert await life.ended(row.task_id) == "completed"
