"""What the documents say is found, in answers of a bearable size."""

import pytest

from puntini.agent.tools.knowledge import MOST_TEXT, search_knowledge
from puntini.log.documents import Hit
from tests.agent.tools.asking import Asker, Shelf, ask

pytestmark = pytest.mark.anyio
WINE = Hit("doc_1", "Cellar", 0, "The wine is in the cellar.", 2.0)
BREAD = Hit("doc_2", "Kitchen", 3, "The bread is in the kitchen.", 1.0)


async def test_passages_are_found_with_where_they_are_from() -> None:
    result = await ask(search_knowledge, Asker(documents=Shelf(WINE, BREAD)), query="wine")

    assert result.value == {
        "passages": [
            {"document_id": "doc_1", "title": "Cellar", "passage": 0, "text": "The wine is in the cellar."},
        ],
        "ranking": "words",
    }


async def test_so_many_are_given_as_are_asked_for() -> None:
    context = Asker(documents=Shelf(*[WINE] * 30))

    assert len((await ask(search_knowledge, context, query="wine")).value["passages"]) == 5
    assert len((await ask(search_knowledge, context, query="wine", limit=20)).value["passages"]) == 20
    assert (await ask(search_knowledge, context, query="wine", limit=21)).error.startswith("arguments.limit: ")
    assert (await ask(search_knowledge, context, query="")).error.startswith("arguments.query: ")


async def test_nothing_found_is_an_answer() -> None:
    assert (await ask(search_knowledge, query="unicorn")).value == {"passages": [], "ranking": "words"}


async def test_what_was_not_as_it_should_be_is_told() -> None:
    shelf = Shelf(WINE)
    shelf.note = "The embedder failed."

    answer = (await ask(search_knowledge, Asker(documents=shelf), query="wine")).value

    assert (len(answer["passages"]), answer["note"]) == (1, "The embedder failed.")


async def test_long_passages_share_the_room() -> None:
    long = Hit("doc_3", "Saga", 0, "wine " * MOST_TEXT, 1.0)

    passages = (await ask(search_knowledge, Asker(documents=Shelf(long, long)), query="wine")).value["passages"]

    assert [len(each["text"]) for each in passages] == [pytest.approx(MOST_TEXT // 2, abs=50)] * 2
    assert passages[0]["text"].endswith("characters were left out)")
