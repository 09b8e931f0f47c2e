"""The tool that hands work over: another agent does it within the same task, in a conversation of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from puntini.agent import emit
from puntini.agent.builtin.asking import ask, text_of
from puntini.agent.builtin.calling import made, outcome_of
from puntini.agent.builtin.mind import MOST_CALLS, system_of
from puntini.agent.emit import Voice
from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Request, Text, Turn
from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.registry import AnyTool, Result, Tools, tool
from puntini.log.agents import Reason
from puntini.log.documents import Documents
from puntini.protocol.events import (
    AgentStatus,
    AgentStatusData,
    Step,
    StepData,
    StepTool,
    WorkflowUpdate,
    WorkflowUpdateData,
)

MOST_ROUNDS = 12
"""Requests to a model for one piece of work."""
HANDED_SECONDS = 600.0
Name = Annotated[str, Meta(min_length=1, max_length=200, description="The agent's name.")]
Goal = Annotated[str, Meta(min_length=1, max_length=8_000, description="What it is to do, with all it has to know.")]


class Colleague(Struct, frozen=True):
    """Who takes work over."""

    name: str
    role: str
    tools: Tools


def handing(
    colleague: Callable[[str], Colleague], model: Model, documents: Documents, workspace: Path | None
) -> AnyTool:
    """The tool ``hand_off``. ``colleague`` finds who takes work over, or raises ToolFailed."""

    @tool(timeout=HANDED_SECONDS)
    async def hand_off(context: ToolContext, agent: Name, reason: Reason, task: Goal) -> dict[str, Any]:
        """Hand a piece of work to another agent and wait for its answer. It knows nothing but what `task` says."""
        other = colleague(agent)
        voice = emit.voice()
        # The same in each attempt, and another one for each call: what the other says can't be taken for ours.
        place = context.new_id()
        with _handed(voice, other.name, reason) as theirs:
            work = Work(other, model, documents, workspace, theirs, place)
            return {"agent": other.name, "answer": await work.answer(task)}

    return hand_off


@contextmanager
def _handed(voice: Voice, to: str, reason: str) -> Iterator[Voice]:
    """Let another agent speak, and tell who works meanwhile, and that it is over, however it comes out."""
    voice.emit(WorkflowUpdate(data=WorkflowUpdateData(from_agent=voice.agent, to_agent=to, reason=reason)))
    _tell(voice, (voice.agent, "waiting"), (to, "busy"))
    theirs = voice.of(to)
    reset = emit.current.set(theirs)
    try:
        yield theirs
    finally:
        emit.current.reset(reset)
        _tell(voice, (to, "idle"), (voice.agent, "busy"))


def _tell(voice: Voice, *statuses: tuple[str, Any]) -> None:
    for agent, status in statuses:
        voice.emit(AgentStatus(data=AgentStatusData(agent=agent, status=status)))


class Work:
    """One piece of work that was handed over. ``place`` tells it from the task's others."""

    def __init__(
        self,
        colleague: Colleague,
        model: Model,
        documents: Documents,
        workspace: Path | None,
        voice: Voice,
        place: str,
    ) -> None:
        self._colleague = colleague
        self._model = model
        self._documents = documents
        self._workspace = workspace
        self._voice = voice
        self._place = place
        self._system = system_of(colleague.name, colleague.role)

    async def answer(self, goal: str) -> str:
        """Talk to the model until it calls nothing more. Raises ToolFailed."""
        turns = [Turn("user", [Text(goal)])]
        for number in range(1, MOST_ROUNDS + 1):
            request = Request(system=self._system, turns=turns, tools=self._colleague.tools.specs())
            message_id = f"msg_{self._voice.task.task_id}_{self._place}_{number}"
            try:
                whole = await ask(self._model, request, self._voice, message_id)
            except ModelFailed as error:
                raise ToolFailed(f"{self._colleague.name} could not go on: {error}") from None
            calls = [block for block in whole.turn.content if isinstance(block, Call)]
            if not calls:
                return text_of(whole)
            turns += [whole.turn, Turn("user", await self._step(calls))]
        raise ToolFailed(f"{self._colleague.name} was not done after {MOST_ROUNDS} rounds; hand over less at once.")

    async def _step(self, calls: Sequence[Call]) -> list[Outcome]:
        """Make the calls, one after the other, and tell the step, which counts as the task's."""
        results = [(call, await self._made(number, call)) for number, call in enumerate(calls)]
        data = StepData(
            step_number=self._voice.task.step(),
            name=", ".join(dict.fromkeys(call.name for call in calls)),
            success=all(result.success for _, result in results),
            duration_seconds=round(sum(result.seconds for _, result in results), 3),
            tool_calls=[StepTool(tool_name=call.name, success=result.success) for call, result in results],
        )
        self._voice.emit(Step(data=data))
        return [outcome_of(call, result) for call, result in results]

    async def _made(self, number: int, call: Call) -> Result:
        tools = self._colleague.tools
        if number >= MOST_CALLS:
            return Result(False, error=f"At most {MOST_CALLS} calls are made at once.")
        if (found := tools.get(call.name)) is not None and found.consent:
            return Result(False, error=f"{call.name} needs a person's consent; whoever wants it has to ask for it.")
        inner = replace(call, call_id=f"{self._place}.{call.call_id}")
        return await made(inner, tools, self._voice, self._documents, self._workspace)
