"""What an operator does to a cluster, and what happens to it, looked at one by one."""

import time
from collections.abc import Iterator

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import assert_complete, assert_played_once, assert_read_by_all, whole_log
from tests.live.faults.streams import FORMS
from tests.live.nodes.cluster import Cluster, cluster
from tests.live.serving import seq_of, wait_for

pytestmark = pytest.mark.anyio
TAKEOVER_SECONDS = 15.0
CONTROL_SECONDS = 1.0


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two stream nodes and two workers."""
    with cluster(tmp_path_factory.mktemp("two"), nodes=2, workers=2, ping_seconds=1) as made:
        yield made


async def test_orders_reach_the_worker_within_a_second(two: Cluster) -> None:
    session = two.create(agent="scripted")
    task = two.play(session, "play 4000 events every 10 ms")
    wait_for(lambda: two.get(f"/v1/tasks/{task}")["status"] == "running", 5, "its start")

    for action, status in (("pause", "paused"), ("resume", "running"), ("stop", "cancelled")):
        began = time.monotonic()
        two.command(session, "control", task_id=task, action=action)
        wait_for(lambda: two.get(f"/v1/tasks/{task}")["status"] == status, 5, status)  # noqa: B023
        assert time.monotonic() - began < CONTROL_SECONDS, action


@pytest.mark.timeout(120)
async def test_a_dead_worker_s_tasks_are_taken_over(two: Cluster) -> None:
    session = two.create(agent="scripted")
    task = two.play(session, "play 3000 events every 10 ms")
    wait_for(lambda: two.count("SELECT count(*) FROM leases"), 5, "its lease")
    wait_for(lambda: len(two.events(session)) > 20, 5, "its first words")
    holder = _holder(two)

    began = time.monotonic()
    two.workers[holder].kill()
    try:
        wait_for(lambda: two.get(f"/v1/tasks/{task}")["attempt"] == 2, 30, "another attempt")
        assert time.monotonic() - began < TAKEOVER_SECONDS
    finally:
        two.workers[holder].start()
    two.command(session, "control", task_id=task, action="stop")
    assert two.finish(task) == "cancelled"


def _holder(cluster: Cluster) -> int:
    """Which worker is at work."""
    running = [worker.get("/v1/status")["engine"]["running"] for worker in cluster.workers]
    return running.index(1)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seconds", [2.0, pytest.param(10.0, marks=pytest.mark.slow)])
async def test_streams_outlive_an_absence_of_the_database(two: Cluster, seconds: float) -> None:
    session = await run_sync(lambda: two.create(agent="scripted"))
    task = await run_sync(two.play, session, "play 1500 events every 10 ms")
    reader = Reader(two, session, ("sse",))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.run)
        await caught_up([reader], 20)

        await run_sync(two.database.stop)
        try:
            refused = await run_sync(_refused, two, session)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            await anyio.sleep(seconds)
        finally:
            await run_sync(two.database.start)

        await run_sync(two.quiet)
        assert (await run_sync(two.get, f"/v1/tasks/{task}"))["status"] == "completed"
        await caught_up([reader], seq_of((await run_sync(whole_log, two, session))[-1]))
        tasks.cancel_scope.cancel()
    assert reader.opened == 1, "the stream did not stay open"
    log = await run_sync(whole_log, two, session)
    assert_complete(log)
    assert_read_by_all([reader], log)
    assert_played_once(log)


def _refused(cluster: Cluster, session: str) -> httpx.Response:
    edit = {"type": "user_prompt", "data": {"prompt": "play 1 event"}}
    return cluster.ask("POST", f"/v1/sessions/{session}/commands", edit)


@pytest.mark.timeout(180)
async def test_a_rolling_restart_under_load_loses_nothing_and_fails_no_task(two: Cluster) -> None:
    sessions = [await run_sync(lambda: two.create(agent="scripted")) for _ in range(3)]
    for session in sessions:
        await run_sync(two.play, session, "play 1500 events every 10 ms")
    readers = {session: [Reader(two, session, FORMS[n:] + FORMS[:n]) for n in range(3)] for session in sessions}
    async with anyio.create_task_group() as tasks:
        for each in readers.values():
            for reader in each:
                tasks.start_soon(reader.run)
        for process in (*two.nodes, *two.workers):
            await anyio.sleep(0.5)
            await run_sync(process.restart)
        await run_sync(two.quiet)
        for session in sessions:
            await caught_up(readers[session], seq_of((await run_sync(whole_log, two, session))[-1]))
        tasks.cancel_scope.cancel()
    for session in sessions:
        log = await run_sync(whole_log, two, session)
        assert_complete(log)
        assert_read_by_all(readers[session], log)
        assert_played_once(log)
        assert log[-1]["type"] == "task_completed"
        assert not [event for event in log if event["type"] == "task_retracted"], "somebody was cut off, not drained"
