"""The blocks of code in all pages, each with the word above it that says what a test does with it."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.live.serving import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(
    r"^(?:<!-- (?P<word>[^\n]*?) -->\n)?```(?P<language>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Block(Struct, frozen=True):
    """A fenced block: the page, its line, its language, what the comment right above it says, and its lines."""

    page: Path
    line: int
    language: str
    word: str
    code: str

    @property
    def name(self) -> str:
        """Where it is, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    text = page.read_text("utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        yield Block(page, line, found["language"], found["word"] or "", found["code"])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of(*languages: str) -> list[Block]:
    """The blocks in some languages."""
    return [block for block in BLOCKS if block.language in languages]
