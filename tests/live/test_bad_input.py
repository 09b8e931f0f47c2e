"""Whatever a client sends, it gets a clear answer, and nobody else notices. How it sends it: ``test_bad_manners.py``.

Every test runs beside a well-behaved reader, and ends with a look at what is left behind (``upright``).
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live.clients.transports import close_code, dialled, events_of, ndjson, sse, stream_path, until
from tests.live.clients.upright import upright
from tests.live.clients.wire import Wire, masked, upgrade
from tests.live.clients.wrong import FOREIGN_HOSTS, FOREIGN_ORIGINS, NOT_HTTP, WRONG_CURSORS, WRONG_JSON, WRONG_QUERIES
from tests.live.serving import Serving, serving

MIB = 1 << 20


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of this."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def server(patient: Serving) -> Iterator[Serving]:
    """That server, looked after while a test runs."""
    with upright(patient):
        yield patient


def is_problem(answer: Any, status: int, code: str) -> bool:
    """Whether this is that problem, told as problems are."""
    body = json.loads(answer.content)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    return bool(body["detail"])


# Cursors and queries.


@pytest.mark.parametrize(("cursor", "reason"), WRONG_CURSORS.items(), ids=lambda text: repr(text)[:20])
def test_a_wrong_cursor_is_answered_with_a_gap_and_a_snapshot(server: Serving, cursor: str, reason: str) -> None:
    session_id = server.create()

    for read in (sse, ndjson):
        gap, ready, live = until(read(server, stream_path(session_id), after=cursor), "live")

        assert [gap["type"], ready["type"]] == ["gap", "session_ready"]
        assert gap["data"]["reason"] == reason
        assert gap["data"]["requested"] == cursor[:40]
        assert gap["data"]["resumed_at"] == ready["data"]["cursor"] == live["data"]["cursor"]


def test_a_wrong_cursor_on_a_page_or_a_socket_is_a_gap_too(server: Serving) -> None:
    session_id = server.create()
    path = stream_path(session_id)

    page = server.ask("GET", f"{path}?after=nonsense", headers={"accept": "application/json"}).json()
    with dialled(server, path, after="nonsense") as socket:
        said = until(events_of(socket), "live")

    assert [event["type"] for event in page["events"]] == ["gap", "session_ready"]
    assert [event["type"] for event in said] == ["gap", "session_ready", "live"]


@pytest.mark.parametrize(("name", "value"), WRONG_QUERIES)
def test_a_wrong_parameter_is_refused_by_name(server: Serving, name: str, value: str) -> None:
    path = f"{stream_path(server.create())}?{name}={quote(value)}"

    for accept in ("text/event-stream", "application/json"):
        answer = server.ask("GET", path, headers={"accept": accept})

        assert is_problem(answer, 400, "invalid")
        assert answer.json()["errors"][0]["path"] == name


def test_far_too_many_parameters_are_refused(server: Serving) -> None:
    query = "&".join(f"p{n}=1" for n in range(2_000))

    assert is_problem(server.ask("GET", f"{stream_path(server.create())}?{query}"), 400, "invalid")


@pytest.mark.parametrize("accept", ["text/html", "image/*", "*/*;q=0", "text/event-stream;q=0", "application/json;q=x"])
def test_a_format_that_cannot_be_had_is_refused_everywhere(server: Serving, accept: str) -> None:
    session_id = server.create()
    headers = {"accept": accept}

    assert is_problem(server.ask("GET", stream_path(session_id), headers=headers), 406, "not_acceptable")
    assert is_problem(server.ask("POST", "/v1/chat", {"prompt": "hi"}, headers=headers), 406, "not_acceptable")
    assert server.get("/v1/tasks")["total"] == 1, "only the well-behaved reader's task runs"


# What does not exist.


@pytest.mark.parametrize(
    "session_id", ["ses_nobody", "..%2f..%2fetc", "%00", "%ff%fe", "a" * 3_000, "ses%0d%0aX-Evil: 1"]
)
def test_an_unknown_session_is_not_found_whatever_is_asked(server: Serving, session_id: str) -> None:
    name = session_id.replace(" ", "%20")
    for path in ("stream", "messages", "graph", "state"):
        assert is_problem(server.ask("GET", f"/v1/sessions/{name}/{path}"), 404, "not_found")
    command = {"type": "ping", "data": None}
    prompt = {"type": "user_prompt", "data": {"prompt": "hi"}}
    assert server.ask("POST", f"/v1/sessions/{name}/commands", command).status_code in {200, 404}
    assert is_problem(server.ask("POST", f"/v1/sessions/{name}/commands", prompt), 404, "not_found")
    with pytest.raises(InvalidStatus, match=r"40[34]"):
        dialled(server, f"/v1/sessions/{name}/stream")


@pytest.mark.parametrize(
    "path", ["/v1/tasks/tsk_nobody", "/v1/tasks/tsk_nobody/stream", "/v1/stream/tasks/%0d%0a", "/x"]
)
def test_an_unknown_address_is_not_found(server: Serving, path: str) -> None:
    assert is_problem(server.ask("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/sessions", {"GET", "HEAD", "POST"}),
        ("GET", "/v1/chat", {"POST"}),
        ("POST", "/v1/sessions/ses_x/stream", {"GET", "HEAD"}),
        ("DELETE", "/v1/tasks/tsk_x/stream", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_which_ones_there_are(
    server: Serving, method: str, path: str, allowed: set[str]
) -> None:
    answer = server.ask(method, path)

    assert is_problem(answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed | {"OPTIONS"}


# Bodies and frames.


def commands_path(server: Serving) -> str:
    """A new session's address for commands."""
    return f"/v1/sessions/{server.create()}/commands"


