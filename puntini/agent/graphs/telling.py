"""Tells what happens in a LangGraph graph: what its models stream, and the parts of its own stream, become events."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langgraph.types import StateSnapshot

from puntini.agent.contract import Task
from puntini.agent.graphs.calls import Calls
from puntini.agent.graphs.holding import TaskSaver
from puntini.agent.graphs.messages import Known, messages_in, pieces
from puntini.agent.graphs.state import changes, details, shown
from puntini.protocol.events import (
    SERVERS_OWN,
    AssistantResponse,
    AssistantResponseData,
    Debug,
    DebugData,
    Envelope,
    LoggedEvent,
    Reasoning,
    ReasoningData,
    StateUpdate,
    StateUpdateData,
    Step,
    StepData,
    StepTool,
)

log = structlog.get_logger("puntini.agent")
TYPES = frozenset(str(kind.__struct_config__.tag) for kind in LoggedEvent.__args__) - SERVERS_OWN


class Stream:
    """A message that comes in pieces."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self.text: list[str] = []
        self.thoughts: list[str] = []
        self.said = self.thought = 0
        self.billed = False


class Node:
    """A node while it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = time.monotonic()
        self.streams: dict[str, Stream] = {}


class Telling:
    """Tells one attempt's run. ``tell`` is given the parts in order."""

    def __init__(self, task: Task, saver: TaskSaver) -> None:
        self._task = task
        self._saver = saver
        self._nodes: dict[str, Node] = {}
        self._calls = Calls(task)
        self._known = Known()
        self._done_before: Counter[str] = Counter()
        self._again = False
        self._shown: dict[str, Any] | None = None

    def know(self, state: StateSnapshot, *, again: bool) -> None:
        """What is there before the attempt is not told anew; ``again`` says that it goes on with an earlier one."""
        self._again = again
        for result in (state.values, *(task.result for task in state.tasks)):
            for message in messages_in(result):
                self._known.add(message)
                self._calls.know(message)
        for task in state.tasks:
            if task.result is not None:
                self._done_before[task.name] += 1
                self._saver.ran(task.name)

    def heard_before(self, given: Any) -> None:
        """What the graph is given of what was said before is not told anew."""
        for message in messages_in(given):
            self._known.add(message)

    def tell(self, part: Mapping[str, Any]) -> None:
        """Say what a part means."""
        namespace: tuple[str, ...] = part["ns"]
        agent = namespace[-1].partition(":")[0] if namespace else ""
        match part["type"]:
            case "tasks" if "result" in part["data"] or "error" in part["data"]:
                self._done(part["data"], agent)
            case "tasks":
                self._nodes.setdefault(part["data"]["id"], Node("")).name = part["data"]["name"]
            case "custom":
                self._custom(part["data"], agent)
            case "values" if not namespace:
                self.state(part["data"])
            case "updates" if part["data"].get("__metadata__", {}).get("cached"):
                self._cached(part["data"], agent)

    # Pieces.

    def piece(self, node_id: str, agent: str, run_id: UUID, message: AIMessageChunk) -> None:
        """Say what a node's model streams."""
        node = self._nodes.get(node_id)
        if node is None:
            node = self._nodes[node_id] = Node("")  # its own part comes in a moment
        message_id = message.id or f"run-{run_id}"
        stream = node.streams.get(message_id)
        if stream is None:
            stream = node.streams[message_id] = Stream(agent)
        for kind, text in pieces(message.content):
            self._saver.spoke(node_id)
            self._piece(message_id, stream, kind, text)
        if message.usage_metadata:
            stream.billed = True
            self._bill(message.usage_metadata)

    def _piece(self, message_id: str, stream: Stream, kind: str, text: str) -> None:
        if kind == "text":
            said = AssistantResponseData(message_id=message_id, text=text, chunk=True, offset=stream.said)
            stream.text.append(text)
            stream.said += len(text)
            self._task.emit(AssistantResponse(agent=stream.agent, data=said))
        else:
            thought = ReasoningData(message_id=_thoughts(message_id), text=text, chunk=True, offset=stream.thought)
            stream.thoughts.append(text)
            stream.thought += len(text)
            self._task.emit(Reasoning(agent=stream.agent, data=thought))

    # A node is done.

    def _done(self, data: Mapping[str, Any], agent: str) -> None:
        node = self._nodes.pop(data["id"], None) or Node(data["name"])
        tools = self._messages(node, messages_in(data.get("result")), agent)
        if not agent and not data.get("interrupts"):
            self._step(node, data, tools)
        self._saver.told(data["id"])

    def _cached(self, data: Mapping[str, Any], agent: str) -> None:
        """A node that did not run: its result is a cache's, or that of an earlier attempt, which told it."""
        for name in data.keys() - {"__metadata__"}:
            if agent and self._again:
                continue  # of subgraphs nobody can tell
            if not agent and self._done_before[name]:
                self._done_before[name] -= 1
                continue
            result = data[name]
            found = [
                message for one in (result if isinstance(result, list) else [result]) for message in messages_in(one)
            ]
            node = self._nodes.pop(self._waiting(name), None) or Node(name)
            tools = self._messages(node, found, agent)
            if not agent:
                self._step(node, {}, tools)

    def _waiting(self, name: str) -> str:
        """One of the nodes of this name that have said nothing."""
        return next((key for key, node in self._nodes.items() if node.name == name and not node.streams), "")

    def _messages(self, node: Node, messages: Iterable[BaseMessage], agent: str) -> list[StepTool]:
        """Tell what a node wrote that is new. What it streamed besides comes first."""
        new: list[tuple[BaseMessage, bool]] = []
        for message in messages:
            changed = message.id in self._known
            if self._known.add(message):
                new.append((message, changed))
        own = {message.id for message, _ in new}
        for message_id, stream in node.streams.items():
            if message_id not in own:
                self._close(message_id, stream)
        for message, changed in new:
            self._whole(node, message, agent, billed=changed)
        return [tool for message, _ in new for tool in self._calls.tell(message, agent)]

    def _whole(self, node: Node, message: BaseMessage, agent: str, *, billed: bool) -> None:
        """A whole message takes the place of its pieces."""
        if not isinstance(message, AIMessage):
            return
        stream = node.streams.get(message.id or "") or Stream(agent)
        if message.usage_metadata and not (billed or stream.billed):
            self._bill(message.usage_metadata)
        found = list(pieces(message.content))
        stream.text = [text for kind, text in found if kind == "text"]
        stream.thoughts = [text for kind, text in found if kind == "thinking"] or stream.thoughts
        self._close(message.id or f"msg_{self._task.task_id}_{self._task.steps}", stream)

    def _close(self, message_id: str, stream: Stream) -> None:
        thoughts, text = "".join(stream.thoughts), "".join(stream.text)
        if thoughts:
            self._task.emit(
                Reasoning(agent=stream.agent, data=ReasoningData(message_id=_thoughts(message_id), text=thoughts))
            )
        if text:
            data = AssistantResponseData(message_id=message_id, text=text)
            self._task.emit(AssistantResponse(agent=stream.agent, data=data))

    def _step(self, node: Node, data: Mapping[str, Any], tools: Sequence[StepTool]) -> None:
        self._saver.ran(node.name)
        self._task.emit(
            Step(
                data=StepData(
                    step_number=self._task.step(),
                    name=node.name,
                    success=not data.get("error"),
                    duration_seconds=round(time.monotonic() - node.began, 3),
                    tool_calls=list(tools),
                )
            )
        )

    def _bill(self, usage: Mapping[str, Any]) -> None:
        self._task.spend(int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0)), None)

    # What a graph says by itself.

    def _custom(self, data: Any, agent: str) -> None:
        """An event, where it is one of ours; anything else is shown to those who look closer."""
        for node_id in self._nodes:
            self._saver.spoke(node_id)
        self._task.emit(
            _event(data, agent) or Debug(agent=agent, data=DebugData(message="custom", details=details(data, "value")))
        )

    def state(self, values: Any) -> None:
        """Show the graph's state: whole, and from then on how it changes."""
        found = shown(values)
        if self._shown is None:
            data = StateUpdateData(version=self._task.next_state_version(), snapshot=found)
            self._task.emit(StateUpdate(data=data))
        elif patch := changes(self._shown, found):
            data = StateUpdateData(version=self._task.next_state_version(), patch=patch)
            self._task.emit(StateUpdate(data=data))
        self._shown = found


def _thoughts(message_id: str) -> str:
    return f"{message_id}-thoughts"


def _event(data: Any, agent: str) -> Envelope | None:
    if not isinstance(data, Mapping) or data.get("type") not in TYPES:
        return None
    try:
        said: Envelope = msgspec.convert({"agent": agent, **data}, LoggedEvent)
    except msgspec.ValidationError as error:
        log.warning("a custom event is not what its type asks for", type=data["type"], reason=str(error))
        return None
    return said
