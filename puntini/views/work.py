"""A task's view: what it did, thought, planned and said, folded from its own events."""

from typing import Any, ClassVar, Literal, assert_never

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from puntini.protocol.entries import Entry
from puntini.protocol.events import (
    TASK_ENDS,
    ApprovalRequest,
    ApprovalRequestData,
    ApprovalResolved,
    ApprovalResolvedData,
    AssistantResponse,
    AssistantResponseData,
    Data,
    Envelope,
    MemorySummary,
    Message,
    PlanUpdate,
    Reasoning,
    Step,
    StepData,
    TaskCancelled,
    TaskCompleted,
    TaskEndData,
    TaskFailed,
    UserPrompt,
)
from puntini.protocol.retraction import RETRACTED, Void, read_retraction
from puntini.views.messages import MOST_MESSAGES, Messages
from puntini.views.window import Window

MOST_STEPS = MOST_CALLS = 10_000
"""As many steps as a task may be allowed."""
MOST_BYTES = 8 << 20
"""Of steps, and of tool calls, as they stand in the log."""
MOST_SUMMARIES = MOST_APPROVALS = 100
FEW_BYTES = 2 << 20
VALUE_BYTES = 16 << 10
"""Parameters and results that are larger are left out of a call."""
ERROR_SHOWN = 4_000
NAME_SHOWN = 1_000
TOOLS_SHOWN = 100
CALL_BYTES = 200
"""About what a call takes beside its values."""
LINE_BYTES = 512 << 10
"""Larger events are passed over, but those that hold little else than one text or raw value."""

Ending = Literal["completed", "failed", "cancelled"]
NOTHING = Raw(b"null")
EMPTY = {b"null", b"{}"}


class CallData(Data, frozen=True):
    """A ``tool_call``'s data, whose values are passed on as they are written."""

    call_id: str
    tool_name: str
    status: Literal["started", "succeeded", "failed"]
    parameters: Raw = NOTHING
    result: Raw = NOTHING
    error: str = ""
    duration_seconds: float | None = None


class CallSaid(Envelope, frozen=True, kw_only=True, tag="tool_call"):
    """A ``tool_call``."""

    data: CallData


class StepTaken(Struct, frozen=True):
    """A step that is done; ``timestamp`` is when that was said, by the event ``seq``."""

    seq: int
    timestamp: str
    data: StepData


class Call(Struct, frozen=True):
    """A tool call as far as it has come. ``timestamp`` is when it began; ``cut`` names what was too large to keep."""

    timestamp: str
    data: CallData
    cut: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """The plan as it stands, and the last that the agent thought of it."""

    current_plan: list[str] = []
    last_reflection: str = ""
    updated_at: str = ""


class Summary(Struct, frozen=True):
    """Older working memory, summed up."""

    text: str
    timestamp: str


class Approval(Struct, frozen=True):
    """What a person was asked to decide, and what they decided."""

    request: ApprovalRequestData
    resolved: ApprovalResolvedData | None = None


Relevant = (
    UserPrompt
    | AssistantResponse
    | Reasoning
    | CallSaid
    | Step
    | PlanUpdate
    | MemorySummary
    | ApprovalRequest
    | ApprovalResolved
    | TaskCompleted
    | TaskFailed
    | TaskCancelled
)
_decoder: msgspec.json.Decoder[Relevant] = msgspec.json.Decoder(Relevant)


