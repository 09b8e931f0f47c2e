"""The scripted agent: says a fixed thing, deterministically. For demonstrations, tests and benchmarks.

``play 2000 events every 5 ms`` plays that many numbered events of seven kinds in turn; ``every 0 ms`` is as fast as it
can; ``… of 230 bytes`` pads each to about that size. Any other prompt plays a short demo. What it says depends only on
the prompt, so after a pause or a crash it goes on exactly where it was.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate, islice

from msgspec import Struct

from puntini.agent.contract import Teller
from puntini.agent.demo import demo
from puntini.protocol.entries import encode
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
from puntini.protocol.graph import GraphOp, Node

MOST_EVENTS = 10_000_000
MOST_BYTES = 16_384
WORDS_A_MESSAGE = 200
NODES = 40
ENVELOPE_BYTES = 190
"""About what the envelope adds to ``data``."""

_PLAY = re.compile(
    r"\s*play\s+(\d+)\s+events?(?:\s+every\s+(\d+(?:\.\d+)?)\s*(ms|s))?(?:\s+of\s+(\d+)\s+bytes)?\s*\.?\s*",
    re.IGNORECASE,
)


class Script(Struct, frozen=True):
    """What a ``play`` prompt asks for."""

    count: int
    every_ms: float = 0.0
    size: int = 0


def parse(prompt: str) -> Script | None:
    """Read a ``play`` prompt; None for any other."""
    match = _PLAY.fullmatch(prompt)
    if match is None:
        return None
    count, every, unit, size = match.groups()
    every_ms = float(every or 0) * (1_000 if unit in {"s", "S"} else 1)
    return Script(min(int(count), MOST_EVENTS), every_ms, min(int(size or 0), MOST_BYTES))


Make = Callable[[int, str, Teller], Envelope]


def _reasoning(n: int, pad: str, _task: Teller) -> Envelope:
    return Reasoning(data=ReasoningData(text=f"Thought {n}.{pad}"))


def _debug(n: int, pad: str, _task: Teller) -> Envelope:
    return Debug(data=DebugData(message=f"Debug {n}.{pad}", level="info", details={"n": n}))


def _graph(n: int, pad: str, task: Teller) -> Envelope:
    number = n // 7 % NODES
    node = Node(id=f"node-{number}", label="Number", props={"n": n, "pad": pad} if pad else {"n": n})
    delta = [GraphOp(action="add_node" if n // 7 < NODES else "update_node", node=node)]
    return GraphUpdate(data=GraphUpdateData(version=task.next_graph_version(), delta=delta, author="scripted"))


def _tool(n: int, pad: str, _task: Teller) -> Envelope:
    data = ToolCallData(
        call_id=f"call-{n}",
        tool_name="count",
        status="succeeded",
        parameters={"n": n},
        result=f"{n}{pad}",
        duration_seconds=0.0,
    )
    return ToolCall(data=data)


def _step(n: int, pad: str, _task: Teller) -> Envelope:
    tools = [StepTool(tool_name="count", success=True)]
    return Step(
        data=StepData(step_number=n, name=f"Step {n}{pad}", success=True, duration_seconds=0.0, tool_calls=tools)
    )


def _plan(n: int, pad: str, _task: Teller) -> Envelope:
    return PlanUpdate(data=PlanUpdateData(current_plan=[f"Say {n}{pad}", f"Say {n + 1}"]))


def _token(n: int, _pad: str, task: Teller) -> Envelope:
    message, index = divmod(n // 7 - 1, WORDS_A_MESSAGE)
    data = AssistantResponseData(
        message_id=_message_id(task, message), text=f"{n} ", chunk=True, offset=_offsets(message)[index]
    )
    return AssistantResponse(data=data)


KINDS: tuple[Make, ...] = (_token, _reasoning, _debug, _graph, _tool, _step, _plan)
"""The kind of event ``n`` is at ``n % 7``."""


@lru_cache(maxsize=1024)
def _offsets(message: int) -> list[int]:
    """Where each word of a message begins."""
    return [0, *accumulate(map(len, _words(message, WORDS_A_MESSAGE)))]


def _words(message: int, count: int) -> list[str]:
    first = message * WORDS_A_MESSAGE + 1
    return [f"{7 * word} " for word in range(first, first + count)]


def _message_id(task: Teller, message: int) -> str:
    return f"msg_{task.task_id}_{message}"


def _whole(message: int, count: int, task: Teller) -> Envelope:
    """The whole message, which supersedes its pieces."""
    data = AssistantResponseData(message_id=_message_id(task, message), text="".join(_words(message, count)))
    return AssistantResponse(data=data)


def play(script: Script) -> Iterator[Callable[[Teller], Envelope]]:
    """What to say, in order: the numbered events, and each message once more, whole, when its words are said."""
    pads: dict[int, str] = {}
    for n in range(1, script.count + 1):
        yield _numbered(n, script.size, pads)
        message, word = divmod(n // 7 - 1, WORDS_A_MESSAGE)
        if n % 7 == 0 and word == WORDS_A_MESSAGE - 1:
            yield lambda task, message=message: _whole(message, WORDS_A_MESSAGE, task)  # type: ignore[misc]
    message, word = divmod(script.count // 7, WORDS_A_MESSAGE)
    if word:
        yield lambda task: _whole(message, word, task)


class _Nobody:
    """A task to measure an event's size with: it hears nothing and uses up no graph version."""

    session_id = prompt = ""
    spoken = 0

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id

    def emit(self, event: Envelope) -> None:
        """Nothing is said."""

    async def point(self) -> None:
        """Nothing holds back."""

    def next_graph_version(self) -> int:
        """Any will do."""
        return 1


def _numbered(n: int, size: int, pads: dict[int, str]) -> Callable[[Teller], Envelope]:
    def make(task: Teller) -> Envelope:
        kind = KINDS[n % 7]
        if size and n % 7 not in pads:
            bare = kind(n, "", _Nobody(task.task_id))
            pads[n % 7] = "." * max(0, size - ENVELOPE_BYTES - len(encode(bare)))
        return kind(n, pads.get(n % 7, ""), task)

    return make


class ScriptedAgent:
    """Plays scripts."""

    name = "scripted"

    async def run(self, task: Teller) -> str:
        """Say what the prompt asks for, from where the log left off."""
        script = parse(task.prompt)
        if script is None:
            return await demo(task)
        every = script.every_ms / 1000
        clock = asyncio.get_running_loop().time
        due = clock()
        for make in islice(play(script), task.spoken, None):
            await task.point()
            task.emit(make(task))
            if every:
                due += every
                if (early := due - clock()) > 0:
                    await asyncio.sleep(early)
        return f"Played {script.count} events."
