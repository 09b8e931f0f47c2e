"""What the built-in agent makes of a model's responses, also of those that are no good."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from typing import Any

import anyio
import pytest

from puntini.agent.builtin.asking import CUT_OFF, SILENT
from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.contract import (
    Block,
    Call,
    ModelFailed,
    Outcome,
    Piece,
    Request,
    Spent,
    Text,
    TextPiece,
    ThinkingPiece,
    Turn,
    Whole,
)
from puntini.agent.tools.builtin import builtin_tools
from puntini.agent.tools.contract import ToolContext
from puntini.agent.tools.registry import AnyTool, tool
from puntini.log.contract import Store
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.events import LoggedEvent, TaskCompleted, TaskFailed
from puntini.protocol.graph import GraphOp, Node
from puntini.store.memory import MemoryStore
from tests.agent.stage import ANN, Stage, stage

pytestmark = pytest.mark.anyio
Play = Callable[[Request], AsyncGenerator[Piece, None]]


class Actor:
    """A model that plays one part a request, the last for ever."""

    name = "actor"

    def __init__(self, *plays: Play) -> None:
        self._plays = plays
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Play the next part."""
        play = self._plays[min(len(self.requests), len(self._plays) - 1)]
        self.requests.append(request)
        async for piece in play(request):
            yield piece

    async def aclose(self) -> None:
        """Nothing to let go of."""


def says(*blocks: Block, stop: Any = "end") -> Play:
    """A part that says these blocks."""

    async def play(_request: Request) -> AsyncGenerator[Piece, None]:
        for block in blocks:
            if isinstance(block, Text):
                yield TextPiece(block.text)
        yield Whole(Turn("assistant", blocks), stop, Spent(1, 1))

    return play


def calls(*names: str) -> Play:
    """A part that calls these tools."""
    return says(*[Call(f"c{number}", name, {}) for number, name in enumerate(names)], stop="calls")


def breaks_off(*pieces: Piece) -> Play:
    """A part that says something and then fails."""

    async def play(_request: Request) -> AsyncGenerator[Piece, None]:
        for piece in pieces:
            yield piece
        raise ModelFailed("The answer broke off: try again.", retryable=True)

    return play


def agent(store: Store, model: Actor, *own: AnyTool) -> GraphAgent:
    """The built-in agent with a model."""
    return builtin("puntini", model, builtin_tools(own), store)


async def end_of(model: Actor, *own: AnyTool) -> LoggedEvent:
    """How a task ends with that model."""
    store = MemoryStore()
    async with stage(store, agent(store, model, *own)) as life:
        task = await life.task("Go on.")
        await life.ended(task)
        return (await life.said(task))[-1]


async def texts(life: Stage, session: str) -> list[str]:
    """The conversation as it is shown."""
    return [message.content for message in (await life.keeper.view(session)).messages(limit=100)]


def last_words(request: Request) -> str:
    """What the user's side said last."""
    return str(request.turns[-1].content)


async def test_an_answer_that_was_cut_off_goes_on_where_it_ended() -> None:
    model = Actor(says(Text("One, two, "), stop="length"), says(Text("three.")))

    end = await end_of(model)

    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "One, two, three."
    assert CUT_OFF in last_words(model.requests[1])


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        ("length", "The model's answer was cut off again and again; ask for less at once."),
        ("end", "The model gave no answer; ask for less at once."),
    ],
)
async def test_a_model_that_says_nothing_is_asked_again_and_then_fails_the_task(stop: str, told: str) -> None:
    model = Actor(says(stop=stop))

    end = await end_of(model)

    assert isinstance(end, TaskFailed)
    assert end.data.error == told
    assert len(model.requests) == 3
    assert (CUT_OFF if stop == "length" else SILENT) in last_words(model.requests[1])


