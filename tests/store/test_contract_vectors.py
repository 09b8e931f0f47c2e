"""The suite that every store passes, continued: vectors of passages, and searches that go by words and by them."""

import asyncio
import struct
from itertools import pairwise

import pytest

from puntini.log.contract import Store
from puntini.log.documents import VECTORS_A_ROW
from puntini.log.embedding import Embedder, EmbedderFailed, packed
from tests.store.test_contract_documents import keep

pytestmark = pytest.mark.anyio
SPACE = "colours 2"
COLOURS = {"red": (1.0, 0.0), "orange": (0.9, 0.3), "purple": (0.6, 0.8), "blue": (0.0, 1.0)}


def colours(texts: list[str]) -> list[list[float]]:
    """An embedder that knows four colours, by whatever word comes last."""
    return [list(COLOURS.get(text.split()[-1], (-1.0, -1.0))) for text in texts]


async def fill(store: Store, space: str = SPACE) -> int:
    """Give all passages their vectors; returns how many gaps there were."""
    after, gaps = -1, 0
    while bare := await store.bare(space, after):
        await store.add_vectors(space, bare.place, b"".join(packed(colours(bare.texts), len(bare.texts))))
        after, gaps = bare.place, gaps + 1
    return gaps


async def near(store: Store, colour: str, *, space: str = SPACE, limit: int = 9, owner: str | None = None) -> list[str]:
    """The texts nearest to a colour."""
    [vector] = packed(colours([colour]), 1)
    return [hit.text for hit in await store.nearest(space, vector, limit=limit, owner=owner)]


async def test_the_nearest_come_first(store: Store) -> None:
    await keep(store, "doc_1", "blue", "red", title="Paint")
    await keep(store, "doc_2", "purple", "orange")
    await fill(store)

    assert await near(store, "red") == ["red", "orange", "purple", "blue"]
    assert await near(store, "blue", limit=2) == ["blue", "purple"]
    [vector] = packed(colours(["red"]), 1)
    (hit,) = await store.nearest(SPACE, vector, limit=1)
    assert (hit.document_id, hit.title, hit.passage) == ("doc_1", "Paint", 1)
    assert hit.score == pytest.approx(1.0)


async def test_without_vectors_nothing_is_near(store: Store) -> None:
    await keep(store, "doc_1", "red")

    assert await near(store, "red") == []


async def test_others_passages_are_not_near_for_an_owner(store: Store) -> None:
    for owner in ("ana", "ben"):
        await keep(store, f"doc_{owner}", f"{owner}'s red", owner=owner)
    await fill(store)

    assert await near(store, "red", owner="ana") == ["ana's red"]
    assert await near(store, "red", owner="nobody") == []
    assert sorted(await near(store, "red")) == ["ana's red", "ben's red"]


async def test_vectors_of_another_space_are_never_mixed_in_and_are_replaced(store: Store) -> None:
    await keep(store, "doc_1", "red")
    await fill(store)
    await keep(store, "doc_2", "red too red")
    await fill(store, "others 2")
    await keep(store, "doc_3", "red as well red")
    await fill(store)

    assert await near(store, "red", space="others 2") == []
    assert len(await near(store, "red")) == 3, "the newer space took the place of the older, and was replaced in turn"


async def test_what_lacks_vectors_is_told_in_parts_and_in_order(store: Store) -> None:
    count = 2 * VECTORS_A_ROW + 3
    await keep(store, "doc_1", *(f"passage {number}" for number in range(count)), title="T")
    await keep(store, "doc_2", "one more", title="U")

    found = []
    after = -1
    while bare := await store.bare(SPACE, after):
        found.append(bare)
        after = bare.place

    assert [len(bare.texts) for bare in found] == [VECTORS_A_ROW, VECTORS_A_ROW, 3, 1]
    assert [text for bare in found for text in bare.texts] == [
        *(f"T\npassage {number}" for number in range(count)),
        "U\none more",
    ]
    assert all(earlier.place < later.place for earlier, later in pairwise(found))


