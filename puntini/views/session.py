"""A session's view: what its events amount to.

Whoever folds owns the view and it changes in place; pure means: no clock, no chance, the same events make the same
view, and ``decode(encode(view))`` goes on exactly as the view would.
"""

from typing import Any, ClassVar, Self

import msgspec
from msgspec import Struct

from puntini.protocol.entries import encode
from puntini.protocol.events import (
    AssistantResponse,
    GraphUpdate,
    LoggedEvent,
    Message,
    SessionClosed,
    SessionReady,
    SessionReadyData,
    SessionStatus,
    StateUpdate,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStarted,
    TaskView,
    UserPrompt,
)
from puntini.views import patch
from puntini.views.graph import GraphState, GraphView
from puntini.views.messages import Messages
from puntini.views.tasks import OpenTasks

READY_MESSAGES = 100


class Saved(Struct):
    """A view as it is kept."""

    seq: int
    status: SessionStatus
    graph: GraphState
    messages: list[tuple[Message, bool]]
    message_count: int
    tasks: list[TaskView]
    prompts: dict[str, str]
    state: Any
    state_version: int


_saved = msgspec.json.Decoder(Saved)


class SessionView:
    """Conversation, graph, agent state and open tasks of one session."""

    RELEVANT: ClassVar[frozenset[str]] = frozenset(
        {
            "user_prompt",
            "assistant_response",
            "graph_update",
            "state_update",
            "task_started",
            "task_progress",
            "task_paused",
            "task_resumed",
            "task_completed",
            "task_failed",
            "task_cancelled",
            "session_closed",
        }
    )

    def __init__(self) -> None:
        self.seq = 0
        self.status: SessionStatus = "active"
        self.graph = GraphView()
        self.state: Any = None
        self.state_version = 0
        self._messages = Messages()
        self._tasks = OpenTasks()

    def apply(self, seq: int, event: LoggedEvent) -> None:
        """Take an event in."""
        self.seq = seq
        match event:
            case UserPrompt():
                self._messages.asked(event)
                self._tasks.asked(event)
            case AssistantResponse():
                self._messages.answered(event)
            case GraphUpdate():
                self.graph.apply(event.data.version, event.data.delta)
            case StateUpdate():
                self._update(event)
            case SessionClosed():
                self.status = "closed"
            case (
                TaskStarted()
                | TaskProgress()
                | TaskPaused()
                | TaskResumed()
                | TaskCompleted()
                | TaskFailed()
                | TaskCancelled()
            ):
                self._tasks.apply(event)
            case _:
                pass

    def skip(self, seq: int) -> None:
        """An event passed that changes nothing."""
        self.seq = seq

    def _update(self, event: StateUpdate) -> None:
        data = event.data
        if data.patch is None:
            self.state = data.snapshot
        else:
            try:
                self.state = patch.apply(self.state, data.patch)
            except patch.PatchFailed:
                # An agent's patch that does not fit leaves the state as it was, here as in every client.
                return
        self.state_version = data.version

    def ready(self, *, session_id: str, cursor: str, agent: str) -> SessionReady:
        """The snapshot for clients."""
        data = SessionReadyData(
            session_id=session_id,
            status=self.status,
            cursor=cursor,
            agent=agent,
            initial_graph=self.graph.graph(),
            messages=self._messages.newest(READY_MESSAGES),
            state=self.state,
            tasks=self._tasks.list(),
        )
        return SessionReady(session_id=session_id, data=data)

    def messages(self, *, limit: int, before: str = "") -> list[Message]:
        """The newest ``limit`` messages before message id ``before``, oldest first."""
        return self._messages.newest(limit, before)

    @property
    def message_count(self) -> int:
        """How many messages the session ever had."""
        return self._messages.count

    def encode(self) -> bytes:
        """Everything there is to it."""
        return encode(
            Saved(
                seq=self.seq,
                status=self.status,
                graph=self.graph.save(),
                messages=self._messages.save(),
                message_count=self._messages.count,
                tasks=self._tasks.list(),
                prompts=self._tasks.prompts,
                state=self.state,
                state_version=self.state_version,
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The inverse of ``encode``."""
        saved = _saved.decode(body)
        view = cls()
        view.seq, view.status = saved.seq, saved.status
        view.graph = GraphView.load(saved.graph)
        view.state, view.state_version = saved.state, saved.state_version
        view._messages = Messages(saved.messages, saved.message_count)
        view._tasks = OpenTasks(saved.tasks)
        view._tasks.expect(saved.prompts)
        return view
