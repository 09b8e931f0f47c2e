"""The offline model: reads plain English about a property graph by fixed rules. No key, no network, no chance.

It keeps nothing between requests. What it has done for a goal it sees in the conversation, and goes on from there; so
the same conversation always gets the same response.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Literal

import anyio

from puntini.agent.models.contract import (
    Block,
    Call,
    Piece,
    Request,
    Spent,
    Text,
    TextPiece,
    Thinking,
    ThinkingPiece,
    Turn,
    Whole,
)
from puntini.agent.models.offline.conversation import Conversation, digest, read, tokens_in, tokens_of
from puntini.agent.models.offline.reading.grammar import understood
from puntini.agent.models.offline.script import Round, play, script
from puntini.agent.models.offline.templates import templates
from puntini.agent.models.offline.text.phrases import counted, cut, listed
from puntini.agent.models.offline.text.words import MOST_CHARACTERS
from puntini.agent.models.offline.wishes.contract import Wish

_WORD = re.compile(r"\s*\S+")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])(?= )")
GOING_ON = "I go on with the next step."


class OfflineModel:
    """A model that needs nothing. With ``pause_seconds`` it waits before each piece, as a slower one would."""

    def __init__(self, *, pause_seconds: float = 0.0) -> None:
        self._pause_seconds = pause_seconds
        templates()  # read now, not in the middle of a request

    @property
    def name(self) -> str:
        """What it is called."""
        return "offline"

    async def aclose(self) -> None:
        """There is nothing to let go of."""

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Respond. Never raises ModelFailed."""
        for piece in response(request):
            if self._pause_seconds:
                await anyio.sleep(self._pause_seconds)
            yield piece


def response(request: Request) -> Iterator[Piece]:
    """All the pieces that a request is answered with."""
    if request.purpose == "summary":
        yield from _answering(request, "", digest(request))
        return
    conversation = read(request)
    wishes = understood(conversation)
    step = play(script(wishes, conversation.tools), conversation)
    intro = "" if conversation.outcomes else _reading(wishes)
    match step:
        case Round():
            yield from _asking(request, " ".join(filter(None, (intro, step.thought))) or GOING_ON, step.calls)
        case _:
            yield from _answering(request, intro, "\n\n".join([*step, *_caveat(conversation)]))


def _asking(request: Request, thought: str, calls: Sequence[Call]) -> Iterator[Piece]:
    yield from (ThinkingPiece(piece) for piece in _BETWEEN_SENTENCES.split(thought) if piece)
    yield _whole(request, (Thinking(thought), *calls), "calls")


def _answering(request: Request, thought: str, answer: str) -> Iterator[Piece]:
    """The answer word by word, cut off after as many as are allowed."""
    yield from (ThinkingPiece(piece) for piece in _BETWEEN_SENTENCES.split(thought) if piece)
    words = _WORD.findall(answer)
    said = words[: request.max_tokens]
    yield from (TextPiece(word) for word in said)
    blocks = (*((Thinking(thought),) if thought else ()), Text("".join(said)))
    yield _whole(request, blocks, "end" if len(said) == len(words) else "length")


def _whole(request: Request, blocks: tuple[Block, ...], stop: Literal["end", "calls", "length"]) -> Whole:
    turn = Turn("assistant", blocks)
    return Whole(turn, stop, Spent(tokens_in(request), tokens_of(turn), cost_usd=0.0))


def _reading(wishes: Sequence[Wish]) -> str:
    """What was understood, in a sentence."""
    steps = [step[:1].lower() + step[1:] for wish in wishes for step in wish.steps]
    if len(steps) == 1:
        return f"As the offline model I read this by fixed rules: {cut(steps[0])}."
    shown = listed([f"({at}) {cut(step, 80)}" for at, step in enumerate(steps, start=1)], 6)
    return f"As the offline model I read this by fixed rules, as {counted(len(steps), 'step')}: {shown}."


def _caveat(conversation: Conversation) -> list[str]:
    if len(conversation.goal) <= MOST_CHARACTERS:
        return []
    return [f"I have read the first {MOST_CHARACTERS:,} characters only."]
