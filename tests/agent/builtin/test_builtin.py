"""The built-in agent: it works with any model that keeps the contract, and goes on where it was."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.anthropic import AnthropicModel
from puntini.agent.models.contract import (
    Call,
    Model,
    ModelFailed,
    Outcome,
    Piece,
    Request,
    Spent,
    Text,
    TextPiece,
    Turn,
    Whole,
)
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.tools.builtin import builtin_tools
from puntini.agent.tools.registry import AnyTool, tool
from puntini.log.contract import Store
from puntini.log.documents import Document
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.events import (
    ApprovalRequest,
    AssistantResponse,
    GraphUpdate,
    LoggedEvent,
    PlanUpdate,
    Reasoning,
    Step,
    TaskCompleted,
    TaskFailed,
    TaskRetracted,
    ToolCall,
)
from puntini.store.open import open_store
from tests.agent.models.messages_server import answer, refusal, serving, text, thinking, tool_use
from tests.agent.stage import ANN, Stage, stage, until

pytestmark = pytest.mark.anyio


class Puppet:
    """A model that says what it was told to: turns, or failures. The last is said for ever."""

    name = "puppet"

    def __init__(self, *says: Sequence[Text | Call] | ModelFailed) -> None:
        self._says = list(says)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Say the next."""
        said = self._says[min(len(self.requests), len(self._says) - 1)]
        self.requests.append(request)
        if isinstance(said, ModelFailed):
            raise said
        for block in said:
            if isinstance(block, Text):
                yield TextPiece(block.text)
        calls = any(isinstance(block, Call) for block in said)
        yield Whole(Turn("assistant", said), "calls" if calls else "end", Spent(10, 2, 0.5))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def agent(store: Store, model: Model, *own: AnyTool) -> GraphAgent:
    """The built-in agent with a model."""
    return builtin("puntini", model, builtin_tools(own), store)


def calls(said: Sequence[LoggedEvent]) -> list[tuple[str, str]]:
    """Which tools were called, and how that went."""
    return [(event.data.tool_name, event.data.status) for event in said if isinstance(event, ToolCall)]


def outcomes(request: Request) -> list[Outcome]:
    """What a model was told of its calls."""
    return [block for turn in request.turns for block in turn.content if isinstance(block, Outcome)]


async def shape(life: Stage, session: str) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    """A session's graph without ids."""
    graph = (await life.keeper.view(session)).graph.graph()
    names = {node.id: f"{node.label}:{node.key}" for node in graph.nodes}
    nodes = {(node.label, str(node.key)) for node in graph.nodes}
    return nodes, {(names[edge.source], edge.label, names[edge.target]) for edge in graph.edges}


async def last(life: Stage, task: str) -> LoggedEvent:
    """A task's last event."""
    return (await life.said(task))[-1]


PROJECT = "Create a project management graph"


# With the offline model.


async def test_a_prompt_becomes_a_graph_step_by_step(store: Store) -> None:
    async with stage(store, agent(store, OfflineModel())) as life:
        session = await life.session()
        task = await life.prompt(session, PROJECT)
        assert await life.ended(task) == "completed"
        said = await life.said(task)
        nodes, edges = await shape(life, session)

    assert 15 <= len(nodes) <= 25
    assert len(edges) >= 15
    assert {"Project", "Task", "Person"} <= {label for label, _ in nodes}
    kinds = [type(event) for event in said]
    assert kinds.index(Reasoning) < kinds.index(PlanUpdate) < kinds.index(ToolCall) < kinds.index(GraphUpdate)
    steps = [event.data for event in said if isinstance(event, Step)]
    assert [step.step_number for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.success for step in steps)
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    whole = [event.data.text for event in said if isinstance(event, AssistantResponse) and not event.data.chunk]
    assert whole[-1] == end.data.final_answer
    pieces = [event.data.text for event in said if isinstance(event, AssistantResponse) and event.data.chunk]
    assert "".join(pieces) == end.data.final_answer


async def test_a_conversation_goes_on_and_doing_it_again_changes_nothing(store: Store) -> None:
    async with stage(store, agent(store, OfflineModel())) as life:
        session = await life.session()
        for prompt in ("Add a person named Alice.", "Add a person named Alice.", "Rename her to Bob."):
            assert await life.ended(await life.prompt(session, prompt)) == "completed"
        nodes, _ = await shape(life, session)

    assert nodes == {("Person", "Bob")}


@pytest.mark.parametrize(("decision", "left"), [("approved", 0), ("denied", 1)])
async def test_what_needs_consent_waits_for_a_person(store: Store, decision: Any, left: int) -> None:
    async with stage(store, agent(store, OfflineModel())) as life:
        session = await life.session()
        assert await life.ended(await life.prompt(session, "Add a person named Alice.")) == "completed"
        task = await life.prompt(session, "Clear the graph.")
        await life.until(task, "waiting")
        [request] = [event.data for event in await life.said(task) if isinstance(event, ApprovalRequest)]
        assert request.tool_name == "clear_graph"
        await life.runner.decide(session, request.approval_id, decision, None, "ann", None)
        assert await life.ended(task) == "completed"
        nodes, _ = await shape(life, session)
        said = await life.said(task)

    assert len(nodes) == left
    assert all(event.data.success for event in said if isinstance(event, Step))
    assert not [event for event in said if isinstance(event, Reasoning) and event.data.phase == "diagnose"]


