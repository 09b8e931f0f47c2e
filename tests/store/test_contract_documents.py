"""The suite that every store passes, continued: documents, and what a search finds in them."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puntini.errors import Conflict, NotFound
from puntini.log.contract import Store
from puntini.log.documents import Document
from tests.store.making import NOW

pytestmark = pytest.mark.anyio


def document(document_id: str = "doc_1", title: str = "Paper", owner: str = "ana", **fields: Any) -> Document:
    """A document's record."""
    values = {"created_at": NOW, "size": 100, "passages": 1} | fields
    return Document(document_id=document_id, title=title, owner=owner, **values)


async def keep(store: Store, document_id: str, *passages: str, **fields: Any) -> Document:
    """Add a document of these passages; returns its record."""
    row = document(document_id, passages=len(passages), **fields)
    await store.add_document(row, passages)
    return row


async def found(store: Store, query: str, **how: Any) -> list[tuple[str, int]]:
    """Which passages a search finds, the best first."""
    return [(hit.document_id, hit.passage) for hit in await store.by_words(query, **how)]


# Keeping.


async def test_a_document_is_kept_as_it_was_given(store: Store) -> None:
    row = await keep(store, "doc_x", "one", "two", title="A title", source="https://example.org", size=6)

    assert await store.document("doc_x") == row
    assert await store.documents(limit=9, offset=0) == ([row], 1)


async def test_there_is_no_document_of_an_unknown_name(store: Store) -> None:
    assert await store.document("doc_none") is None
    assert await store.documents(limit=9, offset=0) == ([], 0)


async def test_documents_are_listed_with_the_newest_first(store: Store) -> None:
    for number in range(5):
        await keep(store, f"doc_{number}", "text")

    rows, total = await store.documents(limit=2, offset=1)

    assert ([row.document_id for row in rows], total) == (["doc_3", "doc_2"], 5)


async def test_documents_are_listed_by_their_owner(store: Store) -> None:
    await keep(store, "doc_1", "text", owner="ana")
    await keep(store, "doc_2", "text", owner="ben")

    rows, total = await store.documents(limit=9, offset=0, owner="ana")

    assert ([row.document_id for row in rows], total) == (["doc_1"], 1)


async def test_a_second_document_of_the_same_name_is_refused_and_changes_nothing(store: Store) -> None:
    first = await keep(store, "doc_1", "first words")

    with pytest.raises(Conflict):
        await keep(store, "doc_1", "second words")

    assert await store.document("doc_1") == first
    assert (await found(store, "second"), await found(store, "first")) == ([], [("doc_1", 0)])


async def test_of_many_that_add_one_name_at_once_one_does(store: Store) -> None:
    tries = [keep(store, "doc_1", *[f"try{number} word"] * 40) for number in range(5)]

    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 4 + ["Document"]
    assert len(await store.by_words("word", limit=999)) == 40


async def test_a_removed_document_is_gone_with_every_passage(store: Store) -> None:
    await keep(store, "doc_1", *(f"passage {number}" for number in range(100)))
    kept = await keep(store, "doc_2", "passage that stays")

    await store.remove_document("doc_1")

    assert await store.document("doc_1") is None
    assert await store.documents(limit=9, offset=0) == ([kept], 1)
    assert await found(store, "passage", limit=999) == [("doc_2", 0)]
    assert await found(store, "42") == []


async def test_a_removed_name_can_be_given_again(store: Store) -> None:
    await keep(store, "doc_1", *["old"] * 40)
    await store.remove_document("doc_1")

    await keep(store, "doc_1", "new")

    assert (await found(store, "old"), await found(store, "new")) == ([], [("doc_1", 0)])


async def test_removing_no_document_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.remove_document("doc_none")


async def test_a_document_is_to_be_seen_as_a_whole_or_not_at_all(store: Store) -> None:
    adding = asyncio.ensure_future(keep(store, "doc_1", *["needle"] * 500))
    counts = set()
    while not adding.done():
        counts.add(len(await store.by_words("needle", limit=999)))
        await asyncio.sleep(0)

    assert counts <= {0, 500}
    assert len(await store.by_words("needle", limit=999)) == 500


async def test_a_document_whose_adding_is_given_up_is_not_there(store: Store) -> None:
    adding = asyncio.ensure_future(keep(store, "doc_1", *["needle"] * 2_000))
    for _ in range(20):
        await asyncio.sleep(0)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding

    assert (await store.document("doc_1"), await found(store, "needle")) == (None, [])
    await keep(store, "doc_1", "haystack")
    assert await found(store, "needle haystack") == [("doc_1", 0)]


# Searching.


async def test_a_hit_says_where_it_is_and_what_it_says(store: Store) -> None:
    await keep(store, "doc_1", "apples are red", "pears are green", title="Fruit")

    (hit,) = await store.by_words("green")

    assert (hit.document_id, hit.title, hit.passage, hit.text) == ("doc_1", "Fruit", 1, "pears are green")
    assert hit.score > 0


async def test_any_word_is_enough_and_more_words_are_better(store: Store) -> None:
    await keep(store, "doc_1", "red apples", "green pears", "green apples", "blue plums", "grey stones")

    assert await found(store, "green apples") in (
        [("doc_1", 2), ("doc_1", 0), ("doc_1", 1)],
        [("doc_1", 2), ("doc_1", 1), ("doc_1", 0)],
    )


