"""What is said in these tests, in few words."""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from puntini.protocol.events import (
    AgentStatus,
    AgentStatusData,
    ApprovalRequest,
    ApprovalRequestData,
    ApprovalResolved,
    ApprovalResolvedData,
    AssistantResponse,
    AssistantResponseData,
    GraphUpdate,
    GraphUpdateData,
    LoggedEvent,
    PlanUpdate,
    PlanUpdateData,
    SessionClosed,
    SessionClosedData,
    StateUpdate,
    StateUpdateData,
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskRetracted,
    TaskRetractedData,
    TaskStarted,
    TaskStatus,
    Usage,
    UserPrompt,
    UserPromptData,
)
from puntini.protocol.graph import Edge, GraphOp, Node
from puntini.views.session import SessionView


def asked(message_id: str, prompt: str, *, task: str = "t1", at: str = "") -> UserPrompt:
    return UserPrompt(task_id=task, timestamp=at, data=UserPromptData(message_id=message_id, prompt=prompt))


def piece(message_id: str, text: str, offset: int, *, task: str = "t1", at: str = "") -> AssistantResponse:
    data = AssistantResponseData(message_id=message_id, text=text, chunk=True, offset=offset)
    return AssistantResponse(task_id=task, agent="dot", timestamp=at, data=data)


def whole(message_id: str, text: str, *, task: str = "t1", at: str = "") -> AssistantResponse:
    data = AssistantResponseData(message_id=message_id, text=text)
    return AssistantResponse(task_id=task, agent="dot", timestamp=at, data=data)


def started(task: str = "t1", status: TaskStatus = "running", *, at: str = "") -> TaskStarted:
    return TaskStarted(task_id=task, attempt=1, agent="dot", timestamp=at, data=TaskData(status=status))


def progressed(
    task: str = "t1", status: TaskStatus = "running", *, attempt: int = 1, progress: float | None = None
) -> TaskProgress:
    return TaskProgress(task_id=task, attempt=attempt, data=TaskData(status=status, progress=progress))


def paused(task: str = "t1") -> TaskPaused:
    return TaskPaused(task_id=task, attempt=1, data=TaskData(status="paused"))


def resumed(task: str = "t1", status: TaskStatus = "queued", *, attempt: int = 1) -> TaskResumed:
    return TaskResumed(task_id=task, attempt=attempt, data=TaskData(status=status))


def planned(*steps: str, reflection: str = "", task: str = "t1", at: str = "") -> PlanUpdate:
    data = PlanUpdateData(current_plan=list(steps), last_reflection=reflection)
    return PlanUpdate(task_id=task, agent="dot", timestamp=at, data=data)


AgentDoing = Literal["idle", "busy", "waiting", "failed"]
End = type[TaskCompleted] | type[TaskFailed] | type[TaskCancelled]


def ended(task: str = "t1", end: End = TaskCompleted) -> TaskCompleted | TaskFailed | TaskCancelled:
    return end(task_id=task, data=TaskEndData(duration_seconds=1.0, usage=Usage()))


def retracted(first: int, last: int, *, task: str = "t1", attempt: int = 1) -> TaskRetracted:
    data = TaskRetractedData(attempt=attempt, from_id=f"e.{first}", to_id=f"e.{last}")
    return TaskRetracted(task_id=task, attempt=attempt + 1, data=data)


def requested(approval_id: str = "a1", question: str = "May I?", *, task: str = "t1", at: str = "") -> ApprovalRequest:
    data = ApprovalRequestData(approval_id=approval_id, question=question, options=["approve", "deny"])
    return ApprovalRequest(task_id=task, agent="dot", timestamp=at, data=data)


def resolved(approval_id: str = "a1", *, task: str = "t1") -> ApprovalResolved:
    data = ApprovalResolvedData(approval_id=approval_id, decision="approved", by="ada")
    return ApprovalResolved(task_id=task, data=data)


def status(agent: str = "dot", doing: AgentDoing = "busy", detail: str = "", *, task: str = "t1") -> AgentStatus:
    return AgentStatus(task_id=task, agent=agent, data=AgentStatusData(agent=agent, status=doing, detail=detail))


def closed() -> SessionClosed:
    return SessionClosed(data=SessionClosedData(reason="done"))


def drawn(*delta: GraphOp, version: int = 1, task: str = "") -> GraphUpdate:
    return GraphUpdate(task_id=task, data=GraphUpdateData(version=version, delta=list(delta)))


def snapshot(state: Any, *, version: int = 1, task: str = "") -> StateUpdate:
    return StateUpdate(task_id=task, data=StateUpdateData(version=version, snapshot=state))


def patched(*operations: dict[str, Any], version: int = 2) -> StateUpdate:
    return StateUpdate(data=StateUpdateData(version=version, patch=list(operations)))


def node(id_: str, label: str = "Thing", key: str | UnsetType = UNSET, **props: Any) -> Node:
    return Node(id=id_, label=label, key=key, props=props)


def add_node(id_: str, label: str = "Thing", key: str | UnsetType = UNSET, **props: Any) -> GraphOp:
    return GraphOp("add_node", node=node(id_, label, key, **props))


def update_node(id_: str, label: str = "Thing", key: str | UnsetType = UNSET, **props: Any) -> GraphOp:
    return GraphOp("update_node", node=node(id_, label, key, **props))


def edge(id_: str, source: str, target: str, label: str = "TO", **props: Any) -> Edge:
    return Edge(id=id_, label=label, source=source, target=target, props=props)


def add_edge(id_: str, source: str, target: str, label: str = "TO", **props: Any) -> GraphOp:
    return GraphOp("add_edge", edge=edge(id_, source, target, label, **props))


def update_edge(id_: str, source: str, target: str, label: str = "TO", **props: Any) -> GraphOp:
    return GraphOp("update_edge", edge=edge(id_, source, target, label, **props))


def remove_node(id_: str) -> GraphOp:
    return GraphOp("remove_node", id=id_)


def remove_edge(id_: str) -> GraphOp:
    return GraphOp("remove_edge", id=id_)


CLEAR = GraphOp("clear")


def fold(events: Iterable[LoggedEvent], view: SessionView | None = None) -> SessionView:
    """The view after ``events``, from the beginning or from where ``view`` is, which is changed."""
    view = view or SessionView()
    for event in events:
        view.apply(view.seq + 1, event)
    return view


def reopened(view: SessionView) -> SessionView:
    """The view as another process would find it."""
    return SessionView.decode(view.encode())
