"""Pages that lead from block to block are followed, in a folder of their own and against a real server."""

import shutil
import socket
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import BLOCKS, Block
from tests.docs.reader import DOES, has_the_sdk, reading
from tests.live.serving import ROOT

pytestmark = [
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
    pytest.mark.timeout(150),  # a page starts a dozen programs, one after the other
]
PAGES = {page: list(blocks) for page, blocks in groupby(BLOCKS, lambda block: block.page)}
LED = {page: blocks for page, blocks in PAGES.items() if any(DOES.match(block.word) for block in blocks)}


def test_every_word_above_a_block_is_one_that_is_known() -> None:
    words = {block.word for block in BLOCKS if block.word}

    assert {word for word in words if not DOES.match(word) and not word.startswith(("part: ", "begin: "))} == set()


def test_the_beginners_pages_are_followed() -> None:
    assert {ROOT / "docs/quick-start.md", ROOT / "docs/tutorial.md"} <= LED.keys()


def led() -> list[Any]:
    """The pages to follow. Beginners' come with every run of the tests, how-tos with all of them."""
    return [
        pytest.param(page, id=page.stem, marks=pytest.mark.slow if page.parent.name == "how-to" else ()) for page in LED
    ]


@pytest.mark.parametrize("page", led())
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    with reading(tmp_path, free_port()) as reader:
        for block in LED[page]:
            if can_be_done(block):
                reader.do(block)


def test_a_page_that_does_not_come_to_what_it_says_is_found_out(tmp_path: Path) -> None:
    page = ROOT / "README.md"
    with reading(tmp_path, free_port()) as reader:
        reader.do(Block(page, 1, "sh", "run", "A=one\necho $A\n"))
        reader.do(Block(page, 2, "sh", "run", "echo $A and two\n"))
        reader.do(Block(page, 3, "text", "prints", "one…two\n"))

        with pytest.raises(AssertionError, match="is not like"):
            reader.do(Block(page, 4, "text", "prints", "three\n"))
        with pytest.raises(AssertionError, match="false"):
            reader.do(Block(page, 5, "sh", "run", "false\n"))


def can_be_done(block: Block) -> bool:
    """Whether this machine has what a block takes."""
    takes_node = block.word.endswith((".ts", "follow"))
    return bool(DOES.match(block.word)) and (has_the_sdk() or not takes_node)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
