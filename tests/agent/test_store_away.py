"""A store that can't work for a while: nothing is lost, and every task has its end all the same."""

import anyio
import pytest

from puntini.errors import StoreUnavailable
from tests.agent.actors import Flood, Stepper, Talker
from tests.agent.stage import FailingStore, ends, numbers, stage, until

pytestmark = pytest.mark.anyio


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
        await until(lambda: life.store.tasks(), "it to run")
        store.writes = False
        await until(lambda: refused(store), "an append to be refused")
        await anyio.sleep(0.02)  # long enough for ten thousand events of an agent that is not held back
        assert flood.said - len(await life.log((await life.row(task)).session_id)) < 5_000
        store.writes = True
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"


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
        assert not life.runner.busy(session)
        assert await life.log(session) == []
        assert await life.ended(await life.prompt(session, "play 1 event", if_busy="reject")) == "completed"


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
