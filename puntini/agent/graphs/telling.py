"""Tells what happens in a LangGraph graph: what its models stream, and the parts of its own stream, become events."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage

from puntini.agent.contract import Task
from puntini.agent.graphs.holding import TaskSaver
from puntini.agent.graphs.state import changes, plain, shown
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
    ToolCall,
    ToolCallData,
)

log = structlog.get_logger("puntini.agent")
THOUGHTS = frozenset({"thinking", "reasoning"})
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
        self._calls: dict[str, tuple[float, ToolCallData]] = {}
        self._shown: dict[str, Any] | None = None
        self.answer = ""

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
                self._state(part["data"])

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
        for kind, text in _pieces(message.content):
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
        messages = list(_messages(data.get("result")))
        for message in messages:
            self._whole(node, message, agent)
        for message_id, stream in node.streams.items():
            self._close(message_id, stream)
        tools = [tool for message in messages for tool in self._tools(message, agent)]
        if not agent and not data.get("interrupts"):
            self._step(node, data, tools)
        self._saver.told(data["id"])

    def _whole(self, node: Node, message: BaseMessage, agent: str) -> None:
        """A whole message takes the place of its pieces."""
        if not isinstance(message, AIMessage):
            return
        stream = node.streams.pop(message.id or "", None) or Stream(agent)
        if message.usage_metadata and not stream.billed:
            self._bill(message.usage_metadata)
        pieces = list(_pieces(message.content))
        stream.text = [text for kind, text in pieces if kind == "text"]
        stream.thoughts = [text for kind, text in pieces if kind == "thinking"] or stream.thoughts
        self._close(message.id or f"msg_{self._task.task_id}_{self._task.steps}", stream)

    def _close(self, message_id: str, stream: Stream) -> None:
        thoughts, text = "".join(stream.thoughts), "".join(stream.text)
        if thoughts:
            self._task.emit(
                Reasoning(agent=stream.agent, data=ReasoningData(message_id=_thoughts(message_id), text=thoughts))
            )
        if text:
            self.answer = text
            data = AssistantResponseData(message_id=message_id, text=text)
            self._task.emit(AssistantResponse(agent=stream.agent, data=data))

    def _tools(self, message: BaseMessage, agent: str) -> Iterator[StepTool]:
        """Calls that a message makes begin; one that it answers ends, and is a step's."""
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                data = ToolCallData(
                    call_id=call["id"] or call["name"],
                    tool_name=call["name"],
                    status="started",
                    parameters=plain(call["args"]),
                )
                self._calls[data.call_id] = (time.monotonic(), data)
                self._task.emit(ToolCall(agent=agent, data=data))
        elif isinstance(message, ToolMessage):
            ended = self._ended(message)
            self._task.emit(ToolCall(agent=agent, data=ended))
            yield StepTool(tool_name=ended.tool_name, success=ended.status == "succeeded")

    def _ended(self, message: ToolMessage) -> ToolCallData:
        began, call = self._calls.pop(message.tool_call_id, (None, None))
        failed = message.status == "error"
        return ToolCallData(
            call_id=message.tool_call_id,
            tool_name=message.name or (call.tool_name if call else ""),
            status="failed" if failed else "succeeded",
            parameters=call.parameters if call else {},
            result=None if failed else plain(message.content),
            error=str(plain(message.content)) if failed else "",
            duration_seconds=None if began is None else round(time.monotonic() - began, 3),
        )

    def _step(self, node: Node, data: Mapping[str, Any], tools: Sequence[StepTool]) -> None:
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
            _event(data, agent) or Debug(agent=agent, data=DebugData(message="custom", details=_details(data)))
        )

    def _state(self, values: Any) -> None:
        found = shown(values)
        if self._shown is None:
            if found:
                data = StateUpdateData(version=self._task.next_state_version(), snapshot=found)
                self._task.emit(StateUpdate(data=data))
        elif patch := changes(self._shown, found):
            data = StateUpdateData(version=self._task.next_state_version(), patch=patch)
            self._task.emit(StateUpdate(data=data))
        self._shown = found


def _thoughts(message_id: str) -> str:
    return f"{message_id}-thoughts"


def _pieces(content: str | Sequence[Any]) -> Iterator[tuple[str, str]]:
    """A message's texts and thoughts, in order."""
    if isinstance(content, str):
        if content:
            yield "text", content
        return
    for block in content:
        if isinstance(block, str):
            yield "text", block
        elif block.get("type") == "text" and block.get("text"):
            yield "text", block["text"]
        elif block.get("type") in THOUGHTS and (
            thought := block.get("thinking") or block.get("reasoning") or block.get("text")
        ):
            yield "thinking", thought


def _messages(result: Any) -> Iterator[BaseMessage]:
    """The messages that a node wrote to the state."""
    values = result.values() if isinstance(result, Mapping) else [result]
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, BaseMessage):
                yield item


def _event(data: Any, agent: str) -> Envelope | None:
    if not isinstance(data, Mapping) or data.get("type") not in TYPES:
        return None
    try:
        said: Envelope = msgspec.convert({"agent": agent, **data}, LoggedEvent)
    except msgspec.ValidationError as error:
        log.warning("a custom event is not what its type asks for", type=data["type"], reason=str(error))
        return None
    return said


def _details(data: Any) -> dict[str, Any]:
    found = plain(data)
    return found if isinstance(found, dict) else {"value": found}
