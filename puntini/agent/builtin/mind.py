"""The built-in agent's steps. Each takes the state and returns what of it changes; what happens is told on the way.

    parse_goal → plan_step → route_tool → call_tool → evaluate → plan_step … → answer
                                                         ↳ diagnose → escalate

LangGraph runs them in this order (``puntini.agent.graphs.builtin``); here nothing knows of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from puntini.agent import emit
from puntini.agent.builtin.asking import ask, reply_of
from puntini.agent.builtin.calling import made, outcome_of
from puntini.agent.builtin.state import State, added, calls_of, hinted, outcomes_of, parted, plain, shortened, turns_of
from puntini.agent.builtin.summing import summed_up
from puntini.agent.contract import agreed
from puntini.agent.library import Source
from puntini.agent.models.contract import Call, Model, ModelFailed, Outcome, Request, ToolSpec, Turn, Whole
from puntini.agent.tools.registry import Result, Tools
from puntini.errors import Unavailable
from puntini.protocol.events import Step, StepData, StepTool

SET_PLAN = ToolSpec(
    "set_plan",
    "Show the user the plan: one short sentence for each step. Call it first for work of several steps, and again when "
    "the plan changes.",
    {
        "type": "object",
        "properties": {"steps": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 50}},
        "required": ["steps"],
        "additionalProperties": False,
    },
)
MOST_TRIES = 3
MOST_CALLS = 32
"""In one answer; the others are refused, and may be made in the next."""
SYSTEM = """You are {name}, an agent that builds a property graph together with people. {role}
Nodes have a label (what kind of thing they are), a key (what they are called) and properties; edges have a label.
Nodes with the same label and key are the same node, so adding one again does no harm; never invent ids.
For work of several steps call set_plan first. Say briefly what you do and why, and answer from what the tools returned.
When something fails, try another way, and never claim what did not happen."""
TRY_AGAIN, LEAVE_IT = "try again", "leave it"

Ask = Callable[[dict[str, Any]], Any]
"""How a person is asked: returns what was decided, at once or when the task goes on."""


def system_of(name: str, role: str) -> str:
    """What an agent's model is told before all else."""
    return SYSTEM.format(name=name, role=role).replace("  ", " ")


