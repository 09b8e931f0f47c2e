"""Somebody's embedder, called within bounds, and the passages that get their vectors behind everything else."""

import asyncio
import math
import struct
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.log.contract import Store
from puntini.log.documents import Document
from puntini.log.embedding import Embedder, EmbedderFailed, packed
from puntini.log.filling import Filling
from puntini.store.memory import MemoryStore
from puntini.store.open import open_store

pytestmark = pytest.mark.anyio
DEADLINE_SECONDS = 20.0


def lengths(texts: list[str]) -> list[list[float]]:
    """An embedder that goes by how long a text is."""
    return [[float(len(text)), 1.0] for text in texts]


async def keep(store: Store, name: str, *passages: str) -> None:
    """Add a document."""
    row = Document(document_id=name, owner="ana", title="T", created_at=1, size=1, passages=len(passages))
    await store.add_document(row, passages)


@asynccontextmanager
async def filling(store: Store, embedder: Embedder) -> AsyncIterator[None]:
    """What fills vectors in, at work."""
    store.embedder = embedder
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Filling(store, embedder, least_pause=0.01).run)
        yield
        tasks.cancel_scope.cancel()
    embedder.close()


async def until(so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while not so():
            await anyio.sleep(0.001)


# Calling.


async def test_a_plain_function_is_called_in_a_thread_of_its_own_one_call_at_a_time() -> None:
    threads = []
    inside = 0
    most = 0

    def note(texts: list[str]) -> list[list[float]]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threads.append(threading.current_thread().name)
        inside -= 1
        return lengths(texts)

    embedder = Embedder("noting", note)
    await asyncio.gather(*[embedder.query("x") for _ in range(5)])
    embedder.close()

    assert {name.startswith("puntini-embedder") for name in threads} == {True}
    assert most == 1


async def answering(texts: list[str]) -> list[list[float]]:
    """An asynchronous embedder."""
    await asyncio.sleep(0)
    return lengths(texts)


class Model:
    """An embedder that is an object."""

    async def __call__(self, texts: list[str]) -> list[list[float]]:
        """Answer."""
        return await answering(texts)


@pytest.mark.parametrize("function", [lengths, answering, Model(), lambda texts: answering(texts)])
async def test_whatever_can_be_called_makes_vectors(function: Callable[[list[str]], Any]) -> None:
    embedder = Embedder("e", function)

    assert await embedder.space() == "e 2"
    assert struct.unpack("<4f", await embedder.passages(["", "x"])) == pytest.approx([0, 1, 0.5**0.5, 0.5**0.5])
    embedder.close()


async def test_one_that_takes_too_long_is_given_up_and_nobody_else_waits() -> None:
    release = threading.Event()
    embedder = Embedder("slow", lambda texts: release.wait(DEADLINE_SECONDS) and lengths(texts), query_seconds=0.05)
    try:
        with pytest.raises(EmbedderFailed, match=r"The embedder slow took longer than 0\.05 seconds"):
            await embedder.query("x")
        with pytest.raises(EmbedderFailed, match="failed a moment ago"):
            await embedder.query("x")
    finally:
        release.set()
        embedder.close()


async def test_after_a_rest_it_is_asked_again() -> None:
    answers = iter([[], lengths(["x"])])
    embedder = Embedder("moody", lambda _texts: next(answers), query_seconds=0.02)
    with pytest.raises(EmbedderFailed):
        await embedder.query("x")
    await anyio.sleep(0.03)

    assert len(await embedder.query("x")) == 8
    embedder.close()


@pytest.mark.parametrize(
    "answer",
    [None, 7, [], [[1.0]], [[1.0], [1.0, 2.0]], [[], []], [["x"], ["y"]], [[math.nan], [1.0]], [[math.inf], [1.0]]],
)
async def test_what_are_no_vectors_for_the_texts_is_a_failure(answer: Any) -> None:
    embedder = Embedder("odd", lambda _texts: answer)

    with pytest.raises(EmbedderFailed, match=r"The embedder odd failed \((Type|Value)Error\)\."):
        await embedder.passages(["a", "b"])
    embedder.close()


numbers = st.floats(-1e300, 1e300)


@given(st.integers(1, 20).flatmap(lambda size: st.lists(st.lists(numbers, min_size=size, max_size=size), min_size=1)))
def test_a_vector_is_kept_at_the_length_of_one(vectors: list[list[float]]) -> None:
    for vector, body in zip(vectors, packed(vectors, len(vectors)), strict=True):
        kept = struct.unpack(f"<{len(vector)}f", body)
        assert math.hypot(*kept) == pytest.approx(1.0 if any(vector) else 0.0, abs=1e-3)


# Filling in.


async def test_what_is_there_and_what_is_brought_gets_its_vectors() -> None:
    store = MemoryStore()
    await keep(store, "before", *["x"] * 70)
    embedder = Embedder("lengths", lengths)

    async with filling(store, embedder):
        await until(lambda: not embedder.behind)
        assert await store.bare("lengths 2", -1) is None
        await keep(store, "after", "y")
        assert embedder.behind
        await until(lambda: not embedder.behind)
        assert await store.bare("lengths 2", -1) is None


async def test_while_it_fails_it_is_tried_again_and_then_all_is_filled() -> None:
    calls = 0

    def failing_at_first(texts: list[str]) -> list[list[float]]:
        nonlocal calls
        calls += 1
        if calls <= 3:
            raise OSError("away")
        return lengths(texts)

    store = MemoryStore()
    await keep(store, "doc_1", *["x"] * 100)
    embedder = Embedder("late", failing_at_first)

    async with filling(store, embedder):
        await until(lambda: not embedder.behind)

    assert await store.bare("late 2", -1) is None


async def test_a_passage_that_can_not_be_embedded_holds_no_other_up() -> None:
    def choosy(texts: list[str]) -> list[list[float]]:
        if "T\npoison" in texts:
            raise ValueError("not this one")
        return lengths(texts)

    store = MemoryStore()
    for name, text in (("doc_1", "poison"), ("doc_2", "x"), ("doc_3", "y")):
        await keep(store, name, text)
    embedder = Embedder("choosy", choosy)

    async with filling(store, embedder):
        with anyio.fail_after(DEADLINE_SECONDS):
            while len(await store.nearest("choosy 2", struct.pack("<2f", 1, 0))) < 2:
                await anyio.sleep(0.001)
        bare = await store.bare("choosy 2", -1)

    assert bare is not None
    assert bare.texts == ["T\npoison"]
    assert embedder.behind


async def test_after_a_restart_it_goes_on_where_it_was(tmp_path: Path) -> None:
    path = str(tmp_path / "puntini.db")
    asked: list[str] = []

    def going_on(texts: list[str]) -> list[list[float]]:
        asked.extend(texts)
        return lengths(texts)

    def stopping(texts: list[str]) -> list[list[float]]:
        if len(asked) >= 64:
            raise OSError("away")
        return going_on(texts)

    store = await open_store(path)
    await keep(store, "doc_1", *(f"passage {number}" for number in range(200)))
    async with filling(store, Embedder("e", stopping)):
        await until(lambda: len(asked) >= 64)
    await store.close()
    first = [text for text in asked if text != "puntini"]

    store = await open_store(path)
    asked.clear()
    embedder = Embedder("e", going_on)
    async with filling(store, embedder):
        await until(lambda: not embedder.behind)
    again = {text for text in asked if text != "puntini"}

    assert await store.bare("e 2", -1) is None
    await store.close()
    assert 200 - len(first) <= len(again) <= 200 - len(first) + 32
    assert len(again | set(first)) == 200
