"""Which words of a graph are its task's answer: those it gives out at its end, whatever happened on the way."""

from typing import Any, TypedDict

import anyio
import pytest
from langchain_core.messages import AIMessage
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import RetryPolicy

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from puntini.protocol.events import AssistantResponse
from tests.agent.graphs.making import Plain, answer_of, chain, model
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio


async def test_what_another_model_said_on_the_way_is_told_but_is_not_the_answer(store: Store) -> None:
    router, writer = model("Route: billing."), model("You owe nothing.")

    async def talk(state: MessagesState) -> dict[str, Any]:
        await router.ainvoke(state["messages"])
        return {"messages": [await writer.ainvoke(state["messages"])]}

    async with stage(store, chain(talk, state=MessagesState)) as life:
        task = await life.task("What do I owe?")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    whole = [event.data.text for event in said if isinstance(event, AssistantResponse) and not event.data.chunk]
    assert whole == ["Route: billing.", "You owe nothing."]
    assert answer_of(said) == "You owe nothing."


async def test_a_try_that_failed_is_not_the_answer(store: Store) -> None:
    words = model("The first try.", "The second try.")
    tries: list[int] = []

    async def talk(state: MessagesState) -> dict[str, Any]:
        answer = await words.ainvoke(state["messages"])
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("away")
        return {"messages": [answer]}

    graph = StateGraph(MessagesState)
    graph.add_node("talk", talk, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False))
    graph.add_edge(START, "talk")
    async with stage(store, GraphAgent("talker", graph.compile())) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "The second try."


@pytest.mark.parametrize("paused", [False, True])
async def test_a_pause_changes_nothing_about_it(store: Store, paused: bool) -> None:
    words = model("Aside.", "The answer is 42.")
    here, going = anyio.Event(), anyio.Event()

    async def talk(state: MessagesState) -> dict[str, Any]:
        await words.ainvoke(state["messages"])
        here.set()
        await going.wait()
        return {"messages": [await words.ainvoke(state["messages"])]}

    async def note(_state: MessagesState) -> dict[str, Any]:
        await model("A note to nobody.").ainvoke("x")
        return {}

    async with stage(store, chain(talk, note, state=MessagesState)) as life:
        task = await life.task("What is it?")
        await here.wait()
        if paused:
            await life.control(task, "pause")
        going.set()
        if paused:
            await life.until(task, "paused")
            await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "The answer is 42."


async def test_what_an_earlier_task_was_answered_is_not_the_answer(store: Store) -> None:
    class State(MessagesState, total=False):
        answer: str

    async def talk(state: State) -> dict[str, Any]:
        return {"messages": [AIMessage("hello")]} if len(state["messages"]) == 1 else {"answer": "again"}

    async with stage(store, chain(talk, state=State)) as life:
        session = await life.session()
        answers = []
        for words in ("one", "two"):
            task = await life.prompt(session, words)
            assert await life.ended(task) == "completed"
            answers.append(answer_of(await life.said(task)))

    assert answers == ["hello", "again"]


async def test_what_a_graph_keeps_to_itself_is_not_the_answer(store: Store) -> None:
    class Out(TypedDict):
        result: str

    class State(MessagesState):
        result: str

    async def talk(state: State) -> dict[str, Any]:
        return {"messages": [AIMessage("thinking aloud")], "result": "for all"}

    graph = StateGraph(State, output_schema=Out)
    graph.add_node("talk", talk)
    graph.add_edge(START, "talk")
    async with stage(store, GraphAgent("talker", graph.compile())) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "for all"


@pytest.mark.parametrize("message", [False, True])
async def test_a_function_s_result_is_its_answer(store: Store, message: bool) -> None:
    @entrypoint()
    async def flow(prompt: str) -> Any:
        return AIMessage(f"You said {prompt}.") if message else f"You said {prompt}."

    async with stage(store, GraphAgent("flow", flow)) as life:
        task = await life.task("hello")
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == "You said hello."


async def test_a_state_without_words_is_the_answer_itself(store: Store) -> None:
    async def count(_state: Plain) -> dict[str, Any]:
        return {"n": 1}

    async with stage(store, chain(count, state=Plain)) as life:
        task = await life.task("Count.")
        assert await life.ended(task) == "completed"
        assert answer_of(await life.said(task)) == '{"prompt":"Count.","n":1}'
