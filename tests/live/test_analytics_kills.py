"""The server is killed in the midst of tasks: analytics say what the ends in the logs say, before and after."""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.live.serving import Serving, serving, wait_for

ENDS = {"task_completed", "task_failed", "task_cancelled"}
PROMPTS = ("Add Ann and Ben as people.", "Connect Ann to Ben as KNOWS.", "How many people are there?", "Hello!")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A server whose agent takes its time."""
    with serving(tmp_path, agent="puntini", model="offline", offline_pause_seconds=0.02) as running:
        yield running


def numbers(server: Serving) -> tuple[Any, ...]:
    """What is told of all tasks, but for the time at which it is asked."""
    overview, report = server.get("/v1/analytics?from=1d"), server.get("/v1/analytics/performance?from=1d")
    trends = server.get("/v1/analytics/trending?from=1d")["trends"]
    return overview["totals"], overview["groups"], report["report"]["slowest"], report["report"]["sample"], trends


def ends(server: Serving, sessions: list[str]) -> list[dict[str, Any]]:
    """The ends of tasks in all logs."""
    return [event for session_id in sessions for event in server.events(session_id) if event["type"] in ENDS]


@pytest.mark.timeout(90)
def test_numbers_survive_the_death_of_the_server(server: Serving) -> None:
    sessions = [server.create() for _ in range(3)]
    server.get("/v1/analytics")
    tasks = [server.play(session_id, prompt) for session_id in sessions for prompt in PROMPTS]
    for _ in range(2):
        wait_for(lambda: len(ends(server, sessions)) > 2, 20, "some ends")
        server.kill()
        server.start()
        # Tasks go on meanwhile.
        before = len(ends(server, sessions))
        assert before <= server.get("/v1/analytics")["totals"]["executions"] <= len(ends(server, sessions))
    assert {server.finish(task_id) for task_id in tasks} == {"completed"}

    told = numbers(server)

    said = [event["data"] for event in ends(server, sessions)]
    totals = told[0]
    assert totals["executions"] == totals["completed"] == len(said) == len(tasks)
    assert totals["duration_seconds"]["mean"] == pytest.approx(fmean(each["duration_seconds"] for each in said))
    assert totals["duration_seconds"]["max"] == max(each["duration_seconds"] for each in said)
    assert totals["result_size"]["max"] == max(len(each["final_answer"].encode()) for each in said)
    assert totals["tokens"]["output"] == sum(each["usage"]["output_tokens"] for each in said)
    for task_id in tasks:
        one = server.get(f"/v1/analytics/tasks/{task_id}")
        assert one["steps"]["taken"] == server.get(f"/v1/tasks/{task_id}/steps")["total"]
        assert one["tools"]["total"] == server.get(f"/v1/tasks/{task_id}/tools")["total"]

    server.kill()
    server.start()
    assert numbers(server) == told
