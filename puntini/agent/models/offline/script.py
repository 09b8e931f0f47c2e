"""Wishes as one script, and playing it up to where the outcomes end.

A script is a generator: it yields rounds of calls, is sent what came of them and returns the answer. For each response
it is run from the beginning with the outcomes that are there; the first round that lacks one is what to ask for next.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from puntini.agent.models.contract import Call
from puntini.agent.models.offline.conversation import Conversation
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result, Wish

MOST_ROUNDS = 9
MOST_BESIDE = 8  # wishes that are performed side by side
MOST_STEPS = 20  # that a plan shows


class Round(Struct, frozen=True):
    """What to ask for next. ``first``: nothing was asked for before."""

    thought: str
    calls: tuple[Call, ...]
    first: bool


def script(wishes: Sequence[Wish], tools: Collection[str]) -> Deed:
    """All the wishes, one group after the other, with a plan in front where that helps."""
    steps = [step for wish in wishes for step in wish.steps]
    deed = _in_turn(list(_groups(wishes)))
    return _planned(steps[:MOST_STEPS], deed) if len(steps) > 1 and "set_plan" in tools else deed


def play(deed: Deed, conversation: Conversation) -> Round | list[str]:
    """The round to ask for next, without the calls that have outcomes; or the answer, when there is no more to ask."""
    position = 0
    step = _advance(deed)
    while isinstance(step, Ask):
        results = [_result(asked, position + at, conversation) for at, asked in enumerate(step.calls)]
        missing = [at for at, result in enumerate(results) if result is None]
        if missing:
            calls = (Call(conversation.call_id(position + at), *_written(step.calls[at])) for at in missing)
            return Round(step.thought, tuple(calls), first=not conversation.outcomes)
        position += len(step.calls)
        step = _advance(deed, [result for result in results if result])
    return step


def _written(asked: Asked) -> tuple[str, dict[str, object]]:
    return asked.tool, asked.arguments


def _result(asked: Asked, position: int, conversation: Conversation) -> Result | None:
    """What came of a call, None when it was not made yet. One that is not offered has failed without being made."""
    if asked.tool not in conversation.tools:
        return Result(True, f"the tool `{asked.tool}` is not given to this agent", {})
    return conversation.outcomes.get(conversation.call_id(position))


def _advance(deed: Deed, results: Sequence[Result] | None = None) -> Ask | list[str]:
    """The deed's next round, or what it says when it has ended."""
    try:
        return next(deed) if results is None else deed.send(results)
    except StopIteration as stop:
        said: list[str] = stop.value
        return said


def _groups(wishes: Sequence[Wish]) -> Iterator[list[Wish]]:
    """Neighbours that may be performed side by side: those that only ask, and edits of one sort on different things."""
    group: list[Wish] = []
    for wish in wishes:
        if group and (len(group) == MOST_BESIDE or not all(_independent(wish, other) for other in group)):
            yield group
            group = []
        group.append(wish)
    if group:
        yield group


def _independent(wish: Wish, other: Wish) -> bool:
    if wish.only_asks or other.only_asks:
        return wish.only_asks and other.only_asks
    return type(wish) is type(other) and bool(wish.names) and not set(wish.names) & set(other.names)


def _in_turn(groups: Sequence[list[Wish]]) -> Deed:
    """Group after group, for as long as there are rounds left; says what there were none left for."""
    said: list[str] = []
    rounds = 0
    for at, group in enumerate(groups):
        deed = _together([wish.perform() for wish in group])
        step = _advance(deed)
        while isinstance(step, Ask):
            if rounds == MOST_ROUNDS:
                return [*said, _left_over(groups[at:])]
            rounds += 1
            step = _advance(deed, (yield step))
        said += step
    return said


def _left_over(groups: Sequence[list[Wish]]) -> str:
    steps = [step for group in groups for wish in group for step in wish.steps]
    shown = "; ".join(steps[:5]) + ("; …" if len(steps) > 5 else "")
    return f"That is as much as I do at once. To go on, say again what is left: {shown}."


def _together(deeds: Sequence[Deed]) -> Deed:
    """Deeds side by side: each round of theirs is one round. What they say comes in their order."""
    steps = [_advance(deed) for deed in deeds]
    while asks := {at: step for at, step in enumerate(steps) if isinstance(step, Ask)}:
        results = iter((yield _joined(list(asks.values()))))
        for at, ask in asks.items():
            steps[at] = _advance(deeds[at], [next(results) for _ in ask.calls])
    return [paragraph for said in steps if isinstance(said, list) for paragraph in said]


def _joined(asks: Sequence[Ask]) -> Ask:
    thoughts = dict.fromkeys(ask.thought for ask in asks if ask.thought)
    return Ask(" ".join(thoughts), tuple(call for ask in asks for call in ask.calls))


def _planned(steps: list[str], deed: Deed) -> Deed:
    """The deed, the plan being set together with its first calls."""
    step = _advance(deed)
    if isinstance(step, Ask):
        _, *results = yield Ask(step.thought, (Asked("set_plan", {"steps": steps}), *step.calls))
        step = _advance(deed, results)
    while isinstance(step, Ask):
        step = _advance(deed, (yield step))
    return step
