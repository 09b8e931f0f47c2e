"""Graphs inside the nodes of others: what of them is done is not done again."""

from typing import Any

import anyio
import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from tests.agent.graphs.making import Counted, Plain, row_of
from tests.agent.stage import stage, until

pytestmark = pytest.mark.anyio


class Recipe:
    """A graph in a node of another, compiled as the node or called by it; its second step waits until it may go on."""

    def __init__(self, *, called: bool) -> None:
        self.done: list[str] = []
        self.going = anyio.Event()
        inner = StateGraph(MessagesState)
        inner.add_node("mix", self._mix)
        inner.add_node("bake", self._bake)
        inner.add_edge(START, "mix")
        inner.add_edge("mix", "bake")
        inner.add_edge("bake", END)
        self._inner = inner.compile()
        outer = StateGraph(MessagesState)
        if called:
            outer.add_node("cook", self._cook)
        else:
            outer.add_node("cook", self._inner)
        outer.add_edge(START, "cook")
        self.agent = GraphAgent("cook", outer.compile())

    async def _mix(self, state: MessagesState) -> dict[str, Any]:
        self.done.append("mix")
        return {"messages": [AIMessage("Mixed.", id="mixed")]}

    async def _bake(self, state: MessagesState) -> dict[str, Any]:
        self.done.append("bake")
        await self.going.wait()
        return {"messages": [AIMessage("Baked.", id="baked")]}

    async def _cook(self, state: MessagesState) -> Any:
        return await self._inner.ainvoke(state)


@pytest.mark.parametrize("called", [False, True])
async def test_a_step_of_an_inner_graph_is_saved_when_it_is_done(store: Store, called: bool) -> None:
    recipe = Recipe(called=called)

    async def baking() -> bool:
        return "bake" in recipe.done

    async with stage(store, recipe.agent) as life:
        task = await life.task("A cake.")
        await until(baking, "the second step")
    recipe.going.set()
    async with stage(store, recipe.agent) as life:
        assert await life.ended(task) == "completed"

    assert recipe.done == ["mix", "bake", "bake"]


def remembering(heard: list[int], *, rounds: int) -> GraphAgent:
    """A graph that goes so often to a subgraph that remembers, which notes how much it does."""

    async def listen(state: Counted) -> dict[str, Any]:
        heard.append(len(state.get("seen", [])))
        return {"seen": [1]}

    inner = row_of(listen).compile(checkpointer=True)

    async def go(state: Plain) -> dict[str, Any]:
        await inner.ainvoke({"prompt": "x"})
        return {"n": state.get("n", 0) + 1}

    graph: StateGraph[Any] = StateGraph(Plain)
    graph.add_node("go", go)
    graph.add_edge(START, "go")
    graph.add_conditional_edges("go", lambda state: "go" if state["n"] % rounds else END)
    return GraphAgent("going", graph.compile())


async def test_a_subgraph_that_remembers_does_so_from_task_to_task(store: Store) -> None:
    heard: list[int] = []
    async with stage(store, remembering(heard, rounds=1)) as life:
        session = await life.session()
        for _ in range(3):
            assert await life.ended(await life.prompt(session, "Go.")) == "completed"

    assert heard == [0, 1, 2]


async def test_of_a_subgraph_that_remembers_only_the_newest_checkpoint_is_kept(store: Store) -> None:
    heard = list[int]()
    async with stage(store, remembering(heard, rounds=20)) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"
        session = (await life.row(task)).session_id

    assert heard == list(range(20))
    assert len(await store.kept_all(session, "checkpoint")) == 2
    assert len(await store.kept_all(session, "write")) <= 2
