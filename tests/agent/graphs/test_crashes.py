"""A graph's task whose server dies after its first commit, after its second, and so on: it always ends the same."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Append, Written
from puntini.protocol.events import LoggedEvent, Step, TaskCompleted, TaskRetracted
from puntini.store.memory import MemoryStore
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
