"""Who runs and who waits: one task at a time in a session, so many in all, and what ``if_busy`` makes of it."""

import anyio
import pytest

from puntini.agent.lanes import Lanes
from puntini.agent.rota import MOST_WAITING
from puntini.errors import TaskRunning, TooMany
from puntini.log.contract import Store, TaskRow
from puntini.protocol.events import TaskStarted
from tests.agent.actors import Asker, Patient
from tests.agent.stage import kind, stage, until

pytestmark = pytest.mark.anyio


def task(name: str, session: str, priority: int = 0) -> TaskRow:
    return TaskRow(
        task_id=name,
        session_id=session,
        agent="a",
        prompt="p",
        status="queued",
        priority=priority,
        created_at=0,
        updated_at=0,
    )


def names(lanes: Lanes) -> list[str]:
    """Everyone who may run now, in order."""
    rows: list[str] = []
    while row := lanes.next():
        rows.append(row.task_id)
    return rows


def test_one_task_of_a_session_runs_at_a_time() -> None:
    lanes = Lanes(10)
    for name in ("a1", "a2"):
        lanes.add(task(name, "a"))
    assert names(lanes) == ["a1"]
    lanes.done("a")
    assert names(lanes) == ["a2"]


def test_the_last_place_is_promised_once() -> None:
    lanes = Lanes(1)
    with lanes.reserve("a") as first:
        with lanes.reserve("b") as second:
            assert (first, second) == ("running", "queued")
            lanes.add(task("b1", "b"))
        assert names(lanes) == []
        lanes.add(task("a1", "a"))
        assert names(lanes) == ["a1"]


def test_a_place_that_was_promised_in_vain_is_the_next_one_s() -> None:
    lanes = Lanes(1)
    with lanes.reserve("a"):
        lanes.add(task("b1", "b"))
        assert names(lanes) == []
    assert names(lanes) == ["b1"]


def test_sessions_take_turns_when_there_is_room_for_few() -> None:
    lanes = Lanes(1)
    for name in ("a1", "a2", "b1", "c1"):
        lanes.add(task(name, name[0]))
    ran = []
    while row := lanes.next():
        ran.append(row.task_id)
        lanes.done(row.session_id)
    assert ran == ["a1", "b1", "c1", "a2"]


def test_the_more_urgent_go_first_in_their_session_and_before_others() -> None:
    lanes = Lanes(1)
    for name, priority in (("a1", 0), ("a2", 5), ("b1", 5), ("c1", -1), ("d1", 9)):
        lanes.add(task(name, name[0], priority))
    ran = []
    while row := lanes.next():
        ran.append(row.task_id)
        lanes.done(row.session_id)
    assert ran == ["d1", "a2", "b1", "a1", "c1"]
    assert lanes.counts == {"running": 0, "queued": 0}


def test_an_urgent_task_of_a_session_that_runs_holds_nobody_up() -> None:
    lanes = Lanes(2)
    lanes.add(task("a1", "a"))
    assert names(lanes) == ["a1"]
    lanes.add(task("a2", "a", 9))
    lanes.add(task("b1", "b"))
    assert names(lanes) == ["b1"]


def test_who_leaves_the_line_does_not_run() -> None:
    lanes = Lanes(1)
    for name in ("a1", "b1"):
        lanes.add(task(name, name[0]))
    assert lanes.remove("a1") is not None
    assert lanes.remove("a1") is None
    assert names(lanes) == ["b1"]
    assert not lanes.busy("a")


def test_a_reserved_place_makes_a_session_busy_until_it_is_given_back() -> None:
    lanes = Lanes(10)
    with lanes.reserve("a") as first:
        assert lanes.busy("a")
        with lanes.reserve("a") as second:
            assert (first, second) == ("running", "queued")
        assert lanes.busy("a")
    assert not lanes.busy("a")


def test_a_place_in_a_full_house_is_a_place_in_the_line() -> None:
    lanes = Lanes(1)
    lanes.add(task("a1", "a"))
    lanes.next()
    with lanes.reserve("b") as status:
        assert status == "queued"


def test_who_is_held_does_not_begin_and_nobody_overtakes() -> None:
    lanes = Lanes(10)
    for name in ("a1", "a2", "b1"):
        lanes.add(task(name, name[0]))
    lanes.hold("a1")
    lanes.hold("a1")
    lanes.free("a1")
    assert names(lanes) == ["b1"]
    lanes.free("a1")
    assert names(lanes) == ["a1"]


def test_so_many_may_wait_in_a_session_and_places_that_are_reserved_count() -> None:
    lanes = Lanes(0)
    for number in range(MOST_WAITING - 1):
        lanes.add(task(f"a{number}", "a"))
    with lanes.reserve("a"):
        with pytest.raises(TooMany, match="100 tasks wait in this session"), lanes.reserve("a"):
            pass
        with lanes.reserve("b") as other:
            assert other == "queued"
    with lanes.reserve("a") as again:
        assert again == "queued"


async def test_a_prompt_too_many_is_refused_and_leaves_nothing(store: Store) -> None:
    async with stage(store, Patient()) as life:
        session = await life.session()
        tasks = [await life.prompt(session, "wait") for _ in range(1 + MOST_WAITING)]
        with pytest.raises(TooMany, match="wait until one has begun, or stop some"):
            await life.prompt(session, "one too many")
        assert [row.task_id for row in await store.tasks(session_id=session)] == tasks
        await life.control(tasks[-1], "stop")
        await life.prompt(session, "now there is a place")
        last = await life.prompt(session, "and this stops all", if_busy="interrupt")
        assert [row.task_id for row in await store.tasks(session_id=session, open_only=True)] == [last]


