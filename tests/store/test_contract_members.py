"""The suite that every store passes, continued: with whom sessions are shared, and what somebody sees of them."""

import asyncio
from typing import Any

import pytest

from puntini.errors import NotFound
from puntini.log.contract import Append, Kept, SessionRow, Store, TaskRow
from puntini.log.members import Member
from tests.store.making import NOW, SESSION, add, end_task, started, task

pytestmark = pytest.mark.anyio

NOBODY = "ses_nobody"


async def make(store: Store, session_id: str, owner: str) -> str:
    """A session of somebody's."""
    row = SessionRow(session_id=session_id, owner=owner, created_at=NOW, updated_at=NOW)
    await store.append(Append(session_id=session_id, create=row, at=NOW))
    return session_id


async def hand_in(store: Store, session_id: str, task_id: str, **fields: Any) -> None:
    """Begin a task in a session."""
    row: TaskRow = task(task_id, session_id, **fields)
    await store.append(add(started(task_id), to=session_id, task=row))


# Members.


async def test_a_new_session_has_no_members_but_an_owner(store: Store, session: str) -> None:
    assert await store.members(session) == []
    assert await store.role(session, "ana") == "owner"
    assert await store.role(session, "bob") is None


async def test_members_are_listed_by_name_with_their_roles(store: Store, session: str) -> None:
    for user in ("zoe", "Bob", "bob", "émile"):
        await store.share(session, user, "viewer")
    await store.share(session, "bob", "editor")

    found = await store.members(session)

    assert [member.user for member in found] == ["Bob", "bob", "zoe", "émile"]
    assert found[1] == Member(session, "bob", "editor")
    assert await store.role(session, "zoe") == "viewer"


async def test_sharing_says_whether_it_changed_anything(store: Store, session: str) -> None:
    assert await store.share(session, "bob", "viewer")
    assert not await store.share(session, "bob", "viewer")
    assert await store.share(session, "bob", "editor")
    assert await store.share(session, "bob", None)
    assert not await store.share(session, "bob", None)
    assert await store.members(session) == []


async def test_an_owner_stays_the_owner_whatever_is_shared_with_them(store: Store, session: str) -> None:
    await store.share(session, "ana", "viewer")

    assert await store.role(session, "ana") == "owner"


async def test_members_of_no_session_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.members(NOBODY)
    with pytest.raises(NotFound):
        await store.share(NOBODY, "bob", "viewer")
    assert await store.role(NOBODY, "bob") is None


async def test_members_go_with_their_session(store: Store, session: str) -> None:
    await store.share(session, "bob", "editor")
    await store.delete_session(session)
    await make(store, SESSION, "ana")

    assert await store.members(session) == []
    assert await store.role(session, "bob") is None
    assert await store.sessions(limit=9, offset=0, user="bob") == ([], 0)


async def test_a_fork_is_shared_with_nobody(store: Store, session: str) -> None:
    await store.share(session, "bob", "editor")
    row = SessionRow(session_id="ses_fork", owner="bob", created_at=NOW, updated_at=NOW)

    await store.fork(session, 0, Append(session_id="ses_fork", create=row, at=NOW))

    assert await store.members("ses_fork") == []
    assert (await store.role("ses_fork", "bob"), await store.role("ses_fork", "ana")) == ("owner", None)


# What somebody sees.


@pytest.fixture
async def shared(store: Store) -> Store:
    """Four sessions: ana's own, one of hers that bob may edit, bob's own, and one of zoe's that both may see."""
    for session_id, owner in {"ses_a": "ana", "ses_ab": "ana", "ses_b": "bob", "ses_z": "zoe"}.items():
        await make(store, session_id, owner)
    await store.share("ses_ab", "bob", "editor")
    for user in ("ana", "bob"):
        await store.share("ses_z", user, "viewer")
    return store


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ana", ["ses_z", "ses_ab", "ses_a"]),
        ("bob", ["ses_z", "ses_b", "ses_ab"]),
        ("zoe", ["ses_z"]),
        ("eve", []),
        (None, ["ses_z", "ses_b", "ses_ab", "ses_a"]),
    ],
)
async def test_somebody_sees_their_own_sessions_and_those_shared_with_them(
    shared: Store, user: str | None, expected: list[str]
) -> None:
    rows, total = await shared.sessions(limit=9, offset=0, user=user)

    assert ([row.session_id for row in rows], total) == (expected, len(expected))


async def test_a_page_of_somebodys_sessions_counts_theirs_only(shared: Store) -> None:
    rows, total = await shared.sessions(limit=1, offset=1, user="bob")

    assert ([row.session_id for row in rows], total) == (["ses_b"], 3)


