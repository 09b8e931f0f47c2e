"""What graphs ask, beyond a plain question."""

from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from tests.agent.graphs.making import Plain, answer_of, asked, chain, decide, questions
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio


def side_by_side(*nodes: Any) -> GraphAgent:
    """An agent whose nodes run at once."""
    graph: StateGraph[Any] = StateGraph(Plain)
    for node in nodes:
        graph.add_node(node.__name__, node)
        graph.add_edge(START, node.__name__)
    return GraphAgent("wide", graph.compile())


class Date(BaseModel):
    """What is asked for."""

    day: int


async def test_an_answer_that_the_graph_does_not_take_is_asked_for_again(store: Store) -> None:
    async def ask(_state: Plain) -> dict[str, Any]:
        return {"answer": f"on day {interrupt('When?', response_schema=Date).day}"}

    agent = chain(ask, state=Plain)
    async with stage(store, agent) as life:
        task = await life.task("Meet.")
        await decide(life, task, await asked(life, task), "answered", {"day": "tomorrow"})
        await asked(life, task, 2)
    async with stage(store, agent) as life:
        question = await asked(life, task, 2)
        assert question.question.startswith("When? (The last answer was not accepted: day: Input should be a valid int")
        assert question.response_schema is not None
        await decide(life, task, question, "answered", {"day": 3})
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "on day 3"


async def test_of_two_answers_only_the_one_that_is_not_taken_is_asked_for_again(store: Store) -> None:
    async def day(_state: Plain) -> dict[str, Any]:
        return {"n": interrupt("Which day?", response_schema=Date).day}

    async def name(_state: Plain) -> dict[str, Any]:
        return {"answer": interrupt("What name?")}

    async with stage(store, side_by_side(day, name)) as life:
        task = await life.task("Meet.")
        await asked(life, task, 2)
        for question in await questions(life, task):
            await decide(life, task, question, "answered", "Ann" if "name" in question.question else {"day": "x"})
        third = await asked(life, task, 3)
        assert third.question.startswith("Which day?")
        await decide(life, task, third, "answered", {"day": 3})
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "Ann"


@pytest.mark.parametrize("seconds", [1e12, 1e300, -1, float("nan")])
async def test_a_time_that_nobody_could_mean_is_no_limit(store: Store, seconds: float) -> None:
    async def ask(_state: Plain) -> dict[str, Any]:
        return {"answer": str(interrupt({"question": "Well?", "expires_seconds": seconds}))}

    async with stage(store, chain(ask, state=Plain)) as life:
        task = await life.task("Ask.")
        assert (await asked(life, task)).expires_at == ""