async def test_of_a_long_document_every_passage_has_its_own_vector(store: Store) -> None:
    texts = [f"{number} {list(COLOURS)[number % 4]}" for number in range(3 * VECTORS_A_ROW)]
    await keep(store, "doc_1", *texts)
    assert await fill(store) == 3

    assert set(await near(store, "red", limit=len(texts) // 4)) == {text for text in texts if text.endswith("red")}


async def test_what_has_its_vectors_lacks_none_until_there_is_more(store: Store) -> None:
    await keep(store, "doc_1", "red")
    await fill(store)
    assert await store.bare(SPACE, -1) is None

    await keep(store, "doc_2", "blue")

    assert (bare := await store.bare(SPACE, -1)) is not None
    assert bare.texts == ["Paper\nblue"]


async def test_a_removed_document_is_near_nobody_and_takes_no_vectors(store: Store) -> None:
    await keep(store, "doc_1", *["red"] * 200)
    await fill(store)
    await keep(store, "doc_2", "red")
    bare = await store.bare(SPACE, -1)
    assert bare is not None
    for name in ("doc_1", "doc_2"):
        await store.remove_document(name)

    await store.add_vectors(SPACE, bare.place, struct.pack("<2f", 1, 0))
    await keep(store, "doc_3", "blue")

    assert await near(store, "red") == []
    assert await fill(store) == 1


# Searching by both.


async def test_without_an_embedder_words_decide_and_that_is_told(store: Store) -> None:
    await keep(store, "doc_1", "red", "blue")

    found = await store.search("red")

    assert ([hit.text for hit in found.hits], found.ranking, found.note) == (["red"], "words", "")


async def test_with_one_what_is_found_by_words_and_by_nearness_comes_first(store: Store) -> None:
    store.embedder = Embedder("colours", colours)
    await keep(store, "doc_1", "the sea is blue", "the rose is red", "a rose in orange", "purple")
    await fill(store)
    store.embedder.behind = False

    found = await store.search("rose red")

    assert (found.ranking, found.note) == ("words and vectors", "")
    assert [hit.text for hit in found.hits] == ["the rose is red", "a rose in orange", "purple", "the sea is blue"]
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert len((await store.search("rose red", limit=2)).hits) == 2
    assert (await store.search("rose red", owner="ben")).hits == []


async def test_while_vectors_are_missing_that_is_told_and_words_find_the_rest(store: Store) -> None:
    store.embedder = Embedder("colours", colours)
    await keep(store, "doc_1", "red")

    found = await store.search("red")

    assert ([hit.text for hit in found.hits], found.ranking) == (["red"], "words and vectors")
    assert found.note == "Some passages have no vectors yet, and are found by their words only."


async def test_an_embedder_that_fails_is_told_and_words_decide(store: Store) -> None:
    def failing(_texts: list[str]) -> list[list[float]]:
        raise ValueError("a key that is secret")

    store.embedder = Embedder("failing", failing)
    await keep(store, "doc_1", "red", "blue")

    notes = []
    for _ in range(2):
        found = await store.search("red")
        notes.append(found.note)
        assert ([hit.text for hit in found.hits], found.ranking) == (["red"], "words")

    assert notes == [
        "The embedder failing failed (ValueError). The passages were found by their words only.",
        "The embedder failing failed a moment ago. The passages were found by their words only.",
    ]


async def test_a_blank_query_is_not_embedded(store: Store) -> None:
    asked: list[list[str]] = []

    def noting(texts: list[str]) -> list[list[float]]:
        asked.append(texts)
        return colours(texts)

    store.embedder = Embedder("noting", noting)
    await keep(store, "doc_1", "red")

    assert (await store.search(" \n")).hits == []
    assert asked == []


async def test_an_embedder_that_changes_its_mind_is_refused(store: Store) -> None:
    lengths = iter([2, 3])
    embedder = store.embedder = Embedder("growing", lambda texts: [[1.0] * next(lengths) for _ in texts])
    await keep(store, "doc_1", "red")
    assert (await store.search("red")).ranking == "words and vectors"

    found = await store.search("red")

    assert found.note.startswith("The embedder growing gave vectors of 3 numbers, and before of 2; restart")
    with pytest.raises(EmbedderFailed):
        await embedder.query("red")


async def test_many_searches_at_once_are_all_answered(store: Store) -> None:
    store.embedder = Embedder("colours", colours)
    await keep(store, "doc_1", "red")
    await fill(store)

    answers = await asyncio.gather(*[store.search("red") for _ in range(30)])

    assert {found.ranking for found in answers} == {"words and vectors"}
