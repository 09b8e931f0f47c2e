"""Claude through a real server that speaks Messages: streams, retries, failures, hang-ups, and a key nobody sees."""

import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest

from puntini.agent.models.anthropic import LONGEST_WAIT, AnthropicModel
from puntini.agent.models.contract import (
    Call,
    ModelFailed,
    Piece,
    Request,
    Text,
    TextPiece,
    Thinking,
    ToolSpec,
    Turn,
    Whole,
)
from puntini.errors import Misconfigured
from tests.agent.models.messages_server import (
    SILENCE,
    Asked,
    Line,
    MessagesServer,
    Refusal,
    answer,
    event,
    refusal,
    serving,
    text,
    thinking,
    tool_use,
)

pytestmark = pytest.mark.anyio

KEY = "test-key-that-nobody-may-see"
HELLO = Request(system="Be brief.", turns=[Turn("user", [Text("Hello")])])
SOON = {"retry_after": "0.01"}


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with serving() as server:
        yield server


@asynccontextmanager
async def claude(server: MessagesServer, **options: Any) -> AsyncIterator[AnthropicModel]:
    model = AnthropicModel(**{"model": "claude-opus-5-5", "api_key": KEY, "base_url": server.url, **options})
    try:
        yield model
    finally:
        await model.aclose()


async def said(server: MessagesServer, *lines: Line, request: Request = HELLO, **options: Any) -> list[Piece]:
    """All that the model says when the server goes by these lines."""
    server.will(*lines)
    async with claude(server, **options) as model:
        return [piece async for piece in model.stream(request)]


async def failure(server: MessagesServer, *lines: Line, **options: Any) -> ModelFailed:
    """Why it does not."""
    with pytest.raises(ModelFailed) as caught:
        await said(server, *lines, **options)
    return caught.value


def words(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


async def keep(stream: AsyncIterator[Piece], pieces: list[Piece]) -> None:
    """Keep what comes, also if it ends badly."""
    async for piece in stream:
        pieces.append(piece)  # noqa: PERF401 - a comprehension would keep nothing


async def gone(asked: Asked) -> None:
    """Wait until the server has seen the client hang up."""
    with anyio.fail_after(20):
        await asked.gone.wait()


# Said.


async def test_it_streams_and_ends_with_the_whole_turn(server: MessagesServer) -> None:
    pieces = await said(server, answer(thinking("Hm.", "sig"), text("Hello."), tool_use("c1", "add", {"n": 1})))

    assert words(pieces) == "Hello."
    assert isinstance(pieces[-1], Whole)
    assert pieces[-1].stop == "calls"
    assert pieces[-1].turn.content == [Thinking("Hm.", "sig"), Text("Hello."), Call("c1", "add", {"n": 1})]
    assert [type(piece) for piece in pieces].count(Whole) == 1


@pytest.mark.parametrize("size", [1, 5, 1_000])
async def test_slow_bytes_are_put_together(server: MessagesServer, size: int) -> None:
    assert (
        words(await said(server, answer(text("Grüße – \N{GRINNING FACE}")).in_pieces_of(size)))
        == "Grüße – \N{GRINNING FACE}"
    )


async def test_a_piece_is_there_before_the_next_is_sent(server: MessagesServer) -> None:
    server.will(answer(text("Hello.")).held(after=4))
    async with claude(server) as model, aclosing(model.stream(HELLO)) as stream:
        with anyio.fail_after(20):
            assert await anext(stream) == TextPiece("H")


async def test_the_request_is_what_was_asked_with_its_history_in_order(server: MessagesServer) -> None:
    tools = [ToolSpec("add", "Adds.", {"type": "object"})]
    turns = [*HELLO.turns, Turn("assistant", [Thinking("unsigned"), Call("c1", "add", {})])]

    await said(
        server, answer(text("Hi.")), request=Request(system="S", turns=turns, tools=tools), thinking_tokens=2_000
    )

    [request] = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["stream"] is True
    assert request.body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert [each["content"][0]["type"] for each in request.body["messages"]] == ["text", "tool_use", "tool_result"]
    assert request.body["messages"][-1]["content"][0]["content"].startswith("interrupted")


async def test_requests_go_on_side_by_side(server: MessagesServer) -> None:
    found: list[str] = []
    server.will(*[answer(text("Hello."))] * 5)
    async with claude(server) as model:

        async def ask() -> None:
            found.append(words([piece async for piece in model.stream(HELLO)]))

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask)

    assert found == ["Hello."] * 5


