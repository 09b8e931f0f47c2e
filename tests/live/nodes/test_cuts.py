"""The network between processes and their database is cut, without a word: nobody's connection is closed."""

from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from puntini.log.queue import LEASE_SECONDS
from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import assert_complete, assert_played_once, assert_read_by_all, whole_log
from tests.live.faults.streams import FORMS
from tests.live.nodes.cluster import Cluster, cluster
from tests.live.serving import Serving, seq_of, wait_for

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TAKEOVER_SECONDS = 15.0
"""After the lease has gone."""
CUT_SECONDS = 12.0
"""Longer than a lease lasts."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("deaf", [False, True], ids=["both ways", "answers only"])
async def test_a_machine_that_is_cut_off_is_replaced_and_says_no_more(tmp_path: Path, deaf: bool) -> None:
    with cluster(tmp_path, nodes=2, workers=2, relayed=True, ping_seconds=1) as made:
        session = await run_sync(lambda: made.create(agent="scripted"))
        task = await run_sync(made.play, session, "play 3000 events every 10 ms")
        await run_sync(_begun, made, session)
        holder = _holder(made)
        links = [made.links[0], made.links[len(made.nodes) + holder]]
        cut_off, other = (Reader(node, session, FORMS[:1]) for node in made.nodes)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cut_off.run)
            tasks.start_soon(other.run)
            for link in links:
                await run_sync(partial(link.cut, deaf=deaf))
            await run_sync(_taken_over, made.nodes[1], task)
            for link in links:
                await run_sync(link.refuse)
            stood_at = cut_off.cursor
            await run_sync(wait_for, lambda: other.cursor > stood_at + 200, 20.0, "what its successor says")
            assert cut_off.cursor == stood_at, "the link was not cut"
            for link in links:
                await run_sync(link.heal)
            await run_sync(made.quiet)
            log = await run_sync(whole_log, made, session)
            await caught_up([cut_off, other], seq_of(log[-1]))
            tasks.cancel_scope.cancel()
        assert '"task left"' in made.workers[holder].said(), "it did not learn that another had taken over"
        assert cut_off.opened == other.opened == 1, "a stream did not stay open"
        assert_complete(log)
        assert_read_by_all([cut_off, other], log)
        assert_played_once(log)
        assert log[-1]["type"] == "task_completed"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("lost", [False, True], ids=["what was sent comes late", "what was sent is lost"])
async def test_what_all_are_cut_off_from_is_taken_over_by_nobody(tmp_path: Path, lost: bool) -> None:
    with cluster(tmp_path, nodes=2, workers=2, relayed=True, ping_seconds=1) as made:
        sessions = [await run_sync(lambda: made.create(agent="scripted")) for _ in range(4)]
        played = {session: await run_sync(made.play, session, "play 2000 events every 10 ms") for session in sessions}
        for session in sessions:
            await run_sync(_begun, made, session)
        readers = {session: [Reader(node, session, FORMS[:1]) for node in made.nodes] for session in sessions}
        async with anyio.create_task_group() as tasks:
            for reader in [reader for each in readers.values() for reader in each]:
                tasks.start_soon(reader.run)
            for link in made.links:
                await run_sync(link.cut)
            await anyio.sleep(CUT_SECONDS)
            for link in made.links:
                await run_sync(partial(link.heal, lost=lost))
            await run_sync(made.quiet)
            for session, task in played.items():
                log = await run_sync(whole_log, made, session)
                await caught_up(readers[session], seq_of(log[-1]))
                assert_complete(log)
                assert_read_by_all(readers[session], log)
                assert_played_once(log)
                row = await run_sync(made.get, f"/v1/tasks/{task}")
                assert (row["status"], row["attempt"]) == ("completed", 1)
            tasks.cancel_scope.cancel()


def _begun(cluster: Cluster, session: str) -> None:
    wait_for(lambda: len(cluster.events(session)) > 20, 20, "its first words")


def _holder(cluster: Cluster) -> int:
    """Which worker is at work."""
    running = [worker.get("/v1/status")["engine"]["running"] for worker in cluster.workers]
    return running.index(1)


def _taken_over(node: Serving, task: str) -> None:
    wait_for(lambda: node.get(f"/v1/tasks/{task}")["attempt"] == 2, LEASE_SECONDS + TAKEOVER_SECONDS, "another attempt")
