"""What the server says: one frozen struct an event type, and one for each type's ``data``.

Logged events carry an ``id``; control events belong to one connection and carry none. The union ``Event`` is closed:
a ``match`` over it can be exhaustive. New fields get defaults, so that old bytes keep decoding.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from puntini.protocol.graph import Graph, GraphConflict, GraphOp

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
TaskStatus = Literal["queued", "running", "waiting", "paused", "completed", "failed", "cancelled"]
SessionStatus = Literal["active", "closed"]


class Data(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every ``data``: absent means default, unknown fields are ignored.

    Where a reader should always find a field, even at its default, the default is made by a function, which msgspec
    always writes out; where that goes for all fields, the subclass sets ``omit_defaults=False``.
    """


def _no_parameters() -> dict[str, Any]:
    return {}


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What surrounds every ``data``. ``id`` and ``session_id`` are written in when an event is framed."""

    id: str = ""
    session_id: str = ""
    task_id: str = ""
    attempt: int = 0
    agent: str = ""
    timestamp: str = ""


# What clients are shown of messages and tasks.


class Message(Data, frozen=True):
    """One message of the conversation. ``partial``: its task goes on, and more of it may come."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    agent: str = ""
    timestamp: str = field(default_factory=str)
    task_id: str = ""
    partial: bool = False


class TaskView(Data, frozen=True):
    """A task as a snapshot shows it."""

    task_id: str
    status: TaskStatus
    prompt: str = ""
    agent: str = ""
    attempt: int = 0
    progress: float | None = None
    started_at: str = ""


class ApprovalView(Data, frozen=True, omit_defaults=False):
    """A request that nobody has decided yet, as a snapshot shows it."""

    approval_id: str
    task_id: str
    agent: str
    question: str
    tool_name: str = ""
    parameters: dict[str, Any] = {}
    options: list[str] = []
    response_schema: dict[str, Any] | None = None
    expires_at: str = ""
    requested_at: str = ""


class PlanView(Data, frozen=True, omit_defaults=False):
    """The newest plan of a session, whose it is, and what was thought of it last."""

    current_plan: list[str]
    last_reflection: str = ""
    task_id: str = ""
    updated_at: str = ""


class AgentView(Data, frozen=True, omit_defaults=False):
    """What an agent does, and for which task."""

    agent: str
    status: Literal["idle", "busy", "waiting", "failed"]
    detail: str = ""
    task_id: str = ""
    timestamp: str = ""


class Usage(Data, frozen=True, omit_defaults=False):
    """What a task consumed."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | UnsetType = UNSET


# Logged events: data, then envelope.


class UserAction(Data, frozen=True):
    """Something that was done in a user interface rather than said."""

    name: str
    arguments: dict[str, Any] = {}


class UserPromptData(Data, frozen=True):
    message_id: str
    prompt: str
    user_id: str = field(default_factory=str)
    action: UserAction | None = None


class UserPrompt(Envelope, frozen=True, kw_only=True, tag="user_prompt"):
    """What was asked, and by whom, for every viewer of the session.

    It starts a task, or reaches the one that runs: then ``task_id`` is that task's. With ``action`` it stands for one.
    """

    data: UserPromptData


class AssistantResponseData(Data, frozen=True, omit_defaults=False):
    message_id: str
    text: str
    chunk: bool = False
    offset: int = 0


class AssistantResponse(Envelope, frozen=True, kw_only=True, tag="assistant_response"):
    """A piece of an answer (``chunk``) or a whole one, which supersedes its pieces. An empty whole takes them back.

    ``offset`` counts the Unicode code points of the message before this piece.
    """

    data: AssistantResponseData


class ReasoningData(Data, frozen=True):
    steps: list[str] = []
    text: str = ""
    message_id: str = ""
    chunk: bool = field(default_factory=bool)
    offset: int = field(default_factory=int)
    phase: str = ""


class Reasoning(Envelope, frozen=True, kw_only=True, tag="reasoning"):
    """What the agent thinks, as ``steps`` or as ``text``, which comes in pieces as an answer does.

    ``message_id`` ties the pieces of one text together. ``phase`` names what the agent is thinking about.
    """

    data: ReasoningData


class DebugData(Data, frozen=True, omit_defaults=False):
    message: str
    level: Level = "debug"
    details: dict[str, Any] | UnsetType = UNSET


class Debug(Envelope, frozen=True, kw_only=True, tag="debug"):
    """A diagnostic line from the agent. ``details`` holds whatever explains it."""

    data: DebugData


class GraphUpdateData(Data, frozen=True, omit_defaults=False):
    version: int
    delta: list[GraphOp]
    author: str = ""


class GraphUpdate(Envelope, frozen=True, kw_only=True, tag="graph_update"):
    """A change to the session's graph: after ``delta`` it is at ``version``. ``author`` is an agent or a user."""

    data: GraphUpdateData


class StateUpdateData(Data, frozen=True):
    version: int
    snapshot: Any = None
    patch: list[dict[str, Any]] | None = None


