"""Several nodes that do the same at the same time: each thing happens once, and the others are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from puntini.errors import Conflict, NotFound, StaleAttempt
from puntini.log.contract import Append, Fence, Kept, Store, Written
from puntini.store.open import open_store
from tests.store.making import (
    NOW,
    SESSION,
    TASK,
    add,
    begin,
    end_task,
    everything,
    many,
    once,
    record,
    said,
    start_task,
    task,
)

pytestmark = pytest.mark.anyio

ROUNDS = 20


@pytest.fixture
async def nodes(database: str) -> AsyncIterator[list[Store]]:
    opened = [await open_store(database) for _ in range(3)]
    yield opened
    for node in opened:
        await node.close()


async def each(nodes: list[Store], *writes: Append) -> list[Written | BaseException]:
    """Each node is handed its write, all in one turn of the loop."""
    futures = [node.submit(write) for node, write in zip(nodes, writes, strict=True)]
    return await asyncio.gather(*futures, return_exceptions=True)


def kinds(results: list[Any]) -> Counter[type]:
    return Counter(type(result) for result in results)


async def test_a_session_is_made_by_one(nodes: list[Store]) -> None:
    for number in range(ROUNDS):
        name = f"ses_{number}"
        results = await each(nodes, *[begin(name, said(str(node))) for node in range(3)])
        assert kinds(results) == {Written: 1, Conflict: 2}
        assert len(await everything(nodes[0], name)) == 1


async def test_a_command_is_done_by_one_whatever_session_it_makes(nodes: list[Store]) -> None:
    for number in range(ROUNDS):
        writes = [begin(f"ses_{number}_{node}", once=once(f"c{number}", "ana")) for node in range(3)]
        results = await each(nodes, *writes)
        written = [result for result in results if isinstance(result, Written)]
        assert len({result.session_id for result in written}) == 1
        assert sorted(result.repeated for result in written) == [False, True, True]
    assert (await nodes[0].sessions(limit=1, offset=0))[1] == ROUNDS


async def test_a_command_to_sessions_that_are_there_is_done_in_one(nodes: list[Store]) -> None:
    for node in range(3):
        await nodes[0].append(begin(f"ses_{node}"))
    for number in range(ROUNDS):
        results = await each(nodes, *[add(said(), to=f"ses_{node}", once=once(f"c{number}")) for node in range(3)])
        assert sorted(result.repeated for result in results if isinstance(result, Written)) == [False, True, True]
    assert sum([(await nodes[0].bounds(f"ses_{node}")).head for node in range(3)]) == ROUNDS


async def test_a_task_has_one_end(nodes: list[Store]) -> None:
    await nodes[0].append(begin())
    for number in range(ROUNDS):
        await nodes[0].append(start_task(f"tsk_{number}"))
        results = await each(nodes, *[end_task(f"tsk_{number}")] * 3)
        assert kinds(results) == {Written: 1, StaleAttempt: 2}


async def test_an_attempt_that_was_taken_over_says_nothing_more(nodes: list[Store]) -> None:
    await nodes[0].append(begin())
    await nodes[0].append(start_task())

    async def speak() -> list[int]:
        spoken: list[int] = []
        while True:
            try:
                spoken.append((await nodes[0].append(add(said(), fence=Fence(TASK, 1)))).first)
            except StaleAttempt:
                return spoken

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0)
    taken = await nodes[1].append(add(said("taken over"), task=task(attempt=2), fence=Fence(TASK, 1)))

    assert all(seq < taken.first for seq in await speaking)


async def test_of_all_who_swap_one_thing_one_succeeds(nodes: list[Store]) -> None:
    for old, new in [(None, b"1"), (b"1", b"2"), (b"2", None)] * 3:
        swapped = await asyncio.gather(*[node.swap(Kept("space", "kind", "key", new), old) for node in nodes])
        assert sorted(swapped) == [False, False, True]


async def test_nodes_that_write_to_the_same_sessions_and_things_do_not_hold_each_other_up(nodes: list[Store]) -> None:
    names = [f"ses_{number}" for number in range(6)]
    for name in names:
        await nodes[0].append(begin(name))

    async def work(node: Store, order: list[str]) -> None:
        for number in range(15):
            kept = [Kept("shared", "kind", name, b"%d" % number) for name in order]
            await asyncio.gather(*[node.append(add(said(), to=name, kept=kept)) for name in order])

    async with asyncio.timeout(20):
        await asyncio.gather(work(nodes[0], names), work(nodes[1], names[::-1]), work(nodes[2], names[3:] + names[:3]))

    for name in names:
        assert [seq for seq, _ in await everything(nodes[0], name)] == list(range(1, 46))


async def test_what_is_done_to_a_session_that_goes_away_meanwhile_is_done_or_refused(nodes: list[Store]) -> None:
    for number in range(ROUNDS):
        name = f"ses_{number}"
        await nodes[0].append(begin(name, *many(3)))
        fork = Append(session_id=f"{name}_fork", create=record(f"{name}_fork"), at=NOW)
        done = await asyncio.gather(
            nodes[0].append(add(said(), to=name)),
            nodes[1].delete_session(name),
            nodes[2].trim(name, 2),
            nodes[2].fork(name, 3, fork),
            nodes[1].read(name, 0),
            return_exceptions=True,
        )
        assert all(not isinstance(result, BaseException) or isinstance(result, NotFound) for result in done), done
        assert await nodes[2].session(name) is None
        if isinstance(done[3], Written):
            assert (await nodes[0].bounds(f"{name}_fork")).head == 3


async def test_what_one_node_has_closed_takes_nothing_from_another(nodes: list[Store]) -> None:
    await nodes[0].append(begin())
    await nodes[1].append(add(said(), status="closed"))

    with pytest.raises(Exception, match="closed"):
        await nodes[0].append(add(said()))

    assert (await nodes[2].bounds(SESSION)).head == 1