class Mind:
    """An agent's model, tools and manner."""

    def __init__(
        self,
        name: str,
        model: Model,
        tools: Tools,
        source: Source,
        *,
        workspace: Path | None = None,
        role: str = "",
        person: Ask,
    ) -> None:
        self._system = system_of(name, role)
        self._model = model
        self._tools = tools
        self._source = source
        self._workspace = workspace
        self._person = person

    # From words to calls.

    async def parse_goal(self, state: State) -> State:
        """Take the prompt in; sum up what was said long ago."""
        older, turns = parted(turns_of(state))
        summary = state.get("summary", "")
        if older:
            summary = await summed_up(self._model, older, summary, emit.voice())
            emit.summary(summary)
        return State(
            turns=plain(added(turns, state["prompt"])),
            summary=summary,
            plan=[],
            reflection="",
            calls=[],
            outcomes=[],
            used=[],
            declined=[],
            failures=[],
            tries=0,
            requests=0,
            heard=0,
            answer="",
        )

    async def plan_step(self, state: State) -> State:
        """Ask the model what to do next, with what people said meanwhile."""
        voice = emit.voice()
        turns, heard = shortened(turns_of(state)), state["heard"]
        for item in await voice.task.heard(heard):
            turns, heard = added(turns, item.words), item.seq
        number = state["requests"] + 1
        system = f"{self._system}\n\nEarlier:\n{state['summary']}" if state["summary"] else self._system
        request = Request(system=system, turns=turns, tools=[SET_PLAN, *self._tools.specs()])
        asked = State(turns=plain(turns), heard=heard, requests=number, calls=[], outcomes=[], used=[], declined=[])
        try:
            whole = await ask(self._model, request, voice, f"msg_{voice.task.task_id}_{number}")
        except ModelFailed as error:
            if not error.retryable or state["tries"] + 1 >= MOST_TRIES:
                raise Unavailable(str(error)) from None
            emit.debug(f"The model failed: {error}", level="warning")
            return asked | State(tries=state["tries"] + 1)
        return asked | await self._answered(state, asked, whole)

    async def _answered(self, state: State, asked: State, whole: Whole) -> State:
        """Take in what the model said: calls, the answer, a part of it, or nothing."""
        reply = reply_of(whole, state["answer"])
        turns = [*turns_of(asked), *([whole.turn] if whole.turn.content else [])]
        if reply.calls:
            return State(turns=plain(turns), calls=plain(reply.calls), answer="")
        if reply.hint:
            if state["tries"] + 1 >= MOST_TRIES:
                raise Unavailable(reply.why)
            return State(turns=plain(added(turns, reply.hint)), answer=reply.answer, tries=state["tries"] + 1)
        heard, later = asked["heard"], await emit.voice().task.heard(asked["heard"], last=True)
        for item in later:
            turns, heard = added(turns, item.words), item.seq
        return State(turns=plain(turns), heard=heard, answer="" if later else reply.answer)

    # From calls to what came of them.

    async def route_tool(self, state: State) -> State:
        """Decide of each call what becomes of it: the plan is shown, what needs consent is asked."""
        calls = calls_of(state)
        outcomes = [_refused(call, f"At most {MOST_CALLS} calls are made at once.") for call in calls[MOST_CALLS:]]
        allowed: list[Call] = []
        declined: list[str] = []
        for call in calls[:MOST_CALLS]:
            if self._needs_consent(call) and not agreed(said := self._consent(call)):
                outcomes.append(_refused(call, f"A person did not agree to this{_reason(said)}."))
                declined.append(call.call_id)
            else:
                allowed.append(call)
        plan = state["plan"]
        for call in [call for call in allowed if call.name == SET_PLAN.name]:
            allowed.remove(call)
            outcome, plan = _planned(call, plan)
            outcomes.append(outcome)
        return State(calls=plain(allowed), outcomes=plain(outcomes), plan=plan, declined=declined)

    def _needs_consent(self, call: Call) -> bool:
        tool = self._tools.get(call.name)
        return tool is not None and tool.consent

    def _consent(self, call: Call) -> Any:
        return self._person(
            {
                "question": f"May I call {call.name}?",
                "tool_name": call.name,
                "parameters": call.arguments,
                "options": ["approve", "deny"],
            }
        )

    async def call_tool(self, state: State) -> State:
        """Make the calls, side by side where one does not need another."""
        done: list[tuple[Call, Result]] = []
        for group in self._groups(calls_of(state)):
            done += zip(group, await asyncio.gather(*[self._call(call) for call in group]), strict=True)
        outcomes = outcomes_of(state) + [outcome_of(call, result) for call, result in done]
        used = [{"tool_name": call.name, "success": result.success, "seconds": result.seconds} for call, result in done]
        return State(outcomes=plain(outcomes), used=used)

    def _groups(self, calls: Sequence[Call]) -> list[list[Call]]:
        """Calls that are made side by side, in order. What one of those in turn does, the next may need."""
        groups: list[list[Call]] = []
        for call in calls:
            tool = self._tools.get(call.name)
            in_turn = tool is not None and tool.in_turn
            if in_turn or not groups or self._last_in_turn(groups):
                groups.append([call])
            else:
                groups[-1].append(call)
        return groups

    def _last_in_turn(self, groups: Sequence[Sequence[Call]]) -> bool:
        tool = self._tools.get(groups[-1][-1].name)
        return tool is not None and tool.in_turn

    async def _call(self, call: Call) -> Result:
        return await made(call, self._tools, emit.voice(), self._source, self._workspace)

    # What to make of it.

    async def evaluate(self, state: State) -> State:
        """Take the outcomes in, and tell the step."""
        task = emit.voice().task
        outcomes = outcomes_of(state)
        # In the order of the calls: set_plan and what was refused come among them.
        turns = turns_of(state)
        asked = [block.call_id for block in turns[-1].content if isinstance(block, Call)]
        outcomes.sort(key=lambda outcome: asked.index(outcome.call_id) if outcome.call_id in asked else len(asked))
        # What a person declined is for the model to respect, and nothing that went wrong.
        declined = state.get("declined", [])
        failed = [outcome for outcome in outcomes if outcome.failed and outcome.call_id not in declined]
        used = [StepTool(tool_name=call["tool_name"], success=call["success"]) for call in state["used"]]
        data = StepData(
            step_number=task.step(),
            name=", ".join(dict.fromkeys(tool.tool_name for tool in used)) or ("declined" if declined else "plan"),
            success=not failed,
            duration_seconds=round(sum(call["seconds"] for call in state["used"]), 3),
            tool_calls=used,
        )
        emit.event(Step(data=data))
        if state["plan"]:
            emit.progress(min(0.95, task.steps / (len(state["plan"]) + 1)), f"step {task.steps}")
        return State(
            turns=plain([*turns, Turn("user", outcomes)]),
            calls=[],
            outcomes=[],
            declined=[],
            failures=[f"{_tool_of(turns, outcome)}: {outcome.content}" for outcome in failed],
            tries=state["tries"] if failed else 0,
        )

    async def diagnose(self, state: State) -> State:
        """Say what kind of failure it is, and give the model more to go by than the last time."""
        tries = state["tries"] + 1
        kind = _kind(state, tries)
        emit.reasoning(f"That did not work: {_failures(state)} It looks {kind}.", phase="diagnose")
        reflection = f"Attempt {tries} failed ({kind}): {_failures(state)}"
        if state["plan"]:
            emit.plan(state["plan"], reflection=reflection)
        turns = turns_of(state)
        if tries > 1:
            turns = hinted(turns, await self._more(state, tries))
        return State(tries=tries, reflection=reflection, turns=plain(turns))

    async def _more(self, state: State, tries: int) -> str:
        """Context that grows with each try."""
        names = {failure.partition(":")[0] for failure in state["failures"]}
        specs = [spec for spec in self._tools.specs() if spec.name in names]
        more = f"This failed again. {state['reflection']}"
        if specs:
            more += f" The tools' parameters: {msgspec.json.encode([spec.parameters for spec in specs]).decode()}"
        if tries > MOST_TRIES - 1:
            graph = (await emit.voice().task.graph()).graph()
            some = [f"{node.label}:{node.key or node.id}" for node in graph.nodes[:50]]
            more += f" The graph has {len(graph.nodes)} nodes, among them {', '.join(some)}."
        return f"{more} Try another way."

    async def escalate(self, state: State) -> State:
        """Ask a person what to do."""
        said = self._person(
            {
                "question": f"This failed {state['tries']} times: {_failures(state)} What shall I do?",
                "options": [TRY_AGAIN, LEAVE_IT],
                "response_schema": {"type": "string", "description": "one of these, or words for the agent"},
            }
        )
        if isinstance(said, str) and said not in {TRY_AGAIN, LEAVE_IT}:
            return State(tries=0, turns=plain(added(turns_of(state), said)))
        words = "try again" if said in {True, TRY_AGAIN} else "leave it, and answer with what was done"
        return State(tries=0, turns=plain(hinted(turns_of(state), f"A person was asked, and says: {words}.")))

    async def answer(self, state: State) -> State:
        """The last words are the answer."""
        if state["plan"]:
            emit.progress(1.0, "done")
        return State(answer=state["answer"])

    # Where to go from each.

    def after_plan(self, state: State) -> str:
        """There are calls, it was an answer, or the model has to be asked again."""
        if state["calls"]:
            return "route_tool"
        return "answer" if _answered(state) else "plan_step"

    def after_evaluation(self, state: State) -> str:
        """Go on, or see what went wrong."""
        return "diagnose" if state["failures"] else "plan_step"

    def after_diagnosis(self, state: State) -> str:
        """Try again, or ask a person."""
        return "escalate" if state["tries"] >= MOST_TRIES else "plan_step"


