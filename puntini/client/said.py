"""What the agents of a task have said so far, and what of it stands."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Event = Mapping[str, Any]


class Piece(NamedTuple):
    """A part of a text, or all of it, and its place in the log."""

    seq: int
    key: str
    text: str
    offset: int | None
    agent: str


class Said:
    """Texts that come in pieces, each by its key, in the order in which they began."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.agents: dict[str, str] = {}
        self._pieces: list[Piece] = []

    def take(self, key: str, event: Event) -> tuple[str, str]:
        """Take a piece in; the text before, and with it."""
        data = event["data"]
        offset = data.get("offset", 0) if data.get("chunk") else None
        piece = Piece(_seq(event.get("id", "")), key, str(data["text"]), offset, str(event.get("agent", "")))
        self._pieces.append(piece)
        return self.texts.get(key, ""), self._add(piece)

    def retract(self, data: Mapping[str, Any]) -> None:
        """Forget what a dead attempt has said in vain."""
        first, last = _seq(data["from_id"]), _seq(data["to_id"])
        self._pieces = [piece for piece in self._pieces if not first <= piece.seq <= last]
        self.texts.clear()
        for piece in self._pieces:
            self._add(piece)

    def _add(self, piece: Piece) -> str:
        """The text with a piece. What begins before the text's end replaces what was there."""
        before = self.texts.get(piece.key, "")
        whole = piece.text if piece.offset is None else before[: piece.offset] + piece.text
        self.texts[piece.key] = whole
        self.agents[piece.key] = piece.agent
        return whole


def _seq(id_: object) -> int:
    """An id's place in the log."""
    number = str(id_).rpartition(".")[2]
    return int(number) if number.isdecimal() else 0
