"""A text cut into passages: by headings, paragraphs and sentences, so that each can be read, and found, by itself.

Markdown is understood as far as cutting needs it: a heading stays with what follows it, and a fenced block of code is
kept whole where it fits. Any text will do, and takes time in proportion to its length.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

SIZE = 1_000
"""The most characters of a piece."""
OVERLAP = 120
"""The most characters of the piece before that a passage begins with."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|\r?\n|$)")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]*_]*\s+|[\u3002\uff01\uff1f]+\s*")
_BREAK = re.compile(r"\n")
_SPACE = re.compile(r"\s")
_JOINED = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


def passages(text: str) -> list[str]:
    """The passages of a text: its pieces without the blank ones, each after the end of the one before it.

    The end is a sentence or some words. Where a heading begins a piece there is none: something else begins there.
    """
    cut = pieces(text)
    found = [
        f"{'' if _HEADING.match(piece) else _tail(before)}{piece}".strip() for before, piece in pairwise(["", *cut])
    ]
    return [passage for passage, piece in zip(found, cut, strict=True) if piece.strip()]


def pieces(text: str) -> list[str]:
    """A text cut into pieces of at most ``SIZE`` characters, which joined are the text again."""
    found: list[str] = []
    piece = ""
    for block in _blocks(text):
        if piece and _begins_anew(piece, block):
            found.append(piece)
            piece = ""
        *whole, piece = _split(piece + block)
        found += whole
    return [*found, piece] if piece else found


def _begins_anew(piece: str, block: str) -> bool:
    """Whether a block begins another piece: where the piece is full, or where it is large enough for a heading to."""
    fits = len(piece) + len(block.rstrip()) <= SIZE
    return not fits or (len(piece) > SIZE // 2 and _HEADING.match(block) is not None)


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs with the blank lines behind them, headings with the paragraph that follows, blocks of code."""
    block = _Block()
    for line in _LINE.findall(text):
        if block.lines and not block.takes(line):
            yield "".join(block.lines)
            block = _Block()
        block.add(line)
    if block.lines:
        yield "".join(block.lines)


class _Block:
    """Lines that belong together, as they are collected."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._fence = ""
        self._open = True
        self._has_text = False

    def takes(self, line: str) -> bool:
        """Whether a line belongs to the block: blank ones do, and all others until it has its text and ended."""
        if self._fence or not line.strip():
            return True
        if _FENCE.match(line):
            return False
        return not self._has_text or (self._open and not _HEADING.match(line))

    def add(self, line: str) -> None:
        """Put a line at the end."""
        self.lines.append(line)
        if self._fence:
            self._close(line)
        elif opening := _FENCE.match(line):
            self._fence, self._has_text = opening[1], True
        elif not line.strip():
            self._open = False
        elif not _HEADING.match(line):
            self._has_text = self._open = True

    def _close(self, line: str) -> None:
        """End the code, where the line is a fence that does."""
        mark = line.strip()
        if len(mark) >= len(self._fence) and not mark.strip(self._fence[0]) and _FENCE.match(line):
            self._fence, self._open = "", False


def _split(text: str) -> list[str]:
    """Text in pieces that are not too long; what is left over, the last one, may be short."""
    code = _FENCE.match(text) is not None
    found: list[str] = []
    start = 0
    while len(text) - start > SIZE:
        end = _cut(text, start + SIZE // 2, start + SIZE, (_BREAK, _SPACE) if code else (_SENTENCE, _BREAK, _SPACE))
        found.append(text[start:end])
        start = end
    return [*found, text[start:]]


def _cut(text: str, least: int, most: int, marks: tuple[re.Pattern[str], ...]) -> int:
    """Where to cut between two places: behind the last mark of the best kind, else between two characters."""
    for mark in marks:
        if ends := [found.end() for found in mark.finditer(text, least, most)]:
            return ends[-1]
    return next((at for at in range(most, least, -1) if not _is_joined(text, at)), most)


def _is_joined(text: str, at: int) -> bool:
    """Whether what is on both sides of a place is seen as one character."""
    return _JOINED.match(text, at) is not None or text[at - 1] == "\u200d"


def _tail(piece: str) -> str:
    """The end of a piece: its last sentence, or the words that are not too much."""
    start = len(piece) - OVERLAP
    if start <= 0 or _FENCE.match(piece):
        return ""
    for mark in (_SENTENCE, _SPACE):
        for found in mark.finditer(piece, start, len(piece.rstrip())):
            return piece[found.end() :]
    return ""
