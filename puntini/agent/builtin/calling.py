"""One call of a tool, told as it begins and ends."""

from pathlib import Path

import msgspec

from puntini.agent.builtin.context import CallContext
from puntini.agent.emit import Voice
from puntini.agent.library import Source
from puntini.agent.models.contract import Call, Outcome
from puntini.agent.tools.registry import Result, Tools
from puntini.protocol.events import ToolCall, ToolCallData


async def made(call: Call, tools: Tools, voice: Voice, source: Source, workspace: Path | None) -> Result:
    """Make a call. Its id is shown with the task's: models may give the same id to calls of different tasks."""
    data = ToolCallData(
        call_id=f"{voice.task.task_id}.{call.call_id}",
        tool_name=call.name,
        status="started",
        parameters=call.arguments,
    )
    voice.emit(ToolCall(data=data))
    context = CallContext(voice, call.call_id, source, workspace)
    result = await tools.call(call.name, call.arguments, context)
    ended = msgspec.structs.replace(
        data,
        status="succeeded" if result.success else "failed",
        result=result.value,
        error=result.error,
        duration_seconds=round(result.seconds, 3),
    )
    voice.emit(ToolCall(data=ended))
    return result


def outcome_of(call: Call, result: Result) -> Outcome:
    """What the model is told of a call."""
    if not result.success:
        return Outcome(call.call_id, result.error, failed=True)
    return Outcome(call.call_id, msgspec.json.encode(result.value).decode())
