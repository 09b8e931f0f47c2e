"""Tells of the calls of tools that a graph's messages make and answer."""

import time
from collections.abc import Iterator

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolMessage
from langchain_core.messages import ToolCall as RequestedCall

from puntini.agent.contract import Task
from puntini.agent.graphs.state import details, plain
from puntini.protocol.events import StepTool, ToolCall, ToolCallData

UNREADABLE = "The model's call could not be read"


class Calls:
    """The calls of one attempt that have begun."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._begun: dict[str, tuple[float | None, ToolCallData]] = {}

    def know(self, message: BaseMessage) -> None:
        """Take in a message of an earlier attempt, whose calls may end in this one."""
        if isinstance(message, AIMessage):
            self._begun |= {data.call_id: (None, data) for data in map(_started, message.tool_calls)}
        elif isinstance(message, ToolMessage):
            self._begun.pop(message.tool_call_id, None)

    def tell(self, message: BaseMessage, agent: str) -> Iterator[StepTool]:
        """Calls that a message makes begin; one that it answers ends, and is a step's."""
        if isinstance(message, AIMessage):
            for data in map(_started, message.tool_calls):
                self._begun[data.call_id] = (time.monotonic(), data)
                self._task.emit(ToolCall(agent=agent, data=data))
            for invalid in message.invalid_tool_calls:
                self._task.emit(ToolCall(agent=agent, data=_unreadable(invalid)))
        elif isinstance(message, ToolMessage):
            ended = self._ended(message)
            self._task.emit(ToolCall(agent=agent, data=ended))
            yield StepTool(tool_name=ended.tool_name, success=ended.status == "succeeded")

    def _ended(self, message: ToolMessage) -> ToolCallData:
        began, call = self._begun.pop(message.tool_call_id, (None, None))
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


def _started(call: RequestedCall) -> ToolCallData:
    parameters = details(call["args"], "cut")
    return ToolCallData(
        call_id=call["id"] or call["name"], tool_name=call["name"], status="started", parameters=parameters
    )


def _unreadable(call: InvalidToolCall) -> ToolCallData:
    """A call that a model made in words that are none: it fails before it begins."""
    name = call["name"] or ""
    return ToolCallData(
        call_id=call["id"] or name or "unreadable",
        tool_name=name,
        status="failed",
        parameters={"arguments": plain(call["args"])},
        error=f"{UNREADABLE}: {plain(call['error'])}" if call["error"] else f"{UNREADABLE}.",
    )
