"""``/v1/tasks/{id}/…``: what a task came to, and what it did on the way; an agent's memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini.agent.contract import Task
from puntini.protocol.events import ApprovalRequest, ApprovalRequestData, MemorySummary, MemorySummaryData
from tests.api.calling import Api, problem, serving
from tests.views.working import call, plan, step

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 5 ms"
VIEWS = ["result", "steps", "plan", "tools", "memory"]


class Careful:
    """An agent that plans, asks, sums up, and then fails, unless it is asked to wait."""

    name = "careful"

    async def run(self, task: Task) -> str:
        """Work."""
        asked = ApprovalRequestData(approval_id="a1", question="May I?", options=["yes", "no"])
        for event in (
            plan("look", "ask", reflection="It is dark.", task=""),
            call("c1", "started", task="", parameters={"where": "here"}),
            call("c1", "failed", task="", error="Too dark.", duration_seconds=0.5),
            step(1, task="", seconds=90.0, name="look"),
            plan("ask", task=""),
            MemorySummary(data=MemorySummaryData(summary="It was too dark to look.")),
            ApprovalRequest(data=asked),
        ):
            await task.point()
            task.emit(event)
        if task.prompt == "wait":
            await anyio.sleep_forever()
        raise RuntimeError("no light")


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app with two agents on either store."""
    store = "memory:" if request.param == "memory" else tmp_path / "puntini.db"
    async with serving([Careful()], store=store) as running:
        yield running


async def failed(api: Api) -> str:
    """A careful task that has failed."""
    task_id = await api.prompt(await api.create(), "Look for the key.", agent="careful")
    await api.until(task_id, "failed")
    return task_id


async def said_all(api: Api, task_id: str) -> None:
    """Wait until a careful task has said what it has to say."""
    with anyio.fail_after(20):
        while not (await api.ask("GET", f"/v1/tasks/{task_id}/result")).json()["approvals"]:
            await anyio.sleep(0.005)


async def test_a_result_is_what_the_task_came_to(api: Api) -> None:
    task_id = await api.played(await api.create(), "play 200 events every 0 ms")
    result = await api.get(f"/v1/tasks/{task_id}/result")
    duration = result.pop("duration_seconds")
    thoughts = result.pop("reasoning").split("\n")
    assert result == {
        "task_id": task_id,
        "success": True,
        "status": "completed",
        "final_answer": "Played 200 events.",
        "error": "",
        "usage": {"input_tokens": 0, "output_tokens": 0},
        "complete": True,
    }
    assert duration >= 0
    assert thoughts == [f"Thought {n}." for n in range(1, 201, 7)]


async def test_a_failure_is_a_result_too(api: Api) -> None:
    result = await api.get(f"/v1/tasks/{await failed(api)}/result")
    assert (result["success"], result["status"], result["error"]) == (False, "failed", "RuntimeError: no light")


async def test_a_task_that_runs_has_no_result_yet_and_says_what_it_waits_for(api: Api) -> None:
    task_id = await api.prompt(await api.create(), "wait", agent="careful")
    await said_all(api, task_id)
    response = await api.ask("GET", f"/v1/tasks/{task_id}/result")
    assert response.status_code == 202
    assert response.headers["retry-after"] == "1"
    pending = response.json()
    assert (pending["task_id"], pending["status"]) == (task_id, "running")
    assert [approval["question"] for approval in pending["approvals"]] == ["May I?"]
    await api.ask("DELETE", f"/v1/tasks/{task_id}")
    await api.until(task_id, "cancelled")
    assert (await api.get(f"/v1/tasks/{task_id}/result"))["status"] == "cancelled"


async def test_steps_come_in_order_and_in_pages(api: Api) -> None:
    task_id = await api.played(await api.create(), "play 200 events every 0 ms")
    pages = [await api.get(f"/v1/tasks/{task_id}/steps?limit=10&offset={offset}") for offset in (0, 10, 20, 30)]
    steps = [step for page in pages for step in page["items"]]
    assert [step["step_number"] for step in steps] == list(range(5, 201, 7))
    assert {(page["total"], page["left_out"], page["complete"]) for page in pages} == {(28, 0, True)}
    assert steps[0].items() >= {"name": "Step 5", "success": True}.items()
    assert steps[0]["tool_calls"] == [{"tool_name": "count", "success": True}]


async def test_a_step_began_before_it_was_told_and_its_id_leads_to_what_was_then(api: Api) -> None:
    task_id = await failed(api)
    task = await api.get(f"/v1/tasks/{task_id}")
    [only] = (await api.get(f"/v1/tasks/{task_id}/steps"))["items"]
    assert (only["name"], only["duration_seconds"]) == ("look", 90.0)
    assert only["started_at"] < task["submitted_at"]
    state = await api.get(f"/v1/sessions/{task['session_id']}/state?at={only['id']}")
    assert state["cursor"] == only["id"]