async def test_a_rare_word_counts_more_than_a_common_one(store: Store) -> None:
    await keep(store, "doc_1", "plan alpha", "plan beta", "plan gamma", "risk delta", "team epsilon", "cost zeta")

    assert (await found(store, "plan risk"))[0] == ("doc_1", 3)


async def test_a_short_passage_about_a_word_goes_before_a_long_one_that_names_it(store: Store) -> None:
    filler = " ".join(f"filler{number}" for number in range(200))
    await keep(store, "doc_1", f"{filler} budget {filler}", "the budget", *["something else"] * 8)

    assert await found(store, "budget") == [("doc_1", 1), ("doc_1", 0)]


async def test_scores_fall_from_the_first_to_the_last(store: Store) -> None:
    await keep(store, "doc_1", *(f"{'word ' * number}and other things" for number in range(1, 20)), *["none"] * 30)

    scores = [hit.score for hit in await store.by_words("word", limit=99)]

    assert len(scores) == 19
    assert scores == sorted(scores, reverse=True)


async def test_no_more_is_found_than_was_asked_for(store: Store) -> None:
    await keep(store, "doc_1", *["word"] * 50)

    assert len(await store.by_words("word")) == 10
    assert len(await store.by_words("word", limit=3)) == 3


async def test_a_document_s_title_is_found_too(store: Store) -> None:
    await keep(store, "doc_1", "what it says", title="Retention")

    assert await found(store, "retention") == [("doc_1", 0)]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Résumé of the project", "resume"),
        ("resume of the project", "RÉSUMÉ"),
        ("re\u0301sume\u0301", "résumé"),
        ("Ångström", "angstrom"),
        ("the Straße here", "straße"),
        ("a snake_case_name", "case"),
        ("dash-separated words", "separated"),
        ("ends here.", "here"),
        ("任务 完成", "任务"),
        ("version 2026", "2026"),
        ("a\0null\0byte", "null"),
    ],
)
async def test_capitals_diacritics_and_punctuation_do_not_matter(store: Store, text: str, query: str) -> None:
    await keep(store, "doc_1", text)

    assert await found(store, query) == [("doc_1", 0)]


async def test_a_text_comes_back_as_it_was(store: Store) -> None:
    text = "Ünïcödé \0 \u2028 👩\u200d🚀 'quoted' \"twice\" {owner}: x* needle"
    await keep(store, "doc_1", text)

    assert [hit.text for hit in await store.by_words("needle")] == [text]


async def test_the_last_word_may_be_the_beginning_of_one(store: Store) -> None:
    await keep(store, "doc_1", "management of projects", "a manager", "nothing")

    assert set(await found(store, "manage")) == {("doc_1", 0), ("doc_1", 1)}
    assert await found(store, "manag projects") == [("doc_1", 0)]


async def test_a_whole_word_goes_before_the_beginning_of_one(store: Store) -> None:
    await keep(store, "doc_1", "planning", "plan", "planned", *["other"] * 6)

    assert (await found(store, "plan"))[0] == ("doc_1", 1)


async def test_others_documents_are_not_found_for_an_owner(store: Store) -> None:
    for owner in ("ana", "ben", "ana ben", ""):
        await keep(store, f"doc_{owner}", "the same words", owner=owner)

    assert await found(store, "words", owner="ana") == [("doc_ana", 0)]
    assert await found(store, "words", owner="") == [("doc_", 0)]
    assert await found(store, "words", owner="nobody") == []
    assert len(await found(store, "words")) == 4


async def test_an_owner_is_no_word_to_search_for(store: Store) -> None:
    await keep(store, "doc_1", "text", owner="ana")

    assert await found(store, "ana " + "o" + b"ana".hex()) == []


ODD = [
    "",
    " \n\t",
    '"',
    "'",
    '"unclosed',
    "*",
    "needle*",
    "^needle",
    "-needle",
    "text:needle",
    "{title text}: needle",
    "owner:ana",
    "NEAR(needle other)",
    "needle AND",
    "AND OR NOT",
    "(needle",
    "needle)",
    "needle; DROP TABLE passages",
    "needle -- comment",
    "%s ? ?1 :name @x $y",
    "\0needle\0",
    "👩\u200d🚀 needle",
    "\ud800 needle",
    "\u0301\u0301",
    "needle " * 20_000,
    "x" * 100_000,
    " ".join(f"word{number}" for number in range(20_000)),
]


@pytest.mark.parametrize("query", ODD, ids=lambda query: ascii(query[:20]))
async def test_any_text_is_a_query(store: Store, query: str) -> None:
    await keep(store, "doc_1", "a needle in the haystack")

    hits = await found(store, query)

    assert hits == ([("doc_1", 0)] if "needle" in query else [])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), queries=st.lists(st.text() | st.text(alphabet='ab"*()^-:{} \0'), max_size=5))
async def test_no_text_and_no_query_is_too_odd(store: Store, text: str, queries: list[str]) -> None:
    name = f"doc_{os.urandom(8).hex()}"
    await keep(store, name, text)

    for query in queries:
        for hit in await store.by_words(query, limit=99):
            assert hit.score > 0
    assert all(hit.text == text for hit in await store.by_words(text, limit=99) if hit.document_id == name)
    await store.remove_document(name)