async def test_where_nothing_was_said_nothing_is_asked(server: MessagesServer) -> None:
    assert "Nothing has been said yet" in str(await failure(server, request=Request(system="S", turns=[])))
    assert server.requests == []


async def test_requests_share_a_connection_and_an_end_that_does_not_come_is_not_waited_for(
    server: MessagesServer,
) -> None:
    whole = answer(text("Hello."))
    server.will(whole, whole.held(after=len(whole.events)), whole.cut(after=len(whole.events)))
    async with claude(server) as model:
        for _ in range(3):
            assert words([piece async for piece in model.stream(HELLO)]) == "Hello."

    assert server.connections == 2


# Asked again.

FLEETING: dict[str, Line] = {
    "overloaded": refusal(529, "Overloaded", "overloaded_error", **SOON),
    "limited": refusal(429, "Slow down.", "rate_limit_error", **SOON),
    "unavailable": refusal(503, **SOON),
    "failed": refusal(500, **SOON),
    "told so": refusal(400, x_should_retry="true", **SOON),
    "cut off at once": answer().cut(after=0),
    "cut off before a piece": answer(text("Hello.")).cut(after=3),
    "failed before a piece": answer(text("Hello.")).failing(after=2),
    "a call that can't be read": answer(tool_use("c1", "add", "{")),
}


@pytest.mark.parametrize("line", FLEETING.values(), ids=FLEETING.keys())
async def test_what_fails_before_the_first_piece_is_asked_again(server: MessagesServer, line: Line) -> None:
    told: list[tuple[float, str]] = []

    pieces = await said(server, line, answer(text("Hello.")), on_retry=lambda *why: told.append(why))

    assert words(pieces) == "Hello."
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body
    [(seconds, sentence)] = told
    assert 0 < seconds < 1
    assert sentence.startswith("The model")
    assert ". " not in sentence


async def test_it_gives_up_after_so_many_tries(server: MessagesServer) -> None:
    failed = await failure(server, *[FLEETING["overloaded"]] * 3, max_retries=2)

    assert str(failed) == "The model's provider is overloaded: try again later."
    assert failed.retryable
    assert len(server.requests) == 3


async def test_waits_grow_and_who_asks_to_be_told_is_told(server: MessagesServer) -> None:
    told: list[float] = []
    server.will(refusal(500), refusal(500))
    with anyio.CancelScope() as scope:

        def tell(seconds: float, _: str) -> None:
            told.append(seconds)
            if len(told) == 2:
                scope.cancel()

        async with claude(server) as model:
            await anext(model.telling(tell).stream(HELLO))

    first, second = told
    assert 0.25 <= first <= 0.5 <= second <= 1


async def test_it_waits_as_long_as_it_is_asked_to_but_not_for_ever(server: MessagesServer) -> None:
    told: list[float] = []
    server.will(refusal(429, retry_after="7"), refusal(429, retry_after="86400"))
    for _ in range(2):
        with anyio.CancelScope() as scope:

            def stop(seconds: float, _: str, scope: anyio.CancelScope = scope) -> None:
                told.append(seconds)
                scope.cancel()

            async with claude(server, on_retry=stop) as model:
                await anext(model.stream(HELLO))

    assert 7 <= told[0] < 8
    assert told[1] == LONGEST_WAIT


async def test_a_provider_that_says_not_to_is_not_asked_again(server: MessagesServer) -> None:
    failed = await failure(server, refusal(429, "The month's money is spent.", x_should_retry="false"))

    assert "The month's money is spent" in str(failed)
    assert not failed.retryable


