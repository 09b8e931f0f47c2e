"""What the golden frames mean: one struct for each line of ``golden/events.ndjson`` and ``golden/commands.ndjson``."""

from typing import Any

from puntini.protocol.commands import (
    Action,
    ActionData,
    AgentStatusRequest,
    AgentStatusRequestData,
    AnyCommand,
    ApprovalResponse,
    ApprovalResponseData,
    ChatHistoryRequest,
    ChatHistoryRequestData,
    CloseSession,
    CloseSessionData,
    Control,
    ControlData,
    GraphEdit,
    GraphEditData,
    InitSession,
    InitSessionData,
    Ping,
    Resume,
    ResumeData,
    UserPromptCommand,
    UserPromptCommandData,
    WorkflowUpdateCommand,
    WorkflowUpdateCommandData,
)
from puntini.protocol.events import (
    Accepted,
    AcceptedData,
    AgentStatus,
    AgentStatusData,
    ApprovalRequest,
    ApprovalRequestData,
    ApprovalResolved,
    ApprovalResolvedData,
    AssistantResponse,
    AssistantResponseData,
    AuthExpiring,
    AuthExpiringData,
    ChatHistory,
    ChatHistoryData,
    ControlEvent,
    Debug,
    DebugData,
    Error,
    Gap,
    GapData,
    GraphUpdate,
    GraphUpdateData,
    Live,
    LiveData,
    LoggedEvent,
    MemorySummary,
    MemorySummaryData,
    Message,
    Nothing,
    PlanUpdate,
    PlanUpdateData,
    Pong,
    Problem,
    Reasoning,
    ReasoningData,
    Reconnect,
    ReconnectData,
    SessionClosed,
    SessionClosedData,
    SessionReady,
    SessionReadyData,
    StateUpdate,
    StateUpdateData,
    Step,
    StepData,
    StepTool,
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
    TaskView,
    ToolCall,
    ToolCallData,
    Usage,
    UserPrompt,
    UserPromptData,
    WorkflowUpdate,
    WorkflowUpdateData,
)
from puntini.protocol.graph import Edge, Graph, GraphOp, Node


def at(seq: int, ms: int, **more: Any) -> dict[str, Any]:
    """An event's place and time."""
    time = f"2026-11-21T10:00:00.{ms}Z"
    return {"id": f"k3x9ab.{seq}", "session_id": "ses_1", "timestamp": time, **more}


def said(seq: int, ms: int, attempt: int = 1) -> dict[str, Any]:
    """The same of what the agent says in its task."""
    return at(seq, ms, task_id="tsk_1", attempt=attempt, agent="puntini")


ASKED = Message(id="msg_1", role="user", content="Draw a cat", timestamp="2026-11-21T10:00:00.123Z")
ANSWERED = Message(id="msg_3", role="assistant", content="Here", agent="puntini", timestamp="2026-11-21T10:00:00.300Z")

