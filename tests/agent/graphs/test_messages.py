"""What is told of the messages and calls that nodes write: each once, whoever hands it on."""

from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.cache.memory import InMemoryCache
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import CachePolicy, Command, Send

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from puntini.protocol.events import AssistantResponse, LoggedEvent, Step, ToolCall
from tests.agent.graphs.making import Counted, chain, row_of
from tests.agent.graphs.test_crashes import standing
from tests.agent.stage import stage, until

pytestmark = pytest.mark.anyio

USAGE: Any = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}


def whole(said: list[LoggedEvent]) -> list[str]:
    """The whole messages that were told."""
    return [event.data.text for event in said if isinstance(event, AssistantResponse) and not event.data.chunk]


def calls(said: list[LoggedEvent]) -> list[tuple[str, str]]:
    """What became of which call."""
    return [(event.data.call_id, event.data.status) for event in said if isinstance(event, ToolCall)]


def steps(said: list[LoggedEvent]) -> list[str]:
    """The names of the steps."""
    return [event.data.name for event in said if isinstance(event, Step)]


class Talker:
    """Answers with a number each time."""

    def __init__(self) -> None:
        self.said = 0

    async def talk(self, _state: MessagesState) -> dict[str, Any]:
        """Say the next."""
        self.said += 1
        return {"messages": [AIMessage(f"answer {self.said}", usage_metadata=USAGE)]}

    async def retell(self, state: MessagesState) -> dict[str, Any]:
        """Say the next, and give back all that was said."""
        return {"messages": [*state["messages"], *(await self.talk(state))["messages"]]}

    def nested(self) -> GraphAgent:
        """It in a subgraph, which gives out all messages."""
        outer = StateGraph(MessagesState)
        outer.add_node("inner", row_of(self.talk, state=MessagesState).compile())
        outer.add_edge(START, "inner")
        return GraphAgent("talker", outer.compile())

    def retelling(self) -> GraphAgent:
        """It as a node that gives out all messages."""
        return chain(self.retell, state=MessagesState)


@pytest.mark.parametrize("agent", [Talker().nested(), Talker().retelling()], ids=["subgraph", "history"])
async def test_what_was_said_before_is_neither_told_nor_billed_again(store: Store, agent: GraphAgent) -> None:
    async with stage(store, agent) as life:
        session = await life.session()
        for number in (1, 2, 3):
            task = await life.prompt(session, "Go on.")
            assert await life.ended(task) == "completed"
            assert whole(await life.said(task)) == [f"answer {number}"]
            assert (await life.row(task)).input_tokens == 10


async def test_a_message_that_a_node_changes_is_told_again_but_not_billed(store: Store) -> None:
    async def draft(_state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage("drafft", id="m1", usage_metadata=USAGE)]}

    async def correct(_state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage("draft", id="m1", usage_metadata=USAGE)]}

    async with stage(store, chain(draft, correct, state=MessagesState)) as life:
        task = await life.task("Write.")
        assert await life.ended(task) == "completed"
        assert whole(await life.said(task)) == ["drafft", "draft"]
        assert (await life.row(task)).input_tokens == 10


@tool
def note(text: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Note something."""
    return Command(update={"messages": [ToolMessage(f"noted {text}", tool_call_id=tool_call_id, name="note")]})


async def test_results_of_tools_that_return_commands_are_told(store: Store) -> None:
    async def call(state: MessagesState) -> dict[str, Any]:
        made = [{"name": "note", "args": {"text": name}, "id": name} for name in ("a", "b")]
        return {"messages": [AIMessage("", tool_calls=made)]}

    graph = StateGraph(MessagesState)
    graph.add_node("call", call)
    graph.add_node("tools", ToolNode([note]))
    graph.add_edge(START, "call")
    graph.add_edge("call", "tools")
    async with stage(store, GraphAgent("noter", graph.compile())) as life:
        task = await life.task("Note.")
        assert await life.ended(task) == "completed"
        assert calls(await life.said(task)) == [
            ("a", "started"),
            ("b", "started"),
            ("a", "succeeded"),
            ("b", "succeeded"),
        ]


async def test_a_call_that_can_not_be_read_is_told_as_failed(store: Store) -> None:
    async def call(_state: MessagesState) -> dict[str, Any]:
        invalid: Any = {
            "name": "add",
            "args": '{"a": ',
            "id": "c1",
            "error": "Unfinished JSON.",
            "type": "invalid_tool_call",
        }
        return {"messages": [AIMessage("", invalid_tool_calls=[invalid])]}

    async with stage(store, chain(call, state=MessagesState)) as life:
        task = await life.task("Add.")
        assert await life.ended(task) == "completed"
        [told] = [event.data for event in await life.said(task) if isinstance(event, ToolCall)]

    assert (told.call_id, told.tool_name, told.status) == ("c1", "add", "failed")
    assert told.parameters == {"arguments": '{"a": '}
    assert told.error == "The model's call could not be read: Unfinished JSON."


async def test_large_arguments_are_cut_and_fail_nothing(store: Store) -> None:
    async def call(_state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage("", tool_calls=[{"name": "write", "args": {"text": "x" * 70_000}, "id": "c1"}])]}

    async with stage(store, chain(call, state=MessagesState)) as life:
        task = await life.task("Write.")
        assert await life.ended(task) == "completed"
        [told] = [event.data for event in await life.said(task) if isinstance(event, ToolCall)]

    assert told.parameters == {"cut": "(70011 bytes)"}


# Caches.


def cached(graph: StateGraph[Any, Any, Any, Any]) -> GraphAgent:
    """An agent whose nodes need not run twice."""
    return GraphAgent("cached", graph.compile(cache=InMemoryCache()))


async def test_what_comes_from_a_node_s_cache_is_told_as_if_it_had_run(store: Store) -> None:
    runs: list[int] = []

    async def talk(state: MessagesState) -> dict[str, Any]:
        runs.append(1)
        return {"messages": [AIMessage("The same as ever.")]}

    graph = StateGraph(MessagesState)
    graph.add_node("talk", talk, cache_policy=CachePolicy(key_func=lambda *_: "key"))
    graph.add_edge(START, "talk")
    async with stage(store, cached(graph)) as life:
        for _ in range(2):
            task = await life.task("Go.")
            assert await life.ended(task) == "completed"
            said = await life.said(task)
            assert (whole(said), steps(said)) == (["The same as ever."], ["talk"])

    assert len(runs) == 1


async def test_what_a_dead_attempt_had_done_is_not_taken_for_a_cache_s(store: Store) -> None:
    done, stuck = list[str](), True

    async def branch(state: Any) -> dict[str, Any]:
        await until(lambda: _free(state["name"]), "the slow branch to be let go")
        done.append(state["name"])
        return {"seen": [1]}

    async def _free(name: str) -> bool:
        return name == "fast" or not stuck

    graph: StateGraph[Any] = StateGraph(Counted)
    graph.add_node("branch", branch)
    graph.add_conditional_edges(START, lambda _: [Send("branch", {"name": name}) for name in ("fast", "slow")])
    agent = cached(graph)
    async with stage(store, agent) as life:
        task = await life.task("Go.")

        async def kept() -> bool:
            return "branch" in steps(await life.said(task)) and (await life.row(task)).safe_seq > 2

        await until(kept, "the fast branch to be saved")
    stuck = False
    async with stage(store, agent) as life:
        assert await life.ended(task) == "completed"
        said = standing(await life.said_all(task), task)

    assert done == ["fast", "slow"]
    assert steps(said) == ["branch", "branch"]