async def test_where_nobody_listens_it_is_said_where(server: MessagesServer) -> None:
    failed = await failure(server, base_url="http://127.0.0.1:1", max_retries=1)

    assert str(failed) == (
        "The model's provider can't be reached at 127.0.0.1: check the network and anthropic_base_url."
    )
    assert failed.retryable


async def test_thoughts_that_are_not_accepted_any_more_are_left_out(server: MessagesServer) -> None:
    wrong = refusal(400, "messages.1.content.0: Invalid `signature` in `thinking` block.", "invalid_request_error")
    turns = [*HELLO.turns, Turn("assistant", [Thinking("Hm.", "sig"), Text("Hi.")]), *HELLO.turns]
    told: list[str] = []

    pieces = await said(
        server,
        wrong,
        answer(text("Hello.")),
        request=Request(system="Another.", turns=turns),
        max_retries=0,
        on_retry=lambda _, why: told.append(why),
    )

    assert words(pieces) == "Hello."
    assert [each["type"] for each in server.requests[1].body["messages"][1]["content"]] == ["text"]
    assert len(told) == 1


# Never said twice.


@pytest.mark.parametrize("line", [answer(text("Hello.")).cut(after=5), answer(text("Hello.")).failing(after=5)])
async def test_what_fails_after_the_first_piece_is_not_asked_again(server: MessagesServer, line: Line) -> None:
    server.will(line, answer(text("Hello again.")))
    pieces: list[Piece] = []
    async with claude(server) as model:
        with pytest.raises(ModelFailed) as caught:
            await keep(model.stream(HELLO), pieces)

    assert words(pieces) == "Hello"
    assert caught.value.retryable
    assert len(server.requests) == 1


# Stopped.


async def test_closing_it_hangs_up(server: MessagesServer) -> None:
    server.will(answer(text("Hello.")).held(after=5))
    async with claude(server) as model:
        async with aclosing(model.stream(HELLO)) as stream:
            assert await anext(stream) == TextPiece("H")
        await gone(server.requests[0])


@pytest.mark.parametrize("line", [answer(text("Hello.")).held(after=5), answer().held(after=0), SILENCE])
async def test_cancelling_it_hangs_up(server: MessagesServer, line: Line) -> None:
    server.will(line)
    async with claude(server) as model, anyio.create_task_group() as tasks:

        async def ask() -> None:
            async for _ in model.stream(HELLO):
                pass

        tasks.start_soon(ask)
        with anyio.fail_after(20):
            while not server.requests:
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await gone(server.requests[0])


async def test_another_request_goes_on_when_one_is_stopped(server: MessagesServer) -> None:
    server.will(answer(text("Hello.")).held(after=5), answer(text("Hello.")))
    async with claude(server) as model, aclosing(model.stream(HELLO)) as stopped:
        await anext(stopped)
        other = model.stream(HELLO)
        first = await anext(other)
        await stopped.aclose()

        assert words([first, *[piece async for piece in other]]) == "Hello."


# Silence and endless talk.


@pytest.mark.parametrize("line", [SILENCE, answer().held(after=0), answer(text("Hello.")).held(after=5)])
async def test_silence_is_not_borne_for_ever(server: MessagesServer, line: Line) -> None:
    start = time.monotonic()

    failed = await failure(server, line, patience=0.1, max_retries=0)

    assert str(failed) == "The model's provider was silent for 0.1 seconds: try again later."
    assert failed.retryable
    assert time.monotonic() - start < 2
    await gone(server.requests[0])


async def test_an_answer_that_does_not_end_is_ended(server: MessagesServer) -> None:
    failed = await failure(server, answer(text("Hello. " * 1_000)).in_pieces_of(10), longest=0.02)

    assert "took more than 0.02 seconds" in str(failed)
    assert not failed.retryable
    await gone(server.requests[0])


async def test_a_page_instead_of_a_stream_is_not_taken_for_an_answer(server: MessagesServer) -> None:
    page = Refusal(200, b"<html>Sign in, please.</html>", {"content-type": "text/html"})

    assert "check anthropic_base_url" in str(await failure(server, page))


# Refused.


