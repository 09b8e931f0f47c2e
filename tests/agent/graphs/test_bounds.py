"""Graphs that would take the server with them, or more than it has: it lives, and they end with a sentence."""

import asyncio
import operator
import sys
import threading
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from puntini.agent import emit
from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from tests.agent.graphs.making import Plain, chain, error_of, row_of
from tests.agent.stage import LateStore, stage, until

pytestmark = pytest.mark.anyio

MIB = 1 << 20


async def leaf(_state: Plain) -> dict[str, Any]:
    """The node of a subgraph."""
    return {"n": 1}


async def leave(_state: Plain) -> dict[str, Any]:
    """A node that leaves as a program does."""
    sys.exit(3)


def leave_thread(_state: Plain) -> dict[str, Any]:
    """The same in a thread."""
    sys.exit("That was it.")


async def leave_inside(_state: Plain) -> Any:
    """The same in a subgraph."""
    return await row_of(leave, state=Plain).compile().ainvoke({"prompt": "x"})


async def leave_together(state: Plain) -> Any:
    """The same in a task of its own, as tools are called."""
    await asyncio.gather(leaf(state), leave(state))


@pytest.mark.parametrize(
    ("node", "code"),
    [(leave, "3"), (leave_thread, "'That was it.'"), (leave_inside, "3")],
    ids=["async", "thread", "inside"],
)
async def test_a_node_that_exits_fails_its_task_and_not_the_server(store: Store, node: Any, code: str) -> None:
    async with stage(store, chain(node, state=Plain), chain(leaf, state=Plain, name="other")) as life:
        task = await life.task("Leave.")
        assert await life.ended(task) == "failed"
        assert error_of(await life.said(task)) == f"RuntimeError: The agent's code called sys.exit({code})."
        assert await life.ended(await life.task("Go on.", agent="other")) == "completed"


async def test_a_subgraph_that_is_invoked_on_the_loop_is_refused_with_a_sentence(store: Store) -> None:
    inner = row_of(leaf, state=Plain).compile()

    async def call(_state: Plain) -> Any:
        return inner.invoke({"prompt": "x"})

    async with stage(store, chain(call, state=Plain)) as life:
        task = await life.task("Freeze.")
        assert await life.ended(task) == "failed"
        assert "await ainvoke()" in error_of(await life.said(task))


async def test_a_thread_that_saves_ends_soon_after_its_task(store: Store) -> None:
    rounds: list[int] = []
    gone = threading.Event()

    def speak(_state: Plain) -> dict[str, Any]:
        emit.debug("still here")
        return {"n": 1}

    inner = row_of(speak, state=Plain).compile()

    def call(_state: Plain) -> dict[str, Any]:
        try:
            while True:
                rounds.append(1)
                inner.invoke({"prompt": "x"})
        finally:
            gone.set()

    async with stage(store, chain(call, state=Plain)) as life:
        task = await life.task("Go round.")

        async def going() -> bool:
            return len(rounds) > 3

        async def ended() -> bool:
            return gone.is_set()

        await until(going, "some rounds")
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"
        await until(ended, "the thread to end")


class Heavy(TypedDict, total=False):
    """A state that weighs."""

    prompt: str
    blob: str
    rounds: int
    seen: Annotated[list[str], operator.add]


async def test_a_state_above_the_limit_fails_the_task_with_a_sentence(store: Store) -> None:
    async def load(_state: Heavy) -> dict[str, Any]:
        return {"blob": "x" * (17 * MIB)}

    async with stage(store, chain(load, state=Heavy)) as life:
        task = await life.task("Load.")
        assert await life.ended(task) == "failed"
        assert error_of(await life.said(task)).startswith("The graph's state takes more than 16 MiB in one step; keep")


async def test_a_state_below_the_limit_is_kept_from_step_to_step() -> None:
    async def load(state: Heavy) -> dict[str, Any]:
        rounds = state.get("rounds", 0)
        return {"blob": str(rounds) + "x" * (12 * MIB), "rounds": rounds + 1}

    graph: StateGraph[Any] = StateGraph(Heavy)
    graph.add_node("load", load)
    graph.add_edge(START, "load")
    graph.add_conditional_edges("load", lambda state: "load" if state["rounds"] < 3 else END)
    async with stage(LateStore(10), GraphAgent("heavy", graph.compile())) as life:
        task = await life.task("Load.")
        assert await life.ended(task) == "completed"


async def test_a_node_that_speaks_and_runs_a_long_subgraph_holds_its_newest_checkpoint_only(store: Store) -> None:
    async def load(state: Heavy) -> dict[str, Any]:
        rounds = state.get("rounds", 0)
        return {"blob": str(rounds) + "x" * MIB, "rounds": rounds + 1}

    inner: StateGraph[Any] = StateGraph(Heavy)
    inner.add_node("load", load)
    inner.add_edge(START, "load")
    inner.add_conditional_edges("load", lambda state: "load" if state["rounds"] < 20 else END)
    helper = inner.compile()

    async def call(_state: Plain) -> dict[str, Any]:
        emit.reasoning("I ask my helper.")
        await helper.ainvoke({"prompt": "x"})
        return {"n": 1}

    async with stage(store, chain(call, state=Plain)) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"
