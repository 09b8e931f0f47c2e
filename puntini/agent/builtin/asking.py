"""One request to a model, told as it comes: thoughts as ``reasoning``, words as ``assistant_response``."""

from collections.abc import Sequence
from contextlib import aclosing

from msgspec import Struct

from puntini.agent.emit import Voice
from puntini.agent.models.contract import (
    Call,
    Model,
    ModelFailed,
    Request,
    Text,
    TextPiece,
    Thinking,
    ThinkingPiece,
    Whole,
)
from puntini.protocol.events import AssistantResponse, AssistantResponseData, Reasoning, ReasoningData

DECLINED = "The model declined to answer this."
CUT_OFF = "(Your answer was cut off because it was too long. Go on where it ended; make fewer calls at once.)"
SILENT = "(You said nothing. Answer the user.)"


class Reply(Struct, frozen=True):
    """What a response amounts to: calls, an answer, or ``hint``, with which the model is to be asked again."""

    calls: Sequence[Call] = ()
    answer: str = ""
    hint: str = ""

    @property
    def why(self) -> str:
        """The sentence for the user when it is not asked again."""
        said = "The model's answer was cut off again and again" if self.hint == CUT_OFF else "The model gave no answer"
        return f"{said}; ask for less at once."


def reply_of(whole: Whole, before: str = "") -> Reply:
    """What a response amounts to; ``before`` is the part of the answer that came before it was cut off."""
    calls = [block for block in whole.turn.content if isinstance(block, Call)]
    answer = before + text_of(whole)
    if calls:
        return Reply(calls)
    if whole.stop == "refusal":
        return Reply(answer=answer or DECLINED)
    if whole.stop == "length":
        return Reply(answer=answer, hint=CUT_OFF)
    return Reply(answer=answer, hint="" if answer else SILENT)


class Told:
    """What was told of a text so far."""

    def __init__(self) -> None:
        self.length = 0

    def more(self, text: str) -> int:
        """Where a piece begins."""
        offset = self.length
        self.length += len(text)
        return offset


async def ask(model: Model, request: Request, voice: Voice, message_id: str) -> Whole:
    """Ask, tell the answer as it comes and then whole, and book what it took.

    Raises ModelFailed; what was told of the answer is taken back then, by a whole one that is empty.
    """
    words, thoughts = Told(), Told()
    try:
        return await _told(model, request, voice, message_id, words, thoughts)
    except ModelFailed:
        if words.length:
            _say(voice, AssistantResponseData(message_id=message_id, text=""))
        if thoughts.length:
            _think(voice, ReasoningData(message_id=f"{message_id}-thoughts", text=""))
        raise


async def _told(model: Model, request: Request, voice: Voice, message_id: str, words: Told, thoughts: Told) -> Whole:
    async with aclosing(model.stream(request)) as pieces:
        async for piece in pieces:
            match piece:
                case TextPiece(text):
                    _say(
                        voice,
                        AssistantResponseData(message_id=message_id, text=text, chunk=True, offset=words.more(text)),
                    )
                case ThinkingPiece(text):
                    _think(
                        voice,
                        ReasoningData(
                            message_id=f"{message_id}-thoughts", text=text, chunk=True, offset=thoughts.more(text)
                        ),
                    )
                case Whole():
                    _whole(voice, piece, message_id)
                    return piece
            await voice.task.room()
    raise AssertionError("a model's answer ends with the whole of it")


def _say(voice: Voice, data: AssistantResponseData) -> None:
    voice.emit(AssistantResponse(data=data))


def _think(voice: Voice, data: ReasoningData) -> None:
    voice.emit(Reasoning(data=data))


def _whole(voice: Voice, whole: Whole, message_id: str) -> None:
    """The whole texts take the place of their pieces."""
    blocks = whole.turn.content
    if thoughts := "\n\n".join(block.text for block in blocks if isinstance(block, Thinking) and block.text):
        _think(voice, ReasoningData(message_id=f"{message_id}-thoughts", text=thoughts))
    if text := text_of(whole):
        _say(voice, AssistantResponseData(message_id=message_id, text=text))
    spent = whole.spent
    voice.task.spend(spent.input_tokens, spent.output_tokens, spent.cost_usd)


def text_of(whole: Whole) -> str:
    """The words of an answer."""
    return "\n\n".join(block.text for block in whole.turn.content if isinstance(block, Text) and block.text)