LOGGED: list[LoggedEvent] = [
    UserPrompt(**said(1, 123), data=UserPromptData(message_id="msg_1", prompt='Draw a cat "Mia"', user_id="ada")),
    TaskStarted(**said(2, 123), data=TaskData(status="running")),
    Reasoning(**said(3, 200), data=ReasoningData(steps=["find the cat", "draw it"], phase="parse_goal")),
    Reasoning(**said(4, 210), data=ReasoningData(text="A cat, so", message_id="msg_2", chunk=True, offset=12)),
    AssistantResponse(**said(5, 300), data=AssistantResponseData(message_id="msg_3", text="Here is ", chunk=True)),
    AssistantResponse(
        **said(6, 310),
        data=AssistantResponseData(message_id="msg_3", text="Here is \U0001f408,\n\tdrawn.\u2028\u2029\x85\0"),
    ),
    Debug(**said(7, 320), data=DebugData(message="plan made")),
    Debug(
        **at(8, 330),
        data=DebugData(message='said ","level":"error"', level="warning", details={"level": "info", "tries": 3}),
    ),
    GraphUpdate(
        **said(9, 340),
        data=GraphUpdateData(
            version=1,
            delta=[
                GraphOp("add_node", node=Node("n1", "Cat", "mia", {"colour": "grey"})),
                GraphOp("add_node", node=Node("n2", "Person")),
                GraphOp("add_edge", edge=Edge("e1", "OWNS", "n2", "n1")),
            ],
            author="puntini",
        ),
    ),
    GraphUpdate(
        **at(10, 350),
        data=GraphUpdateData(version=2, delta=[GraphOp("remove_edge", id="e1"), GraphOp("clear")], author="ada"),
    ),
    StateUpdate(
        **said(11, 360), data=StateUpdateData(version=1, snapshot={"goal": "cat", "done": [1, 2.5, True, None]})
    ),
    StateUpdate(
        **said(12, 370),
        data=StateUpdateData(version=2, patch=[{"op": "replace", "path": "/goal", "value": "dog"}]),
    ),
    ToolCall(
        **said(13, 380),
        data=ToolCallData(call_id="call_1", tool_name="draw", status="started", parameters={"what": "cat"}),
    ),
    ToolCall(
        **said(14, 390),
        data=ToolCallData(call_id="call_1", tool_name="draw", status="succeeded", result=["n1"], duration_seconds=0.25),
    ),
    ToolCall(**said(15, 400), data=ToolCallData(call_id="call_2", tool_name="draw", status="failed", error="no paper")),
    Step(
        **said(16, 410),
        data=StepData(
            step_number=1,
            name="call_tool",
            success=True,
            duration_seconds=0.5,
            tool_calls=[StepTool(tool_name="draw", success=True)],
        ),
    ),
    PlanUpdate(**said(17, 420), data=PlanUpdateData(current_plan=["draw", "answer"], last_reflection="goes well")),
    MemorySummary(**said(18, 430), data=MemorySummaryData(summary="A cat was drawn.")),
    AgentStatus(**at(19, 440, agent="puntini"), data=AgentStatusData(agent="puntini", status="busy", detail="drawing")),
    WorkflowUpdate(
        **at(20, 450),
        data=WorkflowUpdateData(to_agent="driver", reason="asked for", from_agent="puntini", workflow="drawing"),
    ),
    ApprovalRequest(
        **said(21, 460),
        data=ApprovalRequestData(
            approval_id="apr_1",
            question="Erase the cat?",
            options=["approve", "deny"],
            tool_name="erase",
            parameters={"id": "n1"},
            response_schema={"type": "boolean"},
            expires_at="2026-11-21T11:00:00.000Z",
        ),
    ),
    ApprovalResolved(
        **at(22, 470, task_id="tsk_1", attempt=1),
        data=ApprovalResolvedData(approval_id="apr_1", decision="answered", by="ada", value=False),
    ),
    TaskProgress(**said(23, 480), data=TaskData(status="running", detail="half of it", steps_taken=2, progress=0.5)),
    TaskPaused(**said(24, 490), data=TaskData(status="paused")),
    TaskResumed(**said(25, 500), data=TaskData(status="queued")),
    TaskRetracted(
        **said(26, 510, attempt=2), data=TaskRetractedData(attempt=1, from_id="k3x9ab.16", to_id="k3x9ab.24")
    ),
    Error(
        **said(27, 520, attempt=2),
        data=Nothing(),
        error=Problem(code=503, reason="unavailable", message="The model is busy.", retryable=True),
    ),
    TaskCompleted(
        **said(28, 530, attempt=2),
        data=TaskEndData(
            duration_seconds=0.407,
            usage=Usage(input_tokens=120, output_tokens=40, cost_usd=0.0012),
            final_answer="Here is the cat.",
        ),
    ),
    TaskFailed(
        **at(29, 540, task_id="tsk_2", attempt=1, agent="puntini"),
        data=TaskEndData(duration_seconds=1.0, usage=Usage(), error="ValueError: no such cat"),
    ),
    TaskCancelled(
        **at(30, 550, task_id="tsk_3", attempt=1, agent="puntini"),
        data=TaskEndData(duration_seconds=0.0, usage=Usage()),
    ),
    SessionClosed(**at(31, 560), data=SessionClosedData()),
]

