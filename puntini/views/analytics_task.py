"""The numbers of one task, folded from its own events: where its time went, what it called, what it took."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from puntini.protocol.entries import Entry
from puntini.protocol.events import (
    ApprovalRequest,
    ApprovalResolved,
    AssistantResponse,
    Data,
    Envelope,
    Step,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStarted,
)
from puntini.protocol.retraction import Void
from puntini.views.analytics_numbers import success_rate

MOST_CALLS = 10_000
MOST_TOOLS = 100
NAME_SHOWN = 200
AT_REST = ("queued", "running", "waiting", "paused")


class CallData(Data, frozen=True):
    """What of a ``tool_call`` is counted."""

    call_id: str
    tool_name: str
    status: Literal["started", "succeeded", "failed"]
    duration_seconds: float | None = None


class CallSaid(Envelope, frozen=True, kw_only=True, tag="tool_call"):
    """A ``tool_call``."""

    data: CallData


class Times(Struct, frozen=True):
    """Seconds that a task was in each status; waiting is for people."""

    queued: float
    running: float
    waiting: float
    paused: float


class Steps(Struct, frozen=True):
    """How steps came out."""

    taken: int
    succeeded: int
    failed: int


class Tool(Struct, frozen=True):
    """How the calls of a tool came out. ``seconds`` is what those took together that say so."""

    tool_name: str
    calls: int
    succeeded: int
    failed: int
    success_rate: float | None
    seconds: float


class Work(Struct, frozen=True):
    """What the events of a task amount to.

    ``first_answer_seconds`` is how long its first words of an answer took, null without any, or where retention may
    have removed them. ``complete`` is false where it has removed other events, or calls were too many to be counted.
    """

    times: Times
    first_answer_seconds: float | None
    steps: Steps
    tools: list[Tool]
    approvals_asked: int
    approvals_decided: int
    result_size: int | None
    complete: bool


Change = TaskStarted | TaskProgress | TaskPaused | TaskResumed | TaskCompleted | TaskFailed | TaskCancelled
Relevant = Change | CallSaid | Step | ApprovalRequest | ApprovalResolved | AssistantResponse
_decoder: msgspec.json.Decoder[Relevant] = msgspec.json.Decoder(Relevant)


class TaskWork:
    """Folds a task's events after the event ``seq``, from its first one on, without what is void."""

    RELEVANT: ClassVar[frozenset[str]] = frozenset(str(cls.__struct_config__.tag) for cls in Relevant.__args__)

    def __init__(self, task_id: str, after: int, void: Void) -> None:
        self.task_id = task_id
        self.seq = after
        self._void = void
        self._complete = True
        self._holes = False
        self._began = 0
        self._status = ""
        self._since = 0
        self._times = dict.fromkeys(AT_REST, 0)
        self._first_answer: int | None = None
        self._steps: list[bool] = []
        self._calls: dict[str, CallData] = {}
        self._result_size: int | None = None
        self._asked = 0
        self._decided = 0

    def missed(self, upto: int) -> None:
        """Events up to here can't be read any more."""
        self._complete = False
        self.skip(upto)

    def skip(self, upto: int) -> None:
        """There is nothing more up to here."""
        self._holes |= upto > self.seq
        self.seq = max(self.seq, upto)

    def take(self, seq: int, entry: Entry) -> None:
        """The session's next entry."""
        self._holes |= seq > self.seq + 1
        self.seq = seq
        if entry.task_id == self.task_id and entry.kind in self.RELEVANT and not self._void.covers(seq, entry):
            if entry.kind == "assistant_response" and self._first_answer is not None:
                return  # pieces come by the thousand
            self._apply(_decoder.decode(entry.line))

    def _apply(self, event: Relevant) -> None:
        match event:
            case CallSaid():
                self._called(event.data)
            case Step():
                self._steps.append(event.data.success)
            case ApprovalRequest():
                self._asked += 1
            case ApprovalResolved():
                self._decided += 1
            case AssistantResponse():
                if event.data.text:
                    self._first_answer = -1 if self._holes else _ms(event.timestamp)
            case _:
                self._changed(event)

    def _called(self, data: CallData) -> None:
        if data.call_id in self._calls or len(self._calls) < MOST_CALLS:
            self._calls[data.call_id] = data
        else:
            self._complete = False

    def _changed(self, event: Change) -> None:
        at = _ms(event.timestamp)
        self._began = self._began or at
        self._pass(at)
        if isinstance(event, TaskCompleted | TaskFailed | TaskCancelled):
            self._status = ""
            if isinstance(event, TaskCompleted):
                self._result_size = len(event.data.final_answer.encode())
        elif event.data.status in AT_REST:
            self._status = event.data.status

    def _pass(self, at: int) -> None:
        if self._status:
            self._times[self._status] += max(0, at - self._since)
        self._since = max(at, self._since)

    def work(self, now: int) -> Work:
        """What it amounts to; a task that has not ended is in its status until ``now`` (ms)."""
        times = dict(self._times)
        if self._status:
            times[self._status] += max(0, now - self._since)
        succeeded = sum(self._steps)
        return Work(
            times=Times(**{name: spent / 1000 for name, spent in times.items()}),
            first_answer_seconds=self._answered(),
            steps=Steps(len(self._steps), succeeded, len(self._steps) - succeeded),
            tools=tools(list(self._calls.values())),
            approvals_asked=self._asked,
            approvals_decided=self._decided,
            result_size=self._result_size,
            complete=self._complete,
        )

    def _answered(self) -> float | None:
        if self._first_answer is None or self._first_answer < 0 or not self._began:
            return None
        return max(0, self._first_answer - self._began) / 1000


def tools(calls: list[CallData]) -> list[Tool]:
    """Calls by tool, the most called first."""
    found: dict[str, list[CallData]] = {}
    for each in calls:
        found.setdefault(each.tool_name[:NAME_SHOWN], []).append(each)
    told = [_tool(name, of) for name, of in found.items()]
    return sorted(told, key=lambda each: (-each.calls, each.tool_name))[:MOST_TOOLS]


def _tool(name: str, calls: list[CallData]) -> Tool:
    succeeded, failed = (sum(each.status == status for each in calls) for status in ("succeeded", "failed"))
    return Tool(
        tool_name=name,
        calls=len(calls),
        succeeded=succeeded,
        failed=failed,
        success_rate=success_rate(succeeded, failed),
        seconds=round(sum(max(0.0, each.duration_seconds or 0.0) for each in calls), 6),
    )


def _ms(timestamp: str) -> int:
    """Milliseconds since 1970; 0 for what is no time."""
    try:
        return max(0, round(datetime.fromisoformat(timestamp).timestamp() * 1000))
    except (ValueError, OverflowError):
        return 0
