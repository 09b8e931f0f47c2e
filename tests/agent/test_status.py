"""The server says of each task when its agent works, waits and is done; so whoever follows the log knows."""

from collections.abc import Sequence

import anyio
import pytest

from puntini.agent.contract import Task
from puntini.log.contract import Store
from puntini.protocol.entries import Entry
from puntini.protocol.events import AgentStatus, AgentStatusData, LoggedEvent, TaskRetracted
from tests.agent.actors import Asker, Broken, Deaf, Patient, Stepper, Talker, line
from tests.agent.stage import Stage, kind, stage, until

pytestmark = pytest.mark.anyio


class Boaster:
    """Says what it does by itself, as an agent may, and can be held up in the middle of that."""

    name = "boaster"

    def __init__(self) -> None:
        self.may_finish = anyio.Event()
        self.spoken: list[int] = []

    async def run(self, task: Task) -> str:
        """Say it twice, with a word before, between and after."""
        self.spoken.append(task.spoken)
        await task.rewind()
        for _ in range(2):
            task.emit(line("Look!"))
            task.emit(AgentStatus(data=AgentStatusData(agent=self.name, status="busy", detail="boasts")))
        task.emit(line("Done."))
        while not self.may_finish.is_set():
            await task.point()
            await anyio.sleep(0.001)
        return "I was great."


def statuses(said: Sequence[LoggedEvent]) -> list[str]:
    """What agents were said to do."""
    return [event.data.status for event in said if isinstance(event, AgentStatus)]


def told(said: Sequence[LoggedEvent]) -> list[str]:
    """What the server said of a task: types, and what its agent did."""
    own = [event for event in said if kind(event).startswith("task_") or isinstance(event, AgentStatus)]
    return [event.data.status if isinstance(event, AgentStatus) else kind(event) for event in own]


async def test_an_agent_is_busy_when_its_task_begins_and_idle_before_its_end(store: Store) -> None:
    async with stage(store, Talker(1)) as life:
        task = await life.task("talk")
        await life.ended(task)
        said = await life.said(task)
    assert told(said) == ["task_started", "busy", "idle", "task_completed"]
    both = [event for event in said if isinstance(event, AgentStatus)]
    assert {(event.agent, event.data.agent, event.task_id, event.attempt) for event in both} == {
        ("talker", "talker", task, 1)
    }


@pytest.mark.parametrize("how", ["fails", "is stopped"])
async def test_however_a_task_ends_its_agent_is_idle(store: Store, how: str) -> None:
    deaf = Deaf()
    async with stage(store, deaf, Broken(OSError("no"))) as life:
        task = await life.task("do", agent="broken" if how == "fails" else "deaf")
        if how == "is stopped":
            await deaf.here.wait()
            await life.control(task, "stop")
        await life.ended(task)
        assert told(await life.said(task))[1:3] == ["busy", "idle"]


async def test_they_are_written_with_what_they_belong_to(store: Store) -> None:
    appends: list[list[str]] = []

    def note(_session: str, _first: int, entries: Sequence[Entry]) -> None:
        appends.append([entry.kind for entry in entries])

    async with stage(store, Talker(1)) as life:
        store.watch(note)
        await life.ended(await life.task("talk"))
    assert appends == [
        ["user_prompt", "task_started", "agent_status"],
        ["debug:debug"],
        ["agent_status", "task_completed"],
    ]


async def test_who_waits_for_a_person_is_waiting_and_busy_again_after_the_answer(store: Store) -> None:
    async with stage(store, Asker()) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        await life.decide(task)
        await life.ended(task)
        said = await life.said(task)
    first = ["task_started", "busy", "waiting", "task_progress"]
    assert told(said) == [*first, "idle", "task_resumed", "task_progress", "busy", "idle", "task_completed"]


async def test_who_is_paused_is_idle_and_busy_again_after_it(store: Store) -> None:
    stepper = Stepper(10, allowed=5)
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 5)
        await life.control(task, "pause")
        await life.until(task, "paused")
        stepper.go()
        await life.control(task, "resume")
        await life.ended(task)
        said = await life.said(task)
    first = ["task_started", "busy", "idle", "task_paused"]
    assert told(said) == [*first, "task_resumed", "task_progress", "busy", "idle", "task_completed"]


async def test_a_task_whose_turn_has_not_come_says_nothing_of_its_agent(store: Store) -> None:
    async with stage(store, Patient()) as life:
        session = await life.session()
        first, second = await life.prompt(session, "wait"), await life.prompt(session, "wait")
        await life.control(second, "pause")
        await life.control(second, "resume")
        await life.control(second, "stop")
        await life.until(second, "cancelled")
        assert statuses(await life.said(second)) == []
        assert statuses(await life.said(first)) == ["busy"]


async def test_a_task_that_is_taken_up_tells_that_nobody_works_at_it_until_its_turn_comes(store: Store) -> None:
    stepper = Stepper(10, allowed=5)
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 5)
    stepper.go()
    async with stage(store, stepper) as life:
        await life.ended(task)
        said = await life.said(task)
    taken_up = ["idle", "task_resumed", "task_progress", "busy"]
    assert told(said) == ["task_started", "busy", *taken_up, "idle", "task_completed"]


async def test_what_agents_say_of_themselves_does_not_count_as_spoken(store: Store) -> None:
    boaster = await died(store)
    async with stage(store, boaster) as life:
        await until(lambda: began(boaster, 2), "the second attempt")
        assert boaster.spoken == [0, 3]
        boaster.may_finish.set()
        await idle(life)


async def test_a_retraction_takes_back_what_the_agent_said_of_itself_and_never_what_the_server_said(
    store: Store,
) -> None:
    boaster = await died(store)
    boaster.may_finish.set()
    async with stage(store, boaster) as life:
        (row,) = await store.tasks()
        await life.ended(row.task_id)
        said = await life.said_all(row.task_id)
    (retracted,) = [event for event in said if isinstance(event, TaskRetracted)]
    first, last = [int(id_.rpartition(".")[2]) for id_ in (retracted.data.from_id, retracted.data.to_id)]
    assert [kind(event) for event in said[first - 1 : last]] == ["debug", "agent_status"] * 2 + ["debug"]
    assert {event.data.detail for event in said[first - 1 : last] if isinstance(event, AgentStatus)} == {"boasts"}


async def died(store: Store) -> Boaster:
    """A boaster whose server died when it had said all that it has to say."""
    boaster = Boaster()
    async with stage(store, boaster) as life:
        task = await life.task("boast")

        async def has_said() -> bool:
            return (await life.kinds(task)).count("debug") == 3

        await until(has_said, "its words")
    return boaster


async def began(boaster: Boaster, attempts: int) -> bool:
    """Whether so many attempts have begun."""
    return len(boaster.spoken) == attempts


async def idle(life: Stage) -> None:
    """Wait until nothing runs."""

    async def nothing_runs() -> bool:
        return not life.runner.stats["running"]

    await until(nothing_runs, "the end")
