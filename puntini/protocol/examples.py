"""One example of each type of event and command, for the reference. A test holds them against the schemas."""

from typing import Any

SESSION, TASK, EPOCH, TIME = "ses_3kq7", "tsk_9w2f", "k3x9ab", "2026-11-21T10:00:00.123Z"
NODE = {"id": "nod_1", "label": "Task", "key": "Design", "props": {"status": "open"}}
MESSAGE = {
    "id": "msg_1",
    "role": "user",
    "content": "Draw a cat",
    "timestamp": TIME,
    "task_id": TASK,
}
USAGE = {"input_tokens": 812, "output_tokens": 96, "cost_usd": 0.0065}

LOGGED: dict[str, Any] = {
    "user_prompt": {"message_id": "msg_1", "prompt": "Draw a cat", "user_id": "ann"},
    "assistant_response": {"message_id": "msg_2", "text": "Here is", "chunk": True, "offset": 0},
    "reasoning": {
        "steps": ["Find out what a cat needs", "Draw it"],
        "chunk": False,
        "offset": 0,
        "phase": "parse_goal",
    },
    "debug": {"message": "The index was cold.", "level": "warning", "details": {"seconds": 1.2}},
    "graph_update": {"version": 4, "delta": [{"action": "add_node", "node": NODE}], "author": "puntini"},
    "state_update": {"version": 2, "patch": [{"op": "replace", "path": "/agreed", "value": True}]},
    "tool_call": {
        "call_id": "call_1",
        "tool_name": "calculate",
        "status": "succeeded",
        "parameters": {"expression": "12 * 7"},
        "result": 84,
        "duration_seconds": 0.002,
    },
    "step": {
        "step_number": 1,
        "name": "call_tool",
        "success": True,
        "duration_seconds": 0.31,
        "tool_calls": [{"tool_name": "calculate", "success": True}],
    },
    "plan_update": {"current_plan": ["Look it up", "Answer"], "last_reflection": "One source is enough."},
    "memory_summary": {"summary": "Ann is planning a house; rooms and their sizes are in the graph."},
    "agent_status": {"agent": "puntini", "status": "busy", "detail": "Draw a cat"},
    "workflow_update": {
        "from_agent": "driver",
        "to_agent": "generator",
        "reason": "A text is asked for.",
        "workflow": "driver",
    },
    "approval_request": {
        "approval_id": "apr_5d1e",
        "question": "Shall I send it?",
        "options": ["approve", "deny"],
        "tool_name": "send_mail",
        "parameters": {"to": "ann@example.org"},
        "expires_at": "2026-11-21T11:00:00.123Z",
    },
    "approval_resolved": {"approval_id": "apr_5d1e", "decision": "approved", "by": "ann"},
    "task_started": {"status": "running"},
    "task_progress": {"status": "running", "progress": 0.5, "detail": "halfway", "steps_taken": 3},
    "task_paused": {"status": "paused", "steps_taken": 3},
    "task_resumed": {"status": "running"},
    "task_completed": {"duration_seconds": 4.2, "usage": USAGE, "final_answer": "Here is a cat."},
    "task_failed": {"duration_seconds": 0.4, "usage": USAGE, "error": "ValueError: there is no number in the prompt"},
    "task_cancelled": {"duration_seconds": 1.7, "usage": USAGE},
    "task_retracted": {"attempt": 1, "from_id": f"{EPOCH}.17", "to_id": f"{EPOCH}.23"},
    "session_closed": {"reason": "done"},
    "error": {
        "code": 502,
        "reason": "model_failed",
        "message": "The model does not answer; try again later.",
        "retryable": True,
    },
}

CONTROL: dict[str, Any] = {
    "session_ready": {
        "session_id": SESSION,
        "status": "active",
        "cursor": f"{EPOCH}.42",
        "agent": "puntini",
        "initial_graph": {"version": 4, "nodes": [NODE], "edges": []},
        "messages": [MESSAGE],
        "state": None,
        "tasks": [{"task_id": TASK, "status": "running", "attempt": 1}],
    },
    "chat_history": {"messages": [MESSAGE]},
    "live": {"cursor": f"{EPOCH}.42"},
    "gap": {"requested": f"{EPOCH}.3", "resumed_at": f"{EPOCH}.42", "reason": "expired"},
    "reconnect": {"reason": "drain", "retry_ms": 1500},
    "auth_expiring": {"expires_at": "2026-11-21T11:00:00.123Z"},
    "pong": {"sent": 1763719200},
    "accepted": {"command_id": "c1", "cursor": f"{EPOCH}.43", "task_id": TASK},
}

COMMANDS: dict[str, Any] = {
    "init_session": {"session_id": SESSION, "after": f"{EPOCH}.42"},
    "user_prompt": {"prompt": "Draw a cat", "agent": "puntini", "if_busy": "enqueue"},
    "control": {"task_id": TASK, "action": "pause"},
    "approval_response": {"approval_id": "apr_5d1e", "decision": "approved"},
    "action": {"name": "select", "arguments": {"node": "nod_1"}},
    "graph_edit": {
        "base_version": 4,
        "delta": [{"action": "update_node", "node": {**NODE, "props": {"status": "done"}}}],
    },
    "agent_status_request": {"agent": "puntini"},
    "workflow_update": {"to_agent": "generator", "reason": "A text is asked for."},
    "chat_history": {"limit": 20},
    "ping": {"sent": 1763719200},
    "close_session": {"reason": "done"},
    "resume": {"after": f"{EPOCH}.42"},
}


def event(type_: str) -> dict[str, Any]:
    """An event as a stream carries it."""
    if type_ in CONTROL:
        return {"type": type_, "session_id": SESSION, "data": CONTROL[type_]}
    of_a_task = {} if type_ == "session_closed" else {"task_id": TASK, "attempt": 1, "agent": "puntini"}
    envelope = {"type": type_, "id": f"{EPOCH}.42", "session_id": SESSION, **of_a_task, "timestamp": TIME}
    return {**envelope, "data": {}, "error": LOGGED[type_]} if type_ == "error" else {**envelope, "data": LOGGED[type_]}


def command(type_: str) -> dict[str, Any]:
    """A command as a client sends it."""
    return {"type": type_, "command_id": "c1", "data": COMMANDS[type_]}
