"""What a graph's models stream, however they are asked."""

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult
from langgraph.constants import TAG_NOSTREAM
from langgraph.graph import START, MessagesState, StateGraph

from puntini.agent import emit
from puntini.agent.emitter import MOST_BYTES
from puntini.agent.graphs.agent import Graph, GraphAgent
from puntini.log.contract import Store
from puntini.protocol.events import AssistantResponse, Debug, LoggedEvent, TaskCompleted, TaskFailed
from puntini.store.memory import MemoryStore
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio
Said = list[AssistantResponse]


def model(*answers: str) -> GenericFakeChatModel:
    """One that streams these answers word by word."""
    return GenericFakeChatModel(messages=iter([AIMessage(answer) for answer in answers]))


def graph(node: Any) -> Graph:
    """One node over messages."""
    made = StateGraph(MessagesState)
    made.add_node("talk", node)
    made.add_edge(START, "talk")
    return made.compile()


async def said_by(made: Graph) -> tuple[Said, LoggedEvent]:
    """The answers that a graph's task tells, and its end."""
    async with stage(MemoryStore(), GraphAgent("talker", made)) as life:
        task = await life.task("Go on.")
        await life.ended(task)
        said = await life.said(task)
    return [event for event in said if isinstance(event, AssistantResponse)], said[-1]


def pieces(said: Said) -> list[str]:
    """What came in pieces."""
    return [event.data.text for event in said if event.data.chunk]


async def test_a_model_in_a_thread_is_heard_piece_by_piece_and_in_order() -> None:
    words = model("One two three four.")

    def talk(state: MessagesState) -> dict[str, Any]:
        return {"messages": [words.invoke(state["messages"])]}

    said, end = await said_by(graph(talk))

    assert len(pieces(said)) > 3
    assert "".join(pieces(said)) == said[-1].data.text == "One two three four."
    assert isinstance(end, TaskCompleted)


async def test_what_is_tagged_nostream_is_told_only_as_what_its_node_returns() -> None:
    aside, loud = model("Just between us."), model("Hello.")

    async def talk(state: MessagesState) -> dict[str, Any]:
        await aside.ainvoke(state["messages"], {"tags": [TAG_NOSTREAM]})
        return {"messages": [await loud.ainvoke(state["messages"])]}

    said, _ = await said_by(graph(talk))

    assert "".join(pieces(said)) == "Hello."
    assert [event.data.text for event in said if not event.data.chunk] == ["Hello."]


async def test_pieces_come_before_what_the_node_says_after_them(store: Store) -> None:
    words = model("First this.")
    order: list[str] = []

    async def talk(state: MessagesState) -> dict[str, Any]:
        answer = await words.ainvoke(state["messages"])
        emit.debug("then that")
        return {"messages": [answer]}

    async with stage(store, GraphAgent("talker", graph(talk))) as life:
        task = await life.task("Go on.")
        await life.ended(task)
        for event in await life.said(task):
            if isinstance(event, AssistantResponse):
                order.append("piece" if event.data.chunk else "whole")
            elif isinstance(event, Debug):
                order.append("debug")

    assert order.index("debug") == order.count("piece")
    assert order[-1] == "whole"


class Count(BaseCallbackHandler):
    """A handler of the graph's own."""

    def __init__(self) -> None:
        self.asked = self.answered = 0

    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **others: Any) -> None:
        """A model is asked."""
        self.asked += 1

    def on_llm_end(self, response: LLMResult, **others: Any) -> None:
        """It has answered."""
        self.answered += 1


async def test_the_callbacks_that_a_graph_has_stay() -> None:
    words, count = model("Hello to all."), Count()

    async def talk(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await words.ainvoke(state["messages"])]}

    said, _ = await said_by(graph(talk).with_config(callbacks=[count]))

    assert (count.asked, count.answered) == (1, 1)
    assert "".join(pieces(said)) == "Hello to all."


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_model_that_says_more_than_can_wait_fails_the_task(threaded: bool) -> None:
    words = model("x" * (MOST_BYTES + 1))

    async def talk(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await words.ainvoke(state["messages"])]}

    def talk_in_thread(state: MessagesState) -> dict[str, Any]:
        return {"messages": [words.invoke(state["messages"])]}

    _, end = await said_by(graph(talk_in_thread if threaded else talk))

    assert isinstance(end, TaskFailed)
    assert "MiB would wait to be written" in end.data.error


async def test_a_thread_that_floods_is_slowed_down_and_loses_nothing(store: Store) -> None:
    count = 40_000

    def flood(_state: MessagesState) -> dict[str, Any]:
        for number in range(count):
            emit.debug("x" * 500, number=number)
        return {}

    async with stage(store, GraphAgent("flood", graph(flood))) as life:
        task = await life.task("Go on.")
        assert await life.ended(task) == "completed"
        details = [event.data.details for event in await life.said(task) if isinstance(event, Debug)]

    assert details == [{"number": number} for number in range(count)]
