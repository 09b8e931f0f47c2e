"""Vectors that hold every fold of a session's events to the server's: logs, and what its views say of them.

The SDK's folds are tested against the same file. ``python -m tests.views.vectors`` makes it anew.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    Envelope,
    Error,
    LoggedEvent,
    Nothing,
    Problem,
    Reasoning,
    ReasoningData,
    StateUpdate,
    Step,
    StepData,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    ToolCall,
    ToolCallData,
    WorkflowUpdate,
    WorkflowUpdateData,
)
from puntini.protocol.graph import GraphOp
from puntini.protocol.retraction import Void, read_retraction
from puntini.views import agents, approvals, elements, messages, state, tasks
from puntini.views.patch import MOST_DEPTH, PatchFailed, apply
from puntini.views.session import SessionView
from puntini.views.work import WorkView
from tests.views import said

FILE = Path(__file__).with_suffix(".json")
COMMAND = "python -m tests.views.vectors"
LOGS = 20
EVENTS = 60
PATCHES = 300
EVERY = 12
BOUNDS = {
    "messages": messages.MOST_MESSAGES,
    "message_bytes": messages.MOST_BYTES,
    "nodes": elements.MOST_NODES,
    "edges": elements.MOST_EDGES,
    "state_bytes": state.MOST_BYTES,
    "state_depth": MOST_DEPTH,
    "tasks": tasks.MOST_OPEN,
    "prompt": tasks.PROMPT_SHOWN,
    "approvals": approvals.MOST_OPEN,
    "agents": agents.MOST_AGENTS,
    "detail": agents.DETAIL_SHOWN,
}
DOCUMENT = {"a": {"b": [1, 2, {"c": None}]}, "": 0, "~/": "x", "__proto__": [True]}


# Logs.


class Teller:
    """Tells stories in which few things are talked about, so that what is said meets. The same seed, the same story.

    In a calm one nothing is taken back, no piece of a message is missing, and none is said when its task is not open.
    """

    def __init__(self, seed: int, *, calm: bool) -> None:
        self._dice = random.Random(seed)
        self._calm = calm
        self._ends: dict[str, int] = {}
        self._tasks = ["t1", "t2"]
        self._begun = 2
        self._due: list[LoggedEvent] = []

    def log(self) -> list[LoggedEvent]:
        """A log."""
        events: list[LoggedEvent] = [said.asked("m1", "Go!"), said.started("t1"), said.started("t2", "queued")]
        kinds: Sequence[Callable[[], LoggedEvent]] = (
            *(self._message,) * 4,
            *(self._graph,) * 3,
            *(self._thought,) * 2,
            *(self._task,) * 2,
            self._state,
            self._call,
            self._aside,
        )
        while len(events) < EVENTS:
            events.append(self._due.pop() if self._due else self._one(kinds)())
            if not self._calm and self._dice.random() < 0.05:
                first, last = self._dice.randint(2, len(events)), self._dice.randint(2, len(events) + 2)
                events.append(said.retracted(first, last, task=self._task_id()))
        return [replace(event, timestamp=f"10:{at:02}") for at, event in enumerate(events)]

    def _one(self, things: Sequence[Any]) -> Any:
        return self._dice.choice(things)

    def _text(self) -> str:
        return "".join(self._one(["a", "b", "é", "😀", "👍🏽", " "]) for _ in range(self._dice.randint(0, 5)))

    def _id(self, letter: str, most: int = 3) -> str:
        return f"{letter}{self._dice.randint(1, most)}"

    def _task_id(self) -> str:
        task: str = self._one(self._tasks)
        return task

    def _offset(self, name: str, text: str) -> int:
        """Where a piece belongs."""
        end = self._ends.get(name, 0)
        offset = max(0, end - self._dice.randint(-1, 2)) if self._dice.random() < 0.3 else end
        if self._calm:
            offset = min(offset, end)
        self._ends[name] = max(end, offset + len(text))
        return offset

    def _message(self) -> LoggedEvent:
        task, text = self._task_id(), self._text()
        name = self._id("m", 4) + (task if self._calm else "")
        match self._dice.randint(0, 5):
            case 0:
                return said.asked(name, text, task=task)
            case 1:
                return said.whole(name, text, task=task)
            case _:
                return said.piece(name, text, self._offset(name, text), task=task)

    def _thought(self) -> LoggedEvent:
        chunk = self._dice.random() < 0.7
        name, text = self._one(["", "r1", "r2"]), self._text()
        data = ReasoningData(
            steps=[] if chunk else [self._text() for _ in range(self._dice.randint(0, 2))],
            text=text,
            message_id=name,
            chunk=chunk,
            offset=self._offset(name, text) if chunk else 0,
            phase=self._one(["", "plan"]),
        )
        return Reasoning(task_id=self._task_id(), agent="dot", data=data)

    def _task(self) -> LoggedEvent:
        task, attempt = self._task_id(), self._dice.randint(0, 3)
        match self._dice.randint(0, 7):
            case 0 | 1 | 2:
                return said.started(task, self._one(["queued", "running", "waiting"]))
            case 3 | 4:
                progress = self._one([None, 0.25, 1.0])
                return said.progressed(task, self._one(["running", "waiting"]), attempt=attempt, progress=progress)
            case 5:
                return said.paused(task)
            case 6:
                return said.resumed(task, self._one(["queued", "running"]), attempt=attempt)
            case _:
                # After its end nothing is said of a task: another takes its place.
                self._begun += 1
                self._tasks[self._tasks.index(task)] = f"t{self._begun}"
                if self._calm:
                    self._due.append(said.started(f"t{self._begun}"))
                return said.ended(task, self._one([TaskCompleted, TaskFailed, TaskCancelled]))

    def _aside(self) -> LoggedEvent:
        task = self._task_id()
        choices: list[Callable[[], LoggedEvent]] = [
            lambda: said.requested(self._id("a"), self._text(), task=task),
            lambda: said.resolved(self._id("a"), task=task),
            lambda: said.planned(self._text(), reflection=self._one(["", "hm"]), task=task),
            lambda: said.status(self._one(["dot", "dash"]), self._one(["idle", "busy", "waiting"]), "é", task=task),
            lambda: WorkflowUpdate(task_id=task, agent="dot", data=WorkflowUpdateData(to_agent="dash", reason="paint")),
            lambda: Error(task_id=task, data=Nothing(), error=Problem(code=500, reason="agent", message="Oh no.")),
        ]
        event: LoggedEvent = self._one(choices)()
        return event

    def _call(self) -> LoggedEvent:
        task = self._task_id()
        if self._dice.random() < 0.3:
            return Step(task_id=task, data=StepData(step_number=1, name="look", success=True, duration_seconds=0.5))
        status = self._one(["started", "succeeded", "failed"])
        parameters = self._one([{}, {"n": 1}])
        result = self._one([None, [1, "é"]]) if status == "succeeded" else None
        data = ToolCallData(
            call_id=self._id("c"), tool_name="find", status=status, parameters=parameters, result=result
        )
        return ToolCall(task_id=task, agent="dot", data=data)

    # The graph.

    def _graph(self) -> LoggedEvent:
        delta = [self._op() for _ in range(self._dice.randint(0, 6))]
        return said.drawn(*delta, version=self._dice.randint(0, EVENTS), task=self._one(["", *self._tasks]))

    def _op(self) -> GraphOp:
        node, edge = self._id("n", 5), self._id("e", 4)
        label, key = self._one(["L", "M"]), self._one([UNSET, UNSET, "", "1", "2"])
        props = {self._one(["p", "q", "__proto__"]): self._one([None, 0, [], {"deep": None}, "é"])}
        match self._dice.randint(0, 13):
            case 0:
                return said.CLEAR if self._dice.random() < 0.3 else GraphOp("add_node")
            case 1 | 2:
                return said.remove_node(node)
            case 3:
                return said.remove_edge(edge)
            case 4 | 5 | 6 | 7 | 8:
                make = self._one([said.add_node, said.update_node])
            case _:
                make = self._one([said.add_edge, said.update_edge])
                op: GraphOp = make(edge, node, self._id("n", 5), self._one(["TO", "BY"]), **props)
                return op
        added: GraphOp = make(node, label, key, **props)
        return added

    # The state.

    def _state(self) -> LoggedEvent:
        return replace(self._update(), task_id=self._one(["", *self._tasks]))

    def _update(self) -> StateUpdate:
        version = self._dice.randint(0, EVENTS)
        if self._dice.random() < 0.3:
            return said.snapshot(self._one([DOCUMENT, DOCUMENT, [0, 1], None, 7]), version=version)
        patch = [self._operation() for _ in range(self._dice.randint(1, 2))]
        return said.patched(*patch, version=version)

    def patch(self) -> tuple[Any, list[dict[str, Any]]]:
        """A document and what may be done to it; the whole of it may well be deeper than a document can be."""
        document: Any = DOCUMENT
        if self._dice.random() < 0.1:
            for _ in range(MOST_DEPTH - self._dice.randint(3, 5)):
                document = [document]
            return document, [{"op": "add", "path": "/0" * self._dice.randint(1, 3), "value": [[]]}]
        return document, [self._operation() for _ in range(self._dice.randint(1, 3))]

    def _operation(self) -> dict[str, Any]:
        pointers = (
            *("", "/a", "/a/b", "/a/b/0", "/a/b/2/c", "/a/b/-", "/a/b/3", "/", "/~0~1", "/__proto__", "/__proto__/0"),
            *("/a/b/01", "/a/b/-1", "/a/x/y", "/0", "/-", "/1", "~", "/~2", "a"),
        )
        value: Any = self._one([None, True, 1, 1.0, "é", [1, {"c": []}], {"__proto__": 1}])
        operation = {"op": self._one(["add", "add", "replace", "test", "remove", "move", "copy", "push"])}
        operation["path"] = self._one(pointers[:11] if self._dice.random() < 0.8 else pointers)
        if operation["op"] in ("move", "copy"):
            operation["from"] = self._one(pointers[1:11])
        elif operation["op"] != "remove" and self._dice.random() < 0.95:
            operation["value"] = value
        return operation


# What the server's views say.


def entries_of(log: Iterable[LoggedEvent]) -> list[tuple[int, Entry]]:
    return [(seq, entry_of(event)) for seq, event in enumerate(log, 1)]


_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


def view_of(entries: Sequence[tuple[int, Entry]]) -> SessionView:
    """A session's view that knows from its start what is void, as the keeper makes it."""
    void = Void(filter(None, (read_retraction(seq, entry) for seq, entry in entries)))
    view = SessionView()
    for seq, entry in entries:
        if entry.kind not in view.RELEVANT:
            view.skip(seq)
        elif void.covers(seq, entry):
            view.void(seq, _logged.decode(entry.line))
        else:
            view.apply(seq, _logged.decode(entry.line))
    return view


