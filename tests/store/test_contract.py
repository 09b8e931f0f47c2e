"""The suite that every store passes, from the sentences of ``puntini.log.contract``: appending, fences, the listener.

It goes on in ``test_contract_reading.py`` and ``test_contract_records.py``.
"""

import asyncio
import gc
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from puntini.errors import NotFound, SessionClosed, StaleAttempt
from puntini.log.contract import Fence, Store, Written
from puntini.protocol.entries import Entry
from puntini.protocol.events import TaskStatus
from puntini.protocol.ids import is_epoch
from tests.store.making import (
    NOW,
    SESSION,
    TASK,
    add,
    begin,
    completed,
    end_task,
    everything,
    many,
    once,
    record,
    said,
    seqs,
    start_task,
    started,
    task,
)

pytestmark = pytest.mark.anyio

NOBODY = "ses_nobody"


async def test_the_epoch_can_be_part_of_an_id(store: Store) -> None:
    assert is_epoch(store.epoch)


# Appending.


async def test_seqs_begin_at_one_and_have_no_holes(store: Store, session: str) -> None:
    written = [await store.append(add(*many(count))) for count in (1, 3, 2)]

    assert [(each.first, each.last) for each in written] == [(1, 1), (2, 4), (5, 6)]
    assert seqs(await store.read(session, 0)) == [1, 2, 3, 4, 5, 6]


async def test_each_session_counts_for_itself(store: Store) -> None:
    await store.append(begin("ses_a", *many(3)))

    written = await store.append(begin("ses_b", *many(2)))

    assert (written.session_id, written.first, written.last) == ("ses_b", 1, 2)


async def test_what_was_appended_is_what_is_read(store: Store, session: str) -> None:
    entries = [said("plain"), said('quotes " and \\ and \u2028 and ü'), started(), completed()]

    await store.append(add(*entries))

    assert [entry for _, entry in (await store.read(session, 0)).events] == entries


async def test_an_append_without_events_says_so_by_its_seqs(store: Store, session: str) -> None:
    await store.append(add(said()))

    written = await store.append(add(once=once("c1")))

    assert written.first > written.last
    assert written.last == 1


async def test_create_makes_the_session_and_its_first_events_together(store: Store) -> None:
    await store.append(begin(SESSION, *many(2), task=task()))

    row = await store.session(SESSION)

    assert row == record(head=2)
    assert (await store.task(TASK)) == task(first_seq=1)


async def test_an_append_to_no_session_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.append(add(said(), to=NOBODY))


async def test_what_is_handed_in_first_is_committed_first(store: Store, session: str) -> None:
    futures = [store.submit(add(said(str(number)))) for number in range(50)]

    written = await asyncio.gather(*futures)

    assert [each.first for each in written] == list(range(1, 51))
    assert [entry for _, entry in await everything(store)] == [said(str(number)) for number in range(50)]


