"""The suite that every store passes, continued: a session that begins as another."""

from typing import Any

import pytest

from puntini.errors import Conflict, NotFound, SessionClosed
from puntini.log.contract import Append, Kept, Snapshot, Store, Written
from tests.store.making import (
    NOW,
    SESSION,
    TASK,
    add,
    begin,
    completed,
    everything,
    many,
    once,
    record,
    said,
    start_task,
    task,
)

pytestmark = pytest.mark.anyio

FORK = "ses_fork"


def forked(*entries: Any, **fields: Any) -> Append:
    """What makes the fork, and comes behind what is copied."""
    return Append(session_id=FORK, create=record(FORK, at=NOW + 5), entries=entries, at=NOW + 5, **fields)


async def test_a_fork_holds_what_the_other_held_up_to_an_event(store: Store, session: str) -> None:
    for some in (many(3), many(5), many(2)):
        await store.append(add(*some))
    whole = await everything(store)

    for to in range(11):
        await store.fork(SESSION, to, forked())
        assert await everything(store, FORK) == whole[:to]
        assert (await store.bounds(FORK)).head == to
        await store.delete_session(FORK)

    assert await everything(store) == whole


async def test_a_fork_is_a_session_like_any_other(store: Store, session: str) -> None:
    await store.append(add(*many(3), at=NOW + 9))

    written = await store.fork(SESSION, 2, forked(said("a"), said("b")))
    after = await store.append(add(said("c"), to=FORK))

    assert written == Written(FORK, 3, 4)
    assert after == Written(FORK, 5, 5)
    assert [seq for seq, _ in await everything(store, FORK)] == [1, 2, 3, 4, 5]
    row = await store.session(FORK)
    assert row is not None
    assert (row.owner, row.status, row.floor, row.head, row.created_at) == ("ana", "active", 0, 5, NOW + 5)
    assert [row.session_id for row in (await store.sessions(limit=9, offset=0))[0]] == [FORK, SESSION]


async def test_what_either_says_from_then_on_is_its_own(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.fork(SESSION, 4, forked())

    await store.append(add(said("there")))
    await store.append(add(said("here"), to=FORK))
    await store.erase(SESSION, [1])
    await store.trim(FORK, 3)

    assert await everything(store) == [*list(enumerate(many(4), 1))[1:], (5, said("there"))]
    assert await everything(store, FORK) == [(4, many(4)[3]), (5, said("here"))]


async def test_holes_stay_holes(store: Store, session: str) -> None:
    await store.append(add(*many(6)))
    await store.erase(SESSION, [2, 5, 6])

    await store.fork(SESSION, 6, forked(said("next")))

    assert [seq for seq, _ in await everything(store, FORK)] == [1, 3, 4, 7]


@pytest.mark.parametrize("to", [4, 5, 6])
async def test_the_floor_is_where_it_was_and_the_snapshot_that_it_stands_on_is_there(
    store: Store, session: str, to: int
) -> None:
    await store.append(add(*many(6)))
    for seq in (2, 4, 6):
        await store.save_snapshot(SESSION, Snapshot(seq, b"%d" % seq))
    await store.trim(SESSION, 4)

    await store.fork(SESSION, to, forked())

    assert await store.bounds(FORK) == (4, to)
    assert [seq for seq, _ in await everything(store, FORK)] == list(range(5, to + 1))
    assert await store.snapshot(FORK, 5) == Snapshot(4, b"4")
    assert await store.snapshot(FORK, 9) == (Snapshot(6, b"6") if to == 6 else Snapshot(4, b"4"))


async def test_snapshots_of_either_are_its_own(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.save_snapshot(SESSION, Snapshot(2, b"there"))
    await store.fork(SESSION, 4, forked())

    await store.save_snapshot(FORK, Snapshot(2, b"here"))

    assert await store.snapshot(SESSION, 9) == Snapshot(2, b"there")
    assert await store.snapshot(FORK, 9) == Snapshot(2, b"here")


@pytest.mark.parametrize(("to", "where"), [(3, "back"), (7, "forward")])
async def test_what_is_not_in_the_log_can_not_be_forked(store: Store, session: str, to: int, where: str) -> None:
    await store.append(add(*many(6)))
    await store.trim(SESSION, 4)

    with pytest.raises(NotFound, match=f"does not reach {where}"):
        await store.fork(SESSION, to, forked())

    assert await store.session(FORK) is None


async def test_no_session_can_not_be_forked(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.fork(SESSION, 0, forked())


async def test_a_fork_takes_no_others_name(store: Store, session: str) -> None:
    await store.append(begin(FORK, said("mine")))

    with pytest.raises(Conflict):
        await store.fork(SESSION, 0, forked())

    assert await everything(store, FORK) == [(1, said("mine"))]


async def test_a_fork_brings_along_what_is_kept_and_a_task(store: Store, session: str) -> None:
    await store.append(add(*many(2)))
    kept = Kept(FORK, "kind", "key", b"body")

    written = await store.fork(SESSION, 2, forked(said(), kept=[kept], task=task(TASK, FORK)))

    assert written.task_id == TASK
    assert await store.kept(FORK, "kind", "key") == b"body"
    row = await store.task(TASK)
    assert row is not None
    assert (row.session_id, row.first_seq) == (FORK, 3)


async def test_tasks_stay_with_the_session_that_they_were_begun_in(store: Store, session: str) -> None:
    await store.append(start_task())

    await store.fork(SESSION, 1, forked(completed()))

    assert [row.task_id for row in await store.tasks(session_id=SESSION, open_only=True)] == [TASK]
    assert await store.tasks(session_id=FORK) == []


async def test_a_fork_happens_once(store: Store, session: str) -> None:
    await store.append(add(*many(2)))
    first = await store.fork(SESSION, 1, forked(once=once("f1")))

    other = Append(session_id="ses_x", create=record("ses_x"), once=once("f1"), at=NOW)
    again = await store.fork(SESSION, 2, other)

    assert again == first._replace(repeated=True)
    assert await store.outcome(once("f1")) == again
    assert await store.session("ses_x") is None


async def test_a_closed_session_can_be_forked_and_the_fork_goes_on(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.append(add(said("closing"), status="closed"))
    with pytest.raises(SessionClosed):
        await store.append(add(said()))

    await store.fork(SESSION, 3, forked())

    assert (await store.append(add(said("on"), to=FORK))).first == 4


async def test_a_fork_stays_when_the_other_goes(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.fork(SESSION, 3, forked())

    await store.delete_session(SESSION)

    assert await everything(store, FORK) == list(enumerate(many(3), 1))
    assert (await store.append(add(said(), to=FORK))).first == 4


async def test_a_fork_can_be_forked(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.fork(SESSION, 3, forked(said("x")))

    again = Append(session_id="ses_2", create=record("ses_2"), at=NOW)
    await store.fork(FORK, 4, again)

    assert await everything(store, "ses_2") == await everything(store, FORK)


async def test_whoever_watches_is_told_of_what_comes_behind_the_copy(store: Store, session: str) -> None:
    await store.append(add(*many(2)))
    told: list[Any] = []
    store.watch(lambda *what: told.append(what))

    await store.fork(SESSION, 2, forked(said("x")))
    await store.fork(SESSION, 2, Append(session_id="ses_2", create=record("ses_2"), at=NOW))

    assert told == [(FORK, 3, (said("x"),))]
