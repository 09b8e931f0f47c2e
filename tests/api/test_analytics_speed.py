"""A hundred thousand tasks: questions are answered within a second, and others have their turns meanwhile.

The bounds are several times what it takes, for machines that have other things to do as well.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import pytest

from puntini.api import analytics_blocks as blocks
from puntini.api.analytics_tally import Tally
from puntini.log.contract import Append, TaskRow
from puntini.store.memory import MemoryStore
from tests.api.counted import NOON, Counted, counting

pytestmark = pytest.mark.anyio
TASKS = 100_000
MINUTE = 60_000
ANSWER_SECONDS = 2.0
GATHER_SECONDS = 15.0
TURN_SECONDS = 0.5
PERIOD = "from=2026-03-01&to=2026-06-30"


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    """A store with so many tasks, of a hundred agents, over seventy days."""
    async with counting(MemoryStore()) as made:
        await made.session("ses_ann")
        for number in range(TASKS):
            at = NOON + number * MINUTE
            row = TaskRow(
                task_id=f"tsk_{number:020}",
                session_id="ses_ann",
                agent=f"agent {number % 100}",
                prompt=f"Create node {number} of {number % 1000 * 'x'}",
                status="failed" if number % 9 == 0 else "completed",
                created_at=at,
                updated_at=at + number * 7_919 % 100_003,
                input_tokens=number,
                cost_usd=number / 1e6,
            )
            await made.store.append(Append(session_id="ses_ann", task=row, at=at))
        yield made


class Turns:
    """How long the loop's longest turn took, of the processor: what other programs took meanwhile does not count."""

    longest = 0.0

    async def watch(self) -> None:
        """Measure. Runs until cancelled."""
        while True:
            before = time.thread_time()
            await anyio.lowlevel.checkpoint()
            self.longest = max(self.longest, time.thread_time() - before)


async def test_a_hundred_thousand_tasks(counted: Counted) -> None:
    turns = Turns()
    watching = asyncio.create_task(turns.watch())
    began = time.perf_counter()
    assert len(await counted.tally.executions()) == TASKS
    assert time.perf_counter() - began < GATHER_SECONDS

    for path in ("", "/performance", "/trending"):
        began = time.perf_counter()
        await counted.get(f"{path}?{PERIOD}")
        assert time.perf_counter() - began < ANSWER_SECONDS, path

    await counted.tally.save()
    assert len(await counted.store.kept_all(blocks.SPACE, blocks.KIND)) > 1_000
    began = time.perf_counter()
    assert len(await Tally(counted.store).executions()) == TASKS
    assert time.perf_counter() - began < GATHER_SECONDS
    watching.cancel()
    assert turns.longest < TURN_SECONDS
