"""Agents that work together: the driver hands work over, the creator creates agents."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Piece, Request, Spent, Text, Turn, Whole
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.staff import DRIVER, Staff
from puntini.agent.tools.builtin import builtin_tools
from puntini.log.agents import NewAgent
from puntini.log.contract import Store
from puntini.protocol.events import (
    AgentStatus,
    AssistantResponse,
    GraphUpdate,
    LoggedEvent,
    Step,
    TaskCompleted,
    TaskRetracted,
    ToolCall,
    WorkflowUpdate,
)
from puntini.store.memory import MemoryStore
from tests.agent.stage import Stage, stage, until

pytestmark = pytest.mark.anyio


class Script:
    """A model that answers each agent's requests from a list of its own, by the name in the system prompt."""

    name = "script"

    def __init__(self, **says: Sequence[Sequence[Text | Call] | ModelFailed]) -> None:
        self._says = {name: list(said) for name, said in says.items()}
        self.requests: list[tuple[str, Request]] = []

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Say the next; the last is said for ever."""
        name = next(name for name in self._says if f"You are {name}," in request.system)
        self.requests.append((name, request))
        left = self._says[name]
        said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, ModelFailed):
            raise said
        calls = any(isinstance(block, Call) for block in said)
        yield Whole(Turn("assistant", said), "calls" if calls else "end", Spent(10, 2, 0.5))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def staff(store: Store, model: Model) -> Staff:
    """The built-in agents."""
    return Staff(model, builtin_tools(), store, [])


async def done(life: Stage, text: str, agent: str = DRIVER) -> list[LoggedEvent]:
    """What a task said that an agent brought to its end."""
    task = await life.task(text, agent=agent)
    assert await life.ended(task) == "completed"
    return await life.said(task)


def hand(agent: str, call_id: str = "c1") -> list[Text | Call]:
    """A turn that hands work over."""
    return [Call(call_id, "hand_off", {"agent": agent, "reason": "It knows how.", "task": "do it"})]


def told(requests: list[tuple[str, Request]], name: str) -> list[Outcome]:
    """What an agent's model was last told of its calls."""
    last = [request for who, request in requests if who == name][-1]
    return [block for turn in last.turns for block in turn.content if isinstance(block, Outcome)]


def answer_of(said: Sequence[LoggedEvent]) -> str:
    """The final answer."""
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    return end.data.final_answer


async def test_work_is_handed_over_and_its_answer_comes_back() -> None:
    store = MemoryStore()
    async with stage(store, *staff(store, OfflineModel()).team.values()) as life:
        said = await done(life, "ask the generator to add a person named Bob")

    [update] = [event.data for event in said if isinstance(event, WorkflowUpdate)]
    assert (update.from_agent, update.to_agent) == ("driver", "generator")
    [graph] = [event for event in said if isinstance(event, GraphUpdate)]
    assert (graph.agent, graph.data.author) == ("generator", "generator")
    speakers = {event.agent for event in said if isinstance(event, AssistantResponse)}
    assert speakers == {"driver", "generator"}
    theirs = [event.data.text for event in said if isinstance(event, AssistantResponse) and event.agent == "generator"]
    assert theirs[-1] in answer_of(said)


async def test_everybody_sees_who_works() -> None:
    store = MemoryStore()
    async with stage(store, *staff(store, OfflineModel()).team.values()) as life:
        session = await life.session()
        task = await life.prompt(session, "ask the generator to add a person named Bob", agent=DRIVER)
        assert await life.ended(task) == "completed"
        said = await life.said(task)
        view = await life.keeper.view(session)

    statuses = [(event.data.agent, event.data.status) for event in said if isinstance(event, AgentStatus)]
    assert statuses[1:-1] == [("driver", "waiting"), ("generator", "busy"), ("generator", "idle"), ("driver", "busy")]
    assert (statuses[0], statuses[-1]) == (("driver", "busy"), ("driver", "idle"))
    assert {each.agent: each.status for each in view.agents()} == {"driver": "idle", "generator": "idle"}


