"""What a graph asks people: its interrupts, and whether to go on behind a breakpoint."""

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from langgraph.types import Interrupt
from msgspec.structs import replace
from pydantic import ValidationError

from puntini.agent.approvals import shown
from puntini.agent.contract import Approval, Decision, Task, agreed
from puntini.agent.graphs.state import plain
from puntini.errors import Conflict
from puntini.log.contract import Kept

ASKED = frozenset({"question", "message", "options", "tool_name", "parameters", "response_schema", "expires_seconds"})
"""What of an interrupt's value has a place of its own in an approval."""
CENTURY_SECONDS = 100 * 365 * 86_400
REFUSED = "refused"
"""The kind under which it is kept which answers a graph did not take."""
MOST_REASONS = 3
LF = "\n"


class Questions:
    """Asks what a graph asks, and gives it what is decided."""

    def __init__(self, task: Task) -> None:
        self._task = task

    async def decisions(self, interrupts: Iterable[Interrupt[Any]]) -> dict[str, Any]:
        """Ask; returns what is decided, by interrupt."""
        decided: dict[str, Any] = {}
        for interrupt in interrupts:
            approval = _again(_approval(interrupt), await self._refusals(interrupt.id))
            if (decision := await self._task.ask(approval)) is not None:
                decided[interrupt.id] = _value(decision)
        return decided

    async def go_on(self, place: str, nodes: Sequence[str]) -> None:
        """Ask whether to go on behind a breakpoint. Raises Conflict when a person says no."""
        names = ", ".join(dict.fromkeys(nodes))
        decision = await self._task.ask(Approval(key=f"breakpoint {place}", question=f"Go on with {names}?"))
        if decision is None:
            self._task.wait()
        if not agreed(_value(decision)):
            raise Conflict(f"A person decided not to go on with {names}.")

    async def refuse(self, interrupts: Iterable[Interrupt[Any]], error: ValidationError) -> None:
        """Note that the graph did not take what was decided: it is asked again, and people are told why."""
        reason = _reason(error)
        for interrupt in interrupts:
            reasons = [*await self._refusals(interrupt.id), reason]
            self._task.save([Kept(self._task.session_id, REFUSED, self._key(interrupt.id), LF.join(reasons).encode())])
        await self._task.drained()

    async def _refusals(self, name: str) -> list[str]:
        kept = await self._task.shelf.kept(self._task.session_id, REFUSED, self._key(name))
        return kept.decode().split(LF) if kept else []

    def _key(self, name: str) -> str:
        return f"{self._task.task_id} {name}"


def _again(approval: Approval, refusals: Sequence[str]) -> Approval:
    """A question that was answered in a way that the graph did not take is another question."""
    if not refusals:
        return approval
    question = f"{approval.question} (The last answer was not accepted: {refusals[-1]})"
    return replace(approval, key=f"{approval.key} {len(refusals)}", question=question)


def _reason(error: ValidationError) -> str:
    """What is wrong with an answer, in one line."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_REASONS]
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'it'}: {item['msg']}" for item in found).replace(LF, " ")


def _approval(interrupt: Interrupt[Any]) -> Approval:
    """An interrupt as a question: its value is one, or a mapping that says more."""
    value = plain(interrupt.value)
    found = value if isinstance(value, dict) else {}
    question = found.get("question") or found.get("message") or value
    options = found.get("options")
    others = {name: value for name, value in found.items() if name not in ASKED}
    parameters = found.get("parameters", others)
    return Approval(
        key=interrupt.id,
        question=shown(question),
        options=tuple(map(str, options)) if isinstance(options, list) and options else ("approve", "deny"),
        tool_name=str(found.get("tool_name") or ""),
        parameters=parameters if isinstance(parameters, dict) else {"value": parameters},
        response_schema=_schema(interrupt.response_schema) or _schema(found.get("response_schema")),
        expires_seconds=_seconds(found.get("expires_seconds")),
    )


def _schema(given: Any) -> dict[str, Any] | None:
    return given if isinstance(given, dict) else None


def _seconds(given: Any) -> float:
    """How long a question is open; 0, which is for ever, for what is no time that people could mean."""
    return float(given) if isinstance(given, int | float) and 0 < given < CENTURY_SECONDS else 0.0


def _value(decision: Decision) -> Any:
    """What the graph's ``interrupt()`` returns."""
    match decision.decision:
        case "answered":
            return decision.value
        case "approved":
            return True if decision.value is None else decision.value
        case "denied" | "expired":
            return False
        case _:
            assert_never(decision.decision)
