"""Passages get their vectors once, whichever nodes their documents were brought to."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import anyio
import pytest

from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api
from tests.api.nodes.pairs import pair_on

pytestmark = pytest.mark.anyio
MODULE = """
    embedded = []

    def letters(texts):
        embedded.extend(texts)
        return [[float(text.count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module with an embedder that says what it was asked."""
    (tmp_path / "embedder_of_nodes.py").write_text(dedent(MODULE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "embedder_of_nodes"
    sys.modules.pop("embedder_of_nodes", None)


async def until_filled(api: Api) -> None:
    """Wait until a node knows that no vector is missing."""
    with anyio.fail_after(3 * DEADLINE_SECONDS):  # which takes some beats, and a call in a thread for each step
        while (await api.get("/v1/search?q=x"))["note"]:
            await anyio.sleep(POLL_SECONDS)


async def test_one_node_fills_in_what_all_are_brought(database: str, module: str) -> None:
    async with pair_on(database, embedder=f"{module}:letters") as pair:
        for api in pair:
            await until_filled(api)
        for number in range(6):
            await pair[number % 2].post("/v1/documents", {"title": f"D{number}", "text": f"banana {number}"})
        for api in pair:
            await until_filled(api)
        found = [await api.get("/v1/search?q=bananana") for api in pair]

    assert [(each["ranking"], len(each["items"])) for each in found] == [("words and vectors", 6)] * 2
    passages = [text for text in sys.modules[module].embedded if "banana " in text]
    assert len(passages) == 6, "each was asked for once"
