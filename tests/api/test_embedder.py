"""An embedder in the server: what stops the start, and what a search says of it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import anyio
import pytest

from puntini.app import create_app
from puntini.errors import Misconfigured
from puntini.log.documents import Document
from puntini.settings import Settings
from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api, problem, serving

pytestmark = pytest.mark.anyio
MODULE = '''
    from puntini.agent.tools.registry import tool

    LETTERS = "abcdefghijklmnopqrstuvwxyz"
    away = False

    def letters(texts):
        if away:
            raise OSError("https://user:secret@example.org is away")
        return [[float(text.lower().count(letter)) for letter in LETTERS] for text in texts]

    async def vowels(texts):
        return [[float(text.lower().count(letter)) for letter in "aeiou"] for text in texts]

    number = 7
    class Model: ...

    def nobody(): ...

    @tool
    def refund(texts: list[str]) -> int:
        """Give money back."""
        return 0
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A module with embedders, beside which the server is started."""
    name = f"embedders_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(dedent(MODULE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield name
    sys.modules.pop(name, None)


async def until_filled(api: Api, query: str = "x") -> None:
    """Wait until all passages have their vectors."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while (await api.get(f"/v1/search?q={query}"))["note"]:
            await anyio.sleep(POLL_SECONDS)


async def bring(api: Api, title: str, text: str) -> None:
    """Add a document."""
    await api.post("/v1/documents", {"title": title, "text": text})


@pytest.mark.parametrize("function", ["letters", "vowels"])
async def test_a_search_goes_by_words_and_by_vectors_and_says_so(module: str, function: str) -> None:
    async with serving(embedder=f"{module}:{function}") as api:
        await bring(api, "A", "banana")
        await bring(api, "B", "cherry")
        await until_filled(api)
        answer = await api.get("/v1/search?q=bananana")

    assert (answer["ranking"], answer["note"]) == ("words and vectors", "")
    assert [hit["title"] for hit in answer["items"]] == ["A", "B"]


async def test_without_an_embedder_a_search_says_that_it_went_by_words(api: Api) -> None:
    assert await api.get("/v1/search?q=x") == {"items": [], "ranking": "words", "note": ""}


async def test_an_embedder_that_fails_is_told_without_its_secrets_and_adding_goes_on(module: str) -> None:
    async with serving(embedder=f"{module}:letters") as api:
        sys.modules[module].away = True  # type: ignore[attr-defined]
        await bring(api, "A", "banana")
        answer = await api.get("/v1/search?q=banana")

    assert ([hit["title"] for hit in answer["items"]], answer["ranking"]) == (["A"], "words")
    assert answer["note"].startswith(f"The embedder {module}:letters failed")
    assert "secret" not in answer["note"]


async def test_another_embedder_makes_all_vectors_anew(module: str, tmp_path: Path) -> None:
    store = tmp_path / "puntini.db"
    async with serving(store=store) as api:
        await bring(api, "A", "banana")
    for spec in ("letters", "vowels", "letters"):
        async with serving(store=store, embedder=f"{module}:{spec}") as api:
            await until_filled(api)
            assert (await api.get("/v1/search?q=banan"))["items"][0]["title"] == "A"
            assert await api.parts.store.bare(f"{module}:{spec} {26 if spec == 'letters' else 5}", -1) is None


async def test_what_is_others_is_not_near_either(module: str) -> None:
    async with serving(embedder=f"{module}:letters") as api:
        await bring(api, "Mine", "banana")
        theirs = Document(document_id="doc_x", owner="ben", title="Theirs", created_at=1, size=1, passages=1)
        await api.parts.store.add_document(theirs, ["banana"])
        await until_filled(api)
        answer = await api.get("/v1/search?q=banana")

    assert [hit["title"] for hit in answer["items"]] == ["Mine"]


SENTENCES = {
    "nothing": "`nothing` names no embedder; write module:attribute.",
    "{}:none": "The embedder {}:none is not there: the module {} has no `none`.",
    "{}:number": "The embedder {}:number is int; give a function",
    "{}:Model": "The embedder {}:Model is a class; give a function",
    "{}:refund": "The embedder {}:refund is a tool; give a function",
    "{}:nobody": "The embedder {}:nobody is a function of something else; give a function",
    "no_such_module:f": "The embedder no_such_module:f is not there: there is no module `no_such_module` in /",
}


@pytest.mark.parametrize("spec", SENTENCES)
def test_what_is_no_embedder_stops_the_start_with_a_sentence(module: str, spec: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        create_app(Settings(embedder=spec.replace("{}", module)))

    assert caught.value.message.startswith(SENTENCES[spec].replace("{}", module))


def test_without_numpy_the_start_says_what_to_install(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "puntini.store.nearest", raising=False)
    monkeypatch.setitem(sys.modules, "numpy", None)

    with pytest.raises(Misconfigured, match=r"needs numpy: pip install 'puntini\[embeddings\]'"):
        create_app(Settings(embedder=f"{module}:letters"))


async def test_a_query_is_still_checked(module: str) -> None:
    async with serving(embedder=f"{module}:letters") as api:
        problem(await api.ask("GET", "/v1/search"), 400, "invalid")