async def test_tasks_of_one_session_run_in_the_order_of_their_prompts(store: Store) -> None:
    async with stage(store) as life:
        session = await life.session()
        tasks = [await life.prompt(session, "play 3 events") for _ in range(5)]
        await life.ended(tasks[-1])
        ended = [event.task_id for event in await life.log(session) if kind(event) == "task_completed"]
    assert ended == tasks


async def test_an_enqueued_task_says_that_it_waits_and_later_that_it_runs(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient) as life:
        session = await life.session()
        await life.prompt(session, "wait")
        second = await life.prompt(session, "wait")
        patient.may_finish.set()
        await life.ended(second)
        told = [event for event in await life.said(second) if kind(event) in {"task_started", "task_progress"}]
    assert [event.data.status for event in told] == ["queued", "running"]  # type: ignore[union-attr]


async def test_reject_refuses_while_a_task_runs_and_writes_nothing(store: Store) -> None:
    async with stage(store, Patient()) as life:
        session = await life.session()
        running = await life.prompt(session, "wait")
        await until(lambda: life.said(running), "it to run")
        before = len(await life.store.tasks())
        with pytest.raises(TaskRunning, match="send if_busy enqueue or interrupt"):
            await life.prompt(session, "me too", if_busy="reject")
        assert len(await life.store.tasks()) == before


async def test_reject_in_an_idle_session_runs(store: Store) -> None:
    async with stage(store) as life:
        session = await life.session()
        await life.ended(await life.prompt(session, "play 1 event"))
        assert await life.ended(await life.prompt(session, "play 1 event", if_busy="reject")) == "completed"


async def test_interrupt_stops_what_runs_and_what_waits_then_runs(store: Store) -> None:
    async with stage(store, Patient()) as life:
        session = await life.session()
        before = [await life.prompt(session, "wait") for _ in range(3)]
        last = await life.prompt(session, "now", if_busy="interrupt")
        assert [await life.status(name) for name in before] == ["cancelled"] * 3
        log = await life.log(session)
    begun = next(at for at, event in enumerate(log) if event.task_id == last)
    assert {kind(event) for event in log[begun:]} <= {"user_prompt", "task_started", "agent_status", "debug"}


async def test_interrupt_leaves_what_waits_for_a_person_or_is_paused(store: Store) -> None:
    async with stage(store, Patient(), Asker()) as life:
        session = await life.session()
        asks = await life.prompt(session, "ask", agent="asker")
        await life.until(asks, "waiting")
        rests = await life.prompt(session, "wait")
        await life.control(rests, "pause")
        await life.until(rests, "paused")
        runs = await life.prompt(session, "wait")
        await life.until(runs, "running")
        await life.prompt(session, "now", if_busy="interrupt")
        assert [await life.status(name) for name in (asks, rests, runs)] == ["waiting", "paused", "cancelled"]
        await life.desk.closing.close(session, "enough")
        assert [await life.status(name) for name in (asks, rests)] == ["cancelled"] * 2


async def test_tasks_of_other_sessions_are_not_interrupted(store: Store) -> None:
    async with stage(store, Patient()) as life:
        other = await life.task("wait")
        session = await life.session()
        await life.prompt(session, "wait")
        await life.prompt(session, "now", if_busy="interrupt")
        assert await life.status(other) == "running"


async def test_of_two_who_come_at_once_for_the_last_place_one_is_told_that_it_waits(store: Store) -> None:
    async with stage(store, Patient(), most=1) as life:
        sessions = [await life.session() for _ in range(2)]
        async with anyio.create_task_group() as clients:
            for session in sessions:
                clients.start_soon(life.prompt, session, "wait")
        events = [event for session in sessions for event in await life.log(session)]
    told = [event.data.status for event in events if isinstance(event, TaskStarted)]
    assert sorted(told) == ["queued", "running"]


async def test_no_more_than_the_most_run_at_once(store: Store) -> None:
    patient = Patient()
    async with stage(store, patient, most=3) as life:
        tasks = [await life.task("wait") for _ in range(10)]
        await until(lambda: _true(len(patient.present) == 3), "three to run")
        assert life.runner.stats == {"running": 3, "queued": 7}
        patient.may_finish.set()
        for name in tasks:
            assert await life.ended(name) == "completed"
    assert patient.most_present == 3
    # Those that a database gave out at one time may begin in any order.
    apart = [abs(patient.started.index(name) - place) for place, name in enumerate(tasks)]
    assert max(apart) < (3 if store.queue else 1)


async def test_prompts_that_come_together_run_one_after_the_other(store: Store) -> None:
    async with stage(store) as life:
        session = await life.session()
        async with anyio.create_task_group() as clients:
            for _ in range(10):
                clients.start_soon(life.prompt, session, "play 3 events")
        tasks = [row.task_id for row in await life.store.tasks(session_id=session)]
        for name in tasks:
            await life.ended(name)
        spoken = [event.task_id for event in await life.log(session) if event.attempt and kind(event) == "reasoning"]
    assert spoken == tasks


async def _true(value: bool) -> bool:
    return value
