"""``/v1/analytics``: what tasks take and come to, of tasks whose numbers are known, and of some that really ran."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from puntini.agent.contract import Approval, Task
from puntini.auth.principals import LOCAL
from puntini.log.mint import now_ms
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Step,
    StepData,
    ToolCall,
    ToolCallData,
)
from puntini.store.memory import MemoryStore
from tests.api.calling import ANN, Api, problem, serving
from tests.api.counted import AROUND, NOON, Counted, counting

pytestmark = pytest.mark.anyio
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    """Two users' sessions."""
    async with counting(MemoryStore()) as made:
        await made.session("ses_ann")
        await made.session("ses_bob", owner="bob")
        yield made


async def some_tasks(counted: Counted) -> None:
    """Seven of Ann's, one of Bob's, one that has not ended, one of another day."""
    for number, seconds in enumerate((4, 1, 3, 2)):
        answer = "é" * (number + 1)
        await counted.task(f"tsk_{number}", "ses_ann", seconds, answer=answer, input_tokens=10, cost_usd=0.1)
    await counted.task("tsk_f", "ses_ann", 5, "failed", error="No light.", agent="miner", output_tokens=7)
    await counted.task("tsk_g", "ses_ann", 5, "failed", at=NOON + HOUR, error="No light.", agent="miner", steps=3)
    await counted.task("tsk_c", "ses_ann", 0, "cancelled", agent="miner")
    await counted.task("tsk_b", "ses_bob", 60)
    await counted.task("tsk_old", "ses_ann", at=NOON - 3 * DAY)
    await counted.start("tsk_open", "ses_ann")


async def test_totals_are_those_of_the_tasks_that_ended_in_the_time(counted: Counted) -> None:
    await some_tasks(counted)

    told = await counted.get(f"?{AROUND}", ANN)

    assert told["period"] == {"from": "2026-03-26T00:00:00.000Z", "to": "2026-03-27T00:00:00.000Z"}
    assert told["covered"] == {"complete": True, "since": None}
    assert told["totals"] == {
        "executions": 7,
        "completed": 4,
        "failed": 2,
        "cancelled": 1,
        "success_rate": 0.6667,
        # 0, 1, 2, 3, 4, 5, 5
        "duration_seconds": {
            "min": 0.0, "mean": 2.857143, "p50": 3.0, "p95": 5.0, "max": 5.0, "std_dev": 1.807016
        },
        "results": 4,
        # Bytes: 2, 4, 6, 8
        "result_size": {"min": 2.0, "mean": 5.0, "p50": 4.0, "p95": 8.0, "max": 8.0, "std_dev": 2.236068},
        "steps": 3,
        "tokens": {"input": 40, "output": 7, "total": 47},
        "cost": {"usd": 0.4, "known": 4, "unknown": 1},
    }  # fmt: skip


async def test_a_series_has_a_point_an_hour_also_where_nothing_ended(counted: Counted) -> None:
    await some_tasks(counted)

    told = await counted.get(f"?{AROUND}", ANN)

    assert (told["interval"], len(told["series"])) == ("hour", 24)
    ended = {point["at"][11:13]: point for point in told["series"] if point["executions"]}
    assert set(ended) == {"12", "13"}
    assert ended["12"] == {
        "at": "2026-03-26T12:00:00.000Z",
        "executions": 6,
        "completed": 4,
        "failed": 1,
        "cancelled": 1,
        "mean_seconds": 2.5,
        "p95_seconds": 5.0,
        "tokens": 47,
        "cost_usd": 0.4,
    }
    empty = told["series"][0]
    assert (empty["executions"], empty["mean_seconds"], empty["cost_usd"]) == (0, None, None)


async def test_longer_times_are_told_by_days(counted: Counted) -> None:
    await some_tasks(counted)

    told = await counted.get("?from=2026-03-22T15:00:00&to=2026-03-27T00:00:00Z", ANN)

    assert told["interval"] == "day"
    assert [(point["at"][:10], point["executions"]) for point in told["series"]] == [
        ("2026-03-22", 0),
        ("2026-03-23", 1),
        ("2026-03-24", 0),
        ("2026-03-25", 0),
        ("2026-03-26", 7),
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("agent", [("puntini", 5), ("miner", 3)]),
        ("user", [("ann", 7), ("bob", 1)]),
        ("status", [("completed", 5), ("failed", 2), ("cancelled", 1)]),
    ],
)
async def test_groups_come_with_the_largest_first(counted: Counted, by: str, expected: list[Any]) -> None:
    await some_tasks(counted)

    told = await counted.get(f"?{AROUND}&by={by}")

    assert [(group["name"], group["numbers"]["executions"]) for group in told["groups"]] == expected
    assert told["groups_left_out"] == 0


