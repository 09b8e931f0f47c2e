"""What agents remember in a session that begins as another: what was said before, and nothing after."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import MessagesState

from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.contract import Block, Piece, Request, Spent, Text, Turn, Whole
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.recall import MOST_BYTES, UNANSWERED, Recall
from puntini.agent.tools.builtin import builtin_tools
from puntini.api.records import new_session
from puntini.log.contract import Append, Store
from puntini.protocol.events import TASK_ENDS, AssistantResponse
from tests.agent.graphs.making import Plain, chain
from tests.agent.stage import Stage, kind, stage
from tests.agent.teams.playing import Script, says, transcript, with_team

pytestmark = pytest.mark.anyio


class Echo:
    """A model that answers with the last words and notes what it was asked."""

    name = "echo"

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Answer."""
        self.requests.append(request)
        yield Whole(Turn("assistant", [Text(f"You said {conversation(request)[-1]}.")]), "end", Spent(1, 1, None))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def conversation(request: Request) -> list[str]:
    """The words of a request, in order."""
    return [words_of(block) for turn in request.turns for block in turn.content]


def words_of(block: Block) -> str:
    """A block's text."""
    return block.text if isinstance(block, Text) else type(block).__name__


async def fork(life: Stage, source: str, at: int | None = None) -> str:
    """A session that begins as another was at an event."""
    view = await life.keeper.view_at(source, (await life.store.bounds(source)).head if at is None else at)
    row = new_session(life.runner.default, user="ann")
    kept = await Recall(life.store).carried(source, view, row.session_id)
    await life.store.fork(source, view.seq, Append(session_id=row.session_id, create=row, kept=kept, at=1))
    return row.session_id


async def ask(life: Stage, session: str, *prompts: str, agent: str = "") -> None:
    """Have an agent answer one prompt after the other."""
    for prompt in prompts:
        assert await life.ended(await life.prompt(session, prompt, agent=agent)) == "completed"


async def end_of(life: Stage, session: str, task: int) -> int:
    """Where the so-manieth task of a session ended."""
    events = await life.log(session)
    return [seq for seq, event in enumerate(events, 1) if kind(event) in TASK_ENDS][task - 1]


ONE = ["one", "You said one."]
TWO = ["two", "You said two."]
THREE = ["three", "You said three."]


