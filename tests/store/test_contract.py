"""The one suite that every store passes: the sentences of ``puntini.log.contract``, one or more tests each."""

import asyncio
import gc
from collections.abc import Sequence

import pytest

from puntini.errors import NotFound, SessionClosed, StaleAttempt
from puntini.log.contract import Append, Bounds, Fence, Snapshot, Store, Written
from puntini.protocol.entries import Entry
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


# Reading.


async def test_reading_goes_on_after_the_cursor(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    page = await store.read(session, 2)

    assert (seqs(page), page.upto, page.floor, page.head) == ([3, 4, 5, 6], 6, 0, 6)


async def test_reading_ends_at_to(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    page = await store.read(session, 1, to=4)

    assert (seqs(page), page.upto, page.head) == ([2, 3, 4], 4, 6)


@pytest.mark.parametrize(("after", "to"), [(3, None), (9, None), (2, 2), (2, 1)])
async def test_where_nothing_is_to_be_read_the_page_is_empty(
    store: Store, session: str, after: int, to: int | None
) -> None:
    await store.append(add(*many(3)))

    page = await store.read(session, after, to=to)

    assert (page.events, page.upto) == ([], after)


@pytest.mark.parametrize("appends", [1, 10])
async def test_a_page_holds_about_so_many_bytes(store: Store, session: str, appends: int) -> None:
    for _ in range(appends):
        await store.append(add(*[said("x" * 100)] * (10 // appends)))
    line = len(said("x" * 100).line)

    page = await store.read(session, 2, max_bytes=3 * line)

    assert (seqs(page), page.upto, page.head) == ([3, 4, 5], 5, 10)


async def test_a_page_holds_at_least_one_event(store: Store, session: str) -> None:
    await store.append(add(said("x" * 1_000), said()))

    page = await store.read(session, 0, max_bytes=1)

    assert (seqs(page), page.upto) == ([1], 1)


async def test_pages_follow_one_another_without_a_hole(store: Store, session: str) -> None:
    for _ in range(5):
        await store.append(add(*many(7)))
    found: list[int] = []
    after = 0
    while after < 35:
        page = await store.read(session, after, max_bytes=300)
        found += seqs(page)
        after = page.upto

    assert found == list(range(1, 36))


async def test_reading_no_session_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.read(NOBODY, 0)
    with pytest.raises(NotFound):
        await store.bounds(NOBODY)


async def test_the_bounds_of_a_new_session_are_empty(store: Store, session: str) -> None:
    assert await store.bounds(session) == Bounds(0, 0)
    assert (await store.read(session, 0)).events == []


# Forgetting.


@pytest.mark.parametrize("to", [1, 3, 4, 6])
async def test_trim_moves_the_floor(store: Store, session: str, to: int) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    await store.trim(session, to)

    page = await store.read(session, 0)
    assert (seqs(page), page.upto, page.floor, page.head) == (list(range(to + 1, 7)), 6, to, 6)
    assert await store.bounds(session) == Bounds(to, 6)


async def test_the_floor_never_moves_back(store: Store, session: str) -> None:
    await store.append(add(*many(5)))
    await store.trim(session, 4)

    await store.trim(session, 2)

    assert await store.bounds(session) == Bounds(4, 5)


async def test_the_floor_never_passes_the_head(store: Store, session: str) -> None:
    await store.append(add(*many(5)))

    await store.trim(session, 99)

    assert await store.bounds(session) == Bounds(5, 5)
    assert (await store.append(add(said()))).first == 6


async def test_reading_below_the_floor_up_to_below_the_floor_gives_nothing(store: Store, session: str) -> None:
    await store.append(add(*many(9)))
    await store.trim(session, 6)

    page = await store.read(session, 1, to=4)

    assert (page.events, page.upto, page.floor) == ([], 4, 6)


async def test_a_long_log_is_trimmed_while_it_is_appended_to(store: Store, session: str) -> None:
    for _ in range(450):
        await store.append(add(said()))

    _, written = await asyncio.gather(store.trim(session, 440), store.append(add(said())))

    assert written.first == 451
    assert [seq for seq, _ in await everything(store)] == list(range(441, 452))


async def test_a_page_read_during_a_trim_does_not_hide_what_is_missing(store: Store, session: str) -> None:
    for _ in range(400):
        await store.append(add(said()))

    async def read(to: int) -> None:
        while (page := await store.read(session, 0, max_bytes=1)).floor < to:
            assert seqs(page) == [page.floor + 1]
            await asyncio.sleep(0)

    reading = [asyncio.create_task(read(399)) for _ in range(4)]
    for to in range(1, 400):
        await store.trim(session, to)
    await asyncio.gather(*reading)


async def test_trim_forgets_older_snapshots(store: Store, session: str) -> None:
    await store.append(add(*many(6)))
    for seq in (2, 4, 6):
        await store.save_snapshot(session, Snapshot(seq, b"{}"))

    await store.trim(session, 4)

    assert await store.snapshot(session, 3) is None
    assert await store.snapshot(session, 5) == Snapshot(4, b"{}")


@pytest.mark.parametrize("erased", [[1], [6], [2, 3, 4], [5, 1], [1, 2, 3, 4, 5, 6], []])
async def test_erased_events_become_holes(store: Store, session: str, erased: list[int]) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    await store.erase(session, erased)

    page = await store.read(session, 0)
    assert seqs(page) == [seq for seq in range(1, 7) if seq not in erased]
    assert (page.upto, page.floor, page.head) == (6, 0, 6)
    assert (await store.append(add(said()))).first == 7


async def test_erasing_what_is_not_there_changes_nothing(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.trim(session, 2)

    await store.erase(session, [1, 4, 4, 5, 99])

    assert seqs(await store.read(session, 0)) == [3]


async def test_reading_passes_over_long_holes(store: Store, session: str) -> None:
    for _ in range(30):
        await store.append(add(*many(10)))
    await store.erase(session, range(1, 300))

    page = await store.read(session, 0, max_bytes=1)

    assert (seqs(page), page.upto) == ([300], 300)


async def test_trim_and_erase_of_no_session_raise_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.trim(NOBODY, 1)
    with pytest.raises(NotFound):
        await store.erase(NOBODY, [1])
    with pytest.raises(NotFound):
        await store.horizon(NOBODY, before=0, keep_bytes=1)


async def test_the_horizon_is_the_floor_when_nothing_is_too_old_or_too_much(store: Store, session: str) -> None:
    assert await store.horizon(session, before=NOW, keep_bytes=1) == 0
    await store.append(add(*many(3)))
    await store.trim(session, 1)

    assert await store.horizon(session, before=NOW, keep_bytes=1 << 40) == 1


async def test_the_horizon_lies_behind_what_is_too_old(store: Store, session: str) -> None:
    for number in range(5):
        await store.append(add(*many(2), at=NOW + number))

    assert await store.horizon(session, before=NOW + 3, keep_bytes=1 << 40) == 6
    assert await store.horizon(session, before=NOW + 99, keep_bytes=1 << 40) == 10


async def test_the_horizon_lies_behind_what_is_too_much(store: Store, session: str) -> None:
    for _ in range(6):
        await store.append(add(said("x" * 500)))
    line = len(said("x" * 500).line)

    assert await store.horizon(session, before=0, keep_bytes=2 * line) == 4


async def test_what_was_erased_counts_for_nothing(store: Store, session: str) -> None:
    for _ in range(6):
        await store.append(add(said("x" * 500)))
    line = len(said("x" * 500).line)

    await store.erase(session, [5, 6])

    assert await store.horizon(session, before=0, keep_bytes=2 * line) == 2


# Records.


async def test_a_session_is_kept_as_it_was_given(store: Store) -> None:
    row = record("ses_x", title="A title", agent="demo")

    await store.append(Append(session_id="ses_x", create=row, at=NOW))

    assert await store.session("ses_x") == row


async def test_there_is_no_session_of_an_unknown_name(store: Store) -> None:
    assert await store.session(NOBODY) is None


async def test_a_session_was_updated_at_its_last_append_or_change(store: Store, session: str) -> None:
    async def updated() -> int:
        row = await store.session(session)
        return row.updated_at if row else 0

    await store.append(add(said(), at=NOW + 10))
    assert await updated() == NOW + 10
    await store.amend(session, at=NOW + 20, title="Another")
    assert await updated() == NOW + 20
    await store.append(add(status="closed", at=NOW + 30))
    assert await updated() == NOW + 30


async def test_a_session_stays_updated_when_its_events_are_forgotten(store: Store, session: str) -> None:
    await store.append(add(said(), at=NOW + 10))

    await store.trim(session, 1)

    row = await store.session(session)
    assert row is not None
    assert (row.updated_at, row.floor, row.head) == (NOW + 10, 1, 1)
    assert (await store.sessions(limit=9, offset=0, idle_before=NOW + 5))[1] == 0


async def test_sessions_are_listed_with_the_newest_first(store: Store) -> None:
    for number in range(5):
        await store.append(begin(f"ses_{number}"))

    rows, total = await store.sessions(limit=2, offset=1)

    assert ([row.session_id for row in rows], total) == (["ses_3", "ses_2"], 5)


async def test_listed_sessions_come_with_their_bounds(store: Store) -> None:
    await store.append(begin(SESSION, *many(3), at=NOW + 1))
    await store.trim(SESSION, 2)

    rows, _ = await store.sessions(limit=1, offset=0)

    assert rows == [await store.session(SESSION)]
    assert (rows[0].floor, rows[0].head, rows[0].updated_at) == (2, 3, NOW + 1)


async def test_sessions_are_chosen_by_status_and_by_idleness(store: Store) -> None:
    for number in range(4):
        await store.append(begin(f"ses_{number}", at=NOW + number))
    await store.append(add(said(), to="ses_0", at=NOW + 50))
    await store.append(add(to="ses_1", status="closed", at=NOW + 1))

    async def chosen(**how: object) -> list[str]:
        rows, total = await store.sessions(limit=9, offset=0, **how)  # type: ignore[arg-type]
        assert total == len(rows)
        return [row.session_id for row in rows]

    assert await chosen(status="closed") == ["ses_1"]
    assert await chosen(status="active") == ["ses_3", "ses_2", "ses_0"]
    assert await chosen(idle_before=NOW + 3) == ["ses_2", "ses_1"]
    assert await chosen(status="active", idle_before=NOW + 3) == ["ses_2"]


async def test_amend_changes_what_it_is_given_and_nothing_else(store: Store, session: str) -> None:
    await store.append(add(*many(2)))

    titled = await store.amend(session, at=NOW + 5, title="New")
    moved = await store.amend(session, at=NOW + 6, agent="other")

    assert (titled.title, titled.agent, titled.updated_at) == ("New", "", NOW + 5)
    assert (moved.title, moved.agent, moved.head) == ("New", "other", 2)
    assert await store.session(session) == moved


async def test_amend_of_no_session_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.amend(NOBODY, at=NOW, title="New")


async def test_a_deleted_session_takes_all_of_its_own_with_it(store: Store, session: str) -> None:
    await store.append(begin("ses_2", said("stays")))
    await store.append(start_task(once=once("c1")))
    await store.save_snapshot(session, Snapshot(1, b"{}"))

    await store.delete_session(session)

    assert await store.session(session) is None
    assert (await store.tasks(), await store.task(TASK)) == ([], None)
    assert await store.outcome(once("c1")) is None
    assert await store.snapshot(session, 9) is None
    assert await everything(store, "ses_2") == [(1, said("stays"))]
    with pytest.raises(NotFound):
        await store.append(add(said()))


async def test_a_deleted_task_is_not_there_for_a_fence(store: Store, session: str) -> None:
    await store.append(begin("ses_2"))
    await store.append(start_task())
    await store.delete_session(session)

    with pytest.raises(StaleAttempt):
        await store.append(add(said(), to="ses_2", fence=Fence(TASK, 1)))


async def test_deleting_no_session_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.delete_session(NOBODY)


async def test_a_session_made_anew_under_a_deleted_name_begins_at_one(store: Store, session: str) -> None:
    await store.append(add(*many(500)))
    await store.delete_session(session)

    written = await store.append(begin(session, said("new")))

    assert written.first == 1
    assert await everything(store) == [(1, said("new"))]


# Snapshots.


@pytest.mark.parametrize(("at_most", "expected"), [(1, None), (2, 2), (4, 2), (5, 5), (99, 5)])
async def test_the_newest_snapshot_that_is_not_too_new_is_found(
    store: Store, session: str, at_most: int, expected: int | None
) -> None:
    await store.append(add(*many(6)))
    for seq in (5, 2):
        await store.save_snapshot(session, Snapshot(seq, b"%d" % seq))

    found = await store.snapshot(session, at_most)

    assert found == (None if expected is None else Snapshot(expected, b"%d" % expected))


async def test_a_second_snapshot_at_the_same_seq_replaces_the_first(store: Store, session: str) -> None:
    await store.save_snapshot(session, Snapshot(0, b"old"))
    await store.save_snapshot(session, Snapshot(0, b"new"))

    assert await store.snapshot(session, 0) == Snapshot(0, b"new")


async def test_a_snapshot_of_no_session_is_silently_skipped(store: Store) -> None:
    await store.save_snapshot(NOBODY, Snapshot(1, b"{}"))

    assert await store.snapshot(NOBODY, 1) is None


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
