import pytest

from puntini.errors import NotAcceptable
from puntini.transport.negotiate import Form, choose
from tests.transport.serving import Server, stream_of, thought

pytestmark = pytest.mark.anyio

SSE, NDJSON, JSON = "text/event-stream", "application/x-ndjson", "application/json"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "sse"),
        ("*/*", "sse"),
        (SSE, "sse"),
        ("TEXT/EVENT-STREAM", "sse"),
        (NDJSON, "ndjson"),
        (JSON, "page"),
        ("application/json; charset=utf-8", "page"),
        ("text/*", "sse"),
        ("application/*", "ndjson"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "sse"),
        (f"{SSE};q=0.5, {JSON}", "page"),
        (f"{SSE}; q=0.5 , {NDJSON};q=0.9,{JSON};q=0.7", "ndjson"),
        (f"{JSON}, {SSE}", "sse"),
        (f"{JSON}, */*", "page"),
        (f"{JSON}, */*;q=0.1", "page"),
        (f"*/*, {SSE};q=0", "ndjson"),
        (f"{SSE};q=0, {JSON}", "page"),
        (f"{SSE};q=broken, {JSON};q=0.1", "page"),
        (" , ,", "sse"),
    ],
)
def test_the_best_of_what_is_accepted_is_chosen(accept: str, form: Form) -> None:
    assert choose(accept) == form


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{SSE};q=0", "*/*;q=0", f"{JSON};q=0.0", "nonsense"])
def test_what_cannot_be_produced_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose(accept)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "text/event-stream; charset=utf-8"),
        ("*/*", "text/event-stream; charset=utf-8"),
        (NDJSON, NDJSON),
        (JSON, JSON),
    ],
)
async def test_a_stream_is_answered_in_the_form_that_was_asked_for(
    server: Server, accept: str | None, media: str
) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session), {"Accept": accept} if accept else None) as stream:
        await stream.until(lambda: stream.sent)

        assert (stream.status, stream.headers["content-type"]) == (200, media)


async def test_another_form_is_refused_with_406(server: Server) -> None:
    session = await server.session()

    refusal = await server.answer("GET", stream_of(session), {"Accept": "text/html"})

    assert (refusal.status, refusal.json()["code"]) == (406, "not_acceptable")
    assert refusal.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("accept", [SSE, NDJSON, JSON])
async def test_head_gives_headers_only(server: Server, accept: str) -> None:
    session = await server.session(thought())

    head = await server.answer("HEAD", stream_of(session), {"Accept": accept})

    assert (head.status, head.body, head.whole) == (200, b"", True)
    assert head.headers["puntini-cursor"] == f"{server.epoch}.1"
    assert head.headers["content-type"].startswith(accept)


async def test_head_does_not_wait_for_news(server: Server) -> None:
    session = await server.session(thought())

    head = await server.answer("HEAD", stream_of(session, "after=now&wait=60"), {"Accept": JSON})

    assert (head.status, head.body) == (200, b"")


async def test_head_of_what_is_not_there_says_so_without_a_body(server: Server) -> None:
    head = await server.answer("HEAD", stream_of("nobody"))

    assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("where", ["/v1/sessions/{session}/stream", "/v1/tasks/{task}/stream"])
async def test_a_stream_can_only_be_got(server: Server, method: str, where: str) -> None:
    session = await server.session()
    task = await server.begin(session)

    refusal = await server.answer(method, where.format(session=session, task=task))

    assert (refusal.status, refusal.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