class WorkView:
    """One task's work after the event ``seq``, of which it holds the newest within fixed bounds.

    What a retraction takes back stands before it in the log. A view that has taken it in already is ``overtaken``: from
    then on it looks for retractions only, and ``anew`` makes the view with which to begin again. One that knows a
    retraction before it begins is as if the void had never been said. So nothing has to be kept for undoing.
    """

    RELEVANT: ClassVar[frozenset[str]] = frozenset(str(cls.__struct_config__.tag) for cls in Relevant.__args__)
    """The types that say something of the work."""
    LONG: ClassVar[frozenset[str]] = TASK_ENDS | {"user_prompt", "assistant_response", "tool_call"}

    def __init__(self, task_id: str, after: int = 0, *, complete: bool = True, void: Void | None = None) -> None:
        self.task_id = task_id
        self.seq = after
        self._begins = (after, complete)
        self.complete = complete
        """Whether it has seen all that the task said: retention had removed nothing, and nothing was too large."""
        self.overtaken = False
        self.size = 0
        """Bytes of the events that were taken in: what it holds is no more than that, and than its bounds."""
        self.plan = Plan()
        self.steps: Window[StepTaken] = Window(MOST_STEPS, MOST_BYTES)
        self.calls: Window[Call] = Window(MOST_CALLS, MOST_BYTES)
        self.summaries: Window[Summary] = Window(MOST_SUMMARIES, FEW_BYTES)
        self.approvals: Window[Approval] = Window(MOST_APPROVALS, FEW_BYTES)
        self.status: Ending | None = None
        self.end: TaskEndData | None = None
        self._void = void or Void()
        self._messages = Messages()
        self._thoughts = Messages()
        self._nameless = ""

    def anew(self) -> "WorkView":
        """An empty view of the same task that knows all retractions so far."""
        after, complete = self._begins
        return WorkView(self.task_id, after, complete=complete, void=self._void)

    # Taking in.

    def missed(self, upto: int) -> None:
        """Events up to here can't be read any more."""
        self.complete = False
        self.seq = max(self.seq, upto)

    def skip(self, seq: int) -> None:
        """What came up to here is of no concern."""
        self.seq = max(self.seq, seq)

    def take(self, seq: int, entry: Entry) -> None:
        """Take in the session's next entry, if it is the task's and says something of its work."""
        self.seq = seq
        if entry.task_id != self.task_id:
            return
        if entry.kind == RETRACTED:
            self._retracted(seq, entry)
        elif entry.kind in self.RELEVANT and not self.overtaken and not self._void.covers(seq, entry):
            self._said(seq, entry)

    def _retracted(self, seq: int, entry: Entry) -> None:
        if retraction := read_retraction(seq, entry):
            self.size += len(entry.line)
            self.overtaken |= self._void.add(retraction)

    def _said(self, seq: int, entry: Entry) -> None:
        if len(entry.line) > LINE_BYTES and entry.kind not in self.LONG:
            self.complete = False
            return
        self.size += len(entry.line)
        self._apply(seq, _decoder.decode(entry.line), len(entry.line))

    def _apply(self, seq: int, event: Relevant, size: int) -> None:  # noqa: C901 - one case a kind of event
        match event:
            case UserPrompt():
                self._messages.asked(event)
            case AssistantResponse():
                self._messages.answered(event)
            case Reasoning():
                self._thoughts.answered(self._thought(seq, event))
            case CallSaid():
                self._called(event)
            case Step():
                self.steps.put(str(seq), StepTaken(seq, event.timestamp, _short_step(event.data)), size)
            case PlanUpdate():
                reflection = event.data.last_reflection or self.plan.last_reflection
                self.plan = Plan(event.data.current_plan, reflection, event.timestamp)
            case MemorySummary():
                self.summaries.put(str(seq), Summary(event.data.summary, event.timestamp), size)
            case ApprovalRequest():
                self.approvals.put(event.data.approval_id, Approval(event.data), size)
            case ApprovalResolved():
                self._resolved(event.data, size)
            case TaskCompleted() | TaskFailed() | TaskCancelled():
                self.status, self.end = _ENDINGS[type(event)], event.data
            case _:
                assert_never(event)

    def _thought(self, seq: int, event: Reasoning) -> AssistantResponse:
        """A thought, told as an answer is. Pieces that have no name go on with the last text that began without one."""
        data = event.data
        if not (data.chunk and data.offset):
            self._nameless = f" {seq}"
        text = data.text if data.chunk else "\n".join(part for part in (*data.steps, data.text) if part)
        said = AssistantResponseData(
            message_id=data.message_id or self._nameless, text=text, chunk=data.chunk, offset=data.offset
        )
        return AssistantResponse(task_id=event.task_id, agent=event.agent, timestamp=event.timestamp, data=said)

    def _called(self, event: CallSaid) -> None:
        """A call begins or ends. What its end does not repeat is known from its beginning."""
        call = _call(event)
        if began := self.calls.get(call.data.call_id):
            call = _ended(began, call)
        size = len(event.data.call_id) + len(call.data.parameters) + len(call.data.result) + len(call.data.error)
        self.calls.put(call.data.call_id, call, size + CALL_BYTES)

    def _resolved(self, data: ApprovalResolvedData, size: int) -> None:
        if asked := self.approvals.get(data.approval_id):
            self.approvals.put(data.approval_id, replace(asked, resolved=data), size)

    # What it amounts to.

    def messages(self) -> list[Message]:
        """What was asked and answered, the oldest first."""
        return self._messages.newest(MOST_MESSAGES, open_tasks=() if self.status else (self.task_id,))

    @property
    def message_count(self) -> int:
        """How many messages there were, those that are too old to be kept too."""
        return self._messages.count

    @property
    def summary(self) -> str:
        """The newest summary."""
        newest = self.summaries.page(1, len(self.summaries) - 1) if len(self.summaries) else []
        return newest[0].text if newest else ""

    def open_approvals(self) -> list[ApprovalRequestData]:
        """What nobody has decided yet."""
        return [approval.request for approval in self.approvals if approval.resolved is None]

    def reasoning(self, most: int) -> str:
        """What the agent thought, a thought a line; of more than ``most`` characters the newest, after an ellipsis."""
        thoughts: list[str] = []
        room = most
        for thought in reversed(self._thoughts.newest(MOST_MESSAGES)):
            thoughts.append(thought.content)
            room -= len(thought.content) + 1
            if room < 0:
                break
        text = "\n".join(reversed(thoughts))
        older = room < 0 or self._thoughts.count > len(thoughts)
        return f"…{text[-most:]}" if older else text


_ENDINGS: dict[type[Any], Ending] = {TaskCompleted: "completed", TaskFailed: "failed", TaskCancelled: "cancelled"}


def _short_step(data: StepData) -> StepData:
    return replace(data, name=data.name[:NAME_SHOWN], tool_calls=data.tool_calls[:TOOLS_SHOWN])


def _call(event: CallSaid) -> Call:
    """A call with values of its own: a raw value would hold on to all of its line."""
    data = event.data
    values = {"parameters": data.parameters, "result": data.result}
    cut = tuple(name for name, value in values.items() if len(value) > VALUE_BYTES)
    kept = {name: NOTHING if name in cut else value.copy() for name, value in values.items()}
    data = replace(data, tool_name=data.tool_name[:NAME_SHOWN], error=data.error[:ERROR_SHOWN], **kept)
    return Call(event.timestamp, data, cut)


def _ended(began: Call, call: Call) -> Call:
    """A call that is told a second time."""
    if "parameters" in call.cut or bytes(call.data.parameters) not in EMPTY:
        return replace(call, timestamp=began.timestamp)
    cut = (*call.cut, *(name for name in began.cut if name == "parameters"))
    return Call(began.timestamp, replace(call.data, parameters=began.data.parameters), cut)
