"""Makes small graphs, and answers what they ask."""

import operator
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, Literal, TypedDict

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, StateGraph

from puntini.agent.graphs.agent import GraphAgent
from puntini.protocol.events import ApprovalRequest, ApprovalRequestData, LoggedEvent, TaskCompleted, TaskFailed
from tests.agent.stage import Stage, until


class Counted(TypedDict):
    """The state of graphs that count."""

    prompt: str
    seen: Annotated[list[int], operator.add]


class Plain(TypedDict, total=False):
    """A state without messages."""

    prompt: str
    n: int
    answer: str


def row_of(*nodes: Callable[..., Any], state: type = Counted) -> StateGraph[Any]:
    """A graph of nodes, one after the other, to be compiled."""
    graph: StateGraph[Any] = StateGraph(state)
    for node in nodes:
        graph.add_node(node.__name__, node)
    for before, after in pairwise([START, *[node.__name__ for node in nodes], END]):
        graph.add_edge(before, after)
    return graph


def chain(*nodes: Callable[..., Any], state: type = Counted, name: str = "chain") -> GraphAgent:
    """An agent of nodes, one after the other."""
    return GraphAgent(name, row_of(*nodes, state=state).compile())


def model(*answers: str) -> GenericFakeChatModel:
    """One that streams these answers word by word."""
    return GenericFakeChatModel(messages=iter([AIMessage(answer) for answer in answers]))


def answer_of(said: list[LoggedEvent]) -> str:
    """The answer at the end of what a task said."""
    end = said[-1]
    assert isinstance(end, TaskCompleted), end
    return end.data.final_answer


def error_of(said: list[LoggedEvent]) -> str:
    """Why a task failed."""
    end = said[-1]
    assert isinstance(end, TaskFailed), end
    return end.data.error


async def questions(life: Stage, task: str) -> list[ApprovalRequestData]:
    """What a task has asked."""
    return [event.data for event in await life.said(task) if isinstance(event, ApprovalRequest)]


async def asked(life: Stage, task: str, number: int = 1) -> ApprovalRequestData:
    """Wait until a task has asked so often and rests; its last question."""

    async def rests() -> ApprovalRequestData | None:
        found = await questions(life, task)
        resting = (await life.row(task)).status == "waiting" and not life.runner.stats["running"]
        return found[number - 1] if resting and len(found) == number else None

    return await until(rests, f"question {number}")


async def decide(
    life: Stage,
    task: str,
    question: ApprovalRequestData,
    decision: Literal["approved", "denied", "answered"],
    value: Any = None,
) -> None:
    """Answer a question."""
    row = await life.row(task)
    await life.runner.decide(row.session_id, question.approval_id, decision, value, "ann", None)
