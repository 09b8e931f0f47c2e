"""A task's changes of status: what is said of each, and the task's record from then on. Decides, writes nothing.

With each the server says what the task's agent does from then on: after what begins, before what ends, so that a task's
end stays its last event.
"""

from typing import Literal, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from puntini.log.contract import TaskRow
from puntini.log.mint import now_ms
from puntini.protocol.events import (
    AgentStatus,
    AgentStatusData,
    Envelope,
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStatus,
    Usage,
)

Ending = Literal["completed", "failed", "cancelled"]
ENDINGS: dict[Ending, type[TaskCompleted] | type[TaskFailed] | type[TaskCancelled]] = {
    "completed": TaskCompleted,
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
}


MOST_ANSWER, MOST_ERROR = 1 << 20, 4_000
"""Characters of a task's answer, and of what went wrong. What is longer is cut, and says so."""


class End(NamedTuple):
    """How a task came out."""

    status: Ending
    answer: str = ""
    error: str = ""


class Change(NamedTuple):
    """What is written together."""

    events: list[Envelope]
    row: TaskRow


def running(row: TaskRow) -> Change:
    """Its turn has come."""
    return Change([TaskProgress(data=TaskData(status="running")), _agent(row, "busy")], _now(row, "running"))


def waiting(row: TaskRow) -> Change:
    """It rests until a person has decided."""
    return Change([_agent(row, "waiting"), TaskProgress(data=TaskData(status="waiting"))], _now(row, "waiting"))


def paused(row: TaskRow) -> Change:
    """It rests until it is resumed."""
    return _left(row, TaskPaused(data=TaskData(status="paused")), _now(row, "paused"))


def queued_again(row: TaskRow, detail: str) -> Change:
    """Another attempt waits for its turn, and whatever the one before still says is refused."""
    again = replace(_now(row, "queued"), attempt=row.attempt + 1)
    return _left(row, TaskResumed(data=TaskData(status="queued", detail=detail)), again)


def ended(row: TaskRow, end: End) -> Change:
    """It is over."""
    after = _now(row, end.status)
    seconds = max(0, after.updated_at - row.created_at) / 1000
    cost = UNSET if row.cost_usd is None else row.cost_usd
    usage = Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens, cost_usd=cost)
    answer, error = _bounded(end.answer, MOST_ANSWER), _bounded(end.error, MOST_ERROR)
    data = TaskEndData(duration_seconds=seconds, usage=usage, final_answer=answer, error=error)
    return _left(row, ENDINGS[end.status](data=data), after)


def without_books(row: TaskRow, end: End) -> Change:
    """It is over, and what it took can't be written."""
    return ended(replace(row, input_tokens=0, output_tokens=0, cost_usd=None), end)


def _bounded(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters were cut)"


def _left(before: TaskRow, event: Envelope, after: TaskRow) -> Change:
    """Its agent has nothing more to do; for a task that had not begun there is nothing to say of it."""
    at_work = before.status in {"running", "waiting"}
    return Change([_agent(before, "idle"), event] if at_work else [event], after)


def _agent(row: TaskRow, status: Literal["idle", "busy", "waiting"]) -> AgentStatus:
    return AgentStatus(data=AgentStatusData(agent=row.agent, status=status))


def _now(row: TaskRow, status: TaskStatus) -> TaskRow:
    return replace(row, status=status, updated_at=now_ms())