async def test_the_driver_has_the_creator_create_agents() -> None:
    store = MemoryStore()
    team = staff(store, OfflineModel()).team
    async with stage(store, *team.values()) as life:
        said = await done(life, "create an agent named Ada that reviews contracts")

    made = team.row("Ada")
    assert made is not None
    assert made.created_by.startswith("creator tsk_")
    assert [
        event.agent for event in said if isinstance(event, ToolCall) and event.data.tool_name == "create_agent"
    ] == [
        "creator",
        "creator",
    ]


async def test_a_created_agent_takes_work_over_with_its_own_tools_only() -> None:
    store = MemoryStore()
    add: list[Text | Call] = [Call("c1", "add_nodes", {"nodes": [{"label": "Person", "key": "Bob"}]})]
    model = Script(driver=[hand("ada"), [Text("It is done.")]], Ada=[add, [Text("I could not.")]])
    ours = staff(store, model)
    new = NewAgent(name="Ada", role="Counts.", capabilities=[], reason="Counting.", tools=["calculate"])
    await ours.team.create(new)
    async with stage(store, *ours.team.values()) as life:
        said = await done(life, "count")

    offered = next(request for name, request in model.requests if name == "Ada")
    assert [tool.name for tool in offered.tools] == ["calculate"]
    [outcome] = told(model.requests, "Ada")
    assert outcome.failed
    assert not [event for event in said if isinstance(event, GraphUpdate)]
    assert "I could not." in told(model.requests, "driver")[0].content


@pytest.mark.parametrize("name", ["nobody", "driver"])
async def test_who_takes_no_work_over_is_named(name: str) -> None:
    store = MemoryStore()
    model = Script(driver=[hand(name), [Text("So be it.")]])
    async with stage(store, *staff(store, model).team.values()) as life:
        said = await done(life, "do it")

    [outcome] = told(model.requests, "driver")
    assert outcome.failed
    assert outcome.content == f"No agent `{name}` takes work over; there are puntini, creator, generator."
    assert not [event for event in said if isinstance(event, WorkflowUpdate)]


LOOK: list[Text | Call] = [Call("c1", "describe_graph", {})]


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ([ModelFailed("The model is overloaded.", retryable=False)], "generator could not go on: The model is over"),
        ([LOOK], "was not done after 12 rounds"),
    ],
)
async def test_work_that_comes_to_nothing_is_told_as_such(says: list[Any], words: str) -> None:
    store = MemoryStore()
    model = Script(driver=[hand("generator"), [Text("So be it.")]], generator=says)
    async with stage(store, *staff(store, model).team.values()) as life:
        said = await done(life, "do it")

    [outcome] = told(model.requests, "driver")
    assert outcome.failed
    assert words in outcome.content
    assert [event.data.status for event in said if isinstance(event, AgentStatus)][-3:] == ["idle", "busy", "idle"]


async def test_what_needs_consent_is_not_done_for_others() -> None:
    store = MemoryStore()
    clear: list[Text | Call] = [Call("c1", "clear_graph", {})]
    model = Script(driver=[hand("generator"), [Text("Well.")]], generator=[clear, [Text("No.")]])
    async with stage(store, *staff(store, model).team.values()) as life:
        await done(life, "do it")

    [outcome] = told(model.requests, "generator")
    assert outcome.failed
    assert "consent" in outcome.content


async def test_the_steps_of_all_count_as_the_task_s() -> None:
    store = MemoryStore()
    model = Script(driver=[hand("generator"), [Text("Well.")]], generator=[LOOK, [Text("Nothing.")]])
    async with stage(store, *staff(store, model).team.values()) as life:
        said = await done(life, "do it")

    steps = [(event.agent, event.data.step_number) for event in said if isinstance(event, Step)]
    assert steps == [("generator", 1), ("driver", 2)]
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    assert end.data.usage.input_tokens == 40


async def test_after_a_crash_the_agent_that_was_created_already_is_found_again() -> None:
    store = MemoryStore()
    first, again = (staff(store, OfflineModel(pause_seconds=pause)) for pause in (0.01, 0.0))

    async def created() -> bool:
        return "Ada" in first.team

    async with stage(store, *first.team.values()) as life:
        task = await life.task("ask the creator to create an agent named Ada that adds people", agent=DRIVER)
        await until(created, "the agent")
    await again.team.load()
    async with stage(store, *again.team.values()) as life:
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    assert "The agent Ada is there" in answer_of(said)
    assert [event for event in await life.said_all(task) if isinstance(event, TaskRetracted)]
