"""The stream of events with which Anthropic's Messages answer, as pieces and a whole turn. Pure: bytes in, pieces out.

All events, blocks and deltas are read as one flat form: what is not there is empty, and what is new is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from puntini.agent.models.anthropic_request import REDACTED
from puntini.agent.models.contract import (
    Block,
    Call,
    ModelFailed,
    Spent,
    Text,
    TextPiece,
    Thinking,
    ThinkingPiece,
    Turn,
    Whole,
)
from puntini.agent.models.failures import BROKE_OFF, NO_STREAM
from puntini.agent.models.prices import Tokens, cost
from puntini.protocol.depth import deeper_than

MIB = 1 << 20
LINE_LIMIT = 4 * MIB
ANSWER_LIMIT = 4 * MIB
BLOCK_COST = 1_000
"""What a block counts at least, so that empty ones can't be many."""
ARGUMENTS_DEPTH = 32


class Usage(Struct, frozen=True):
    """Tokens so far; None is what an event does not tell."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(Struct, frozen=True):
    usage: Usage = Usage()


class _Block(Struct, frozen=True):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""


class _Delta(Struct, frozen=True):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class Problem(Struct, frozen=True):
    """What went wrong, in the provider's words."""

    type: str = ""
    message: str = ""


class Event(Struct, frozen=True):
    """One event of the stream."""

    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta = _Delta()
    usage: Usage | None = None
    error: Problem = Problem()


_EVENT = msgspec.json.Decoder(Event)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Reader:
    """Takes a stream's bytes as they come, and gives its events, pings too.

    Anthropic writes an event's data in one line of JSON that tells its type, so no more of Server-Sent Events is
    needed. The SDK's own reader keeps a line without an end for ever, and its models cost three times as much a piece.
    """

    def __init__(self) -> None:
        self._rest = b""

    def read(self, chunk: bytes) -> Iterator[Event]:
        """The events that are whole with this chunk. Raises ModelFailed where it is no stream of Messages."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            raise ModelFailed("The model's provider sent an event that is larger than 4 MiB.")
        for line in lines:
            if line.startswith(b"data:"):
                yield _event(line[5:])


def _event(data: bytes) -> Event:
    try:
        return _EVENT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # raised below, so that the failure does not carry what was sent
    raise ModelFailed(NO_STREAM)


class _Part:
    """A block of the answer that is being said."""

    def __init__(self, start: _Block) -> None:
        self.start = start
        self.said: list[str] = []
        self.signature: list[str] = [start.signature]


class Answer:
    """What a model says in one stream of events, put together."""

    def __init__(self, model: str) -> None:
        self.began = False
        self.over = False
        self._model = model
        self._parts: dict[int, _Part] = {}
        self._size = 0
        self._stop = "end_turn"
        self._usage: dict[str, int] = {}

    def hear(self, event: Event) -> TextPiece | ThinkingPiece | None:
        """Take the next event, and say what is new in it for people. Raises ModelFailed when it is too much."""
        match event.type:
            case "content_block_delta":
                return self._more(event)
            case "content_block_start" if event.content_block is not None:
                return self._start(event.index, event.content_block)
            case "message_start" if event.message is not None:
                self._count(event.message.usage)
            case "message_delta":
                self._stop = event.delta.stop_reason or self._stop
                self._count(event.usage)
            case "message_stop":
                self.over = True
            case _:  # a ping, the end of a block, or what later versions may add
                pass
        return None

    def _start(self, index: int, block: _Block) -> TextPiece | ThinkingPiece | None:
        self._parts[index] = _Part(block)
        self._grow(BLOCK_COST + len(block.signature) + len(block.data))
        return self._said(index, block.type, block.text or block.thinking)

    def _more(self, event: Event) -> TextPiece | ThinkingPiece | None:
        part = self._parts.get(event.index)
        if part is None:
            raise ModelFailed("The model's provider went on with what it had not begun.", retryable=True)
        delta = event.delta
        if delta.signature:
            part.signature.append(delta.signature)
            self._grow(len(delta.signature))
        return self._said(event.index, part.start.type, delta.text or delta.thinking or delta.partial_json)

    def _said(self, index: int, kind: str, text: str) -> TextPiece | ThinkingPiece | None:
        if not text:
            return None
        self._grow(len(text))
        self._parts[index].said.append(text)
        if kind == "text":
            self.began = True
            return TextPiece(text)
        if kind == "thinking":
            self.began = True
            return ThinkingPiece(text)
        return None

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > ANSWER_LIMIT:
            raise ModelFailed("The model said more than 4 MiB: ask for less at once.")

    def _count(self, usage: Usage | None) -> None:
        """What is told later is the sum so far, and stands for what was told before."""
        if usage is not None:
            self._usage |= {
                name: number for name, number in msgspec.structs.asdict(usage).items() if number is not None
            }

    def whole(self) -> Whole:
        """The end. Raises ModelFailed when it has not come, or when a call's arguments can't be read."""
        if not self.over:
            raise ModelFailed(BROKE_OFF, retryable=True)
        parts = [self._parts[index] for index in sorted(self._parts)]
        if self._cut_off and parts and parts[-1].start.type == "tool_use":
            del parts[-1]  # it was writing this call's arguments when it had to end
        content = [block for part in parts if (block := _whole(part)) is not None]
        return Whole(Turn("assistant", content), self._reason(content), self._spent())

    @property
    def _cut_off(self) -> bool:
        return self._stop in ("max_tokens", "model_context_window_exceeded")

    def _reason(self, content: Sequence[Block]) -> Literal["end", "calls", "length", "refusal"]:
        if self._stop == "refusal":
            return "refusal"
        if self._cut_off:
            return "length"
        return "calls" if any(isinstance(block, Call) for block in content) else "end"

    def _spent(self) -> Spent:
        told = self._usage.get
        tokens = Tokens(
            input=told("input_tokens", 0),
            output=told("output_tokens", 0),
            cache_write=told("cache_creation_input_tokens", 0),
            cache_read=told("cache_read_input_tokens", 0),
        )
        return Spent(tokens.prompt, tokens.output, cost(self._model, tokens))


def _whole(part: _Part) -> Block | None:
    said = "".join(part.said)
    match part.start.type:
        case "text":
            return Text(said) if said else None
        case "thinking":
            return Thinking(said, "".join(part.signature))
        case "redacted_thinking":
            return Thinking("", REDACTED + part.start.data)
        case "tool_use":
            return Call(part.start.id, part.start.name, _arguments(said))
        case _:  # a block of a tool of the provider's own; none was offered
            return None


def _arguments(written: str) -> dict[str, Any]:
    """A call's arguments, or none. What can't be read is never taken for another call: the whole answer has failed."""
    try:
        found = _OBJECT.decode(written or "{}")
        if not deeper_than(written, ARGUMENTS_DEPTH):
            return found
    except (msgspec.DecodeError, RecursionError):
        pass
    raise ModelFailed("The model called a tool with arguments that can't be read.", retryable=True)