async def test_at_the_end_all_is_remembered(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one", "two")

        copy = await fork(life, session)
        await ask(life, copy, "three", "four")

        assert conversation(model.requests[-2]) == [*ONE, *TWO, "three"]
        assert conversation(model.requests[-1]) == [*ONE, *TWO, *THREE, "four"]
        await ask(life, session, "five")
        assert conversation(model.requests[-1]) == [*ONE, *TWO, "five"]


async def test_nothing_is_remembered_of_what_came_after(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one", "two", "five")

        copy = await fork(life, session, await end_of(life, session, 2))
        await ask(life, copy, "three", "four")

    assert conversation(model.requests[-2]) == [*ONE, *TWO, "three"]
    assert conversation(model.requests[-1]) == [*ONE, *TWO, *THREE, "four"]


async def test_what_a_task_was_asked_is_remembered_before_it_has_answered(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one", "two")

        copy = await fork(life, session, await end_of(life, session, 1) + 1)
        await ask(life, copy, "three")

    assert conversation(model.requests[-1]) == [*ONE, "two", UNANSWERED, "three"]


async def test_in_the_beginning_nothing_is_remembered(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one")

        await ask(life, await fork(life, session, 0), "three")

    assert conversation(model.requests[-1]) == ["three"]


async def test_at_the_end_what_tools_answered_is_remembered_too(store: Store) -> None:
    tools = builtin_tools()
    model = Echo()
    async with stage(
        store,
        builtin("puntini", OfflineModel(pause_seconds=0), tools, store),
        builtin("other", model, tools, store),
    ) as life:
        session = await life.session()
        await ask(life, session, "Create a project called Atlas")
        await ask(life, session, "one", agent="other")

        copy = await fork(life, session)
        await ask(life, copy, "Rename it to Zeus")

        names = [node.key for node in (await life.keeper.view(copy)).graph.graph().nodes]
        assert names == ["Zeus"]
        rows = await store.kept_all(copy, "thread")
        assert [agent for agent, _ in rows] == ["other", "puntini"], "each agent has its own memory"
        await ask(life, copy, "two", agent="other")
        assert conversation(model.requests[-1]) == [*ONE, "two"]


async def test_a_fork_of_a_fork_is_remembered_also_when_the_first_is_gone(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one", "two", "five")
        copy = await fork(life, session, await end_of(life, session, 2))
        again = await fork(life, copy)
        await store.delete_session(session)
        last = await fork(life, copy)

        await ask(life, again, "three")
        assert conversation(model.requests[-1]) == [*ONE, *TWO, "three"]
        await ask(life, last, "three")
        assert conversation(model.requests[-1]) == [*ONE, *TWO, "three"]


async def test_a_task_that_waits_in_the_other_session_leaves_its_words(store: Store) -> None:
    async with stage(store, builtin("puntini", OfflineModel(pause_seconds=0), builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "Create a project called Atlas")
        task = await life.prompt(session, "Clear the graph")
        await life.until(task, "waiting")

        copy = await fork(life, session)
        await ask(life, copy, "Rename Atlas to Zeus")

        assert [node.key for node in (await life.keeper.view(copy)).graph.graph().nodes] == ["Zeus"]
        assert await life.status(task) == "waiting"


async def test_of_what_was_said_the_newest_is_remembered(store: Store) -> None:
    heard: list[list[str]] = []

    async def listen(state: MessagesState) -> dict[str, Any]:
        heard.append([str(message.content)[:2] for message in state["messages"]])
        return {"messages": [AIMessage("Yes.")]}

    async with stage(store, chain(listen, state=MessagesState)) as life:
        session = await life.session()
        for number in range(4):
            await ask(life, session, f"{number} {'x' * (MOST_BYTES // 3)}")

        await ask(life, await fork(life, session, await end_of(life, session, 3)), "9 ")

    assert heard[-1] == ["Ye", "1 ", "Ye", "2 ", "Ye", "9 "]


async def test_a_graph_of_messages_is_given_them_and_they_are_not_told_anew(store: Store) -> None:
    heard: list[list[tuple[str, str]]] = []

    async def answer(state: MessagesState) -> dict[str, Any]:
        heard.append([(message.type, str(message.content)) for message in state["messages"]])
        return {"messages": [AIMessage(f"You said {state['messages'][-1].content}.")]}

    async with stage(store, chain(answer, state=MessagesState)) as life:
        session = await life.session()
        await ask(life, session, "one", "two")
        copy = await fork(life, session, await end_of(life, session, 1))
        await ask(life, copy, "three", "four")
        events = await life.log(copy)

    said = [("human", "one"), ("ai", "You said one."), ("human", "three")]
    assert heard[-2] == said
    assert heard[-1] == [*said, ("ai", "You said three."), ("human", "four")]
    answers = [event.data.text for event in events if isinstance(event, AssistantResponse)]
    assert answers == ["You said one.", "You said three.", "You said four."]


async def test_a_graph_without_messages_begins_anew(store: Store) -> None:
    async def count(state: Plain) -> Plain:
        return {"n": state.get("n", 0) + 1, "answer": str(state.get("n", 0))}

    async with stage(store, chain(count, state=Plain)) as life:
        session = await life.session()
        await ask(life, session, "a", "b")
        for at, expected in ((None, "2"), (await end_of(life, session, 1), "0")):
            copy = await fork(life, session, at)
            task = await life.prompt(copy, "c")
            assert await life.ended(task) == "completed"
            assert (await life.said(task))[-1].data.final_answer == expected  # type: ignore[union-attr]


async def test_a_group_chat_remembers_who_said_what(store: Store) -> None:
    model = Script(Ada=says("One.", "Three.", "Five."), Bob=says("Two.", "Four.", "Six."))
    team = {"manner": "group_chat", "members": ["Ada", "Bob"], "max_turns": 2}
    async with stage(store, *(await with_team(store, model, **team)).values()) as life:
        session = await life.session()
        await ask(life, session, "Count.", "Go on.", agent="duo")
        for at, words in ((None, ["Three.", "Four."]), (await end_of(life, session, 1), [])):
            copy = await fork(life, session, at)
            await ask(life, copy, "Where are we?", agent="duo")
            said = [("the user", "Count."), ("Ada", "One."), ("Bob", "Two.")]
            if words:
                said += [("the user", "Go on."), ("Ada", "Three."), ("Bob", "Four.")]
            assert transcript(model.asked("Ada")[-1]) == [*said, ("the user", "Where are we?")]


async def test_a_supervisor_remembers_what_it_was_asked(store: Store) -> None:
    model = Script(duo=says("First.", "Second.", "Third."), Ada=says("x"))
    team = {"manner": "supervisor", "members": ["Ada"]}
    async with stage(store, *(await with_team(store, model, **team)).values()) as life:
        session = await life.session()
        await ask(life, session, "a", "b", agent="duo")
        await ask(life, await fork(life, session, await end_of(life, session, 1)), "c", agent="duo")

    assert conversation(model.asked("duo")[-1]) == ["a", "First.", "c"]


async def test_a_server_that_dies_as_a_forks_first_task_begins_remembers_all_the_same(store: Store) -> None:
    model = Echo()
    agent = builtin("puntini", model, builtin_tools(), store)
    async with stage(store, agent) as life:
        session = await life.session()
        await ask(life, session, "one", "two")
        copy = await fork(life, session, await end_of(life, session, 1))
        task = await life.prompt(copy, "three")
    async with stage(store, agent) as life:
        assert await life.ended(task) == "completed"

    assert conversation(model.requests[-1]) == [*ONE, "three"]


async def test_a_fork_made_as_the_next_task_begins_holds_a_memory_that_is_whole(store: Store) -> None:
    model = Echo()
    async with stage(store, builtin("puntini", model, builtin_tools(), store)) as life:
        session = await life.session()
        await ask(life, session, "one")
        end = await end_of(life, session, 1)
        for number in range(5):
            task = await life.prompt(session, f"more {number}")
            copies = [await fork(life, session, end) for _ in range(3)]
            await life.until(task, "completed")
            for copy in copies:
                await ask(life, copy, "three")
                assert conversation(model.requests[-1]) == [*ONE, "three"]