@pytest.mark.parametrize("name", ["memory:", "puntini.db"])
@pytest.mark.parametrize("seed", range(4))
async def test_crashes_leave_the_graph_and_the_messages_of_an_undisturbed_run(
    seed: int, name: str, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    store = await open_store(name if name == "memory:" else str(tmp_path / name))
    async with stage(store, agent(store, OfflineModel())) as life:
        undisturbed = await life.session()
        first = await life.prompt(undisturbed, PROJECT)
        assert await life.ended(first) == "completed"
        session = await life.session()
        expected = await shape(life, undisturbed)
        end = await last(life, first)
        assert isinstance(end, TaskCompleted)

    task, safe = "", 0
    for _ in range(5):
        async with stage(store, agent(store, OfflineModel(pause_seconds=0.001))) as life:
            task = task or await life.prompt(session, PROJECT)
            safe = await saved(life, task, safe)
            await anyio.sleep(chance.uniform(0, 0.05))
    async with stage(store, agent(store, OfflineModel())) as life:
        assert await life.ended(task) == "completed"
        assert await shape(life, session) == expected
        messages = (await life.keeper.view(session)).messages(limit=100)
        events = await life.said_all(task)
    await store.close()

    assert messages[-1].content == end.data.final_answer
    assert len({message.id for message in messages}) == len(messages)
    assert sum(isinstance(event, TaskCompleted) for event in events) == 1


async def saved(life: Stage, task: str, before: int) -> int:
    """Wait until a task has saved more than before."""

    async def more() -> int | None:
        row = await life.row(task)
        return row.safe_seq if row.safe_seq > before or row.ended else None

    return await until(more, "a save")


# With a model that errs.


def bad(*says: Sequence[Text | Call]) -> Callable[[], Puppet]:
    """A model that begins with these."""
    return lambda: Puppet(*says, [Text("I gave up.")])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Call("c1", "fly", {}), "There is no tool `fly`"),
        (Call("c1", "add_nodes", {"nodes": [{"label": 7}]}), "nodes[0].label"),
        (Call("c1", "add_nodes", {"wrong": 1}), "wrong"),
        (Call("c1", "set_plan", {"steps": "none"}), "steps"),
        (Call("c1", "remove_node", {"node": "nobody"}), "nobody"),
    ],
)
async def test_a_bad_call_is_told_to_the_model_and_does_no_harm(store: Store, said: Call, told: str) -> None:
    model = bad([said])()
    async with stage(store, agent(store, model)) as life:
        task = await life.task("Go.")
        assert await life.ended(task) == "completed"

    [outcome] = outcomes(model.requests[1])
    assert outcome.failed
    assert told in outcome.content


async def test_an_endless_loop_ends_with_its_steps(store: Store) -> None:
    model = Puppet([Call("c1", "current_time", {})])
    async with stage(store, agent(store, model)) as life:
        session = await life.session()
        data = UserPromptCommandData(prompt="Go.", max_steps=7)
        task = (await life.desk.prompt(session, data, who=ANN, once=None)).task_id
        assert await life.ended(task) == "failed"
        end = await last(life, task)

    assert isinstance(end, TaskFailed)
    assert "7 steps" in end.data.error
    assert len(model.requests) == 8


async def test_failures_are_diagnosed_with_more_and_more_to_go_by_and_then_asked(store: Store) -> None:
    broken = True

    @tool
    async def mend(what: str) -> str:
        """Mend something."""
        if broken:
            raise ValueError(f"The {what} won't.")
        return "done"

    model = Puppet(*[[Call(f"c{n}", "mend", {"what": "chair"})] for n in range(4)], [Text("It is mended.")])
    async with stage(store, agent(store, model, mend)) as life:
        task = await life.task("Mend the chair.")
        row = await life.until(task, "waiting")
        said = await life.said(task)
        [question] = [event.data for event in said if isinstance(event, ApprovalRequest)]
        assert "failed 3 times" in question.question
        broken = False
        await life.runner.decide(row.session_id, question.approval_id, "answered", "Try glue.", "ann", None)
        assert await life.ended(task) == "completed"

    thoughts = [event.data.text for event in said if isinstance(event, Reasoning)]
    assert [words for words in ("mishap", "identical", "identical") if words in " ".join(thoughts)]
    told = [outcomes(request)[-1].content for request in model.requests[1:4]]
    assert len(told[0]) < len(told[1])
    assert "parameters" in told[1]
    assert [success for _, success in calls(said)].count("failed") == 3


