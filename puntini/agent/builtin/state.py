"""What the built-in agent keeps between its steps and from task to task. Plain data: it is part of each checkpoint."""

from collections.abc import Sequence
from typing import Any, TypedDict

import msgspec
from msgspec.structs import replace

from puntini.agent.models.contract import Block, Call, Outcome, Text, Turn
from puntini.agent.recall import Words

MOST_BYTES = 64 << 10
"""Of the conversation as JSON; older turns become a summary."""
KEPT_PROMPTS = 4
MOST_WORKING_BYTES = 256 << 10
"""Of the conversation within a task; beyond it what came of calls is shortened, but in the newest turns."""
KEPT_TURNS, SHORTENED = 4, 400


class State(TypedDict, total=False):
    """``prompt`` is given; the rest is the agent's. ``declined`` are ids of calls that a person did not agree to."""

    prompt: str
    turns: list[dict[str, Any]]
    summary: str
    plan: list[str]
    reflection: str
    calls: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    used: list[dict[str, Any]]
    declined: list[str]
    failures: list[str]
    tries: int
    requests: int
    heard: int
    answer: str


def turns_of(state: State) -> list[Turn]:
    """The conversation."""
    return msgspec.convert(state.get("turns", []), list[Turn])


def calls_of(state: State) -> list[Call]:
    """What the model asks for."""
    return [msgspec.convert(call, Call) for call in state.get("calls", [])]


def outcomes_of(state: State) -> list[Outcome]:
    """What came of the calls so far."""
    return [msgspec.convert(outcome, Outcome) for outcome in state.get("outcomes", [])]


def plain(value: Any) -> Any:
    """A struct, or several, as a checkpoint holds them."""
    return msgspec.to_builtins(value)


def added(turns: Sequence[Turn], text: str) -> list[Turn]:
    """The conversation with something more from the user's side."""
    block = Text(text)
    if turns and turns[-1].role == "user":
        return [*turns[:-1], Turn("user", [*turns[-1].content, block])]
    return [*turns, Turn("user", [block])]


def remembering(given: Any, words: Sequence[Words]) -> Any:
    """A prompt with the turns before it."""
    turns: list[Turn] = []
    for each in words:
        if not each.by:
            turns = added(turns, each.text)
        elif turns and turns[-1].role == "assistant":
            turns[-1] = Turn("assistant", [*turns[-1].content, Text(each.text)])
        else:
            turns.append(Turn("assistant", [Text(each.text)]))
    return {**given, "turns": plain(turns)}


def hinted(turns: Sequence[Turn], hint: str) -> list[Turn]:
    """The conversation with a hint beside the outcomes that came last: it is no word of the user's."""
    last = turns[-1]
    *others, outcome = last.content
    if not isinstance(outcome, Outcome):
        return list(turns)
    return [*turns[:-1], Turn("user", [*others, replace(outcome, content=f"{outcome.content}\n{hint}")])]


def parted(turns: Sequence[Turn]) -> tuple[list[Turn], list[Turn]]:
    """What of the tasks before is to be summed up, nothing while it is short, and their newest part, which stays.

    What came of calls is shortened first: that is often enough.
    """
    if _size(turns) <= MOST_BYTES:
        return [], list(turns)
    turns = _cut(turns)
    if _size(turns) <= MOST_BYTES:
        return [], list(turns)
    starts = [at for at, turn in enumerate(turns) if turn.role == "user" and _said(turn)]
    cut = starts[-KEPT_PROMPTS] if len(starts) > KEPT_PROMPTS else (starts[-1] if starts else 0)
    # Outcomes whose calls are gone go too.
    return list(turns[:cut]), [Turn("user", _said(turns[cut])), *turns[cut + 1 :]] if turns[cut:] else []


def shortened(turns: Sequence[Turn]) -> list[Turn]:
    """The conversation of a task that goes on and on, without most of what came of calls made long ago."""
    if _size(turns) <= MOST_WORKING_BYTES:
        return list(turns)
    old = len(turns) - KEPT_TURNS
    return [*_cut(turns[:old]), *turns[old:]]


def _cut(turns: Sequence[Turn]) -> list[Turn]:
    return [replace(turn, content=[_short(block) for block in turn.content]) for turn in turns]


def _size(turns: Sequence[Turn]) -> int:
    return len(msgspec.json.encode(turns))


def _short(block: Block) -> Block:
    if not isinstance(block, Outcome) or len(block.content) <= SHORTENED:
        return block
    return replace(block, content=f"{block.content[:SHORTENED]}… (shortened; call it again to see all)")


def _said(turn: Turn) -> list[Block]:
    """The user's own words in a turn."""
    return [block for block in turn.content if isinstance(block, Text)]
