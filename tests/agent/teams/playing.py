"""Teams on a stage: a model that plays every member's part by a script, and what is asked of a team's events."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from puntini.agent.contract import Agent
from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Piece, Request, Spent, Text, Turn, Whole
from puntini.agent.staff import DRIVER, Staff
from puntini.agent.teams.transcript import read
from puntini.agent.tools.builtin import builtin_tools
from puntini.agent.tools.registry import AnyTool
from puntini.log.agents import NewAgent
from puntini.log.contract import Store
from puntini.protocol.events import (
    AgentStatus,
    AssistantResponse,
    LoggedEvent,
    Step,
    TaskCompleted,
    TaskFailed,
    WorkflowUpdate,
)
from tests.agent.stage import Stage

Line = Sequence[Text | Call] | ModelFailed


class Script:
    """A model that answers each agent's requests from a list of its own, by the name in the system prompt."""

    name = "script"

    def __init__(self, **says: Sequence[Line]) -> None:
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

    def told(self, name: str) -> list[Outcome]:
        """What an agent's model was last told of its calls."""
        last = self.asked(name)[-1]
        return [block for turn in last.turns for block in turn.content if isinstance(block, Outcome)]

    def asked(self, name: str) -> list[Request]:
        """The requests of one agent."""
        return [request for who, request in self.requests if who == name]


def says(*words: str) -> list[list[Text | Call]]:
    """A part in which these are said, one after the other."""
    return [[Text(each)] for each in words]


def staff(store: Store, model: Model, *own: AnyTool) -> Staff:
    """The built-in agents."""
    return Staff(model, builtin_tools(own), store, [])


async def with_team(store: Store, model: Model, *own: AnyTool, **team: Any) -> Mapping[str, Agent]:
    """The built-in agents, and a team called ``duo``; ``members`` that are not there are created."""
    roster = staff(store, model, *own).roster
    await roster.load()
    about: dict[str, Any] = {"role": "Talks.", "capabilities": [], "reason": "A test."}
    for name in team["members"]:
        if name not in roster:
            await roster.create(NewAgent(name=name, **about))
    if "duo" not in roster:
        await roster.create(NewAgent(name="duo", **about, **team))
    return roster


async def done(life: Stage, text: str, agent: str = DRIVER) -> list[LoggedEvent]:
    """What a task said that an agent brought to its end."""
    task = await life.task(text, agent=agent)
    assert await life.ended(task) == "completed"
    return await life.said(task)


def answer_of(said: Sequence[LoggedEvent]) -> str:
    """The final answer."""
    end = said[-1]
    assert isinstance(end, TaskCompleted)
    return end.data.final_answer


def error_of(said: Sequence[LoggedEvent]) -> str:
    """Why a task failed."""
    end = said[-1]
    assert isinstance(end, TaskFailed)
    return end.data.error


def spoken(said: Sequence[LoggedEvent]) -> list[tuple[str, str]]:
    """Who said what, without the pieces."""
    return [
        (event.agent, event.data.text)
        for event in said
        if isinstance(event, AssistantResponse) and not event.data.chunk
    ]


def handed(said: Sequence[LoggedEvent]) -> list[tuple[str, str]]:
    """From whom to whom the work went."""
    return [(event.data.from_agent, event.data.to_agent) for event in said if isinstance(event, WorkflowUpdate)]


def statuses(said: Sequence[LoggedEvent]) -> list[tuple[str, str]]:
    """Who was said to be doing what by the team, from its first member's work on; the server says more of the team."""
    team = said[0].agent
    found = [(event.data.agent, event.data.status) for event in said if isinstance(event, AgentStatus)]
    return [each for each in found[found.index((team, "waiting")) :] if each != (team, "idle")]


def steps(said: Sequence[LoggedEvent]) -> list[tuple[str, int]]:
    """Whose the steps were, and their numbers."""
    return [(event.agent, event.data.step_number) for event in said if isinstance(event, Step)]


def transcript(request: Request) -> list[tuple[str, str]]:
    """What a member of a group chat was shown."""
    [text] = [block.text for block in request.turns[0].content if isinstance(block, Text)]
    chat = read(text)
    assert chat is not None
    return [(word.by, word.text) for word in chat.words]
