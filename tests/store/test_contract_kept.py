"""The suite that every store passes, continued: things kept by name, and how far a task is safe."""

import pytest

from puntini.errors import KeptAlready, StaleAttempt
from puntini.log.contract import Append, Fence, Kept, Store
from tests.store.making import NOW, SESSION, TASK, add, once, said, start_task, task

pytestmark = pytest.mark.anyio


def thing(key: str, body: bytes | None = b"x", *, kind: str = "note", space: str = SESSION) -> Kept:
    """Something to keep."""
    return Kept(space, kind, key, body)


async def test_things_are_kept_with_the_events_they_came_with(store: Store, session: str) -> None:
    await store.append(add(said(), kept=[thing("a", b"1"), thing("b", b"2"), thing("a", b"3")]))

    assert await store.kept(SESSION, "note", "a") == b"3"
    assert await store.kept(SESSION, "note", "c") is None
    assert await store.kept(SESSION, "other", "a") is None
    assert await store.kept("elsewhere", "note", "a") is None


async def test_a_refused_append_keeps_nothing(store: Store, session: str) -> None:
    with pytest.raises(StaleAttempt):
        await store.append(add(said(), fence=Fence(TASK, 1), kept=[thing("a")]))

    assert await store.kept(SESSION, "note", "a") is None


async def test_of_two_who_keep_something_as_new_the_second_is_refused(store: Store, session: str) -> None:
    new, other = (Kept(SESSION, "note", "a", body, new=True) for body in (b"1", b"2"))
    first, second = (store.submit(add(said(), kept=[each])) for each in (new, other))

    await first
    with pytest.raises(KeptAlready):
        await second

    assert await store.kept(SESSION, "note", "a") == b"1"
    assert (await store.bounds(SESSION)).head == 1
    await store.append(add(kept=[thing("a", None)]))
    await store.append(add(kept=[other]))
    assert await store.kept(SESSION, "note", "a") == b"2"


async def test_a_repeated_append_keeps_nothing_more(store: Store, session: str) -> None:
    await store.append(add(said(), once=once("k"), kept=[thing("a", b"first")]))

    await store.append(add(said(), once=once("k"), kept=[thing("a", b"second")]))

    assert await store.kept(SESSION, "note", "a") == b"first"


async def test_things_are_listed_by_prefix_in_the_order_of_their_keys(store: Store) -> None:
    await store.keep([thing(key, key.encode(), space="s") for key in ("b:1", "a:2", "a:1", "a:10", "é", "a;")])

    assert [key for key, _ in await store.kept_all("s", "note")] == ["a:1", "a:10", "a:2", "a;", "b:1", "é"]
    assert await store.kept_all("s", "note", prefix="a:", limit=2) == [("a:1", b"a:1"), ("a:10", b"a:10")]
    assert await store.kept_all("s", "note", prefix="a:", last=True, limit=1) == [("a:2", b"a:2")]
    assert await store.kept_all("s", "note", prefix="a:", before="a:2", last=True, limit=1) == [("a:10", b"a:10")]


async def test_a_thing_without_a_body_is_forgotten(store: Store) -> None:
    await store.keep([thing("a", space="s"), thing("b", space="s")])

    await store.keep([thing("a", None, space="s"), thing("never", None, space="s")])

    assert await store.kept_all("s", "note") == [("b", b"x")]


async def test_a_deleted_session_takes_its_things_with_it(store: Store, session: str) -> None:
    await store.keep([thing("a"), thing("a", space="s")])

    await store.delete_session(SESSION)

    assert await store.kept_all(SESSION, "note") == []
    assert await store.kept("s", "note", "a") == b"x"


async def test_a_task_is_safe_up_to_its_last_safe_append(store: Store, session: str) -> None:
    async def safe_seq() -> int:
        row = await store.task(TASK)
        assert row is not None
        return row.safe_seq

    first = (await store.append(start_task())).first
    assert await safe_seq() == 0
    await store.append(add(said(), said(), task=task(), safe=True, fence=Fence(TASK, 1)))
    assert await safe_seq() == first + 2
    await store.append(add(said(), task=task(steps=3), fence=Fence(TASK, 1)))
    assert await safe_seq() == first + 2
    await store.append(Append(session_id=SESSION, task=task(), safe=True, at=NOW))
    assert await safe_seq() == first + 3


async def test_what_a_task_took_is_kept_with_it(store: Store, session: str) -> None:
    await store.append(start_task())

    await store.append(add(task=task(priority=2, steps=3, input_tokens=4, output_tokens=5, cost_usd=0.25)))

    row = await store.task(TASK)
    assert row is not None
    assert (row.priority, row.steps, row.input_tokens, row.output_tokens, row.cost_usd) == (2, 3, 4, 5, 0.25)
