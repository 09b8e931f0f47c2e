"""Events as text for people."""

from collections.abc import Callable, Mapping
from typing import Any

# What moves the cursor, colours, rings or turns the writing round in a terminal; line ends and tabs are the caller's.
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_DRIVING = [code for code in (*range(0x20), *range(0x7F, 0xA0), *_TURNING) if chr(code) not in "\n\t"]
# A carriage return is left out: it nearly always stands before a line's end.
_CONTROLS = {code: "" if chr(code) == "\r" else "�" for code in _DRIVING}
_ESCAPES = {code: f"\\u{code:04x}" for code in _DRIVING}
_SHOWN = 60

Data = Mapping[str, Any]


def harmless(text: object) -> str:
    """Text that a terminal shows as it is: whatever an agent says, it can't drive the terminal."""
    return str(text).translate(_CONTROLS)


def one_line(text: object) -> str:
    """Harmless text on one line."""
    return harmless(" ".join(str(text).split()))


def quoted(json: str) -> str:
    """A line of JSON that says the same, and that a terminal shows as it is."""
    return json.translate(_ESCAPES)


def summary(event: Mapping[str, Any]) -> str:
    """What an event says, on one line. A type that is not known is shown as its data."""
    data = event.get("data", {})
    make = _SUMMARIES.get(str(event.get("type")))
    return one_line(_plain(data) if make is None else make({**data, "error_": event.get("error", {})}))


def tool(data: Data) -> str:
    """A tool call, on one line."""
    name = str(data.get("tool_name", ""))
    match data.get("status"):
        case "started":
            return f"{name}({_plain(data.get('parameters', {}))})"
        case "failed":
            return f"{name} failed: {data.get('error', '')}"
        case _:
            return f"{name} → {short(data.get('result'))}{_took(data)}"


def step(data: Data) -> str:
    """A step that is done, on one line."""
    return f"{data['step_number']} {data['name']} {'ok' if data['success'] else 'failed'}{_took(data)}"


def graph(data: Data) -> list[str]:
    """A graph update, an operation a line."""
    return [one_line(_operation(op)) for op in data.get("delta", [])]


def _operation(op: Data) -> str:
    sign = {"add": "+", "update": "~", "remove": "-"}.get(str(op.get("action", "")).partition("_")[0], "")
    if node := op.get("node"):
        return f"{sign} {node['label']} {node.get('key', node['id'])}{_props(node)}"
    if edge := op.get("edge"):
        return f"{sign} {edge['source']} -[{edge['label']}]-> {edge['target']}{_props(edge)}"
    return f"{sign} {op['id']}" if "id" in op else str(op.get("action", ""))


def _props(element: Data) -> str:
    props = element.get("props")
    return f" ({_plain(props)})" if props else ""


def _plain(values: Any) -> str:
    if not isinstance(values, Mapping):
        return short(values)
    return ", ".join(f"{name}: {short(value)}" for name, value in values.items())


def short(value: Any) -> str:
    """The beginning of a value."""
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _took(data: Data) -> str:
    seconds = data.get("duration_seconds")
    return "" if seconds is None else f" in {seconds:.2g} s"


def _task(data: Data) -> str:
    progress = data.get("progress")
    parts = [str(data.get("status", "")), "" if progress is None else f"{progress:.0%}", str(data.get("detail", ""))]
    return " ".join(part for part in parts if part)


def _hand_off(data: Data) -> str:
    return f"{data.get('from_agent', '')} → {data['to_agent']}: {data['reason']}".lstrip()


def _asked(data: Data) -> str:
    call = f" {data['tool_name']}({_plain(data.get('parameters', {}))})" if data.get("tool_name") else ""
    options = f" [{'|'.join(data['options'])}]" if data.get("options") else ""
    return f"{data['approval_id']}: {data['question']}{call}{options}"


def _decided(data: Data) -> str:
    by = f" by {data['by']}" if data.get("by") else ""
    value = f": {_plain(data['value'])}" if data.get("value") is not None else ""
    return f"{data['approval_id']}: {data['decision']}{by}{value}"


def _end(data: Data) -> str:
    said = data.get("error") or data.get("final_answer") or ""
    return f"after {data.get('duration_seconds', 0):.1f} s. {said}"


_SUMMARIES: dict[str, Callable[[Data], str]] = {
    "session_ready": lambda data: (
        f"{data['status']}, {len(data.get('messages', []))} messages, "
        f"{len(data.get('initial_graph', {}).get('nodes', []))} nodes, {len(data.get('tasks', []))} open tasks"
    ),
    "user_prompt": lambda data: data["prompt"],
    "assistant_response": lambda data: data["text"],
    "reasoning": lambda data: data.get("text") or " ".join(data.get("steps", [])),
    "debug": lambda data: f"{data['level']}: {data['message']}",
    "graph_update": lambda data: "; ".join(graph(data)),
    "state_update": lambda data: f"version {data['version']}",
    "tool_call": tool,
    "step": step,
    "plan_update": lambda data: "; ".join(data["current_plan"]),
    "memory_summary": lambda data: data["summary"],
    "agent_status": lambda data: f"{data['agent']}: {data['status']} {data.get('detail', '')}".rstrip(),
    "workflow_update": _hand_off,
    "approval_request": _asked,
    "approval_resolved": _decided,
    "task_started": _task,
    "task_progress": _task,
    "task_paused": _task,
    "task_resumed": _task,
    "task_retracted": lambda data: (
        f"what attempt {data['attempt']} said from {data['from_id']} to {data['to_id']} is void"
    ),
    "task_completed": _end,
    "task_failed": _end,
    "task_cancelled": _end,
    "live": lambda data: f"up to date at {data.get('cursor', '')}",
    "gap": lambda data: f"events are missing ({data['reason']}); it goes on at {data['resumed_at']}",
    "reconnect": lambda data: f"the server asks to reconnect ({data['reason']})",
    "session_closed": lambda data: data["reason"],
    "error": lambda data: data["error_"].get("message", ""),
}
