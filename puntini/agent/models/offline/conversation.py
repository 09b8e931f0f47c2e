"""What a request says: the goal, what was said before it, and what came of the calls made since."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from zlib import crc32

import msgspec
from msgspec import Struct

from puntini.agent.models.contract import Block, Call, Outcome, Request, Text, Thinking, ToolSpec, Turn
from puntini.agent.models.offline.text.phrases import cut
from puntini.agent.models.offline.wishes.contract import Result
from puntini.agent.teams import transcript
from puntini.agent.teams.handing import HAND_OFF, members_of
from puntini.agent.teams.transcript import Chat, Member
from puntini.agent.tools.builtin import BUILTIN

MOST_EARLIER = 6
EARLIER_CHARACTERS = 500
LETTERS_A_TOKEN = 5
DIGEST_LINE, DIGEST_CHARACTERS = 200, 6_000
RULED = frozenset({*(tool.name for tool in BUILTIN), HAND_OFF, "set_plan", "create_agent"})
"""The tools that the rules know when to call."""
_NAME = re.compile(r"\b(?:you are|your name is)\s+(?:the\s+|an?\s+)?[\"'`]?([\w-]{1,40})", re.IGNORECASE)


class Conversation(Struct, frozen=True):
    """``earlier`` are the user's words before the goal, the oldest first; ``outcomes`` are those since, by call.

    ``own`` are the tools that no rule is about. ``chat`` is the group chat in which it is the model's turn. ``members``
    are those that work can be handed to.
    """

    goal: str
    earlier: tuple[str, ...]
    outcomes: dict[str, Result]
    agent: str
    tools: dict[str, ToolSpec]
    own: tuple[ToolSpec, ...] = ()
    chat: Chat | None = None
    members: tuple[Member, ...] = ()

    def call_id(self, position: int) -> str:
        """The id of the call at a position among all that the goal takes: the same whenever it is asked for."""
        return f"offline_{crc32(self.goal.encode(errors='replace')):08x}_{position}"


def read(request: Request) -> Conversation:
    """Take a request apart."""
    said = list(islice(_said(request.turns), MOST_EARLIER + 1))
    at, goal = said[0] if said else (-1, "")
    since = request.turns[at + 1 :] if said else ()
    earlier = [words for _, words in reversed(said[1:])]
    if (chat := transcript.read(goal)) is not None:
        *earlier, goal = [word.text for word in chat.words if word.by == transcript.USER] or [""]
    name = _NAME.search(request.system[:1_000])
    return Conversation(
        goal=goal,
        earlier=tuple(words[:EARLIER_CHARACTERS] for words in earlier[-MOST_EARLIER:]),
        outcomes={each.call_id: _result(each) for each in _outcomes(since)},
        agent=name[1].lower() if name else "",
        tools={tool.name: tool for tool in request.tools},
        own=tuple(tool for tool in request.tools if tool.name not in RULED),
        chat=chat,
        members=tuple(member for tool in request.tools if tool.name == HAND_OFF for member in members_of(tool)),
    )


def digest(request: Request) -> str:
    """What a summary keeps by rule: the beginning of everything that was said, and of that the newest part."""
    lines = [line for _, words in islice(_said(request.turns), 1) for line in words.splitlines()]
    return "\n".join(cut(line, DIGEST_LINE) for line in lines)[-DIGEST_CHARACTERS:]


def _said(turns: Sequence[Turn]) -> Iterator[tuple[int, str]]:
    """The user's words, the newest first, each with the place of its turn."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "user":
            words = "\n".join(block.text for block in turns[at].content if isinstance(block, Text))
            if words and not words.isspace():
                yield at, words


def _outcomes(turns: Sequence[Turn]) -> Iterator[Outcome]:
    return (block for turn in turns for block in turn.content if isinstance(block, Outcome))


def _result(outcome: Outcome) -> Result:
    """An outcome; whatever is no JSON object has no data."""
    data = None
    if not outcome.failed:
        try:
            data = msgspec.json.decode(outcome.content)
        except (msgspec.DecodeError, UnicodeEncodeError):
            data = None
    return Result(outcome.failed, outcome.content, data if isinstance(data, dict) else {})


def tokens_in(request: Request) -> int:
    """About how many tokens a request has; five letters count as one."""
    letters = len(request.system) + sum(_letters(block) for turn in request.turns for block in turn.content)
    return letters // LETTERS_A_TOKEN


def tokens_of(turn: Turn) -> int:
    """About how many tokens a turn has."""
    return sum(_letters(block) for block in turn.content) // LETTERS_A_TOKEN


def _letters(block: Block) -> int:
    match block:
        case Text(text=text) | Thinking(text=text):
            return len(text)
        case Call(name=name):
            return len(name) + len(msgspec.json.encode(block.arguments))
        case Outcome(content=content):
            return len(content)