async def test_what_is_said_during_the_last_answer_is_answered_too(store: Store) -> None:
    writing, go = anyio.Event(), anyio.Event()

    async def slow(_request: Request) -> AsyncGenerator[Piece, None]:
        yield TextPiece("German names ")
        writing.set()
        await go.wait()
        yield Whole(Turn("assistant", [Text("German names it is.")]), "end", Spent(1, 1))

    model = Actor(slow, says(Text("English, then.")))
    async with stage(store, agent(store, model)) as life:
        session = await life.session()
        task = await life.prompt(session, "Name them.")
        await writing.wait()
        said = UserPromptCommandData(prompt="Use English names!", if_busy="steer")
        await life.desk.prompt(session, said, who=ANN, once=None)
        go.set()
        assert await life.ended(task) == "completed"
        end = (await life.said(task))[-1]

    assert "Use English names!" in last_words(model.requests[1])
    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "English, then."


async def test_what_a_failed_try_said_is_taken_back(store: Store) -> None:
    fails = breaks_off(ThinkingPiece("Hm."), TextPiece("Berlin is nice"))
    model = Actor(fails, calls("describe_graph"), says(Text("Rome.")))
    async with stage(store, agent(store, model)) as life:
        session = await life.session()
        assert await life.ended(await life.prompt(session, "Where?")) == "completed"

        assert await texts(life, session) == ["Where?", "Rome."]


async def test_a_task_that_read_too_much_does_not_spoil_the_session(store: Store) -> None:

    @tool(most_bytes=200_000)
    async def read_all() -> str:
        """Read a lot."""
        return "w " * 60_000

    async def play(request: Request) -> AsyncGenerator[Piece, None]:
        if sum(len(outcome.content) for outcome in _outcomes(request)) > 600_000:
            raise ModelFailed("The conversation is longer than the model takes.")
        last = request.turns[-1].content[-1]
        read = isinstance(last, Outcome) or (isinstance(last, Text) and last.text == "read all")
        content: list[Block] = [Call(f"c{len(request.turns)}", "read_all", {})] if read else [Text("hello")]
        yield Whole(Turn("assistant", content), "calls" if read else "end", Spent(1, 1))

    async with stage(store, agent(store, Actor(play), read_all)) as life:
        session = await life.session()
        await life.ended(await life.prompt(session, "read all"))

        assert await life.ended(await life.prompt(session, "hi")) == "completed"


def _outcomes(request: Request) -> list[Outcome]:
    return [block for turn in request.turns for block in turn.content if isinstance(block, Outcome)]


async def test_own_tools_that_edit_the_graph_take_turns(store: Store) -> None:

    @tool
    async def count_up(context: ToolContext) -> None:
        """Add one to a number in the graph."""
        node = (await context.graph()).keyed("Counter", "it")
        count = (node.props["count"] if node else 0) + 1
        await anyio.lowlevel.checkpoint()
        added = GraphOp("add_node", node=Node("it", "Counter", "it", {"count": count}))
        await context.edit([added])

    model = Actor(calls(*["count_up"] * 5), says(Text("Five.")))
    async with stage(store, agent(store, model, count_up)) as life:
        session = await life.session()
        assert await life.ended(await life.prompt(session, "Count.")) == "completed"
        (node,) = (await life.keeper.view(session)).graph.graph().nodes

    assert node.props["count"] == 5


EXITS = """
import anyio
from puntini.protocol.events import ToolCall
from tests.agent.builtin.test_answers import *

@tool
{define} quits() -> str:
    '''Quit, as a parser of arguments does.'''
    raise SystemExit(2)

async def main():
    store = MemoryStore()
    async with stage(store, agent(store, Actor(calls("quits"), says(Text("Still here."))), quits)) as life:
        task = await life.task("Quit.")
        print(await life.ended(task), [e.data.error for e in await life.said(task) if isinstance(e, ToolCall)])

anyio.run(main)
"""


@pytest.mark.parametrize("define", ["def", "async def"])
async def test_a_tool_that_exits_fails_its_call_and_not_the_server(define: str) -> None:
    command = [sys.executable, "-c", EXITS.format(define=define)]

    done = await anyio.run_process(command, check=False, stderr=subprocess.STDOUT)

    assert b"completed ['', 'SystemExit: 2']" in done.stdout, done.stdout.decode()