@pytest.mark.parametrize(
    ("status", "words", "sentence"),
    [
        (400, "tools.0: bad", "The model's provider refused the request with 400: tools.0: bad."),
        (
            401,
            "invalid x-api-key",
            "The model's provider does not accept the key: set PUNTINI_ANTHROPIC_API_KEY or ANTHROPIC_API_KEY.",
        ),
        (403, "Not from here.", "The model's provider refused the request with 403: Not from here."),
        (
            404,
            "model: claude-opus-5-5",
            "The model's provider has no model `claude-opus-5-5`: set anthropic_model to one that it has.",
        ),
        (
            413,
            "Too large",
            "The conversation is longer than the model takes: begin a new session, or ask about less.",
        ),
        (
            400,
            "prompt is too long: 1 > 0 tokens",
            "The conversation is longer than the model takes: begin a new session, or ask about less.",
        ),
        (422, "", "The model's provider refused the request with 422: it did not say why."),
    ],
)
async def test_a_refusal_says_what_to_do(server: MessagesServer, status: int, words: str, sentence: str) -> None:
    failed = await failure(server, refusal(status, words))

    assert str(failed) == sentence
    assert not failed.retryable
    assert len(server.requests) == 1


async def test_the_provider_s_words_are_bounded_and_on_one_line(server: MessagesServer) -> None:
    sentence = str(await failure(server, refusal(400, "no\n\n" * 10_000)))

    assert "no no no" in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize("page", [b"<html>Bad gateway</html>", b"", b"{}", b'{"error": "x"}', b"[[[", b"\xff\xfe"])
async def test_any_body_of_a_refusal_is_borne(server: MessagesServer, page: bytes) -> None:
    failed = await failure(server, Refusal(502, page), max_retries=0)

    assert str(failed).startswith("The model's provider failed with 502: try again later")


async def test_an_error_inside_the_stream_counts_as_its_status(server: MessagesServer) -> None:
    failed = await failure(server, answer().failing("authentication_error", "expired", after=1))

    assert "does not accept the key" in str(failed)
    assert not failed.retryable


@pytest.mark.parametrize("key", ["", " ", "a\nb", "schlüssel"])
def test_without_a_key_that_can_be_one_it_does_not_start(key: str) -> None:
    with pytest.raises(Misconfigured, match="set PUNTINI_ANTHROPIC_API_KEY or ANTHROPIC_API_KEY") as caught:
        AnthropicModel(model="m", api_key=key)
    assert key.strip() == "" or key not in str(caught.value)


# The key.

ECHO = f"You sent Authorization: Bearer {KEY}, " + "x" * 250 + KEY
TELLTALES: dict[str, Callable[[], Line]] = {
    "refused": lambda: refusal(400, ECHO),
    "unauthorized": lambda: refusal(401, ECHO),
    "limited": lambda: refusal(429, ECHO, x_should_retry="false"),
    "failed": lambda: Refusal(500, ECHO.encode()),
    "in the stream": lambda: answer(text("Hello.")).failing("invalid_request_error", ECHO, after=5),
    "cut off": lambda: answer(text("Hello.")).cut(after=5),
    "silent": lambda: SILENCE,
    "nonsense": lambda: answer(text("Hello.")).cut(after=0),
}


@pytest.mark.parametrize("how", TELLTALES)
async def test_nobody_sees_the_key(server: MessagesServer, how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    failed = await failure(
        server,
        TELLTALES[how](),
        TELLTALES[how](),
        max_retries=1,
        patience=0.1,
        on_retry=lambda _, why: told.append(why),
    )

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}", "it was sent"
    assert failed.__cause__ is None
    assert failed.__context__ is None
    shown = [str(failed), repr(failed), *traceback.format_exception(failed), *told, caplog.text]
    assert all(KEY[:12] not in each for each in shown)
    assert all(KEY not in f"{record.args!r} {record.exc_info!r}" for record in caplog.records)


async def test_a_model_does_not_show_its_key(server: MessagesServer) -> None:
    async with claude(server) as model:
        assert KEY not in f"{model!r} {model} {model.name} {vars(model).get('_client')!r}"


def test_the_server_s_events_are_what_anthropic_sends() -> None:
    assert event("message_stop") == b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