def _failures(state: State) -> str:
    return "; ".join(state["failures"])[:500]


def _answered(state: State) -> bool:
    turns = state["turns"]
    return bool(turns) and turns[-1]["role"] == "assistant"


def _planned(call: Call, plan: list[str]) -> tuple[Outcome, list[str]]:
    steps = call.arguments.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, str) for step in steps):
        return _refused(call, "arguments.steps: give a list of sentences"), plan
    shown = [step[:500] for step in steps[:50]]
    emit.plan(shown)
    return Outcome(call.call_id, "The user sees the plan."), shown


def _refused(call: Call, why: str) -> Outcome:
    return Outcome(call.call_id, why, failed=True)


def _reason(said: Any) -> str:
    return f": {said}" if isinstance(said, str) and said else ""


def _tool_of(turns: Sequence[Turn], outcome: Outcome) -> str:
    calls = (block for block in turns[-1].content if isinstance(block, Call))
    return next((call.name for call in calls if call.call_id == outcome.call_id), "")


def _kind(state: State, tries: int) -> str:
    """Whether the same went wrong in the same way, the same tool in another way, or something else."""
    if tries == 1:
        return "like a single mishap"
    before = state["reflection"]
    if all(failure[:200] in before for failure in state["failures"]):
        return "identical to the last failure"
    names = {failure.partition(":")[0] for failure in state["failures"]}
    return "systematic" if any(f"{name}:" in before for name in names) else "like another mishap"