async def test_one_sees_the_numbers_of_ones_own_sessions_and_an_admin_everybodys(counted: Counted) -> None:
    await some_tasks(counted)
    await counted.store.share("ses_bob", "ann", "editor")

    async def executions(query: str, who: Any = LOCAL) -> int:
        return int((await counted.get(f"?{AROUND}{query}", who))["totals"]["executions"])

    assert await executions("") == 8
    assert await executions("&user=bob") == 1
    assert await executions("", ANN) == 7
    assert await executions("&user=ann", ANN) == 7
    assert await executions("&agent=miner", ANN) == 3
    for query in ("user=bob", "by=user"):
        problem(await counted.ask(f"?{query}", ANN), 403, "forbidden")
    for path in ("/performance", "/trending"):
        problem(await counted.ask(f"{path}?user=bob", ANN), 403, "forbidden")


async def test_the_usual_time_is_the_last_seven_days(counted: Counted) -> None:
    now = now_ms()
    await counted.task("tsk_a", "ses_ann", 0, at=now - 7 * DAY + HOUR)
    await counted.task("tsk_b", "ses_ann", 0, at=now - 7 * DAY - HOUR)

    assert (await counted.get(""))["totals"]["executions"] == 1
    assert (await counted.get("?from=8d"))["totals"]["executions"] == 2
    assert (await counted.get("?from=2w&to=7d"))["totals"]["executions"] == 1


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("from=yesterday", "from"),
        ("to=0001-01-01", "to"),
        ("to=9999-12-31", "to"),
        ("from=99999w", "from"),
        ("from=2026-03-27&to=2026-03-26", "from"),
        ("from=2026-03-27&to=2026-03-27", "from"),
        ("from=1995-01-01", "from"),
        ("from=60d&interval=hour", "interval"),
        ("interval=week", "interval"),
        ("by=prompt", "by"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(counted: Counted, query: str, path: str) -> None:
    told = problem(await counted.ask(f"?{query}"), 400, "invalid")
    assert told["errors"][0]["path"] == path


async def test_without_tasks_there_are_no_numbers(counted: Counted) -> None:
    totals = (await counted.get(""))["totals"]
    assert (totals["executions"], totals["success_rate"], totals["duration_seconds"]) == (0, None, None)
    assert (totals["result_size"], totals["cost"]["usd"]) == (None, None)
    report = (await counted.get("/performance"))["report"]
    assert (report["findings"], report["sample"]["tasks"]) == (["Nothing stands out."], 0)
    assert (await counted.get("/trending"))["trends"] == {"rising": [], "asked": [], "agents": []}


# Performance.


async def test_a_report_compares_with_the_time_before_and_says_what_stands_out(counted: Counted) -> None:
    for number in range(12):
        await counted.task(f"tsk_then_{number}", "ses_ann", 2, at=NOON - DAY)
    for number in range(24):
        status = "failed" if number % 2 else "completed"
        await counted.task(f"tsk_now_{number}", "ses_ann", 8, status, error=f"No light in row {number}.\nReally.")

    told = await counted.get(f"/performance?{AROUND}")

    assert told["compared_with"] == {"from": "2026-03-25T00:00:00.000Z", "to": "2026-03-26T00:00:00.000Z"}
    report = told["report"]
    assert (report["now"]["executions"], report["before"]["executions"]) == (24, 12)
    assert report["throughput"] == {"per_hour": 1.0, "before_per_hour": 0.5, "change": 1.0}
    assert [(each["agent"], each["now"]["failed"], each["before"]["failed"]) for each in report["agents"]] == [
        ("puntini", 12, 0)
    ]
    assert report["failures"] == [
        {"reason": "No light in row #.", "count": 12, "share": 1.0, "agents": ["puntini"], "task_id": "tsk_now_9"}
    ]
    assert (len(report["slowest"]), report["slowest"][0]["duration_seconds"]) == (10, 8.0)
    assert report["sample"]["tasks"] == 24
    assert report["findings"] == [
        "Of 24 tasks of all agents, 12 failed (50%). Most often: No light in row #.",
        "Tasks take longer: 95% end within 8 s, and within 2 s in the period before.",
        "More tasks ended: 24, and 12 in the period before.",
    ]


# Trending.


async def test_trending_is_what_is_asked_for_more_than_before(counted: Counted) -> None:
    asked = {
        "Draw  a map of 5 towns.": (NOON - DAY, NOON, NOON),
        "draw a map of 70 towns": (NOON, NOON),
        "Sum up": (NOON - DAY, NOON - DAY, NOON),
        "Hello!": (NOON,),
    }
    for topic, times in enumerate(asked.items()):
        for number, at in enumerate(times[1]):
            await counted.task(f"tsk_{topic}_{number}", "ses_ann", at=at, prompt=times[0])

    trends = (await counted.get(f"/trending?{AROUND}"))["trends"]

    assert [(each["name"], each["executions"], each["before"], each["growth"]) for each in trends["asked"]] == [
        ("draw a map of # towns", 4, 1, 3.0),
        ("hello", 1, 0, None),
        ("sum up", 1, 2, -0.5),
    ]
    assert [(each["name"], each["change"]) for each in trends["rising"]] == [("draw a map of # towns", 3), ("hello", 1)]
    assert [(each["name"], each["executions"], each["change"]) for each in trends["agents"]] == [("puntini", 6, 3)]
    assert len((await counted.get(f"/trending?{AROUND}&limit=1"))["trends"]["asked"]) == 1


# Tasks that really ran.


class Worker:
    """An agent that does a little of everything, and asks."""

    name = "worker"

    async def run(self, task: Task) -> str:
        """Call a tool well and badly, take a step, spend, and ask a person."""
        if not task.spoken:
            self.work(task)
        if await task.ask(Approval(key="k", question="May I?")) is None:
            task.wait()
        return "Bücher"

    def work(self, task: Task) -> None:
        """All but the asking."""
        for data in (
            ToolCallData(call_id="c1", tool_name="dig", status="started"),
            ToolCallData(call_id="c1", tool_name="dig", status="succeeded", duration_seconds=0.25),
            ToolCallData(call_id="c2", tool_name="dig", status="failed", error="A stone."),
            ToolCallData(call_id="c3", tool_name="look", status="started"),
        ):
            task.emit(ToolCall(data=data))
        task.step()
        task.emit(Step(data=StepData(step_number=1, name="dig", success=True, duration_seconds=0.5)))
        task.spend(100, 20, 0.125)
        task.emit(AssistantResponse(data=AssistantResponseData(message_id="m", text="Found it.")))


async def decided(api: Api) -> str:
    """A worker's task, asked about and done."""
    session_id = await api.create()
    task_id = await api.prompt(session_id, "Dig.", agent="worker")
    await api.until(task_id, "waiting")
    [asked] = (await api.get(f"/v1/sessions/{session_id}/approvals"))["items"]
    await api.command(session_id, "approval_response", approval_id=asked["approval_id"], decision="approved")
    await api.until(task_id, "completed")
    return task_id


async def test_a_task_tells_where_its_time_went_and_what_it_took() -> None:
    async with serving([Worker()]) as api:
        task_id = await decided(api)
        told = await api.get(f"/v1/analytics/tasks/{task_id}")

    seconds = told.pop("seconds")
    assert sum(seconds.values()) == pytest.approx(told["duration_seconds"], abs=0.05)
    assert seconds["waiting"] > 0
    assert told.pop("first_answer_seconds") <= told["duration_seconds"]
    assert (told["agent"], told["status"], told["complete"]) == ("worker", "completed", True)
    assert told["steps"] == {"taken": 1, "succeeded": 1, "failed": 0}
    tools = told["tools"]
    assert (tools["total"], tools["succeeded"], tools["failed"], tools["success_rate"]) == (3, 1, 1, 0.5)
    assert tools["by_tool"][0] == {
        "tool_name": "dig",
        "calls": 2,
        "succeeded": 1,
        "failed": 1,
        "success_rate": 0.5,
        "seconds": 0.25,
    }
    assert told["approvals"] == {"asked": 1, "decided": 1}
    assert told["tokens"] == {"input": 100, "output": 20, "total": 120}
    assert (told["cost_usd"], told["result_size"]) == (0.125, 7)


async def test_totals_say_what_the_end_of_a_task_says() -> None:
    async with serving([Worker()]) as api:
        assert (await api.get("/v1/analytics"))["totals"]["executions"] == 0
        task_id = await decided(api)
        totals = (await api.get("/v1/analytics"))["totals"]
        one = await api.get(f"/v1/analytics/tasks/{task_id}")
        result = await api.get(f"/v1/tasks/{task_id}/result")

    assert (totals["executions"], totals["completed"], totals["steps"]) == (1, 1, 1)
    assert totals["duration_seconds"]["max"] == one["duration_seconds"] == result["duration_seconds"]
    assert totals["tokens"] == one["tokens"]
    assert totals["cost"] == {"usd": result["usage"]["cost_usd"], "known": 1, "unknown": 0}
    assert totals["result_size"]["max"] == one["result_size"] == len(result["final_answer"].encode())


async def test_a_task_that_runs_has_numbers_up_to_now() -> None:
    async with serving() as api:
        task_id = await api.prompt(await api.create(), "play 100000 events every 5 ms")
        with anyio.fail_after(20):
            while not (told := await api.get(f"/v1/analytics/tasks/{task_id}"))["steps"]["taken"]:
                await anyio.sleep(0.005)
        assert (told["status"], told["ended_at"], told["result_size"]) == ("running", None, None)
        assert 0 < told["seconds"]["running"] <= told["duration_seconds"] + 0.05
        await api.ask("DELETE", f"/v1/tasks/{task_id}")
        await api.until(task_id, "cancelled")


async def test_a_task_that_is_not_there_or_not_ones_own_has_no_numbers(counted: Counted) -> None:
    await some_tasks(counted)
    assert (await counted.get("/tasks/tsk_0", ANN))["task_id"] == "tsk_0"
    for task_id in ("tsk_none", "tsk_b"):
        problem(await counted.ask(f"/tasks/{task_id}", ANN), 404, "not_found")


@pytest.mark.parametrize("path", ["", "/performance", "/trending"])
async def test_addresses_are_headed_and_checked_as_others_are(path: str) -> None:
    async with serving() as api:
        assert (await api.ask("HEAD", f"/v1/analytics{path}")).status_code == 200
        problem(await api.ask("GET", f"/v1/analytics{path}?since=7d"), 400, "invalid")