async def test_a_model_that_fails_is_asked_again_and_then_fails_the_task(store: Store) -> None:
    once = Puppet(ModelFailed("It hiccuped.", retryable=True), [Text("Here I am.")])
    never = Puppet(ModelFailed("The key is wrong; set another."))
    for model, status, words in ((once, "completed", "Here I am."), (never, "failed", "The key is wrong")):
        async with stage(store, agent(store, model)) as life:
            task = await life.task("Hello?")
            assert await life.ended(task) == status
            end = await last(life, task)
        assert isinstance(end, TaskCompleted | TaskFailed)
        assert words in (end.data.final_answer or end.data.error)


async def test_what_people_say_meanwhile_reaches_the_next_request(store: Store) -> None:
    going = anyio.Event()

    @tool
    async def wait() -> str:
        """Wait for the user."""
        await going.wait()
        return "done"

    model = Puppet([Call("c1", "wait", {})], [Text("Blue it is.")])
    async with stage(store, agent(store, model, wait)) as life:
        session = await life.session()
        task = await life.prompt(session, "Paint it.")

        async def waiting() -> bool:
            return ("wait", "started") in calls(await life.said(task))

        await until(waiting, "the tool")
        await life.desk.prompt(
            session, UserPromptCommandData(prompt="Make it blue.", if_busy="steer"), who=ANN, once=None
        )
        going.set()
        assert await life.ended(task) == "completed"

    words = [block.text for block in model.requests[1].turns[-1].content if isinstance(block, Text)]
    assert words == ["Make it blue."]


async def test_tokens_and_cost_are_booked(store: Store) -> None:
    async with stage(store, agent(store, Puppet([Call("c1", "current_time", {})], [Text("Late.")]))) as life:
        task = await life.task("What time is it?")
        assert await life.ended(task) == "completed"
        end = await last(life, task)

    assert isinstance(end, TaskCompleted)
    usage = end.data.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (20, 4, 1.0)


# With Anthropic's, as far as a server of ours speaks like it.


async def test_the_anthropic_model_thinks_calls_side_by_side_and_answers(store: Store) -> None:
    async with serving() as server:
        server.will(
            answer(
                thinking("Two people."),
                text("I add them."),
                tool_use("t1", "add_nodes", {"nodes": [{"label": "Person", "key": "Ann"}]}),
                tool_use("t2", "calculate", {"expression": "6*7"}),
            ),
            refusal(529),
            answer(text("There is Ann, and 42.")),
        )
        model = AnthropicModel(model="claude-opus-5-5", api_key="key", base_url=server.url, thinking_tokens=2_000)
        async with stage(store, agent(store, model)) as life:
            session = await life.session()
            task = await life.prompt(session, "Add Ann, and what is 6*7?")
            assert await life.ended(task) == "completed"
            said = await life.said(task)
            nodes, _ = await shape(life, session)
        await model.aclose()

    assert nodes == {("Person", "Ann")}
    assert calls(said).count(("calculate", "succeeded")) == 1
    assert [event.data.text for event in said if isinstance(event, Reasoning) and not event.data.chunk] == [
        "Two people."
    ]
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "There is Ann, and 42."
    assert end.data.usage.input_tokens > 0
    assert not any(isinstance(event, TaskRetracted) for event in said)


async def test_stopping_cuts_the_model_off_and_the_next_turn_works(store: Store) -> None:
    async with serving() as server:
        server.will(
            answer(tool_use("t1", "current_time", {})),
            answer(text("This takes for ever and ever")).held(after=4),
            answer(text("Hello again.")),
        )
        model = AnthropicModel(model="claude-opus-5-5", api_key="key", base_url=server.url)
        async with stage(store, agent(store, model)) as life:
            session = await life.session()
            task = await life.prompt(session, "Begin.")

            async def speaks() -> bool:
                return any(isinstance(event, AssistantResponse) for event in await life.said(task))

            await until(speaks, "the answer to begin")
            await life.control(task, "stop")
            assert await life.ended(task) == "cancelled"
            with anyio.fail_after(20):
                await server.requests[1].gone.wait()
            assert await life.ended(await life.prompt(session, "Are you there?")) == "completed"
        await model.aclose()


async def test_an_agent_looks_things_up_in_the_documents_of_the_session_s_owner_only(store: Store) -> None:
    for owner, told in (("ann", "The wine is in ann's cellar."), ("ben", "The wine is in ben's attic.")):
        row = Document(document_id=f"doc_{owner}", owner=owner, title="Wine", created_at=0, size=9, passages=1)
        await store.add_document(row, [told])
    async with stage(store, agent(store, OfflineModel())) as life:
        task = await life.prompt(await life.session(), "what do the documents say about wine?")
        assert await life.ended(task) == "completed"
        answer = (await last(life, task)).data.final_answer  # type: ignore[union-attr]

    assert "cellar" in answer
    assert "attic" not in answer
