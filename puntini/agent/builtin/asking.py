"""One request to a model, told as it comes: thoughts as ``reasoning``, words as ``assistant_response``."""

from contextlib import aclosing

from puntini.agent.emit import Voice
from puntini.agent.models.contract import Model, Request, Text, TextPiece, Thinking, ThinkingPiece, Whole
from puntini.protocol.events import AssistantResponse, AssistantResponseData, Reasoning, ReasoningData


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
    """Ask, tell the answer as it comes and then whole, and book what it took. Raises ModelFailed."""
    words, thoughts = Told(), Told()
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
