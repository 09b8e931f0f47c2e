"""Documents in Postgres: what is cut off leaves nothing, and a search stays bounded."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from puntini.errors import StoreUnavailable
from puntini.log.contract import Store
from puntini.store.open import open_store
from puntini.store.postgres.searches import RANKED, WORDS, indexed
from tests.store.test_contract_documents import document, found, keep

pytestmark = pytest.mark.anyio
SECONDS = 20.0


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """An empty store."""
    opened = await open_store(database)
    yield opened
    await opened.close()


async def test_a_document_whose_connection_is_cut_is_not_there(store: Store, database: str) -> None:
    adding = asyncio.ensure_future(keep(store, "doc_1", *["needle"] * 20_000))
    until = time.monotonic() + SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while not connection.execute(_END_COPY).fetchall():
            assert time.monotonic() < until
            await asyncio.sleep(0.005)

    with pytest.raises(StoreUnavailable):
        await adding

    assert (await store.document("doc_1"), await found(store, "needle")) == (None, [])
    await keep(store, "doc_1", "haystack")
    assert await found(store, "needle haystack") == [("doc_1", 0)]


_END_COPY = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'COPY passages%' AND pid <> pg_backend_pid()"""


async def test_of_a_word_that_is_in_too_many_passages_the_newest_are_ranked(store: Store) -> None:
    await keep(store, "doc_old", "common words and the only one")
    await keep(store, "doc_new", *["common"] * RANKED)

    assert {name for name, _ in await found(store, "common", limit=RANKED + 1)} == {"doc_new"}
    assert await found(store, "common only") == [("doc_old", 0)], "the rarer word decides"


async def test_a_passage_of_any_length_is_kept_and_its_first_words_are_found(store: Store) -> None:
    text = " ".join(["first", "x" * 100_000, *["often"] * WORDS, "last"])
    await keep(store, "doc_1", text)

    assert [hit.text for hit in await store.by_words("first")] == [text]
    assert await found(store, "x" * 100) == [("doc_1", 0)]
    assert await found(store, "last") == []


async def test_how_often_a_passage_has_a_word_is_what_counts(store: Store) -> None:
    passages = ["word " * times + "other " * (40 - times) for times in (1, 2, 3, 5, 8, 13, 30)]
    await keep(store, "doc_1", *passages, *["nothing of it " * 13] * 9)

    assert await found(store, "word") == [("doc_1", place) for place in (6, 5, 4, 3, 2, 1, 0)]
    [most, *_, least] = await store.by_words("word")
    assert 1.7 < most.score / least.score < 2.5, "as BM25 says: 30 times is not 30 times as good"


def test_what_the_index_takes_has_no_sign_of_its_language() -> None:
    length, words = indexed("o'wner", "Don't \\ panic: 'quoted':7 & | ! <-> *")

    assert length == 5
    assert words.split(" ", 1)[1] == "'don':1 't':2 'panic':3 'quoted':4 '7':5"


async def test_a_document_of_many_passages_holds_nobody_up(store: Store) -> None:
    adding = asyncio.ensure_future(store.add_document(document(passages=3_000), ["some words to be found"] * 3_000))
    answered = 0
    while not adding.done():
        await store.document("doc_1")
        answered += 1
    await adding

    assert answered > 20