# What belongs to a connection: the control events, and the two logged types that answer a command too.
UNLOGGED: list[ControlEvent | Error | AgentStatus] = [
    SessionReady(
        session_id="ses_1",
        data=SessionReadyData(
            session_id="ses_1",
            status="active",
            cursor="k3x9ab.9",
            agent="puntini",
            initial_graph=Graph(1, [Node("n1", "Cat", "mia")]),
            messages=[ASKED, ANSWERED],
            tasks=[
                TaskView(
                    task_id="tsk_1",
                    status="running",
                    prompt="Draw a cat",
                    agent="puntini",
                    attempt=1,
                    progress=0.5,
                    started_at="2026-11-21T10:00:00.123Z",
                )
            ],
        ),
    ),
    SessionReady(
        session_id="ses_2",
        data=SessionReadyData(session_id="ses_2", status="closed", cursor="k3x9ab.0", state={"goal": "cat"}),
    ),
    ChatHistory(session_id="ses_1", data=ChatHistoryData(messages=[ASKED])),
    Live(session_id="ses_1", data=LiveData(cursor="k3x9ab.9")),
    Gap(session_id="ses_1", data=GapData(requested="zzz.9", resumed_at="k3x9ab.9", reason="unknown_epoch")),
    Reconnect(session_id="ses_1", data=ReconnectData(reason="drain", retry_ms=4021)),
    AuthExpiring(session_id="ses_1", data=AuthExpiringData(expires_at="2026-11-21T11:00:00.000Z")),
    Pong(session_id="ses_1", data={"n": 1}),
    Pong(session_id="ses_1", data=None),
    Accepted(session_id="ses_1", data=AcceptedData(command_id="c1", cursor="k3x9ab.2", task_id="tsk_1")),
    Error(
        data=Nothing(),
        error=Problem(code=409, reason="task_running", message="A task is running.", command_id="c1"),
    ),
    AgentStatus(session_id="ses_1", data=AgentStatusData(agent="puntini", status="idle")),
]


def asked(number: int) -> dict[str, Any]:
    """A command's id and session."""
    return {"command_id": f"c{number}", "session_id": "ses_1"}


COMMANDS: list[AnyCommand] = [
    InitSession(
        command_id="c1",
        data=InitSessionData(
            session_id="ses_1", agent="puntini", after="k3x9ab.9", events=["reasoning", "graph_update"]
        ),
    ),
    InitSession(),
    UserPromptCommand(
        **asked(2),
        data=UserPromptCommandData(prompt='Draw a cat "Mia"', agent="puntini", max_steps=10, if_busy="reject"),
    ),
    UserPromptCommand(data=UserPromptCommandData(prompt="Draw a cat", max_steps=50, if_busy="enqueue")),
    Control(**asked(3), data=ControlData(task_id="tsk_1", action="pause")),
    ApprovalResponse(
        **asked(4),
        data=ApprovalResponseData(approval_id="apr_1", decision="answered", value={"erase": False}),
    ),
    Action(**asked(5), data=ActionData(name="select", arguments={"node": "n1"})),
    GraphEdit(
        **asked(6),
        data=GraphEditData(
            base_version=2,
            delta=[
                GraphOp("update_node", node=Node("n1", "Cat", "mia", {"colour": "black"})),
                GraphOp("remove_node", id="n2"),
            ],
        ),
    ),
    AgentStatusRequest(**asked(7), data=AgentStatusRequestData(agent="driver")),
    AgentStatusRequest(),
    WorkflowUpdateCommand(**asked(8), data=WorkflowUpdateCommandData(to_agent="driver", reason="asked for")),
    ChatHistoryRequest(**asked(9), data=ChatHistoryRequestData(limit=10, before="msg_3")),
    ChatHistoryRequest(),
    Resume(**asked(10), data=ResumeData(after="k3x9ab.9")),
    Ping(data={"n": 1}),
    Ping(data=None),
    CloseSession(**asked(11), data=CloseSessionData(reason="done")),
    CloseSession(),
]
