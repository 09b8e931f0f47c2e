"""What a new server makes of the tasks that the one before it left unfinished."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import anyio
import pytest

from puntini.agent.attempt import DIED, MOST_CRASHES
from puntini.agent.contract import Agent, Task
from puntini.agent.loading import Narrator
from puntini.agent.scripted import ScriptedAgent
from puntini.api.records import new_session
from puntini.errors import StaleAttempt
from puntini.log.contract import Append, Fence, Kept, Store, TaskRow
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Envelope, PlanUpdate, PlanUpdateData, TaskFailed, TaskResumed
from puntini.store.memory import MemoryStore
from tests.agent.actors import Deaf, Flood, Patient, Stepper, Talker, line
from tests.agent.stage import FailingStore, LateStore, Stage, ends, kind, log_of, numbers, stage, until

pytestmark = pytest.mark.anyio
COUNT = 200
ALL = list(range(1, COUNT + 1))
ONE_NODE = "two lives on one store are one node there; tests/agent/shared has two"
ENDLESS = "play 1000000 events every 1 ms"


@pytest.fixture
def stepper() -> Stepper:
    """An agent that says as much as it is allowed to."""
    return Stepper(COUNT)


async def crashed(store: Store, stepper: Stepper) -> str:
    """A task whose server died in the middle, and that would go on now."""
    stepper.allowed = 20
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 20)
    stepper.go()
    return task


async def test_a_task_goes_on_after_a_crash_and_says_nothing_twice(store: Store, stepper: Stepper) -> None:
    task = await crashed(store, stepper)
    async with stage(store, stepper) as life:
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == ALL
    assert ends(said) == ["task_completed"]


async def test_what_a_task_was_given_does_not_count_as_its_agent_s_word(store: Store, stepper: Stepper) -> None:
    stepper.allowed = 20
    async with stage(store, stepper) as life:
        given = [PlanUpdate(data=PlanUpdateData(current_plan=["Say 0."]))]
        begun = await life.desk.prompts.begin(
            new_session("stepper", user="ann"), UserPromptCommandData(prompt="step"), given, None
        )
        await life.spoken(begun.task_id, 21)
    stepper.go()
    async with stage(store, stepper) as life:
        assert await life.ended(begun.task_id) == "completed"
        said = await life.said(begun.task_id)
    assert numbers(said) == [0, *ALL]


async def test_what_a_task_was_given_stands_when_it_begins_anew(store: Store) -> None:
    async with stage(store, Patient()) as life:
        given = [PlanUpdate(data=PlanUpdateData(current_plan=["Wait"]))]
        prompt = UserPromptCommandData(prompt="wait")
        begun = await life.desk.prompts.begin(new_session("patient", user="ann"), prompt, given, None)
        row = await life.row(begun.task_id)
        plan_at = 1 + [kind(event) for event in await life.said(begun.task_id)].index("plan_update")

    assert begun.first < plan_at <= row.safe_seq == begun.last


async def test_the_new_attempt_is_told(store: Store, stepper: Stepper) -> None:
    task = await crashed(store, stepper)
    async with stage(store, stepper) as life:
        await life.ended(task)
        told = [event for event in await life.said(task) if isinstance(event, TaskResumed)]
        row = await life.row(task)
    why = "taken up again: its worker was lost" if store.queue else "taken up again after a restart"
    assert [event.data.detail for event in told] == [why]
    assert row.attempt == 2


async def test_crash_after_crash_the_attempts_count_up_and_the_events_go_on(store: Store, stepper: Stepper) -> None:
    task = await crashed(store, stepper)
    for round_ in range(2, 6):
        stepper.allowed = 20 * round_
        async with stage(store, stepper) as life:
            await life.spoken(task, 20 * round_)
    stepper.go()
    async with stage(store, stepper) as life:
        assert await life.ended(task) == "completed"
        said = await life.said(task)
    assert numbers(said) == ALL
    assert [event.attempt for event in said] == sorted(event.attempt for event in said)
    assert said[-1].attempt == 6


@pytest.mark.parametrize(
    ("agent", "numbered"),
    [(Deaf, 0), (Patient, 0), (lambda: Stepper(COUNT, allowed=5), 5)],
    ids=["says nothing", "begins anew", "goes on, but no further"],
)
async def test_what_dies_again_and_again_is_not_tried_for_ever(
    store: Store, agent: Callable[[], Agent], numbered: int
) -> None:
    task = ""

    async def tried() -> bool:
        row = await life.row(task)
        return (row.status, row.attempt) == ("running", attempt)

    for attempt in range(1, MOST_CRASHES + 1):
        async with stage(store, agent()) as life:
            task = task or await life.task("die")
            await until(tried, f"attempt {attempt}")
            await life.spoken(task, numbered)
    async with stage(store, agent()) as life:
        assert await life.ended(task) == "failed"
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskFailed)
    assert end.data.error == DIED


async def test_messages_and_graph_are_as_if_nothing_had_happened(store: Store) -> None:
    script = "play 300 events every 1 ms"
    async with stage(store) as life:
        whole = await life.task(script)
        await life.ended(whole)
        expected = await life.keeper.view((await life.row(whole)).session_id)
    async with stage(store) as life:
        task = await life.task(script)
        await life.spoken(task, 20)
    async with stage(store) as life:
        await life.ended(task)
        view = await life.keeper.view((await life.row(task)).session_id)
    assert [each.content for each in view.messages(limit=9)] == [each.content for each in expected.messages(limit=9)]
    assert view.graph.graph() == expected.graph.graph()


async def test_a_queued_task_runs_after_the_one_before_it(store: Store, stepper: Stepper) -> None:
    async with stage(store, stepper) as life:
        session = await life.session()
        first, second = await life.prompt(session, "step"), await life.prompt(session, "step")
        await life.until(first, "running")
    stepper.go()
    async with stage(store, stepper) as life:
        await life.ended(second)
        log = await life.log(session)
    order = [event.task_id for event in log if kind(event) == "task_completed"]
    assert order == [first, second]
    assert numbers([event for event in log if event.task_id == second]) == ALL


async def test_a_paused_task_stays_paused(store: Store, stepper: Stepper) -> None:
    stepper.allowed = 5
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 5)
        await life.control(task, "pause")
        await life.until(task, "paused")
        before = await life.kinds(task)
    stepper.go()
    async with stage(store, stepper) as life:
        assert await life.kinds(task) == before
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        assert numbers(await life.said(task)) == ALL


async def test_an_ended_task_is_left_alone(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task("play 5 events")
        await life.ended(task)
        before = await life.kinds(task)
    async with stage(store) as life:
        assert not life.runner.stats["running"]
        assert await life.kinds(task) == before


@pytest.mark.not_on_postgres("another worker may have the agent, and the task waits for it")
async def test_a_task_whose_agent_is_gone_fails_with_a_sentence(store: Store) -> None:
    async with stage(store, Patient()) as life:
        task = await life.task("wait")
    async with stage(store) as life:
        assert await life.ended(task) == "failed"
        end = (await life.said(task))[-1]
    assert isinstance(end, TaskFailed)
    assert end.data.error == "There is no agent `patient`; there is scripted."


async def test_an_attempt_that_was_taken_over_can_say_nothing(store: Store, stepper: Stepper) -> None:
    task = await crashed(store, stepper)
    async with stage(store, stepper) as life:
        row = await life.row(task)
        stale = Append(
            session_id=row.session_id, entries=[entry_of(line("I live!"))], fence=Fence(task, row.attempt - 1), at=0
        )
        with pytest.raises(StaleAttempt):
            await store.append(stale)


async def test_two_servers_on_one_store_leave_one_story(store: Store, stepper: Stepper) -> None:
    stepper.allowed = 20
    async with stage(store, stepper) as old:
        task = await old.task("step")
        await old.spoken(task, 20)
        async with stage(store, stepper) as new:
            stepper.go()
            assert await new.ended(task) == "completed"
            said = await new.said(task)
    assert numbers(said) == ALL
    assert ends(said) == ["task_completed"]


@pytest.mark.not_on_postgres(ONE_NODE)
async def test_the_attempt_that_was_taken_over_ends_and_frees_its_place(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as old:
        task = await old.task("wait")
        await old.until(task, "running")
        async with stage(store, Talker(1), ScriptedAgent()) as new:
            await new.ended(task)
        patient.may_finish.set()
        assert await old.ended(task) == "failed"
        assert old.runner.stats == {"running": 0, "queued": 0}
        assert ends(await old.said(task)) == ["task_failed"]


async def test_a_start_that_can_not_write_says_so_and_goes_on_when_it_can(
    stepper: Stepper, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FailingStore()
    task = await crashed(store, stepper)
    store.writes = False
    async with anyio.create_task_group() as meanwhile:
        meanwhile.start_soon(_disk_comes_back, store)
        async with stage(store, stepper) as life:
            assert store.refused > 1
            assert await life.ended(task) == "completed"
    told = [line for line in capsys.readouterr().out.splitlines() if "the start waits for the store" in line]
    assert len(told) == 1
    assert "The disk is full." in told[0]


async def _disk_comes_back(store: FailingStore) -> None:
    async def refused() -> bool:
        return store.refused > 1

    await until(refused, "the second refusal")
    store.writes = True


# An orderly end.


async def test_shutdown_ends_every_attempt_at_a_safe_point_and_no_task(store: Store) -> None:
    flood = Flood()
    async with stage(store, flood) as life:
        tasks = [await life.task("flood") for _ in range(5)]
        await until(lambda: all_said(life, tasks, 4), "all of them to talk")
        await life.runner.shutdown()
        assert life.runner.stats["running"] == 0
        assert [await life.status(task) for task in tasks] == ["queued"] * 5
        # Nobody is left who could say more, and all that was said is in the log.
        assert not flood.present
        assert sum([(await life.kinds(task)).count("debug") for task in tasks]) == flood.said


async def all_said(life: Stage, tasks: list[str], count: int) -> bool:
    """Whether there are so many events of each task, in a session of its own."""
    rows = [await life.row(task) for task in tasks]
    return all([(await life.store.bounds(row.session_id)).head >= count for row in rows])


async def test_what_shutdown_left_is_taken_up_again(store: Store, stepper: Stepper) -> None:
    stepper.allowed = 10
    async with stage(store, stepper) as life:
        task = await life.task("step")
        await life.spoken(task, 10)
        await life.runner.shutdown()
    stepper.go()
    async with stage(store, stepper) as life:
        assert await life.ended(task) == "completed"
        assert numbers(await life.said(task)) == ALL


async def test_an_orderly_end_is_no_death_however_often_it_comes(store: Store) -> None:
    attempts = 0

    async def tells(_task: Task) -> AsyncGenerator[Envelope, None]:
        nonlocal attempts
        attempts += 1
        while attempts <= MOST_CRASHES + 1:
            yield line("Not yet.")
            await anyio.sleep(0.001)

    async def begun() -> bool:
        return attempts == lives

    narrator, task = Narrator("narrator", tells), ""
    for lives in range(1, MOST_CRASHES + 2):
        async with stage(store, narrator) as life:
            if lives == 1:
                task = await life.task("tell")
            await until(begun, f"attempt {lives}")
            await life.runner.shutdown()
    async with stage(store, narrator) as life:
        assert await life.ended(task) == "completed"


async def test_a_stop_that_comes_while_a_task_is_left_for_the_next_start_holds() -> None:
    store = FailingStore()
    patient = Patient()
    async with stage(store, patient) as life:
        task = await life.task("wait")
        await until(lambda: all_said(life, [task], 4), "it to run")
        store.writes = False
        async with anyio.create_task_group() as meanwhile:
            meanwhile.start_soon(life.runner.shutdown)
            await until(lambda: refused(store), "a refusal")
            await life.control(task, "stop")
            store.writes = True
        assert (await life.kinds(task))[-3:] == ["agent_status", "task_resumed", "task_cancelled"]


async def refused(store: FailingStore) -> bool:
    """Whether the store has refused anything."""
    return store.refused > 0


async def test_a_pause_that_was_accepted_before_the_shutdown_holds_after_it(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task(ENDLESS)
        await life.spoken(task, 10)
        await life.control(task, "pause")
        await life.runner.shutdown()
    async with stage(store) as life:
        assert await life.status(task) == "paused"


async def test_nothing_new_starts_while_shutting_down(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        await life.prompt(session, "wait")
        waiting = await life.prompt(session, "wait")
        await life.runner.shutdown()
        late = await life.prompt(session, "late")
        assert await life.status(waiting) == "queued"
        assert not {waiting, late} & set(patient.started)
    patient.may_finish.set()
    async with stage(store, patient) as life:
        assert await life.ended(late) == "completed"
        assert await life.ended(waiting) == "completed"


async def test_shutdown_waits_for_an_agent_that_does_not_come_to_a_safe_point(store: Store) -> None:
    deaf = Deaf()
    async with stage(store, deaf) as life:
        task = await life.task("listen")
        await deaf.here.wait()
        with anyio.move_on_after(0.05) as waited:
            await life.runner.shutdown()
        assert waited.cancelled_caught
    assert ends(await log_of(store, (await life.row(task)).session_id)) == []


class Saver:
    """Says a line and saves it, and is done once it finds what it saved."""

    name = "saver"

    def __init__(self) -> None:
        self.saved = anyio.Event()

    async def run(self, task: Task) -> str:
        """Save once."""
        await task.rewind()
        if await task.shelf.kept(task.session_id, "done", task.task_id) is None:
            task.emit(line("done"))
            task.save([Kept(task.session_id, "done", task.task_id, b"1")])
            self.saved.set()
            await anyio.sleep_forever()
        return "done"


class Lagging(LateStore):
    """Says what the tasks are while a save is on its way."""

    async def tasks(self, **wanted: Any) -> list[TaskRow]:
        """What is committed by now."""
        return await MemoryStore.tasks(self, **wanted)


async def test_a_save_that_comes_in_after_the_death_takes_its_words_along() -> None:
    store, saver = Lagging(30), Saver()
    async with stage(store, saver) as life:
        task = await life.task("save")
        await saver.saved.wait()
        await anyio.lowlevel.checkpoint()  # it is handed in, and not committed
    async with stage(store, saver) as life:
        assert await life.ended(task) == "completed"
        kinds = await life.kinds(task)
    assert kinds.count("debug") == 1
    assert "task_retracted" not in kinds