async def test_tool_calls_come_with_what_they_were_given_and_what_came_of_it(api: Api) -> None:
    [only] = (await api.get(f"/v1/tasks/{await failed(api)}/tools"))["items"]
    assert only.pop("timestamp")
    assert only == {
        "id": "c1",
        "tool_name": "draw",
        "parameters": {"where": "here"},
        "result": None,
        "success": False,
        "status": "failed",
        "error": "Too dark.",
        "duration_seconds": 0.5,
        "cut": [],
    }


async def test_the_plan_is_the_newest(api: Api) -> None:
    told = await api.get(f"/v1/tasks/{await failed(api)}/plan")
    assert told.pop("updated_at")
    assert told == {"current_plan": ["ask"], "last_reflection": "It is dark.", "complete": True}


async def test_without_a_plan_there_is_none(api: Api) -> None:
    told = await api.get(f"/v1/tasks/{await api.played(await api.create(), 'play 1 event')}/plan")
    assert told == {"current_plan": [], "last_reflection": "", "updated_at": None, "complete": True}


async def test_memory_is_what_was_said_and_summed_up_and_can_be_searched(api: Api) -> None:
    task_id = await failed(api)
    memory = await api.get(f"/v1/tasks/{task_id}/memory?q=DARK%20look")
    assert [(said["role"], said["content"]) for said in memory["working_messages"]] == [("user", "Look for the key.")]
    assert memory["summary"] == "It was too dark to look."
    assert [(hit["role"], hit["task_id"]) for hit in memory["hits"]] == [("summary", task_id)]
    assert (memory["total"], memory["left_out"], memory["complete"]) == (1, 0, True)
    assert (await api.get(f"/v1/tasks/{task_id}/memory"))["hits"] == []


async def test_memory_comes_in_pages_from_the_newest(api: Api) -> None:
    task_id = await api.played(await api.create(), "play 3000 events every 0 ms")
    everything = (await api.get(f"/v1/tasks/{task_id}/memory"))["working_messages"]
    assert [each["role"] for each in everything] == ["user", "assistant", "assistant", "assistant"]
    pages = [await api.get(f"/v1/tasks/{task_id}/memory?limit=3&offset={offset}") for offset in (0, 3, 6)]
    assert [page["working_messages"] for page in pages] == [everything[1:], everything[:1], []]


async def test_an_agent_remembers_its_latest_tasks(api: Api) -> None:
    await api.played(await api.create(), "play 1 event")
    tasks = [await failed(api) for _ in range(7)]
    memory = await api.get("/v1/memory/careful?q=key&limit=3")
    assert memory["agent_id"] == "careful"
    assert memory["tasks"] == tasks[:1:-1]
    assert [said["task_id"] for said in memory["working_messages"]] == tasks[-3:]
    assert [hit["task_id"] for hit in memory["hits"]] == tasks[:1:-1]
    assert (memory["summary"], memory["total"]) == ("It was too dark to look.", 5)
    assert len(memory["summaries"]) == 3


async def test_an_agent_that_has_done_nothing_remembers_nothing(api: Api) -> None:
    memory = await api.get("/v1/memory/careful")
    assert (memory["tasks"], memory["working_messages"], memory["summary"]) == ([], [], "")


async def test_an_agent_that_is_not_there_is_not_found(api: Api) -> None:
    problem(await api.ask("GET", "/v1/memory/nobody"), 404, "not_found")


@pytest.mark.parametrize("view", VIEWS)
async def test_a_task_that_is_not_there_has_no_views(api: Api, view: str) -> None:
    problem(await api.ask("GET", f"/v1/tasks/tsk_none/{view}"), 404, "not_found")


@pytest.mark.parametrize("view", VIEWS)
async def test_views_are_headed_and_checked_as_other_addresses_are(api: Api, view: str) -> None:
    path = f"/v1/tasks/{await api.played(await api.create(), 'play 1 event')}/{view}"
    assert (await api.ask("HEAD", path)).status_code == 200
    for wrong in ("x=1", *(["limit=0", "offset=-1"] if view in {"steps", "tools", "memory"} else ["limit=1"])):
        problem(await api.ask("GET", f"{path}?{wrong}"), 400, "invalid")


@pytest.mark.parametrize("path", ["/v1/tasks/{}/memory", "/v1/memory/careful"])
async def test_a_query_that_is_too_long_is_refused(api: Api, path: str) -> None:
    told = problem(await api.ask("GET", f"{path.format(await failed(api))}?q={'x' * 201}"), 400, "invalid")
    assert told["errors"][0]["path"] == "q"


async def test_the_tasks_of_one_session_are_told_apart(api: Api) -> None:
    session_id = await api.create()
    first = await api.prompt(session_id, "play 50 events every 1 ms")
    second = await api.prompt(session_id, "play 12 events")
    await api.until(second, "completed")
    totals: list[Any] = [(await api.get(f"/v1/tasks/{task_id}/steps"))["total"] for task_id in (first, second)]
    assert totals == [7, 2]