def test_a_body_of_two_mebibytes_is_too_large(server: Serving) -> None:
    body = b'{"prompt": "' + b"x" * (2 * MIB) + b'"}'

    for path in ("/v1/chat", "/v1/sessions", commands_path(server)):
        assert is_problem(server.ask("POST", path, content=body), 413, "too_large")


def test_a_body_without_end_is_cut_off(server: Serving) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with Wire(server) as wire:
        wire.say(wire.head("POST", "/v1/chat", "Transfer-Encoding: chunked"))
        with suppress(ConnectionError, TimeoutError):
            for _ in range(64 * 16):
                wire.say(piece)
        with suppress(ConnectionError):
            assert wire.answer().status == 413


@pytest.mark.parametrize("frames", [1, 2_000])
def test_a_message_of_two_mebibytes_closes_the_socket_with_1009(server: Serving, frames: int) -> None:
    with dialled(server, "/ws/chat") as socket:
        with suppress(ConnectionClosed):  # while it still sends
            socket.send(["x" * (2 * MIB // frames)] * frames if frames > 1 else "x" * (2 * MIB))

        assert close_code(socket) == 1009


@pytest.mark.parametrize("name", WRONG_JSON)
def test_a_wrong_command_is_invalid_over_http_and_over_a_socket(server: Serving, name: str) -> None:
    session_id = server.create()
    raw = WRONG_JSON[name]

    answer = server.ask("POST", f"/v1/sessions/{session_id}/commands", content=raw)
    with dialled(server, stream_path(session_id)) as socket:
        socket.send(raw)
        error = until(events_of(socket), "error")[-1]
        socket.send('{"type": "ping", "data": "still here"}')
        pong = until(events_of(socket), "pong")[-1]

    assert is_problem(answer, 400, "invalid")
    assert (error["error"]["code"], error["error"]["reason"]) == (400, "invalid")
    assert "id" not in error
    assert pong["data"] == "still here"


@pytest.mark.parametrize(("path", "body"), [("/v1/sessions", {"titel": "x"}), ("/v1/chat", {"prompt": "x", "n": 1})])
def test_an_unknown_field_of_a_body_is_named(server: Serving, path: str, body: dict[str, object]) -> None:
    answer = server.ask("POST", path, body)

    assert is_problem(answer, 400, "invalid")
    assert answer.json()["errors"][0]["path"] in {"titel", "n"}


def test_text_that_is_not_utf8_ends_the_socket_with_1007(server: Serving) -> None:
    with Wire(server) as wire:
        upgrade(wire, stream_path(server.create()))
        assert wire.answer_head()[0] == 101
        wire.say(masked(0x81, b"\xff\xfe")).finish_saying()

        assert (1007).to_bytes(2, "big") in wire.rest()


def test_half_a_surrogate_in_a_prompt_never_reaches_a_reader(server: Serving) -> None:
    session_id = server.create()
    raw = b'{"type": "user_prompt", "data": {"prompt": "play 1 events \\ud800"}}'

    answer = server.ask("POST", f"/v1/sessions/{session_id}/commands", content=raw)

    assert answer.status_code in {202, 400}
    assert "\ud800" not in json.dumps(server.events(session_id), ensure_ascii=False)


# Repeats.


def test_one_command_id_sent_by_many_at_once_starts_one_task(server: Serving) -> None:
    session_id = server.create()

    def send(_: int) -> dict[str, Any]:
        return server.command(session_id, "user_prompt", command_id="same", prompt="play 3 events every 0 ms")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))

    assert {json.dumps(answer, sort_keys=True) for answer in answers} == {json.dumps(answers[0], sort_keys=True)}
    assert server.get(f"/v1/tasks?session_id={session_id}")["total"] == 1


def test_a_command_id_is_one_over_http_and_over_a_socket(server: Serving) -> None:
    session_id = server.create()
    first = server.command(session_id, "user_prompt", command_id="same", prompt="play 3 events every 0 ms")

    with dialled(server, stream_path(session_id)) as socket:
        socket.send('{"type": "user_prompt", "command_id": "same", "data": {"prompt": "something else"}}')
        accepted = until(events_of(socket), "accepted")[-1]

    assert accepted["data"] == first
    assert server.get(f"/v1/tasks?session_id={session_id}")["total"] == 1


# Who may call.


@pytest.mark.parametrize(
    "field", [*(f"Host: {host}" for host in FOREIGN_HOSTS), *map("Origin: {}".format, FOREIGN_ORIGINS)]
)
def test_who_is_not_of_this_machine_is_refused(server: Serving, field: str) -> None:
    path = stream_path(server.create())
    for method, target in (("GET", path), ("POST", "/v1/sessions"), ("GET", "/v1/health")):
        with Wire(server) as wire:
            answer = wire.request(method, target, field).answer()
            assert answer.status == 403, answer
            assert answer.json["code"] == "forbidden"
    with Wire(server) as wire:
        assert upgrade(wire, path, field).answer_head()[0] == 403


def test_a_request_without_a_host_is_refused(server: Serving) -> None:
    with Wire(server) as wire:
        assert wire.say(b"GET /v1/health HTTP/1.1\r\n\r\n").answer().status in {400, 403}


# Headers that try to be more.


@pytest.mark.parametrize(
    "evil", ["%0d%0aX-Evil:%201", "%0aX-Evil:%201", "%0d%0a%0d%0a<script>", "%E5%98%8A%E5%98%8DX-Evil:1"]
)
def test_nothing_in_an_address_becomes_a_header(server: Serving, evil: str) -> None:
    session_id = server.create()
    paths = (
        f"{stream_path(session_id)}?after={evil}",
        f"{stream_path(session_id)}?events={evil}",
        f"{stream_path(session_id)}?{evil}=1",
        f"/v1/sessions/{evil}",
        f"/v1/sessions/{evil}/stream",
        f"/v1/tasks/{evil}/stream",
        f"/{evil}",
    )
    for path in paths:
        with Wire(server) as wire:
            status, headers = wire.request("GET", path).answer_head()
            assert status in {200, 400, 404}
            assert "x-evil" not in headers
            assert "<script>" not in str(headers)


def test_a_wrong_last_event_id_header_comes_back_as_data_only(server: Serving) -> None:
    path = stream_path(server.create())
    for value in ("k.1\u0085X", "<b>", "ÿ" * 200, "a\tb"):
        with Wire(server) as wire:
            status, headers = wire.request("GET", path, f"Last-Event-ID: {value}").answer_head()
            lines = [wire.line() for _ in range(12)]

            assert status == 200
            assert headers["puntini-cursor"].partition(".")[2] == "0"
            assert any(line == b"event: gap\n" for line in lines)


@pytest.mark.parametrize("raw", NOT_HTTP, ids=lambda raw: repr(raw[:24]))
def test_what_is_not_http_is_answered_with_400_and_the_end(server: Serving, raw: bytes) -> None:
    with Wire(server) as wire:
        assert wire.say(raw).answer().status == 400
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "field",
    [
        "X: " + "x" * 20_000,
        "\r\n".join(f"X-{n}: 1" for n in range(300)),
        "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Key: short",
    ],
    ids=lambda field: field[:24],
)
def test_a_wrong_handshake_gets_an_answer_and_holds_no_connection(server: Serving, field: str) -> None:
    with Wire(server) as wire:
        upgrade(wire, stream_path(server.create()), field)

        status, _ = wire.answer_head()

        assert 400 <= status < 500
        assert wire.rest() is not None


def test_a_handshake_with_raw_bytes_in_its_address_gets_an_answer(server: Serving) -> None:
    with Wire(server) as wire:
        assert 400 <= upgrade(wire, "/ws/chat?x=ÿ").answer_head()[0] < 500
