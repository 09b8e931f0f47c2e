"""Events as text for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from puntini.client.names import FOLDED, Names, alike, folded

# What moves the cursor, colours, rings or turns the writing round in a terminal; line ends and tabs are the caller's.
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_DRIVING = [code for code in (*range(0x20), *range(0x7F, 0xA0), *_TURNING) if chr(code) not in "\n\t"]
# A carriage return is left out: it nearly always stands before a line's end.
_CONTROLS = {code: "" if chr(code) == "\r" else "�" for code in _DRIVING}
_ESCAPES = {code: f"\\u{code:04x}" for code in _DRIVING}
_SHOWN, _LINE, _WORDS = 60, 100, 5
_FELT_SECONDS = 0.1

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


def summary(event: Data, names: Names) -> str:
    """What an event says, on one line. A type that is not known is shown as its data."""
    data = event.get("data", {})
    match event.get("type"):
        case "tool_call":
            said = tool(data, names)
        case "graph_update":
            said = "; ".join(graph(data, names))
        case "approval_request":
            said = f"{data['approval_id']}: {question(data, names)} {options(data.get('options', []))}"
        case "approval_resolved":
            said = f"{data['approval_id']}: {decided(data)}"
        case type_:
            make = _SUMMARIES.get(str(type_))
            said = _plain(data, names) if make is None else make({**data, "error_": event.get("error", {})})
    return one_line(said)


def tool(data: Data, names: Names) -> str:
    """A tool call, on one line."""
    name = str(data.get("tool_name", ""))
    match data.get("status"):
        case "started":
            return _call(data, names)
        case "failed":
            return f"{name} failed: {data.get('error', '')}"
        case _:
            return f"{name} → {cut(_plain(data.get('result'), names), _LINE)}{_took(data)}"


def _call(data: Data, names: Names) -> str:
    given = {name: value for name, value in data.get("parameters", {}).items() if value not in (None, "", [], {})}
    return f"{data['tool_name']}({_plain(given, names)})"


def step(data: Data) -> str:
    """A step that is done, on one line."""
    return f"{data['step_number']} {data['name']} {'ok' if data['success'] else 'failed'}{_took(data)}"


def graph(data: Data, names: Names) -> list[str]:
    """A graph update, an operation a line, or one line for many that are alike."""
    return [
        one_line(line)
        for sign, kind, ops in alike(data.get("delta", []))
        for line in folded(sign, kind, [_operation(op, names, briefly=len(ops) > FOLDED) for op in ops])
    ]


def _operation(op: Data, names: Names, *, briefly: bool) -> str:
    """What one operation is about."""
    if node := op.get("node"):
        return names.node(node) + ("" if briefly else _props(node, names))
    if edge := op.get("edge"):
        return names.edge(edge) + ("" if briefly else _props(edge, names))
    if "id" in op:
        return names.of(str(op["id"]))
    return "everything" if op.get("action") == "clear" else str(op.get("action", ""))


def _props(element: Data, names: Names) -> str:
    props = element.get("props")
    return f" ({_plain(props, names)})" if props else ""


def _plain(values: Any, names: Names) -> str:
    """A value in a few words; of what is nested, its size."""
    if not isinstance(values, Mapping):
        return _value(values, names)
    return _element(values, names) or ", ".join(_named(name, value, names) for name, value in values.items())


def _named(name: str, value: Any, names: Names) -> str:
    match value:
        case []:
            return f"no {name}"
        case [_, _, *_] if not _is_words(value):
            return f"{len(value)} {name}"
        case [one]:
            return f"{name}: {_value(one, names)}"
        case _:
            return f"{name}: {_value(value, names)}"


def _value(value: Any, names: Names) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return short(names.read(value))
        case list() if _is_words(value):
            return short(", ".join(_value(each, names) for each in value))
        case list():
            return f"{len(value)} items"
        case Mapping():
            return _element(value, names) or short(", ".join(f"{name} {_size(each)}" for name, each in value.items()))
        case _:
            return short(value)


def _size(value: Any) -> str:
    """What is nested deeper: a plain value, or how much there is."""
    return f"({len(value)})" if isinstance(value, Mapping | list) else str(value)


def _is_words(values: list[Any]) -> bool:
    """Whether a list is short, and of plain values."""
    return len(values) <= _WORDS and not any(isinstance(each, Mapping | list) for each in values)


def _element(value: Data, names: Names) -> str:
    """A node or an edge by its name; nothing for any other value."""
    match value:
        case {"label": str(), "source": str(), "target": str()}:
            return names.edge(value)
        case {"label": str(), "key": str()} | {"label": str(), "id": str()}:
            return names.node(value)
        case _:
            return ""


def short(value: object) -> str:
    """The beginning of a value."""
    return cut(str(value), _SHOWN)


def cut(text: str, letters: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _took(data: Data) -> str:
    """How long it took, where that can be felt."""
    seconds = data.get("duration_seconds")
    return "" if seconds is None or seconds < _FELT_SECONDS else f" in {seconds:.2g} s"


def _task(data: Data) -> str:
    progress = data.get("progress")
    parts = [str(data.get("status", "")), "" if progress is None else f"{progress:.0%}", str(data.get("detail", ""))]
    return " ".join(part for part in parts if part)


def _hand_off(data: Data) -> str:
    return f"{data.get('from_agent', '')} → {data['to_agent']}: {data['reason']}".lstrip()


def question(data: Data, names: Names) -> str:
    """What is asked, and the call that it is about."""
    tells = data.get("tool_name") and (data.get("parameters") or data["tool_name"] not in data["question"])
    return f"{data['question']} {_call(data, names)}" if tells else str(data["question"])


def options(words: Sequence[str]) -> str:
    """What one can choose from."""
    return f"[{'|'.join(words)}]" if words else ""


def decided(data: Data) -> str:
    """What was decided, and by whom."""
    by = f" by {data['by']}" if data.get("by") else ""
    value = f": {short(data['value'])}" if data.get("value") is not None else ""
    return f"{data['decision']}{by}{value}"


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
    "state_update": lambda data: f"version {data['version']}",
    "step": step,
    "plan_update": lambda data: "; ".join(data["current_plan"]),
    "memory_summary": lambda data: data["summary"],
    "agent_status": lambda data: f"{data['agent']}: {data['status']} {data.get('detail', '')}".rstrip(),
    "workflow_update": _hand_off,
    "task_started": _task,
    "task_progress": _task,
    "task_paused": _task,
    "task_resumed": _task,
    "task_retracted": lambda data: (
        f"attempt {data['attempt']} was cut off; what it said from {data['from_id']} to {data['to_id']} does not count"
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
