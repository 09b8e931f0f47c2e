"""A session's view: what its events amount to."""

from typing import Any, ClassVar, Self, assert_never

import msgspec
from msgspec import Struct

from puntini.protocol.events import (
    AgentStatus,
    AgentView,
    ApprovalRequest,
    ApprovalResolved,
    ApprovalView,
    AssistantResponse,
    Debug,
    Error,
    GraphUpdate,
    LoggedEvent,
    MemorySummary,
    Message,
    PlanUpdate,
    PlanView,
    Reasoning,
    SessionClosed,
    SessionReady,
    SessionReadyData,
    SessionStatus,
    StateUpdate,
    Step,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskRetracted,
    TaskStarted,
    TaskView,
    ToolCall,
    UserPrompt,
    WorkflowUpdate,
)
from puntini.protocol.graph import Graph
from puntini.views.agents import Statuses
from puntini.views.approvals import OpenApprovals
from puntini.views.changes import Change
from puntini.views.graph import GraphView
from puntini.views.messages import Messages, Spoken
from puntini.views.state import AgentState
from puntini.views.tasks import OpenTasks

READY_MESSAGES = 100


class Saved(Struct, omit_defaults=True, kw_only=True):
    """A view as it is kept. New fields get defaults, so that old snapshots keep decoding."""

    seq: int = 0
    status: SessionStatus = "active"
    messages: list[Spoken] = []
    message_count: int = 0
    graph: Graph = Graph()
    overflowed: bool = False
    changes: list[Change] = []
    state: Any = None
    state_version: int = 0
    plan: PlanView | None = None
    tasks: list[TaskView] = []
    approvals: list[ApprovalView] = []
    agents: list[AgentView] = []


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Saved)


