"""Turns: how many tasks go on in one turn of the loop."""

import asyncio
import time

import anyio
import anyio.lowlevel
import pytest

from puntini.agent.turns import FIRST_PASSES, LONG_SECONDS, Turns

pytestmark = pytest.mark.anyio


def busy(seconds: float) -> None:
    """Hold the loop up."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_one_task_alone_goes_on_at_once() -> None:
    turns = Turns()
    turned = False

    def note() -> None:
        nonlocal turned
        turned = True

    asyncio.get_running_loop().call_soon(note)
    await turns.turn()

    assert not turned


async def test_who_lets_the_others_go_on_does_so() -> None:
    turns, order = Turns(), []

    async def speak(name: str) -> None:
        for _ in range(3):
            order.append(name)
            await turns.next()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak, "a")
        tasks.start_soon(speak, "b")

    assert "".join(order) == "ababab"


async def test_a_thousand_tasks_with_much_to_do_leave_the_loop_its_turns() -> None:
    turns, longest, done = Turns(), 0.0, 0

    async def work() -> None:
        nonlocal done
        for _ in range(2):
            await turns.turn()
            busy(0.0003)
        done += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(1_000):
            tasks.start_soon(work)
        await anyio.lowlevel.checkpoint()
        while done < 1_000:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    # All at once would be 300 ms and more.
    assert longest < 0.15


async def test_a_loop_that_is_held_up_lets_fewer_through_and_more_again_later() -> None:
    turns = Turns()
    through: list[int] = []
    passed = 0

    async def go() -> None:
        nonlocal passed
        await turns.next()
        passed += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(600):
            tasks.start_soon(go)
        await anyio.lowlevel.checkpoint()
        while passed < 600:
            before = passed
            if len(through) < 4:
                busy(LONG_SECONDS * 1.5)
            await asyncio.sleep(0)
            through.append(passed - before)

    assert min(through[2:6]) < FIRST_PASSES // 4
    assert through[-2] > min(through[2:6])


async def test_who_is_cancelled_in_line_takes_nobodys_place() -> None:
    turns, done = Turns(), []

    async def go(number: int) -> None:
        await turns.next()
        done.append(number)

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with anyio.create_task_group() as gone:
                gone.start_soon(go, 0)
        tasks.start_soon(go, 1)

    assert done == [1]
