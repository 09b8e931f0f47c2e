"""What a member of a group chat is shown for its turn, as text; and the same text read back, for a model of rules.

Members, words and the word that ends it are a line of JSON each, so that nobody's words can pass for another's.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

USER = "the user"
"""No agent is called so: names have no spaces."""
PASS = "PASS"
BEGINNING = "It is your turn in the group chat"
MOST_BYTES = 64 << 10


class Member(Struct, frozen=True, tag_field="line", tag="member"):
    """Who takes part, and what for."""

    name: str
    does: str


class Word(Struct, frozen=True, tag_field="line", tag="word"):
    """What somebody said; people are all ``USER``."""

    by: str
    text: str


class End(Struct, frozen=True, tag_field="line", tag="end"):
    """What ends the chat when a member says it."""

    text: str


class Chat(Struct, frozen=True):
    """A group chat as a member sees it."""

    members: Sequence[Member]
    words: Sequence[Word]
    until: str = ""


_decode = msgspec.json.Decoder(Member | Word | End).decode


def shown(chat: Chat, name: str, team: str, purpose: str) -> str:
    """The prompt for a member's turn."""
    lines = [f"{BEGINNING} `{team}`, {name}. {' '.join(purpose.split())}", "These members speak in turn:"]
    lines += [_line(member) for member in chat.members]
    lines += ["This was said:", *[_line(word) for word in chat.words]]
    lines.append(
        "Do what is yours to do, with your tools where it takes any, and say in your own name what helps; repeat "
        f"nothing. If you have nothing to add, say {PASS} and nothing else."
    )
    if chat.until:
        lines += [
            "When all that the user asked for is done, say these words, and never before:",
            _line(End(chat.until)),
        ]
    return "\n".join(lines)


def read(text: str) -> Chat | None:
    """A chat out of a prompt that ``shown`` made; None for any other text."""
    if not text.startswith(BEGINNING):
        return None
    try:
        lines = [_decode(line) for line in text.split("\n") if line.startswith("{")]
    except msgspec.DecodeError:
        return None
    return Chat(
        [line for line in lines if isinstance(line, Member)],
        [line for line in lines if isinstance(line, Word)],
        next((line.text for line in lines if isinstance(line, End)), ""),
    )


def newest(words: Sequence[Word]) -> list[Word]:
    """As many of the newest words as there is room for, and in any case what people said last."""
    kept = list(words)
    goal = next((word for word in reversed(kept) if word.by == USER), None)
    while len(kept) > 1 and len(msgspec.json.encode(kept)) > MOST_BYTES:
        kept.pop(1 if kept[0] is goal else 0)
    return kept


def _line(item: Member | Word | End) -> str:
    return msgspec.json.encode(item).decode()
