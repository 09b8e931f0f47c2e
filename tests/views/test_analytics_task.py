"""The numbers of one task, from its own events."""

from typing import Any

import pytest

from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Envelope,
    Step,
    StepData,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStarted,
    ToolCall,
    ToolCallData,
    Usage,
)
from puntini.protocol.retraction import Retraction, Void
from puntini.views.analytics_task import MOST_CALLS, TaskWork, Times, Work

NOON_MS = 1_774_526_400_000


def entry(event: Envelope, second: float, task: str = "tsk_1") -> Entry:
    """An event as it stands in the log, so many seconds after noon."""
    values: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    clock = f"2026-03-26T12:00:{second:06.3f}Z"
    return entry_of(type(event)(**values | {"task_id": task, "attempt": 1, "timestamp": clock}))


def data(status: Any) -> TaskData:
    """A task's status."""
    return TaskData(status=status)


def words(text: str) -> AssistantResponse:
    """A piece of an answer."""
    return AssistantResponse(data=AssistantResponseData(message_id="m", text=text, chunk=True))


def call(call_id: str, status: Any, seconds: float | None = None, tool: str = "dig") -> ToolCall:
    """A tool call."""
    return ToolCall(data=ToolCallData(call_id=call_id, tool_name=tool, status=status, duration_seconds=seconds))


def step(success: bool = True) -> Step:
    """A step."""
    return Step(data=StepData(step_number=1, name="dig", success=success, duration_seconds=1.0))


END = TaskCompleted(data=TaskEndData(duration_seconds=20.0, usage=Usage(), final_answer="Bücher"))


def worked(*entries: Entry, void: Void | None = None, now: int = NOON_MS + 60_000, holes: int = 0) -> Work:
    """What events amount to; ``holes`` is how many are missing after the first."""
    work = TaskWork("tsk_1", 0, void or Void())
    for at, each in enumerate(entries, 1):
        work.take(at + (holes if at > 1 else 0), each)
    return work.work(now)


def test_time_goes_by_in_each_status_until_the_end() -> None:
    work = worked(
        entry(TaskStarted(data=data("queued")), 0),
        entry(TaskProgress(data=data("running")), 2.5),
        entry(TaskProgress(data=data("waiting")), 5),
        entry(TaskResumed(data=data("queued")), 12),
        entry(TaskProgress(data=data("running")), 13),
        entry(TaskPaused(data=data("paused")), 14),
        entry(TaskResumed(data=data("running")), 18),
        entry(END, 20),
    )
    assert work.times == Times(queued=3.5, running=5.5, waiting=7.0, paused=4.0)
    assert (work.result_size, work.complete) == (7, True)


def test_time_goes_on_for_a_task_that_has_not_ended() -> None:
    work = worked(entry(TaskStarted(data=data("running")), 1), now=NOON_MS + 11_000)
    assert work.times.running == 10.0
    assert work.result_size is None


def test_a_clock_that_is_put_back_takes_no_time_away() -> None:
    work = worked(
        entry(TaskStarted(data=data("running")), 10), entry(TaskPaused(data=data("paused")), 5), entry(END, 12)
    )
    assert work.times == Times(queued=0, running=0, waiting=0, paused=2.0)


def test_calls_are_counted_by_tool_and_once_each() -> None:
    work = worked(
        entry(call("c1", "started"), 1),
        entry(call("c1", "succeeded", 0.5), 2),
        entry(call("c2", "failed", 0.25), 3),
        entry(call("c3", "started", tool="look"), 4),
        entry(call("c1", "succeeded", 0.5), 5, task="tsk_other"),
    )
    told = [(tool.tool_name, tool.calls, tool.succeeded, tool.failed, tool.success_rate) for tool in work.tools]
    assert told == [("dig", 2, 1, 1, 0.5), ("look", 1, 0, 0, None)]
    assert work.tools[0].seconds == 0.75


def test_what_was_taken_back_is_not_counted_but_the_time_it_took_is() -> None:
    entries = [
        entry(TaskStarted(data=data("running")), 0),
        entry(call("c1", "failed"), 1),
        entry(step(False), 2),
        entry(words("Gone."), 3),
        entry(TaskResumed(data=data("queued")), 4),
        entry(step(), 5),
        entry(words("Here."), 6),
        entry(END, 7),
    ]
    work = worked(*entries, void=Void([Retraction(9, "tsk_1", 2, 5)]))
    assert (work.steps.taken, work.steps.failed, work.tools) == (1, 0, [])
    assert work.first_answer_seconds == 6.0
    assert (work.times.running, work.times.queued) == (4.0, 3.0)


def test_the_first_answer_is_the_first_that_says_something() -> None:
    started = entry(TaskStarted(data=data("running")), 1)
    assert worked(started, entry(words(""), 2), entry(words("A"), 4), entry(words("B"), 5)).first_answer_seconds == 3.0
    assert worked(started, entry(END, 9)).first_answer_seconds is None


def test_where_events_were_removed_the_first_answer_is_not_known() -> None:
    started = entry(TaskStarted(data=data("running")), 1)
    assert worked(started, entry(words("A"), 4), holes=1).first_answer_seconds is None


def test_what_can_not_be_read_makes_it_incomplete() -> None:
    work = TaskWork("tsk_1", 0, Void())
    work.missed(5)
    work.take(6, entry(words("A"), 4))
    told = work.work(NOON_MS)
    assert (told.complete, told.first_answer_seconds, work.seq) == (False, None, 6)


@pytest.mark.parametrize(("more", "complete"), [(0, True), (1, False)])
def test_very_many_calls_are_counted_up_to_a_bound(more: int, complete: bool) -> None:
    said = entry(call("CALL", "succeeded"), 1)
    calls = [said._replace(line=said.line.replace(b"CALL", b"%d" % n)) for n in range(MOST_CALLS + more)]
    work = worked(*calls)
    assert (work.tools[0].calls, work.complete) == (MOST_CALLS, complete)