async def test_somebodys_sessions_are_chosen_by_status_too(shared: Store) -> None:
    await shared.append(add(to="ses_ab", status="closed", at=NOW + 10))

    for status, expected in (("closed", ["ses_ab"]), ("active", ["ses_z", "ses_b"])):
        rows, total = await shared.sessions(limit=9, offset=0, user="bob", status=status)  # type: ignore[arg-type]
        assert ([row.session_id for row in rows], total) == (expected, len(expected))
    assert (await shared.sessions(limit=9, offset=0, user="bob", idle_before=NOW + 5))[1] == 2


async def test_what_is_not_shared_any_more_is_not_seen_any_more(shared: Store) -> None:
    await hand_in(shared, "ses_ab", "tsk_1")

    await shared.share("ses_ab", "bob", None)

    rows, _ = await shared.sessions(limit=9, offset=0, user="bob")
    assert [row.session_id for row in rows] == ["ses_z", "ses_b"]
    assert await shared.tasks(user="bob") == []


async def test_an_owner_who_is_a_member_too_sees_a_session_once(shared: Store) -> None:
    await shared.share("ses_a", "ana", "editor")
    await hand_in(shared, "ses_a", "tsk_1")

    assert (await shared.sessions(limit=9, offset=0, user="ana"))[1] == 3
    assert await shared.count_tasks(user="ana") == 1


async def test_somebody_sees_the_tasks_of_the_sessions_that_they_see(shared: Store) -> None:
    for number, session_id in enumerate(("ses_a", "ses_ab", "ses_b", "ses_z"), 1):
        await hand_in(shared, session_id, f"tsk_{number}", agent="demo" if number % 2 else "other")
    await shared.append(add(to="ses_b", task=task("tsk_3", "ses_b", status="completed")))

    async def seen(**how: Any) -> list[str]:
        rows = await shared.tasks(**how)
        assert await shared.count_tasks(**how) == len(rows)
        assert await shared.tasks(**how, last=True) == rows[::-1]
        return [row.task_id for row in rows]

    assert await seen(user="ana") == ["tsk_1", "tsk_2", "tsk_4"]
    assert await seen(user="bob") == ["tsk_2", "tsk_3", "tsk_4"]
    assert await seen(user="bob", open_only=True) == ["tsk_2", "tsk_4"]
    assert await seen(user="bob", status="completed") == ["tsk_3"]
    assert await seen(user="bob", agent="other") == ["tsk_2", "tsk_4"]
    assert await seen(user="bob", session_id="ses_ab") == ["tsk_2"]
    assert await seen(user="bob", session_id="ses_a") == []
    assert await seen(user="eve") == []
    assert [row.task_id for row in await shared.tasks(user="bob", limit=1, offset=1)] == ["tsk_3"]


async def test_the_end_of_a_task_changes_nothing_in_who_sees_it(store: Store, session: str) -> None:
    await hand_in(store, session, "tsk_1")
    await store.append(end_task("tsk_1"))

    assert [row.status for row in await store.tasks(user="ana")] == ["completed"]


# Swaps.


def thing(body: bytes | None) -> Kept:
    """The one thing that these tests keep."""
    return Kept("space", "kind", "key", body)


async def test_a_swap_puts_something_where_nothing_is(store: Store) -> None:
    assert await store.swap(thing(b"1"), None)
    assert not await store.swap(thing(b"2"), None)

    assert await store.kept("space", "kind", "key") == b"1"


async def test_a_swap_goes_by_what_is_there(store: Store) -> None:
    await store.keep([thing(b"1")])

    assert not await store.swap(thing(b"3"), b"2")
    assert await store.swap(thing(b"2"), b"1")
    assert await store.kept("space", "kind", "key") == b"2"


async def test_a_swap_can_forget(store: Store) -> None:
    await store.keep([thing(b"1")])

    assert not await store.swap(thing(None), None)
    assert await store.swap(thing(None), b"1")
    assert await store.swap(thing(None), None), "nothing in the place of nothing"
    assert await store.kept("space", "kind", "key") is None


async def test_an_empty_body_is_not_nothing(store: Store) -> None:
    assert await store.swap(thing(b""), None)
    assert not await store.swap(thing(b"1"), None)
    assert await store.swap(thing(b"1"), b"")


async def test_of_two_who_go_by_the_same_one_is_told(store: Store) -> None:
    await store.keep([thing(b"0")])

    done = await asyncio.gather(*[store.swap(thing(b"%d" % number), b"0") for number in range(1, 9)])

    assert done.count(True) == 1
    assert await store.kept("space", "kind", "key") == b"%d" % (done.index(True) + 1)
