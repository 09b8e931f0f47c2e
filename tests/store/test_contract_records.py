"""The suite that every store passes, continued: what is kept beside the events."""

from itertools import pairwise

import pytest

from puntini.errors import NotFound, StaleAttempt
from puntini.log.contract import Append, Fence, Snapshot, Store
from tests.store.making import NOW, SESSION, TASK, add, begin, everything, many, once, record, said, start_task

pytestmark = pytest.mark.anyio

NOBODY = "ses_nobody"


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


async def test_an_append_can_change_the_agent_with_its_events(store: Store, session: str) -> None:
    written = await store.append(add(said("over to you"), agent="other", at=NOW + 5))

    row = await store.session(session)
    assert row is not None
    assert (row.agent, row.status, row.head, row.updated_at) == ("other", "active", written.last, NOW + 5)


async def test_an_append_without_an_agent_leaves_the_agent(store: Store, session: str) -> None:
    await store.append(add(agent="other"))
    await store.append(add(said(), status="closed"))

    row = await store.session(session)
    assert row is not None
    assert (row.agent, row.status) == ("other", "closed")


async def test_a_refused_append_leaves_the_agent(store: Store, session: str) -> None:
    await store.append(add(agent="first", once=once("c1")))
    await store.append(start_task())
    with pytest.raises(StaleAttempt):
        await store.append(add(said(), agent="second", fence=Fence(TASK, 9)))
    await store.append(add(agent="third", once=once("c1")))

    row = await store.session(session)
    assert row is not None
    assert row.agent == "first"


async def test_an_append_that_comes_late_does_not_set_the_time_back(store: Store, session: str) -> None:
    await store.amend(session, at=NOW + 50, title="Later")
    await store.append(add(agent="other", at=NOW + 5))

    row = await store.session(session)
    assert row is not None
    assert row.updated_at == NOW + 50


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


async def test_of_many_snapshots_some_in_between_are_forgotten(store: Store, session: str) -> None:
    for seq in range(300):
        await store.save_snapshot(session, Snapshot(seq, b"%d" % seq))

    left = {found.seq for seq in range(300) if (found := await store.snapshot(session, seq))}

    assert len(left) <= 64
    assert {0, 299} <= left
    assert all(later - earlier <= 1 + (299 - earlier) / 4 for earlier, later in pairwise(sorted(left)))


async def test_a_snapshot_of_no_session_is_silently_skipped(store: Store) -> None:
    await store.save_snapshot(NOBODY, Snapshot(1, b"{}"))

    assert await store.snapshot(NOBODY, 1) is None
