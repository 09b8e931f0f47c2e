"""Whom a team works with, and what of a task is a member's."""

from typing import Any, Protocol, cast

from msgspec.structs import replace

from puntini.agent.builtin.state import State
from puntini.agent.contract import Heard, Task
from puntini.agent.emit import Voice
from puntini.log.agents import AgentRow
from puntini.protocol.events import (
    AgentStatus,
    AgentStatusData,
    Envelope,
    Step,
    StepData,
    TaskProgress,
    WorkflowUpdate,
    WorkflowUpdateData,
)


class Crew(Protocol):
    """The members of a team."""

    def rows(self) -> list[AgentRow]:
        """Those that are there and can work, in the order in which they were named."""
        ...

    async def work(self, name: str, given: State, place: str) -> str:
        """Have a member bring something to its end, in its own name; returns its answer.

        ``place`` tells it from all else that members do in the task. Each step of the member is saved; asked again
        after a pause or a crash, with the same, it goes on after the last. Raises Unavailable where the member is
        gone or its model fails.
        """
        ...


class Part:
    """The part of a task that a member does: the task itself, but for these.

    What is named after the task, a message or a call or a node, is named after the part: members whose models count
    alike don't get in each other's way. What people say is heard by the team, which tells its members.
    """

    def __init__(self, task: Task, place: str) -> None:
        self._task = task
        self.task_id = f"{task.task_id}_{place}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    async def heard(self, _after: int, *, last: bool = False) -> list[Heard]:
        """Nothing."""
        return []


def voice_of(voice: Voice, member: str, place: str) -> Voice:
    """The voice with which a member does its part of a task. How far it is with that is not how far the task is."""

    def say(event: Envelope) -> None:
        if not isinstance(event, TaskProgress):
            voice.emit(replace(event, agent=event.agent or member))

    # A protocol's members can't be seen through __getattr__.
    return Voice(cast(Task, Part(voice.task, place)), say, agent=member)


def does(row: AgentRow) -> str:
    """What an agent is good for, in a line."""
    role = row.role.strip()
    parts = [
        role if role.endswith((".", "!", "?")) else f"{role}.",
        *([f"Can: {'; '.join(row.capabilities)}."] if row.capabilities else []),
    ]
    return " ".join(" ".join(parts).split())


# What everybody sees of a team.


def tell_turn(voice: Voice, to: str, reason: str, *, by: str = "") -> None:
    """Say that a member works now: the team handed over to it, or another member, ``by``, whose turn is over."""
    data = WorkflowUpdateData(from_agent=by or voice.agent, to_agent=to, reason=reason, workflow=voice.agent)
    voice.emit(WorkflowUpdate(data=data))
    _tell(voice, (by, "idle") if by else (voice.agent, "waiting"), (to, "busy"))


def tell_return(voice: Voice, member: str) -> None:
    """Say that the team itself goes on."""
    _tell(voice, (member, "idle"), (voice.agent, "busy"))


def tell_step(voice: Voice, name: str, *, success: bool, seconds: float) -> None:
    """Count a member's work as a step of the task. Raises PuntiniError when there were too many."""
    number = voice.task.step()
    data = StepData(step_number=number, name=name, success=success, duration_seconds=round(seconds, 3))
    voice.emit(Step(data=data))


def _tell(voice: Voice, *statuses: tuple[str, Any]) -> None:
    for agent, status in statuses:
        voice.emit(AgentStatus(data=AgentStatusData(agent=agent, status=status)))
