"""A user's graph with a side effect: each step appends a line to ``effects.txt`` where the server was started."""

import asyncio
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

STEPS = 12
STEP_SECONDS = 0.02
FILE = Path("effects.txt")


class Counting(TypedDict):
    """``number`` is the last step that was taken."""

    prompt: str
    number: int
    answer: str


async def begin(state: Counting) -> dict[str, Any]:
    """Begin with nothing, whatever the task before came to."""
    return {"number": 0, "answer": f"I begin with {state['prompt']}."}


async def act(state: Counting) -> dict[str, Any]:
    """Leave a mark outside, which no retraction takes back, and take a while."""
    number = state["number"] + 1
    _leave_mark(f"{time.time_ns() // 1_000_000} {number} {state['prompt']}\n")
    await asyncio.sleep(STEP_SECONDS)
    return {"number": number, "answer": f"I took {number} steps."}


def _leave_mark(line: str) -> None:
    with FILE.open("a") as file:
        file.write(line)


def then(state: Counting) -> str:
    """Go on until all is done."""
    return END if state["number"] >= STEPS else "act"


_graph = StateGraph(Counting)
_graph.add_node("begin", begin)
_graph.add_node("act", act)
_graph.add_edge(START, "begin")
_graph.add_edge("begin", "act")
_graph.add_conditional_edges("act", then, ["act", END])
graph = _graph.compile()
