"""What a language model is to the built-in agents: it is shown a conversation, and says what comes next in pieces."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

# What a conversation is made of.


class Text(Struct, frozen=True, tag="text"):
    """Words."""

    text: str


class Thinking(Struct, frozen=True, tag="thinking"):
    """What the model thought. ``signature`` is the provider's, and must be shown to it again unchanged."""

    text: str
    signature: str = ""


class Call(Struct, frozen=True, tag="call"):
    """The model asks for a tool. ``arguments`` are what it wrote, not yet checked."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class Outcome(Struct, frozen=True, tag="outcome"):
    """What came of a call, as text for the model. Every ``Call`` must be followed by one in the next user turn."""

    call_id: str
    content: str
    failed: bool = False


Block = Text | Thinking | Call | Outcome


class Turn(Struct, frozen=True):
    """One side's part. The assistant's holds Text, Thinking and Call; the user's Text and Outcome."""

    role: Literal["user", "assistant"]
    content: Sequence[Block]


class ToolSpec(Struct, frozen=True):
    """A tool as a model sees it; ``parameters`` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


class Request(Struct, frozen=True, kw_only=True):
    """What a model is asked. The last turn is the user's. ``purpose`` is for models that go by rules."""

    system: str
    purpose: Literal["work", "summary"] = "work"
    turns: Sequence[Turn]
    tools: Sequence[ToolSpec] = ()
    max_tokens: int = 8_192


# What it says, piece by piece.


class Spent(Struct, frozen=True):
    """What a request took. ``cost_usd`` is None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class TextPiece(Struct, frozen=True):
    """More words of the answer."""

    text: str


class ThinkingPiece(Struct, frozen=True):
    """More of what it thinks."""

    text: str


class Whole(Struct, frozen=True):
    """The end: the whole turn, why it ended, and what it took. Comes exactly once, last.

    ``stop`` is "end" (it has said what it had to say), "calls" (it waits for outcomes), "length" (it was cut off) or
    "refusal".
    """

    turn: Turn
    stop: Literal["end", "calls", "length", "refusal"]
    spent: Spent


Piece = TextPiece | ThinkingPiece | Whole


class Model(Protocol):
    """One model of one provider."""

    @property
    def name(self) -> str:
        """What it is called, for people and for the books."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Ask. Raises ModelFailed, with a sentence; closing the iterator, or cancelling, ends the request at once."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class ModelFailed(Exception):
    """The model did not answer. The message is a sentence for the user; ``retryable`` says whether to try again."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
