"""A graph's task whose server dies after its first commit, after its second, and so on: it always ends the same."""

import asyncio
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Append, Written
from puntini.protocol.events import LoggedEvent, Step, TaskCompleted, TaskRetracted, ToolCall
from puntini.store.memory import MemoryStore
from tests.agent.graphs.making import answer_of, chain
from tests.agent.stage import Stage, stage, until

pytestmark = pytest.mark.anyio

STEPS = 3


class DyingStore(MemoryStore):
    """Commits ``left`` appends more and then answers nobody, as a process does that is killed between two commits."""

    left = 1_000

    def submit(self, write: Append) -> asyncio.Future[Written]:
        """Commit, unless dead."""
        if not self.left:
            return asyncio.get_running_loop().create_future()
        self.left -= 1
        return super().submit(write)


def counter() -> GraphAgent:
    """A graph that goes round three times."""

    async def count(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"{len(state['messages'])}")]}

    def then(state: MessagesState) -> str:
        return "count" if len(state["messages"]) % (STEPS + 1) else END

    graph = StateGraph(MessagesState)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", then, ["count", END])
    return GraphAgent("counter", graph.compile())


async def told(life: Stage, task: str) -> tuple[list[int], str]:
    """The numbers of the steps that stand, and the answer."""
    said = standing(await life.said_all(task), task)
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    return [event.data.step_number for event in said if isinstance(event, Step)], end.data.final_answer


def standing(log: list[LoggedEvent], task: str) -> list[LoggedEvent]:
    """A task's events that were not retracted. An event's place in these logs is its seq less one."""
    void: set[int] = set()
    for event in log:
        if isinstance(event, TaskRetracted):
            first, last = (int(at.partition(".")[2]) for at in (event.data.from_id, event.data.to_id))
            void |= set(range(first, last + 1))
    return [event for seq, event in enumerate(log, 1) if event.task_id == task and seq not in void]


@pytest.mark.parametrize("commits", range(1, 16))
async def test_a_task_goes_on_from_any_commit(commits: int) -> None:
    store = DyingStore()
    async with stage(store, counter()) as life:
        session = await life.session()
        assert await life.ended(await life.prompt(session, "Count.")) == "completed"
        task = await life.prompt(session, "Count again.")
        store.left = commits

        async def dead() -> bool:
            return not store.left or (await life.row(task)).ended

        await until(dead, "the last commit")
    store.left = 1_000
    async with stage(store, counter()) as life:
        assert await life.ended(task) == "completed"
        assert await told(life, task) == ([1, 2, 3], "7")


class Trip(MessagesState, total=False):
    """A conversation, and more that is shown."""

    n: int


def traveller() -> GraphAgent:
    """A graph that streams, calls a tool and counts, in three steps."""

    async def talk(state: Trip) -> dict[str, Any]:
        words = GenericFakeChatModel(messages=iter([AIMessage("Where shall we go?", id=f"m{len(state['messages'])}")]))
        return {"messages": [await words.ainvoke(state["messages"])], "n": state.get("n", 0) + 1}

    async def call(state: Trip) -> dict[str, Any]:
        made = {"name": "map", "args": {"of": "Rome"}, "id": f"c{state['n']}"}
        return {"messages": [AIMessage("", tool_calls=[made])], "n": state["n"] + 1}

    async def work(state: Trip) -> dict[str, Any]:
        called = state["messages"][-1]
        assert isinstance(called, AIMessage)
        result = ToolMessage("a map", tool_call_id=called.tool_calls[0]["id"], name="map")
        return {"messages": [result, AIMessage("To Rome.")], "n": state["n"] + 1}

    return chain(talk, call, work, state=Trip)


async def seen(life: Stage, session: str, task: str) -> list[Any]:
    """What people see of a session and of one of its tasks: messages, state, calls of tools, the answer."""
    view = await life.keeper.view(session)
    said = standing(await life.said_all(task), task)
    calls = [
        (event.data.tool_name, event.data.status, event.data.parameters)
        for event in said
        if isinstance(event, ToolCall)
    ]
    return [[message.content for message in view.messages(limit=100)], view.state, calls, answer_of(said)]


async def test_people_see_the_same_whenever_the_server_died() -> None:
    ends: list[Any] = []
    ended = False
    while not ended:
        store = DyingStore()
        async with stage(store, traveller()) as life:
            session = await life.session()
            assert await life.ended(await life.prompt(session, "Let us go.")) == "completed"
            task = await life.prompt(session, "And again.")
            store.left = len(ends) + 1

            async def dead(life: Stage = life, task: str = task, store: DyingStore = store) -> bool:
                return not store.left or (await life.row(task)).ended

            await until(dead, "the last commit")
            ended = (await life.row(task)).ended
        store.left = 1_000
        async with stage(store, traveller()) as life:
            assert await life.ended(task) == "completed"
            ends.append(await seen(life, session, task))

    undisturbed = ends[-1]
    assert undisturbed[1:] == [
        {"n": 6},
        [("map", "started", {"of": "Rome"}), ("map", "succeeded", {"of": "Rome"})],
        "To Rome.",
    ]
    assert len(ends) > 8
    assert ends == [undisturbed] * len(ends)