class StateUpdate(Envelope, frozen=True, kw_only=True, tag="state_update"):
    """The agent's state: whole (``snapshot``) or changed by a JSON Patch, RFC 6902 (``patch``).

    With neither, the state is null.
    """

    data: StateUpdateData


class ToolCallData(Data, frozen=True):
    call_id: str
    tool_name: str
    status: Literal["started", "succeeded", "failed"]
    parameters: dict[str, Any] = field(default_factory=_no_parameters)
    result: Any = None
    error: str = ""
    duration_seconds: float | None = None


class ToolCall(Envelope, frozen=True, kw_only=True, tag="tool_call"):
    """A tool begins, succeeds or fails; ``call_id`` ties the two events of one call together."""

    data: ToolCallData


class StepTool(Data, frozen=True):
    """A tool call as a step sums it up."""

    tool_name: str
    success: bool


class StepData(Data, frozen=True, omit_defaults=False):
    step_number: int
    name: str
    success: bool
    duration_seconds: float
    tool_calls: list[StepTool] = []


class Step(Envelope, frozen=True, kw_only=True, tag="step"):
    """One step of the agent's work is done."""

    data: StepData


class PlanUpdateData(Data, frozen=True):
    current_plan: list[str]
    last_reflection: str = ""


class PlanUpdate(Envelope, frozen=True, kw_only=True, tag="plan_update"):
    """The whole plan as it now stands, and what the agent thought of it last."""

    data: PlanUpdateData


class MemorySummaryData(Data, frozen=True):
    summary: str


class MemorySummary(Envelope, frozen=True, kw_only=True, tag="memory_summary"):
    """Older working memory, summed up."""

    data: MemorySummaryData


class AgentStatusData(Data, frozen=True):
    agent: str
    status: Literal["idle", "busy", "waiting", "failed"]
    detail: str = ""


class AgentStatus(Envelope, frozen=True, kw_only=True, tag="agent_status"):
    """What an agent is doing. Also the answer to ``agent_status_request``, then without an id.

    The server says it of every task's agent, and an agent may say it of those that it works with.
    """

    data: AgentStatusData


class WorkflowUpdateData(Data, frozen=True):
    to_agent: str
    reason: str
    from_agent: str = ""
    workflow: str = ""


class WorkflowUpdate(Envelope, frozen=True, kw_only=True, tag="workflow_update"):
    """A hand-off in a team; ``workflow`` names the team."""

    data: WorkflowUpdateData


class ApprovalRequestData(Data, frozen=True):
    approval_id: str
    question: str
    options: list[str]
    tool_name: str = ""
    parameters: dict[str, Any] = {}
    response_schema: dict[str, Any] | None = None
    expires_at: str = ""


class ApprovalRequest(Envelope, frozen=True, kw_only=True, tag="approval_request"):
    """A person has to decide: one of ``options``, or a value that ``response_schema`` (a JSON Schema) describes."""

    data: ApprovalRequestData


class ApprovalResolvedData(Data, frozen=True):
    approval_id: str
    decision: Literal["approved", "denied", "answered", "expired"]
    by: str = field(default_factory=str)
    value: Any = None


class ApprovalResolved(Envelope, frozen=True, kw_only=True, tag="approval_resolved"):
    """A person has decided, or time ran out."""

    data: ApprovalResolvedData


class TaskData(Data, frozen=True):
    status: TaskStatus
    detail: str = ""
    steps_taken: int | None = None
    progress: float | None = None


class TaskStarted(Envelope, frozen=True, kw_only=True, tag="task_started"):
    """A task was accepted: ``running``, or ``queued`` until its turn comes. ``progress`` goes from 0 to 1."""

    data: TaskData


class TaskProgress(Envelope, frozen=True, kw_only=True, tag="task_progress"):
    """How far a task has come."""

    data: TaskData


class TaskPaused(Envelope, frozen=True, kw_only=True, tag="task_paused"):
    """A task stopped at a safe point and can be resumed."""

    data: TaskData


class TaskResumed(Envelope, frozen=True, kw_only=True, tag="task_resumed"):
    """A paused or waiting task goes on."""

    data: TaskData


class TaskEndData(Data, frozen=True):
    duration_seconds: float
    usage: Usage
    final_answer: str = ""
    error: str = ""


class TaskCompleted(Envelope, frozen=True, kw_only=True, tag="task_completed"):
    """The task ended well. Exactly one of the three ends every task."""

    data: TaskEndData


class TaskFailed(Envelope, frozen=True, kw_only=True, tag="task_failed"):
    """The task ended with an error."""

    data: TaskEndData


class TaskCancelled(Envelope, frozen=True, kw_only=True, tag="task_cancelled"):
    """The task was stopped."""

    data: TaskEndData


class TaskRetractedData(Data, frozen=True):
    attempt: int
    from_id: str
    to_id: str