class SessionView:
    """Conversation, graph, agents' state, plan, open tasks and approvals of one session, after the event ``seq``.

    Whoever folds owns the view, and it is changed in place: a copy of a large graph for each event is not free. It is
    pure all the same: no clock, no chance, the same events make the same view. What it hands out does not change.
    """

    RELEVANT: ClassVar[frozenset[str]] = frozenset(
        {
            "user_prompt",
            "assistant_response",
            "graph_update",
            "state_update",
            "plan_update",
            "task_started",
            "task_progress",
            "task_paused",
            "task_resumed",
            "task_completed",
            "task_failed",
            "task_cancelled",
            "agent_status",
            "approval_request",
            "approval_resolved",
            "session_closed",
        }
    )
    """The types that change more than ``seq``; all others may be skipped without being decoded.

    ``task_retracted`` is not among them: who folds has to know what is void before it comes to that.
    """

    def __init__(self) -> None:
        self._adopt(Saved())

    def _adopt(self, saved: Saved) -> None:
        self.seq = saved.seq
        self.status: SessionStatus = saved.status
        self.graph = GraphView(saved.graph, overflowed=saved.overflowed, changes=saved.changes)
        self._messages = Messages(saved.messages, saved.message_count)
        self._state = AgentState(saved.state, saved.state_version)
        self.plan = saved.plan
        self._tasks = OpenTasks(saved.tasks)
        self._approvals = OpenApprovals(saved.approvals)
        self._agents = Statuses(saved.agents)

    def skip(self, seq: int) -> None:
        """An event passed that changes nothing."""
        self.seq = seq

    def void(self, seq: int, event: LoggedEvent) -> None:
        """An event passed that was taken back: of it only the version stays, for versions never go back."""
        self.seq = seq
        match event:
            case GraphUpdate():
                self.graph.apply(event.data.version, ())
            case StateUpdate():
                self._state.passed(event.data.version)
            case _:
                pass

    def apply(self, seq: int, event: LoggedEvent) -> None:  # noqa: C901 - one case a kind of event
        """Take an event in."""
        self.seq = seq
        match event:
            case AssistantResponse():
                self._messages.answered(event)
            case GraphUpdate():
                self.graph.apply(event.data.version, event.data.delta, event.data.author or event.agent)
            case StateUpdate():
                self._state.apply(event.data)
            case PlanUpdate():
                self._planned(event)
            case TaskProgress():
                self._tasks.change(event)
            case TaskPaused() | TaskResumed():
                self._tasks.change(event)
                self._agents.leave(event.task_id)
            case UserPrompt():
                self._messages.asked(event)
            case TaskStarted():
                self._tasks.start(event, self._messages.prompt_of(event.task_id))
            case TaskCompleted() | TaskFailed() | TaskCancelled():
                self._tasks.end(event)
                self._approvals.end(event.task_id)
                self._agents.leave(event.task_id)
            case AgentStatus():
                self._agents.change(event)
            case ApprovalRequest():
                self._approvals.ask(event)
            case ApprovalResolved():
                self._approvals.resolve(event.data.approval_id)
            case SessionClosed():
                self.status = "closed"
            case Reasoning() | Debug() | ToolCall() | Step() | MemorySummary() | Error():
                pass
            case WorkflowUpdate() | TaskRetracted():
                pass
            case _:
                assert_never(event)

    def _planned(self, event: PlanUpdate) -> None:
        """The newest plan stands; what was thought of it stays until something else is, or another task plans."""
        data, before = event.data, self.plan
        kept = before.last_reflection if before is not None and before.task_id == event.task_id else ""
        self.plan = PlanView(
            current_plan=data.current_plan,
            last_reflection=data.last_reflection or kept,
            task_id=event.task_id,
            updated_at=event.timestamp,
        )

    # What it amounts to.

    @property
    def state(self) -> Any:
        """The agent's state."""
        return self._state.value

    @property
    def state_version(self) -> int:
        """The highest version of the updates to the state that applied; it stays when one is taken back."""
        return self._state.version

    @property
    def message_count(self) -> int:
        """How many messages the session has had, also those that are too old to be kept."""
        return self._messages.count

    def messages(self, *, limit: int, before: str = "") -> list[Message]:
        """The newest ``limit`` messages before message id ``before``, oldest first; none when it is unknown."""
        return self._messages.newest(limit, before, open_tasks=self._tasks)

    def spoken(self) -> list[Spoken]:
        """The messages that are kept, oldest first, each with the task that it belongs to. They go on growing."""
        return self._messages.save()

    def tasks(self) -> list[TaskView]:
        """The tasks that have not ended, oldest first."""
        return self._tasks.open()

    def approvals(self) -> list[ApprovalView]:
        """What people are asked and nobody has decided yet, oldest first."""
        return self._approvals.open()

    def agents(self) -> list[AgentView]:
        """What each agent does; whose status changed last comes last."""
        return self._agents.latest()

    def ready(self, *, session_id: str, cursor: str, agent: str) -> SessionReady:
        """The snapshot event for clients, with the newest messages."""
        data = SessionReadyData(
            session_id=session_id,
            status=self.status,
            cursor=cursor,
            agent=agent,
            initial_graph=self.graph.graph(),
            messages=self.messages(limit=READY_MESSAGES),
            state=self.state,
            tasks=self.tasks(),
            state_version=self.state_version,
            plan=self.plan,
            approvals=self.approvals(),
            agents=self.agents(),
        )
        return SessionReady(session_id=session_id, data=data)

    # Keeping it.

    def encode(self) -> bytes:
        """Everything there is to it, as JSON."""
        return _encoder.encode(
            Saved(
                seq=self.seq,
                status=self.status,
                messages=self._messages.save(),
                message_count=self.message_count,
                graph=self.graph.graph(),
                overflowed=self.graph.overflowed,
                changes=self.graph.changes.save(),
                state=self.state,
                state_version=self.state_version,
                plan=self.plan,
                tasks=self.tasks(),
                approvals=self.approvals(),
                agents=self.agents(),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The inverse of ``encode``: goes on exactly as the view would have, also in the middle of a message."""
        view = cls()
        view._adopt(_decoder.decode(body))
        return view
