"""A worker that stands still for longer than its leases last: another takes over, and its late words do not count."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.live.nodes.cluster import cluster
from tests.live.serving import wait_for

pytestmark = pytest.mark.slow
TAKEOVER_SECONDS = 15.0


@pytest.mark.timeout(180)
def test_a_frozen_worker_s_tasks_are_taken_over_and_it_says_no_more(tmp_path: Path) -> None:
    with cluster(tmp_path, nodes=1, workers=2) as made:
        session = made.create(agent="scripted")
        task = made.play(session, "play 3000 events every 10 ms")
        wait_for(lambda: len(made.events(session)) > 20, 10, "its first words")
        pids = [worker.process.pid for worker in made.workers]
        before = [_ticks(pid) for pid in pids]
        time.sleep(0.5)
        used = [_ticks(pid) - then for pid, then in zip(pids, before, strict=True)]
        frozen = pids[used.index(max(used))]

        began = time.monotonic()
        os.kill(frozen, signal.SIGSTOP)
        try:
            wait_for(lambda: made.get(f"/v1/tasks/{task}")["attempt"] == 2, 30, "another attempt")
            assert time.monotonic() - began < TAKEOVER_SECONDS
        finally:
            os.kill(frozen, signal.SIGCONT)
        assert made.finish(task, 60) == "completed"

        log = made.events(session)
        words = [event for event in log if event["type"] != "task_retracted" and event.get("attempt") == 1]
        resumed = next(at for at, event in enumerate(log) if event["type"] == "task_resumed")
        assert not [event for event in log[resumed + 1 :] if event in words], "it spoke after it was replaced"
        assert [event["type"] for event in log if event["type"] in {"task_completed", "task_failed"}] == [
            "task_completed"
        ]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