def work_of(task_id: str, entries: Sequence[tuple[int, Entry]]) -> dict[str, Any]:
    """What a task's view says of its work."""
    view = WorkView(task_id)
    while True:
        for seq, entry in entries:
            view.take(seq, entry)
        if not view.overtaken:
            break
        view = view.anew()
    return {
        "thoughts": view.reasoning(10_000),
        "calls": [{"call_id": call.data.call_id, "status": call.data.status} for call in view.calls],
        "parameters": [msgspec.json.decode(call.data.parameters) or {} for call in view.calls],
        "steps": len(view.steps),
        "plan": {"current_plan": view.plan.current_plan, "last_reflection": view.plan.last_reflection},
        "decisions": [
            [asked.request.approval_id, asked.resolved.decision if asked.resolved else ""] for asked in view.approvals
        ],
        "status": view.status or "",
    }


def seen(entries: Sequence[tuple[int, Entry]]) -> dict[str, Any]:
    """A session as its views show it after these events."""
    ready = view_of(entries).ready(session_id="s", cursor=f"e.{len(entries)}", agent="dot")
    named = sorted({entry.task_id for _, entry in entries if entry.task_id})
    return {
        "after": len(entries),
        "ready": msgspec.to_builtins(ready),
        "work": {task_id: work_of(task_id, entries) for task_id in named},
    }


