"""What was said long ago, summed up by the model that will have to go by it."""

from collections.abc import Sequence
from contextlib import aclosing

from puntini.agent.emit import Voice
from puntini.agent.models.contract import Call, Model, ModelFailed, Request, Text, Turn, Whole
from puntini.protocol.events import Debug, DebugData

MOST_SUMMARY = 8 << 10
MOST_READ = 96 << 10
"""Characters of the conversation that the model is shown; of a longer one the end."""
MOST_WORDS, MOST_LINE = 4_000, 200
"""Of a turn, for the model and where it fails."""
SYSTEM = """Sum up a conversation between a user and an agent, for the agent, who will see nothing else of it.
Keep what was decided, what exists by now and is called how, what the user prefers, and what is still to be done.
Write plain sentences, at most 500 words, and nothing but the summary."""


async def summed_up(model: Model, older: Sequence[Turn], before: str, voice: Voice) -> str:
    """A summary of an older one and what came after it. Where the model fails, the turns' first words."""
    text = "\n".join(filter(None, [before, *_lines(older, MOST_WORDS)]))[-MOST_READ:]
    request = Request(system=SYSTEM, purpose="summary", turns=[Turn("user", [Text(text)])], max_tokens=2_048)
    try:
        said = await _answer(model, request, voice)
    except ModelFailed as error:
        voice.emit(Debug(data=DebugData(level="warning", message=f"The conversation was cut, not summed up: {error}")))
        said = ""
    return (said or "\n".join(filter(None, [before, *_lines(older, MOST_LINE)])))[-MOST_SUMMARY:]


async def _answer(model: Model, request: Request, voice: Voice) -> str:
    async with aclosing(model.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Whole):
                spent = piece.spent
                voice.task.spend(spent.input_tokens, spent.output_tokens, spent.cost_usd)
                return "\n\n".join(block.text for block in piece.turn.content if isinstance(block, Text)).strip()
    raise AssertionError("a model's answer ends with the whole of it")


def _lines(turns: Sequence[Turn], most: int) -> list[str]:
    """Who said what, and which tools were called."""
    return [f"{turn.role}: {words}" for turn in turns if (words := _words(turn, most))]


def _words(turn: Turn, most: int) -> str:
    text = " ".join(block.text for block in turn.content if isinstance(block, Text)).strip()
    called = ", ".join(block.name for block in turn.content if isinstance(block, Call))
    text = f"{text} [called {called}]".strip() if called else text
    return text if len(text) <= most else f"{text[:most]}…"
