"""Documents over HTTP: brought, listed, found, removed; each by their owner."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puntini.log.documents import Document
from tests.api.calling import Api, problem, serving

pytestmark = pytest.mark.anyio
SENTENCE = "Each sentence of this text is about as long as this one is, and says no more. "
MARKDOWN = {"content_type": "text/markdown; charset=utf-8"}


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store."""
    async with serving(store="memory:" if request.param == "memory" else tmp_path / "puntini.db") as running:
        yield running


async def bring(api: Api, title: str = "A plan", text: str = "We deliver in May.", **headers: str) -> dict[str, Any]:
    """Add a document; returns what the API says of it."""
    added: dict[str, Any] = await api.post("/v1/documents", {"title": title, "text": text}, **headers)
    return added


async def found(api: Api, query: str, **more: object) -> list[dict[str, Any]]:
    """What a search finds."""
    response = await api.http.get(
        "/v1/search", params={"q": query, **{name: str(value) for name, value in more.items()}}
    )
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_a_document_that_is_brought_is_there_and_found(api: Api) -> None:
    body = {"title": "A plan", "text": "We deliver in May.", "source": "plan.md"}
    response = await api.ask("POST", "/v1/documents", body)
    added = response.json()

    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/documents/{added['document_id']}"
    assert await api.get(response.headers["location"]) == added
    assert await api.get("/v1/documents") == {"items": [added], "total": 1}
    assert added["created_at"].endswith("Z")
    named = {name: added[name] for name in ("title", "source", "owner", "size", "passages")}
    assert named == {"title": "A plan", "source": "plan.md", "owner": "local", "size": 18, "passages": 1}
    (hit,) = await found(api, "deliver")
    assert hit.pop("score") > 0
    assert hit == {
        "document_id": added["document_id"],
        "title": "A plan",
        "passage": 0,
        "text": "We deliver in May.",
    }


@pytest.mark.parametrize("media", ["text/plain", "text/markdown", "Text/Markdown; charset=utf-8"])
async def test_a_text_can_be_the_body_itself(api: Api, media: str) -> None:
    text = "\ufeff# Ziele\n\nWir liefern im März."
    path = "/v1/documents?title=Die%20Ziele&source=ziele.md"
    response = await api.ask("POST", path, text.encode(), content_type=media)

    assert response.status_code == 201
    assert (response.json()["title"], response.json()["source"]) == ("Die Ziele", "ziele.md")
    assert [hit["text"] for hit in await found(api, "marz")] == [text[1:]]


async def test_a_long_text_is_found_in_passages(api: Api) -> None:
    text = f"{SENTENCE * 50}The needle is here. {SENTENCE * 50}"
    added = await bring(api, text=text)

    (hit,) = await found(api, "needle")
    assert added["passages"] > 7
    assert 0 < hit["passage"] < added["passages"] - 1
    assert len(hit["text"]) < 1_200


async def test_a_mebibyte_is_taken_and_more_is_not(api: Api) -> None:
    text = (SENTENCE * 14_000)[: 1 << 20].encode()
    taken = await api.ask("POST", "/v1/documents?title=Long", text, **MARKDOWN)
    refused = await api.ask("POST", "/v1/documents?title=Long", text + b"!", **MARKDOWN)

    assert (taken.status_code, taken.json()["size"]) == (201, 1 << 20)
    problem(refused, 413, "too_large")
    assert (await api.get("/v1/documents"))["total"] == 1


async def test_documents_are_listed_a_page_at_a_time_with_the_newest_first(api: Api) -> None:
    for number in range(5):
        await bring(api, f"Number {number}")

    page = await api.get("/v1/documents?limit=2&offset=1")
    assert ([item["title"] for item in page["items"]], page["total"]) == (["Number 3", "Number 2"], 5)


async def test_a_removed_document_is_gone(api: Api) -> None:
    path = f"/v1/documents/{(await bring(api))['document_id']}"

    assert (await api.ask("DELETE", path)).status_code == 204
    assert await found(api, "deliver") == []
    problem(await api.ask("GET", path), 404, "not_found")
    problem(await api.ask("DELETE", path), 404, "not_found")