async def test_giving_up_the_wait_does_not_undo_the_append(store: Store, session: str) -> None:
    waiting = asyncio.create_task(store.append(add(said("kept"))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    await store.append(add(said("next")))

    assert [entry for _, entry in await everything(store)] == [said("kept"), said("next")]


async def test_a_refused_append_holds_up_no_other(store: Store, session: str) -> None:
    futures = [
        store.submit(add(said("first"))),
        store.submit(add(said(), to=NOBODY)),
        store.submit(add(said(), fence=Fence("tsk_nobody", 1))),
        store.submit(add(said("second"))),
    ]

    results = await asyncio.gather(*futures, return_exceptions=True)

    assert [type(result) for result in results] == [Written, NotFound, StaleAttempt, Written]
    assert [entry for _, entry in await everything(store)] == [said("first"), said("second")]


async def test_a_refusal_that_nobody_waits_for_is_no_error(store: Store, session: str) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    store.submit(add(said(), to=NOBODY))
    await store.append(add(said()))
    gc.collect()

    assert complaints == []


async def test_a_refused_append_leaves_nothing_behind(store: Store) -> None:
    refused = begin(SESSION, said(), task=task(), once=once("c1"), fence=Fence("tsk_nobody", 1))

    with pytest.raises(StaleAttempt):
        await store.append(refused)

    assert await store.session(SESSION) is None
    assert await store.task(TASK) is None
    assert await store.outcome(once("c1")) is None


# Once.


async def test_a_command_that_comes_twice_is_done_once(store: Store, session: str) -> None:
    first = await store.append(start_task(once=once("c1")))

    second = await store.append(add(said("again"), task=task("tsk_2"), once=once("c1")))

    assert second == first._replace(repeated=True)
    assert (await store.bounds(session)).head == 1
    assert await store.task("tsk_2") is None


async def test_a_command_that_comes_many_times_at_once_is_done_once(store: Store, session: str) -> None:
    futures = [store.submit(add(said(), once=once("c1"))) for _ in range(20)]

    written = await asyncio.gather(*futures)

    assert [each.repeated for each in written] == [False] + [True] * 19
    assert {(each.first, each.last) for each in written} == {(1, 1)}
    assert seqs(await store.read(session, 0)) == [1]


async def test_a_repeated_create_names_the_session_that_was_made(store: Store) -> None:
    await store.append(begin("ses_a", once=once("c1", "ana")))

    written = await store.append(begin("ses_b", once=once("c1", "ana")))

    assert (written.session_id, written.repeated) == ("ses_a", True)
    assert await store.session("ses_b") is None


async def test_the_same_key_in_another_scope_is_another_command(store: Store, session: str) -> None:
    await store.append(add(said(), once=once("c1", "ana")))

    written = await store.append(add(said(), once=once("c1", "bea")))

    assert (written.last, written.repeated) == (2, False)


async def test_a_command_that_was_refused_is_not_remembered(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.append(add(said(), once=once("c1")))
    await store.append(begin())

    written = await store.append(add(said(), once=once("c1")))

    assert not written.repeated


async def test_a_command_is_answered_also_when_its_session_has_been_closed(store: Store, session: str) -> None:
    first = await store.append(add(said(), once=once("c1")))
    await store.append(add(said(), status="closed"))

    assert await store.append(add(said(), once=once("c1"))) == first._replace(repeated=True)


async def test_the_outcome_of_a_command_can_be_asked_for(store: Store, session: str) -> None:
    assert await store.outcome(once("c1")) is None

    await store.append(start_task(once=once("c1")))

    assert await store.outcome(once("c1")) == Written(session, 1, 1, TASK, repeated=True)


async def test_forget_drops_only_what_is_older(store: Store, session: str) -> None:
    for number in range(4):
        await store.append(add(said(), once=once(f"c{number}"), at=NOW + number))

    assert await store.forget(outcomes_before=NOW + 2) == 2

    kept = [await store.outcome(once(f"c{number}")) is not None for number in range(4)]
    assert kept == [False, False, True, True]
    assert not (await store.append(add(said(), once=once("c0")))).repeated


# Fences and tasks.


async def test_a_fenced_append_goes_through_for_the_present_attempt(store: Store, session: str) -> None:
    await store.append(start_task())

    written = await store.append(add(said(), fence=Fence(TASK, 1)))

    assert written.first == 2


@pytest.mark.parametrize("attempt", [1, 3])
async def test_an_append_by_another_attempt_is_stale(store: Store, session: str, attempt: int) -> None:
    await store.append(start_task())
    await store.append(add(task=task(attempt=2)))

    with pytest.raises(StaleAttempt):
        await store.append(add(said(), fence=Fence(TASK, attempt)))

    assert (await store.bounds(session)).head == 1


async def test_of_two_who_change_a_task_that_rests_the_second_is_told(store: Store, session: str) -> None:
    await store.append(start_task())
    await store.append(add(task=task(status="waiting"), fence=Fence(TASK, 1, "running")))

    with pytest.raises(StaleAttempt, match="waiting by now, not running"):
        await store.append(add(task=task(status="paused"), fence=Fence(TASK, 1, "running")))

    assert await store.task(TASK) == task(status="waiting", first_seq=1)


async def test_nothing_of_a_task_comes_after_its_end(store: Store, session: str) -> None:
    await store.append(start_task())
    await store.append(end_task())

    with pytest.raises(StaleAttempt):
        await store.append(add(said("late"), fence=Fence(TASK, 1)))


async def test_a_task_that_is_ended_many_times_at_once_has_one_end(store: Store, session: str) -> None:
    await store.append(start_task())

    results = await asyncio.gather(*[store.submit(end_task()) for _ in range(5)], return_exceptions=True)

    assert [type(result) for result in results] == [Written, *[StaleAttempt] * 4]
    assert [entry.kind for _, entry in await everything(store)] == ["task_started", "task_completed"]


async def test_a_fence_can_name_a_task_of_another_session(store: Store, session: str) -> None:
    await store.append(start_task())
    await store.append(begin("ses_2"))

    assert (await store.append(add(said(), to="ses_2", fence=Fence(TASK, 1)))).first == 1
    await store.append(end_task())
    with pytest.raises(StaleAttempt):
        await store.append(add(said(), to="ses_2", fence=Fence(TASK, 1)))


async def test_a_fence_of_an_unknown_task_is_stale(store: Store, session: str) -> None:
    with pytest.raises(StaleAttempt):
        await store.append(add(said(), fence=Fence("tsk_nobody", 1)))


async def test_a_task_row_knows_its_first_event_and_its_last(store: Store, session: str) -> None:
    await store.append(add(*many(2)))
    await store.append(add(started(), said(), task=task()))
    assert await store.task(TASK) == task(first_seq=3)

    await store.append(add(said(), completed(), task=task(status="completed"), fence=Fence(TASK, 1)))

    assert await store.task(TASK) == task(status="completed", first_seq=3, last_seq=6)


async def test_a_task_row_that_brings_no_events_has_no_first_event(store: Store, session: str) -> None:
    await store.append(add(said()))

    await store.append(add(task=task(status="queued")))

    assert await store.task(TASK) == task(status="queued")


async def test_a_later_row_replaces_the_task_but_not_its_place(store: Store, session: str) -> None:
    await store.append(start_task())

    await store.append(add(said(), task=task(status="paused", attempt=2, max_steps=7)))

    assert await store.task(TASK) == task(status="paused", attempt=2, max_steps=7, first_seq=1)


async def test_tasks_are_listed_in_the_order_of_their_making(store: Store, session: str) -> None:
    await store.append(begin("ses_2"))
    await store.append(start_task("tsk_b"))
    await store.append(start_task("tsk_a"))
    await store.append(add(started("tsk_c"), to="ses_2", task=task("tsk_c", "ses_2")))
    await store.append(end_task("tsk_b"))

    assert [row.task_id for row in await store.tasks()] == ["tsk_b", "tsk_a", "tsk_c"]
    assert [row.task_id for row in await store.tasks(session_id=session)] == ["tsk_b", "tsk_a"]
    assert [row.task_id for row in await store.tasks(open_only=True)] == ["tsk_a", "tsk_c"]
    assert [row.task_id for row in await store.tasks(session_id=session, open_only=True)] == ["tsk_a"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"limit": 2}, [0, 1]),
        ({"limit": 2, "offset": 3}, [3, 4]),
        ({"offset": 4}, [4]),
        ({"limit": 9, "offset": 9}, []),
    ],
)
async def test_tasks_come_in_pages(store: Store, session: str, how: dict[str, Any], expected: list[int]) -> None:
    await store.append(begin("ses_2"))
    for number in range(5):
        await store.append(start_task(f"tsk_{number}"))
    await store.append(add(started("tsk_x"), to="ses_2", task=task("tsk_x", "ses_2")))

    rows = await store.tasks(session_id=session, open_only=True, **how)

    assert [row.task_id for row in rows] == [f"tsk_{number}" for number in expected]