class TaskRetracted(Envelope, frozen=True, kw_only=True, tag="task_retracted"):
    """A new attempt took over after a crash: what ``attempt`` said from ``from_id`` to ``to_id`` is void."""

    data: TaskRetractedData


class SessionClosedData(Data, frozen=True):
    reason: str = field(default_factory=str)


class SessionClosed(Envelope, frozen=True, kw_only=True, tag="session_closed"):
    """The session's last event."""

    data: SessionClosedData


# Control events: one connection's own, never in the log.


class SessionReadyData(Data, frozen=True, omit_defaults=False):
    session_id: str
    status: SessionStatus
    cursor: str
    agent: str = ""
    initial_graph: Graph = Graph()
    messages: list[Message] = []
    state: Any = None
    tasks: list[TaskView] = []
    # Servers of before did not say these.
    state_version: int | UnsetType = UNSET
    plan: PlanView | UnsetType | None = UNSET
    approvals: list[ApprovalView] | UnsetType = UNSET
    agents: list[AgentView] | UnsetType = UNSET


class SessionReady(Envelope, frozen=True, kw_only=True, tag="session_ready"):
    """A snapshot of the session at ``cursor``: the newest messages, ``tasks`` that have not ended, open ``approvals``.

    What each of its ``agents`` does was last said in this order. ``plan`` is null as long as there is none.
    """

    data: SessionReadyData


class ChatHistoryData(Data, frozen=True):
    messages: list[Message]


class ChatHistory(Envelope, frozen=True, kw_only=True, tag="chat_history"):
    """The answer to the command of that name, oldest message first."""

    data: ChatHistoryData


class Nothing(Data, frozen=True):
    """An empty ``data``."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, beside ``data`` in an ``error``."""

    code: int
    reason: str
    message: str
    retryable: bool = field(default_factory=bool)
    command_id: str = ""


class Error(Envelope, frozen=True, kw_only=True, tag="error"):
    """A command was refused (then without an id), or the agent met an error. Over SSE its ``event:`` is ``problem``."""

    data: Nothing
    error: Problem


class LiveData(Data, frozen=True):
    cursor: str


class Live(Envelope, frozen=True, kw_only=True, tag="live"):
    """Replay is over at ``cursor``; what follows is new."""

    data: LiveData


GapReason = Literal["expired", "unknown_epoch", "ahead_of_log", "malformed"]


class GapData(Data, frozen=True):
    requested: str
    resumed_at: str
    reason: GapReason


class Gap(Envelope, frozen=True, kw_only=True, tag="gap"):
    """The cursor ``requested`` could not be honoured; a ``session_ready`` always follows, at ``resumed_at``."""

    data: GapData


class ReconnectData(Data, frozen=True):
    reason: Literal["drain", "lifetime"]
    retry_ms: int


class Reconnect(Envelope, frozen=True, kw_only=True, tag="reconnect"):
    """This connection ends now; come back after ``retry_ms`` with the last id."""

    data: ReconnectData


class AuthExpiringData(Data, frozen=True):
    expires_at: str


class AuthExpiring(Envelope, frozen=True, kw_only=True, tag="auth_expiring"):
    """The credential ends at ``expires_at``, and this connection with it."""

    data: AuthExpiringData


class Pong(Envelope, frozen=True, kw_only=True, tag="pong"):
    """The answer to ``ping``, with what it carried."""

    data: Any


class AcceptedData(Data, frozen=True):
    command_id: str
    cursor: str
    task_id: str = ""
    conflicts: list[GraphConflict] = []


class Accepted(Envelope, frozen=True, kw_only=True, tag="accepted"):
    """A command over WebSocket was done: the same words that HTTP answers with.

    ``cursor`` is an id at or after what the command wrote; ``task_id`` is the task that it made, controls or
    speaks to, ``conflicts`` are there when a ``graph_edit`` met what others had changed.
    """

    data: AcceptedData


LoggedEvent = (
    UserPrompt
    | AssistantResponse
    | Reasoning
    | Debug
    | GraphUpdate
    | StateUpdate
    | ToolCall
    | Step
    | PlanUpdate
    | MemorySummary
    | AgentStatus
    | WorkflowUpdate
    | ApprovalRequest
    | ApprovalResolved
    | TaskStarted
    | TaskProgress
    | TaskPaused
    | TaskResumed
    | TaskCompleted
    | TaskFailed
    | TaskCancelled
    | TaskRetracted
    | SessionClosed
    | Error
)
ControlEvent = SessionReady | ChatHistory | Live | Gap | Reconnect | AuthExpiring | Pong | Accepted
Event = LoggedEvent | ControlEvent

TASK_ENDS = frozenset({"task_completed", "task_failed", "task_cancelled"})
SERVERS_OWN = TASK_ENDS | {
    "user_prompt",
    "task_started",
    "task_paused",
    "task_resumed",
    "task_retracted",
    "approval_resolved",
    "session_closed",
}
"""What no agent may say: a person's words, and what stands for a change of the records that is written with it.

No retraction takes these back.
"""