async def test_a_search_gives_as_many_as_are_asked_for_and_the_best_first(api: Api) -> None:
    for number in range(30):
        await bring(api, f"Number {number}", "budget " * (number % 5 + 1) + "and other words")

    assert len(await found(api, "budget")) == 20
    scores = [hit["score"] for hit in await found(api, "budget", limit=3)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("query", ["", " ", '"', "* AND (", "-", "\0", "👩\u200d🚀", "x" * 20_000, "z " * 10_000])
async def test_any_text_is_a_query(api: Api, query: str) -> None:
    await bring(api)

    assert await found(api, query) == []


async def test_what_is_others_is_not_there(api: Api) -> None:
    row = Document(document_id="doc_1", owner="ben", title="T", created_at=0, size=1, passages=1)
    await api.parts.store.add_document(row, ["ben's secret"])

    assert await api.get("/v1/documents") == {"items": [], "total": 0}
    assert await found(api, "secret") == []
    problem(await api.ask("GET", "/v1/documents/doc_1"), 404, "not_found")
    problem(await api.ask("DELETE", "/v1/documents/doc_1"), 404, "not_found")
    assert await api.parts.store.document("doc_1") == row


# Repeats.


async def test_a_repeat_adds_nothing(api: Api) -> None:
    first = await bring(api, idempotency_key="k1")
    second = await bring(api, idempotency_key="k1")
    other = await bring(api, idempotency_key="k2")

    assert first == second
    assert first["document_id"] != other["document_id"]
    assert (await api.get("/v1/documents"))["total"] == 2


async def test_a_repeat_that_comes_at_the_same_time_adds_nothing(api: Api) -> None:
    answers: list[dict[str, Any]] = []

    async def one() -> None:
        answers.append(await bring(api, text=SENTENCE * 500, idempotency_key="k1"))

    async with anyio.create_task_group() as clients:
        for _ in range(5):
            clients.start_soon(one)

    assert len({json.dumps(answer) for answer in answers}) == 1
    assert (await api.get("/v1/documents"))["total"] == 1
    assert len(await found(api, "sentence", limit=100)) == answers[0]["passages"]


# Refusals.

REFUSED: list[tuple[object, str]] = [
    ({}, "title"),
    ({"title": "T"}, "text"),
    ({"title": "", "text": "x"}, "title"),
    ({"title": " ", "text": "x"}, "title"),
    ({"title": "T", "text": " \n"}, "text"),
    ({"title": "T", "text": 7}, "text"),
    ({"title": "T" * 201, "text": "x"}, "title"),
    ({"title": "T", "text": "x", "source": "s" * 2_001}, "source"),
    ({"title": "T", "text": "x", "tags": []}, "tags"),
]


@pytest.mark.parametrize(("body", "path"), REFUSED)
async def test_a_body_that_can_not_be_is_refused_and_its_field_named(api: Api, body: object, path: str) -> None:
    told = problem(await api.ask("POST", "/v1/documents", body), 400, "invalid")

    assert [error["path"] for error in told["errors"]] == [path]
    assert (await api.get("/v1/documents"))["total"] == 0


@pytest.mark.parametrize(
    ("query", "body", "path"),
    [("", b"x", "title"), ("?title=T", b" ", "text"), ("?title=T", b"\xff", "text"), ("?name=T", b"x", "name")],
)
async def test_a_text_that_can_not_be_is_refused_and_its_field_named(
    api: Api, query: str, body: bytes, path: str
) -> None:
    told = problem(await api.ask("POST", f"/v1/documents{query}", body, **MARKDOWN), 400, "invalid")

    assert [error["path"] for error in told["errors"]] == [path]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/v1/search", "q"),
        ("/v1/search?q=x&limit=0", "limit"),
        ("/v1/search?q=x&limit=101", "limit"),
        ("/v1/search?q=x&offset=1", "offset"),
        ("/v1/documents?limit=x", "limit"),
        ("/v1/documents?q=x", "q"),
    ],
)
async def test_a_query_that_can_not_be_is_refused_and_its_parameter_named(api: Api, address: str, path: str) -> None:
    told = problem(await api.ask("GET", address), 400, "invalid")

    assert [error["path"] for error in told["errors"]] == [path]


async def test_a_title_in_the_query_does_not_go_with_a_json_body(api: Api) -> None:
    refused = await api.ask("POST", "/v1/documents?title=T", {"title": "U", "text": "x"})

    assert problem(refused, 400, "invalid")["errors"][0]["path"] == "title"


async def test_a_key_that_is_too_long_is_refused(api: Api) -> None:
    refused = await api.ask("POST", "/v1/documents", {"title": "T", "text": "x"}, idempotency_key="k" * 129)

    problem(refused, 400, "invalid")


odd = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["\ud800", "\0", "\u2028"])


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.sampled_from(["title", "text", "source", "x"]), odd), max_size=8), st.text())
def test_odd_documents_and_queries_are_answered(bodies: list[dict[str, Any]], query: str) -> None:
    async def ask() -> None:
        async with serving() as api:
            for body in bodies:
                response = await api.ask("POST", "/v1/documents", json.dumps(body).encode())
                assert response.status_code in {201, 400}, response.text
            await found(api, httpx.QueryParams({"q": query})["q"])

    anyio.run(ask)


async def test_a_text_without_a_title_is_told_where_to_put_it(api: Api) -> None:
    told = problem(await api.ask("POST", "/v1/documents", b"We deliver in May.", **MARKDOWN), 400, "invalid")
    assert told["detail"] == "title: name the text in the address, as ?title=…"
