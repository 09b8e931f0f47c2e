"""The suite that every store passes, continued: the ends of tasks, in the order of time."""

from typing import Any

import pytest

from puntini.log.contract import Append, Store
from puntini.log.ends import Ending, Place
from puntini.protocol.events import TaskStatus
from tests.store.making import NOW, SESSION, add, begin, completed, record, said, started, task

pytestmark = pytest.mark.anyio


async def end(
    store: Store, task_id: str, at: int, session_id: str = SESSION, status: TaskStatus = "completed", **more: Any
) -> None:
    """A task that begins and ends."""
    row = task(task_id, session_id, **more)
    await store.append(add(started(task_id), to=session_id, task=row, at=at))
    over = task(task_id, session_id, status, updated_at=at, **more)
    await store.append(add(said(), completed(task_id), to=session_id, task=over, at=at))


def names(found: list[Ending]) -> list[str]:
    """Whose ends were found."""
    return [each.place.task_id for each in found]


async def test_ends_come_with_the_latest_first_whenever_their_tasks_began(store: Store, session: str) -> None:
    for task_id, at in (("tsk_a", NOW + 3), ("tsk_b", NOW + 1), ("tsk_d", NOW + 2), ("tsk_c", NOW + 2)):
        await end(store, task_id, at)
    await store.append(add(started("tsk_open"), task=task("tsk_open")))

    everything = await store.ends(limit=9)

    assert names(everything) == ["tsk_a", "tsk_d", "tsk_c", "tsk_b"]
    assert names(await store.ends(limit=2)) == ["tsk_a", "tsk_d"]
    assert names(await store.ends(limit=2, before=everything[1].place)) == ["tsk_c", "tsk_b"]
    assert await store.ends(limit=2, before=Place(NOW, "")) == []


async def test_an_end_is_told_with_what_the_tasks_record_says(store: Store) -> None:
    await store.append(Append(session_id=SESSION, create=record(), at=NOW))
    spent: dict[str, Any] = {"steps": 2, "input_tokens": 3, "output_tokens": 4, "cost_usd": 0.5}
    await end(store, "tsk_a", NOW + 7, status="failed", prompt="p" * 3_000, **spent)

    [ending] = await store.ends(limit=9)

    assert (ending.place, ending.readable) == (Place(NOW + 7, "tsk_a"), True)
    told = ending.told
    assert told is not None
    assert (told.task_id, told.session_id, told.owner, told.agent) == ("tsk_a", SESSION, "ana", "demo")
    assert (told.status, told.prompt, told.created_at, told.ended_at) == ("failed", "p" * 1_000, NOW, NOW + 7)
    assert (told.steps, told.input_tokens, told.output_tokens, told.cost_usd) == (2, 3, 4, 0.5)
    assert (told.seq, told.end) == (3, completed("tsk_a"))


async def test_of_what_is_known_only_the_place_is_told(store: Store, session: str) -> None:
    await end(store, "tsk_a", NOW)
    await end(store, "tsk_b", NOW + 1)

    found = await store.ends(limit=9, known={"tsk_a"})

    assert [(each.place.task_id, each.told is None) for each in found] == [("tsk_b", False), ("tsk_a", True)]


async def test_an_end_that_retention_has_removed_is_not_readable(store: Store, session: str) -> None:
    await end(store, "tsk_a", NOW)
    await end(store, "tsk_b", NOW + 1)

    await store.trim(SESSION, 3)

    later, earlier = await store.ends(limit=9)
    assert later.told is not None
    assert earlier.told is not None
    assert (later.readable, later.told.end) == (True, completed("tsk_b"))
    assert (earlier.readable, earlier.told.end) == (False, None)


async def test_a_deleted_session_takes_its_ends_with_it(store: Store, session: str) -> None:
    await store.append(begin("ses_2"))
    await end(store, "tsk_a", NOW)
    await end(store, "tsk_b", NOW, "ses_2")

    await store.delete_session(SESSION)

    assert names(await store.ends(limit=9)) == ["tsk_b"]