def written(seq: int, event: Envelope) -> Any:
    return msgspec.to_builtins(replace(event, id=f"e.{seq}", session_id="s"))


def vector(seed: int) -> dict[str, Any]:
    """One log with its views at several points."""
    calm = seed % 3 == 0
    log = Teller(seed, calm=calm).log()
    entries = entries_of(log)
    points = [*range(EVERY, len(log), EVERY), len(log)]
    return {
        "seed": seed,
        "calm": calm,
        "events": [written(seq, event) for seq, event in enumerate(log, 1)],
        "seen": [seen(entries[:point]) for point in points],
    }


def patched(seed: int) -> dict[str, Any]:
    """A patch with what it does, if it can be done."""
    document, patch = Teller(seed, calm=True).patch()
    try:
        result = [apply(document, patch, room=state.MOST_BYTES)[0]]
    except PatchFailed:
        result = []
    return {"document": document, "patch": patch, "result": result}


def lines(vectors: Iterable[dict[str, Any]]) -> str:
    return ",\n".join(msgspec.json.encode(each).decode() for each in vectors)


def content() -> str:
    """The file, a vector a line."""
    bounds, logs, patches = lines([BOUNDS]), lines(map(vector, range(LOGS))), lines(map(patched, range(PATCHES)))
    return f'{{"bounds":{bounds},"logs":[\n{logs}\n],"patches":[\n{patches}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(content(), "utf-8")
