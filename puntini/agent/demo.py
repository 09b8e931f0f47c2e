"""The short demo that the scripted agent plays for any prompt that is not a script."""

from collections.abc import Callable, Iterator
from itertools import islice

import anyio

from puntini.agent.contract import Teller
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Debug,
    DebugData,
    Envelope,
    GraphUpdate,
    GraphUpdateData,
    PlanUpdate,
    PlanUpdateData,
    Reasoning,
    ReasoningData,
    Step,
    StepData,
    StepTool,
    ToolCall,
    ToolCallData,
)
from puntini.protocol.graph import Edge, GraphOp, Node

PAUSE_SECONDS = 0.06
PLAN = ["Read the prompt", "Draw a small graph", "Answer"]
QUOTED = 200

Line = Callable[[Teller], Envelope]


def answer(prompt: str) -> str:
    """What the demo answers."""
    said = prompt if len(prompt) <= QUOTED else prompt[:QUOTED] + "…"
    return (
        f"You said: {said}\n\nI am the scripted agent: I play a fixed demo and understand nothing. "
        "I drew your prompt and this answer as a graph. To see more events, say `play 2000 events every 5 ms`."
    )


async def demo(task: Teller) -> str:
    """Play the demo from where the log left off."""
    for line in islice(script(task), task.spoken, None):
        await task.point()
        task.emit(line(task))
        await anyio.sleep(PAUSE_SECONDS)
    return answer(task.prompt)


def script(task: Teller) -> Iterator[Line]:
    """The demo's lines, in order."""
    yield lambda _: Reasoning(data=ReasoningData(steps=["A prompt came in.", "It will be played, not understood."]))
    yield lambda _: PlanUpdate(data=PlanUpdateData(current_plan=PLAN))
    yield lambda _: _step(1)
    yield lambda _: ToolCall(
        data=ToolCallData(call_id=_call(task), tool_name="draw", status="started", parameters=_drawn(task))
    )
    for op in _ops(task):
        yield lambda task, op=op: GraphUpdate(  # type: ignore[misc]
            data=GraphUpdateData(version=task.next_graph_version(), delta=[op], author="scripted")
        )
    yield lambda _: ToolCall(
        data=ToolCallData(
            call_id=_call(task),
            tool_name="draw",
            status="succeeded",
            parameters=_drawn(task),
            result=3,
            duration_seconds=0.2,
        )
    )
    yield lambda _: Debug(data=DebugData(message="The graph is drawn.", level="info"))
    yield lambda _: _step(2, "draw")
    yield from _speech(task)
    yield lambda _: _step(3)


def _drawn(task: Teller) -> dict[str, str]:
    return {"what": task.prompt[:QUOTED]}


def _call(task: Teller) -> str:
    return f"call_{task.task_id}"


def _step(number: int, tool: str = "") -> Envelope:
    tools = [StepTool(tool_name=tool, success=True)] if tool else []
    return Step(
        data=StepData(
            step_number=number, name=PLAN[number - 1], success=True, duration_seconds=PAUSE_SECONDS, tool_calls=tools
        )
    )


def _ops(task: Teller) -> list[GraphOp]:
    prompt, reply = f"{task.task_id}-prompt", f"{task.task_id}-answer"
    return [
        GraphOp(action="add_node", node=Node(id=prompt, label="Prompt", props={"text": task.prompt[:QUOTED]})),
        GraphOp(action="add_node", node=Node(id=reply, label="Answer", props={"by": "scripted"})),
        GraphOp(
            action="add_edge", edge=Edge(id=f"{task.task_id}-edge", label="ANSWERED_BY", source=prompt, target=reply)
        ),
    ]


def _speech(task: Teller) -> Iterator[Line]:
    """The answer in pieces, then whole."""
    message_id = f"msg_{task.task_id}"
    text = answer(task.prompt)
    offset = 0
    for word in text.split(" "):
        piece = word if offset == 0 else f" {word}"
        yield _piece(message_id, piece, offset)
        offset += len(piece)
    yield lambda _: AssistantResponse(data=AssistantResponseData(message_id=message_id, text=text))


def _piece(message_id: str, text: str, offset: int) -> Line:
    return lambda _: AssistantResponse(
        data=AssistantResponseData(message_id=message_id, text=text, chunk=True, offset=offset)
    )
