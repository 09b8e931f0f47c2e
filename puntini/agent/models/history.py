"""A conversation put in order before a model is shown it: providers refuse one whose calls and outcomes do not match.

A task that was stopped, or that died, leaves a call without its outcome; a history that was cut may begin with an
outcome without its call. The same turns are always repaired in the same way, and more turns do not change how those
before them are repaired, so that caches of prompts hold and signed thinking stays valid.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, groupby
from typing import assert_never

from msgspec.structs import replace

from puntini.agent.models.contract import Block, Call, Outcome, Text, Thinking, Turn

INTERRUPTED = "interrupted: it is not known what came of it"
GO_ON = Turn("user", (Text("Go on."),))


def repaired(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns as a provider takes them: in alternation, begun and ended by the user; none if the user said nothing.

    Each Call gets exactly one Outcome, at the head of the next turn: the one there is, or a failed one. Outcomes
    without a call, calls whose id was used before, empty texts, and thinking that is unsigned or leads to nothing are
    left out.
    """
    begun = dropwhile(lambda turn: not _opens(turn), _alternating(_cleaned(turns)))
    settled = _alternating(_settled(begun))
    if settled and settled[-1].role == "assistant":
        settled.append(GO_ON)
    return tuple(settled)


def without_thinking(turns: Iterable[Turn]) -> list[Turn]:
    """The turns without what the model thought."""
    return [
        replace(turn, content=tuple(each for each in turn.content if not isinstance(each, Thinking))) for turn in turns
    ]


def _opens(turn: Turn) -> bool:
    return turn.role == "user" and any(isinstance(block, Text) for block in turn.content)


def _cleaned(turns: Iterable[Turn]) -> Iterator[Turn]:
    called: set[str] = set()
    for turn in turns:
        kept: list[Block] = []
        for block in turn.content:
            if not _belongs(block, turn) or (isinstance(block, Call) and block.call_id in called):
                continue
            if isinstance(block, Call):
                called.add(block.call_id)
            kept.append(block)
        while kept and isinstance(kept[-1], Thinking):  # no provider takes a turn that ends with a thought
            kept.pop()
        yield replace(turn, content=tuple(kept))


def _belongs(block: Block, turn: Turn) -> bool:
    match block:
        case Text(text=text):
            return bool(text.strip())
        case Thinking(signature=signature):
            return turn.role == "assistant" and bool(signature)
        case Call():
            return turn.role == "assistant"
        case Outcome():
            return turn.role == "user"
        case _:
            assert_never(block)


def _alternating(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of one side that follow each other, as one. Empty ones are left out."""
    said = (turn for turn in turns if turn.content)
    return [
        Turn(role, tuple(block for turn in together for block in turn.content))
        for role, together in groupby(said, key=lambda turn: turn.role)
    ]


def _settled(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Each turn of the user begins with an outcome for each call before it, in the calls' order."""
    waiting: list[str] = []
    for turn in turns:
        if turn.role == "user":
            texts = [block for block in turn.content if isinstance(block, Text)]
            yield replace(turn, content=(*_outcomes(waiting, turn.content), *texts))
        else:
            yield turn
        waiting = [block.call_id for block in turn.content if isinstance(block, Call)]
    if waiting:
        yield Turn("user", _outcomes(waiting, ()))


def _outcomes(waiting: Iterable[str], content: Sequence[Block]) -> list[Outcome]:
    found: dict[str, Outcome] = {}
    for block in content:
        if isinstance(block, Outcome):
            found.setdefault(block.call_id, block)
    return [found.get(each) or Outcome(each, INTERRUPTED, failed=True) for each in waiting]
