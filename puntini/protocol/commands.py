"""What a client says: one frozen struct a command. Unknown fields are refused, so that a typo is never ignored."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from puntini.protocol.graph import GraphOp

Name = Annotated[str, Meta(max_length=200)]
"""An id or a name: what is longer is neither, and would be kept and compared for nothing."""
CommandId = Annotated[str, Meta(max_length=128)]
PROMPT_LIMIT = 262_144
Steps = Annotated[int, Meta(ge=1, le=10_000)]


class CommandData(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every command's ``data``."""


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", forbid_unknown_fields=True):
    """``command_id`` is chosen by the client and makes a retry safe for 24 hours."""

    command_id: CommandId = ""
    session_id: Name = ""


class InitSessionData(CommandData, frozen=True):
    session_id: Name = ""
    agent: Name = ""
    after: str = ""
    events: list[str] | None = None


class InitSession(Command, frozen=True, kw_only=True, tag="init_session"):
    """Attach this socket to the session ``session_id``, or create one for ``agent``; answered with ``session_ready``.

    ``after`` and ``events`` are those of a stream's query: where to start, and which types to send.
    """

    data: InitSessionData = InitSessionData()


Priority = Annotated[int, Meta(ge=-9, le=9)]
IfBusy = Literal["reject", "enqueue", "interrupt", "steer"]


class UserPromptCommandData(CommandData, frozen=True):
    prompt: Annotated[str, Meta(min_length=1, max_length=PROMPT_LIMIT)]
    agent: Name = ""
    max_steps: Steps = 50
    if_busy: IfBusy = "enqueue"
    priority: Priority = 0


class UserPromptCommand(Command, frozen=True, kw_only=True, tag="user_prompt"):
    """Start a task: the log gets a ``user_prompt`` and a ``task_started``.

    ``if_busy`` says what happens when a task already runs: refuse this one, let it wait its turn, stop the other, or
    hand the prompt to the other, which hears it at its next step. Of tasks that wait, the ones with the higher
    ``priority`` go first.
    """

    data: UserPromptCommandData


class ControlData(CommandData, frozen=True):
    task_id: Name
    action: Literal["pause", "resume", "stop"]


class Control(Command, frozen=True, kw_only=True, tag="control"):
    """Pause, resume or stop a task. Pausing waits for a safe point."""

    data: ControlData


class ApprovalResponseData(CommandData, frozen=True):
    approval_id: Name
    decision: Literal["approved", "denied", "answered", "approve", "deny"]
    value: Any = None

    @property
    def decided(self) -> Literal["approved", "denied", "answered"]:
        """The decision as the log has it."""
        match self.decision:
            case "approve":
                return "approved"
            case "deny":
                return "denied"
            case decision:
                return decision


class ApprovalResponse(Command, frozen=True, kw_only=True, tag="approval_response"):
    """Decide what an agent asked; ``approve`` is ``approved``, and ``deny`` is ``denied``.

    ``value`` is the answer where it is ``answered``: one of the question's ``options``, where it has some of its own
    and no ``response_schema``.
    """

    data: ApprovalResponseData


class ActionData(CommandData, frozen=True):
    name: Name
    arguments: dict[str, Any] = {}


class Action(Command, frozen=True, kw_only=True, tag="action"):
    """A user-interface action, handed to the running agent."""

    data: ActionData


class GraphEditData(CommandData, frozen=True):
    base_version: Annotated[int, Meta(ge=0)]
    delta: Annotated[list[GraphOp], Meta(max_length=1_000)]


class GraphEdit(Command, frozen=True, kw_only=True, tag="graph_edit"):
    """A person edits the graph beside the agent, with at most 1,000 operations.

    ``base_version`` is the version that the person saw.
    """

    data: GraphEditData


class AgentStatusRequestData(CommandData, frozen=True):
    agent: Name = ""


class AgentStatusRequest(Command, frozen=True, kw_only=True, tag="agent_status_request"):
    """Ask what an agent is doing, the session's own where none is named; answered with ``agent_status``."""

    data: AgentStatusRequestData = AgentStatusRequestData()


class WorkflowUpdateCommandData(CommandData, frozen=True):
    to_agent: Name
    reason: str


class WorkflowUpdateCommand(Command, frozen=True, kw_only=True, tag="workflow_update"):
    """Hand the session to another agent."""

    data: WorkflowUpdateCommandData


class ChatHistoryRequestData(CommandData, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 50
    before: Name = ""


class ChatHistoryRequest(Command, frozen=True, kw_only=True, tag="chat_history"):
    """Ask for messages, the newest ``limit`` of those before message id ``before``."""

    data: ChatHistoryRequestData = ChatHistoryRequestData()


class ResumeData(CommandData, frozen=True):
    after: str


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """Continue this socket's subscription from a cursor."""

    data: ResumeData


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    """Answered with ``pong`` and the same data."""

    data: Any = None


class CloseSessionData(CommandData, frozen=True):
    reason: str = ""


class CloseSession(Command, frozen=True, kw_only=True, tag="close_session"):
    """End the session: its log gets a last event."""

    data: CloseSessionData = CloseSessionData()


HttpCommand = (
    UserPromptCommand
    | Control
    | ApprovalResponse
    | Action
    | GraphEdit
    | AgentStatusRequest
    | WorkflowUpdateCommand
    | ChatHistoryRequest
    | Ping
    | CloseSession
)
"""What goes over HTTP; the two others are about a WebSocket."""
AnyCommand = InitSession | HttpCommand | Resume