async def test_tasks_are_chosen_by_session_status_and_agent_alone_and_together(store: Store, session: str) -> None:
    await store.append(begin("ses_2"))
    statuses: list[TaskStatus] = ["completed", "failed", "running", "paused", "completed", "running"]
    rows = [
        task(f"tsk_{number}", [session, "ses_2"][number % 2], status=status, agent=["a", "a", "b"][number % 3])
        for number, status in enumerate(statuses)
    ]
    for row in rows:
        await store.append(add(started(row.task_id), to=row.session_id, task=row))

    for session_id, status, agent, open_only in product(
        (None, session, "ses_2", NOBODY), (None, *statuses), (None, "a", "b", "nobody"), (False, True)
    ):
        expected = [
            row.task_id
            for row in rows
            if session_id in {None, row.session_id} and status in {None, row.status} and agent in {None, row.agent}
            if not (open_only and row.ended)
        ]
        listed = await store.tasks(session_id=session_id, status=status, agent=agent, open_only=open_only)
        newest = await store.tasks(
            session_id=session_id, status=status, agent=agent, open_only=open_only, last=True, limit=2, offset=1
        )
        count = await store.count_tasks(session_id=session_id, status=status, agent=agent, open_only=open_only)
        assert [row.task_id for row in listed] == expected
        assert [row.task_id for row in newest] == expected[::-1][1:3]
        assert count == len(expected)


