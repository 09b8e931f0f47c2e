"""Agents that flood: each gets its turn, and so does everybody else on the loop."""

import anyio
import pytest

from puntini.log.contract import Store
from tests.agent.stage import Stage, stage, until

pytestmark = pytest.mark.anyio
FLOOD = "play 3000 events every 0 ms"
LONGER_FLOOD = "play 20000 events every 0 ms"
"""A task begins and ends in several questions to a database, each of which waits for its turn on the loop."""


async def counts(life: Stage, tasks: list[str]) -> list[int]:
    """How many events each task has said."""
    return [(await life.store.bounds((await life.row(task)).session_id)).head for task in tasks]


async def first_end(life: Stage, tasks: list[str]) -> bool:
    """Whether any has ended."""
    return any([(await life.row(task)).ended for task in tasks])


async def test_agents_that_flood_come_on_together(store: Store) -> None:
    async with stage(store) as life:
        await life.runner.shutdown()
        tasks = [await life.task(FLOOD) for _ in range(10)]
    async with stage(store) as life:
        await until(lambda: first_end(life, tasks), "the first to end")
        assert min(await counts(life, tasks)) > 1_500


async def test_a_slow_agent_is_not_held_up_by_those_that_flood(kept: Store) -> None:
    flood = LONGER_FLOOD if kept.queue else FLOOD
    async with stage(kept) as life:
        floods = [await life.task(flood) for _ in range(10)]
        slow = await life.task("play 20 events every 1 ms")
        await life.ended(slow)
        assert not all([(await life.row(task)).ended for task in floods])


async def test_the_loop_breathes_while_an_agent_floods(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task(FLOOD)
        breaths = 0
        while not (await life.row(task)).ended:
            await anyio.lowlevel.checkpoint()
            breaths += 1
    assert breaths > 5


async def test_what_floods_can_be_stopped_in_the_middle(store: Store) -> None:
    async with stage(store) as life:
        task = await life.task("play 1000000 events every 0 ms")
        await life.spoken(task, 100)
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"
        assert (await counts(life, [task]))[0] < 100_000
