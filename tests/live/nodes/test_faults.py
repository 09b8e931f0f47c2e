"""Three stream nodes and two workers behind nginx, under load, and everything that can happen to them happens.

Whatever it was: every task ends once, every reader is told each event once and in order, whichever node it comes back
to, and every acknowledged command is carried out, once.
"""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import (
    assert_carried_out_once,
    assert_complete,
    assert_played_once,
    assert_read_by_all,
    whole_log,
)
from tests.live.faults.streams import FORMS
from tests.live.faults.writer import Writer
from tests.live.nodes.cluster import FAULTS, Cluster, Fault, cluster, cut_a_link, freeze_worker
from tests.live.serving import seq_of

pytestmark = pytest.mark.anyio
SESSIONS = 3
READERS = 3
SHORT = [fault for fault in FAULTS if fault not in {cut_a_link, freeze_worker}]
"""Without what takes longer than a lease lasts."""


class Load:
    """Sessions in which an agent plays, a writer writes, and readers read, all through nginx."""

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        self.cluster = cluster
        self.seconds = seconds
        self.happened: Counter[str] = Counter()
        self.sessions = [cluster.create(agent="scripted") for _ in range(SESSIONS)]
        for session in self.sessions:
            cluster.play(session, f"play {int(seconds * 150)} events every 5 ms")
        self.writers = [Writer(cluster, session) for session in self.sessions]
        self.readers = {
            session: [Reader(cluster, session, FORMS[n:] + FORMS[:n]) for n in range(READERS)]
            for session in self.sessions
        }

    async def survive(self, faults: Sequence[Fault], dice: random.Random) -> None:
        """Run everything while one thing after the other happens; return when all is quiet and read."""
        everybody = [reader for readers in self.readers.values() for reader in readers]
        async with anyio.create_task_group() as tasks:
            for reader in everybody:
                tasks.start_soon(reader.run)
            async with anyio.create_task_group() as writing:
                for writer in self.writers:
                    writing.start_soon(writer.run)
                await self._happen(faults, dice)
                for writer in self.writers:
                    writer.stopping = True
            await run_sync(self.cluster.quiet)
            for session in self.sessions:
                head = seq_of((await run_sync(whole_log, self.cluster, session))[-1])
                await caught_up(self.readers[session], head, 30)
            tasks.cancel_scope.cancel()

    async def _happen(self, faults: Sequence[Fault], dice: random.Random) -> None:
        until = anyio.current_time() + self.seconds
        while anyio.current_time() < until:
            await anyio.sleep(dice.uniform(0.2, 1.5))
            fault = dice.choice(faults)
            self.happened[fault.__name__] += 1
            await run_sync(fault, self.cluster, dice)

    async def require_whole(self) -> None:
        """Nothing was lost, nothing was done or said twice. Raises AssertionError."""
        for session, writer in zip(self.sessions, self.writers, strict=True):
            log = await run_sync(whole_log, self.cluster, session)
            assert_complete(log)
            assert_read_by_all(self.readers[session], log)
            assert_carried_out_once(writer, log)
            assert_played_once(log)
            await writer.repeat_all()
            assert await run_sync(whole_log, self.cluster, session) == log, "a repeated command did something"


@pytest.mark.timeout(300)
async def test_nothing_is_lost_while_much_happens(tmp_path: Path, dice: random.Random) -> None:
    await assert_survives(tmp_path, 8.0, dice, SHORT)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nothing_is_lost_in_a_minute_of_faults(tmp_path: Path, dice: random.Random) -> None:
    await assert_survives(tmp_path, 60.0, dice, FAULTS)


async def assert_survives(directory: Path, seconds: float, dice: random.Random, faults: Sequence[Fault]) -> None:
    with cluster(directory, nodes=3, workers=2, skewed=True, relayed=cut_a_link in faults) as made:
        load = await run_sync(Load, made, seconds)
        await load.survive(faults, dice)
        print("what happened:", dict(load.happened))  # noqa: T201 - pytest shows it when the test fails
        await load.require_whole()
