"""Graphs that were compiled to stop before or after a node: a person says whether they go on."""

from typing import Any

import anyio
import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langgraph.errors import GraphDrained
from langgraph.graph import START, StateGraph

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from tests.agent.graphs.making import Plain, answer_of, asked, decide, error_of, questions, row_of
from tests.agent.graphs.test_crashes import DyingStore
from tests.agent.stage import stage, until

pytestmark = pytest.mark.anyio

STOPS: list[dict[str, Any]] = [{"interrupt_before": ["send"]}, {"interrupt_after": ["draft"]}]


class Letter:
    """A graph that drafts and sends, and what of it was done."""

    def __init__(self, *, inside: bool = False, **stops: Any) -> None:
        self.done: list[str] = []
        graph = row_of(self.draft, self.send, state=Plain)
        if inside:
            outer: StateGraph[Any] = StateGraph(Plain)
            outer.add_node("letter", graph.compile(**stops))
            outer.add_edge(START, "letter")
            self.agent = GraphAgent("letter", outer.compile())
        else:
            self.agent = GraphAgent("letter", graph.compile(**stops))

    async def draft(self, _state: Plain) -> dict[str, Any]:
        """The first node."""
        self.done.append("draft")
        return {"answer": "drafted"}

    async def send(self, _state: Plain) -> dict[str, Any]:
        """The second, which is not to be done without a yes."""
        self.done.append("send")
        return {"answer": "sent"}


@pytest.mark.parametrize("inside", [False, True], ids=["graph", "subgraph"])
@pytest.mark.parametrize("stops", STOPS, ids=["before", "after"])
async def test_a_breakpoint_asks_whether_to_go_on(store: Store, stops: dict[str, Any], inside: bool) -> None:
    letter = Letter(inside=inside, **stops)
    async with stage(store, letter.agent) as life:
        task = await life.task("Write.")
        question = await asked(life, task)
        assert (question.question, letter.done) == (f"Go on with {'letter' if inside else 'send'}?", ["draft"])
        await decide(life, task, question, "approved")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    assert letter.done == ["draft", "send"]
    assert answer_of(said) == "sent"


@pytest.mark.parametrize("stops", STOPS, ids=["before", "after"])
async def test_a_no_ends_the_task(store: Store, stops: dict[str, Any]) -> None:
    letter = Letter(**stops)
    async with stage(store, letter.agent) as life:
        task = await life.task("Write.")
        await decide(life, task, await asked(life, task), "denied")
        assert await life.ended(task) == "failed"
        said = await life.said(task)

    assert letter.done == ["draft"]
    assert error_of(said) == "A person decided not to go on with send."


async def test_each_breakpoint_is_asked_about_by_itself(store: Store) -> None:
    letter = Letter(interrupt_before="*")
    async with stage(store, letter.agent) as life:
        task = await life.task("Write.")
        for number, node in enumerate(("draft", "send"), 1):
            question = await asked(life, task, number)
            assert question.question == f"Go on with {node}?"
            await decide(life, task, question, "answered", "yes")
        assert await life.ended(task) == "completed"


@pytest.mark.parametrize("inside", [False, True], ids=["graph", "subgraph"])
@pytest.mark.parametrize("stops", STOPS, ids=["before", "after"])
@pytest.mark.parametrize("commits", range(1, 9))
async def test_no_death_passes_a_breakpoint(stops: dict[str, Any], inside: bool, commits: int) -> None:
    store, letter = DyingStore(), Letter(inside=inside, **stops)
    async with stage(store, letter.agent) as life:
        task = await life.task("Write.")
        store.left = commits

        async def dead() -> bool:
            return not store.left or (await life.row(task)).status == "waiting"

        await until(dead, "the last commit")
    store.left = 1_000
    async with stage(store, letter.agent) as life:
        question = await asked(life, task)
        assert "send" not in letter.done
        await decide(life, task, question, "approved")
        assert await life.ended(task) == "completed"
        assert len(await questions(life, task)) == 1

    assert letter.done.count("send") == 1


async def test_a_pause_is_no_breakpoint(store: Store) -> None:
    going = anyio.Event()

    async def first(_state: Plain) -> dict[str, Any]:
        await going.wait()
        return {"n": 1}

    async def second(_state: Plain) -> dict[str, Any]:
        return {"answer": "done"}

    graph = row_of(first, second, state=Plain).compile(interrupt_before=["first"], interrupt_after=["second"])
    async with stage(store, GraphAgent("graph", graph)) as life:
        task = await life.task("Go.")
        await decide(life, task, await asked(life, task), "approved")
        await life.until(task, "running")
        await life.control(task, "pause")
        going.set()
        await life.until(task, "paused")
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        assert len(await questions(life, task)) == 1


async def test_a_pause_that_is_taken_back_ends_nothing_half_way(store: Store) -> None:
    done: list[str] = []

    class Regret(AsyncCallbackHandler):
        """Takes the pause back in the moment at which the graph has come to rest."""

        async def on_chain_error(self, error: BaseException, **others: Any) -> None:
            if isinstance(error, GraphDrained):
                await life.control(task, "resume")

    async def first(_state: Plain) -> dict[str, Any]:
        await life.control(task, "pause")
        return {"n": 1}

    async def second(_state: Plain) -> dict[str, Any]:
        done.append("second")
        return {"answer": "done"}

    graph = row_of(first, second, state=Plain).compile().with_config(callbacks=[Regret()])
    async with stage(store, GraphAgent("graph", graph)) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"
        assert (await life.row(task)).attempt == 1

    assert done == ["second"]