async def test_a_task_is_found_under_its_new_status_and_no_more_under_the_old(store: Store, session: str) -> None:
    await store.append(start_task())
    await store.append(end_task())

    assert await store.tasks(status="running") == await store.tasks(open_only=True) == []
    assert [row.task_id for row in await store.tasks(status="completed")] == [TASK]


async def test_tasks_are_counted_as_they_are_listed(store: Store, session: str) -> None:
    await store.append(begin("ses_2"))
    for task_id in ("tsk_a", "tsk_b"):
        await store.append(start_task(task_id))
    await store.append(add(started("tsk_c"), to="ses_2", task=task("tsk_c", "ses_2")))
    await store.append(end_task("tsk_b"))

    assert await store.count_tasks() == 3
    assert await store.count_tasks(session_id=session) == 2
    assert await store.count_tasks(open_only=True) == 2
    assert await store.count_tasks(session_id=session, open_only=True) == 1
    assert await store.count_tasks(session_id=NOBODY) == 0


async def test_there_is_no_task_of_an_unknown_name(store: Store) -> None:
    assert await store.task("tsk_nobody") is None
    assert await store.tasks(session_id=NOBODY) == []


# Closed sessions.


async def test_a_closed_session_takes_no_events(store: Store, session: str) -> None:
    await store.append(start_task())
    await store.append(add(said("the last"), status="closed"))

    for refused in (add(said()), add(said(), fence=Fence(TASK, 1)), end_task()):
        with pytest.raises(SessionClosed):
            await store.append(refused)

    assert (await store.bounds(session)).head == 2


async def test_a_closed_session_still_takes_what_is_no_event(store: Store, session: str) -> None:
    await store.append(add(said("the last"), status="closed"))

    await store.append(add(once=once("c1")))

    assert await store.outcome(once("c1")) is not None


async def test_a_session_that_is_closed_in_the_same_breath_takes_nothing_after(store: Store, session: str) -> None:
    futures = [store.submit(add(said("last"), status="closed")), store.submit(add(said("late")))]

    results = await asyncio.gather(*futures, return_exceptions=True)

    assert [type(result) for result in results] == [Written, SessionClosed]


# The listener.


class Heard:
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.commits: list[tuple[str, int, list[Entry]]] = []

    def __call__(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        self.commits.append((session_id, first, list(entries)))


async def test_the_listener_is_told_of_each_commit_in_log_order(store: Store, session: str) -> None:
    heard = Heard()
    store.watch(heard)
    entries = many(30)

    await asyncio.gather(*[store.submit(add(entry)) for entry in entries])

    assert heard.commits == [(session, number, [entry]) for number, entry in enumerate(entries, start=1)]


async def test_the_listener_is_told_before_the_appends_future_is_done(store: Store, session: str) -> None:
    futures: list[asyncio.Future[Written]] = []
    done: list[bool] = []
    store.watch(lambda *_: done.extend(future.done() for future in futures))

    futures.append(store.submit(add(said())))
    await futures[0]
    store.watch(lambda *_: None)

    assert not any(done)


async def test_the_listener_can_already_read_what_it_is_told_of(store: Store, session: str) -> None:
    reads: list[asyncio.Task[list[tuple[int, Entry]]]] = []
    store.watch(lambda *_: reads.append(asyncio.ensure_future(everything(store))))

    await store.append(add(*many(2)))

    assert await reads[0] == list(enumerate(many(2), start=1))


async def test_the_listener_is_not_told_of_what_changed_no_log(store: Store, session: str) -> None:
    await store.append(add(said(), once=once("c1")))
    heard = Heard()
    store.watch(heard)

    await store.append(add(said(), once=once("c1")))
    await store.append(add(task=task()))
    with pytest.raises(StaleAttempt):
        await store.append(add(said(), fence=Fence(TASK, 9)))

    assert heard.commits == []


# Counting and closing.


async def test_the_store_counts_what_it_does(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.read(session, 0)

    stats = store.stats

    assert (stats["appends"], stats["events"], stats["reads"]) == (2, 3, 1)
    assert 1 <= stats["commits"] <= 2


async def test_close_finishes_what_was_accepted(store: Store, session: str) -> None:
    heard = Heard()
    store.watch(heard)
    futures = [store.submit(add(said())) for _ in range(100)]

    await store.close()

    assert [future.result().first for future in futures] == list(range(1, 101))
    assert len(heard.commits) == 100
