"""However a client behaves - slow, hasty, silent, gone in the middle, damaged on the way - nobody else notices.

Every test runs beside a well-behaved reader, and ends with a look at what is left behind (``upright``).
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.live.clients.chance import repeatable
from tests.live.clients.damage import damaged, frames, requests
from tests.live.clients.transports import stream_path
from tests.live.clients.upright import upright
from tests.live.clients.wire import Wire, upgrade
from tests.live.serving import Serving, serving, wait_for

HASTE = 1.0
MIB = 1 << 20


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of this, which leaves slow clients little time."""
    with serving(tmp_path_factory.mktemp("server"), header_seconds=HASTE, body_seconds=HASTE) as running:
        yield running


@pytest.fixture
def server(patient: Serving) -> Iterator[Serving]:
    """That server, looked after while a test runs."""
    with upright(patient):
        yield patient


# Slow ones, hasty ones, quiet ones.


def trickle(wire: Wire, data: bytes) -> int:
    """Send a byte each tenth of a second until the server hangs up; how many it took."""
    for sent, byte in enumerate(data):
        if wire.hangs_up(0.1):
            return sent
        with suppress(ConnectionError):
            wire.say(bytes([byte]))
    raise AssertionError("the server never hung up")


@pytest.mark.parametrize("start", [b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ", b"GET /"])
def test_a_head_without_end_is_refused_before_its_time_is_up(tmp_path: Path, start: bytes) -> None:
    with serving(tmp_path, header_seconds=60) as server, upright(server), Wire(server) as wire:
        wire.say(start + b"x" * 100_000)

        assert wire.rest()[:12] in {b"HTTP/1.1 400", b""}


def test_headers_that_trickle_in_are_cut_off_in_time(server: Serving) -> None:
    with Wire(server) as wire:
        assert trickle(wire, wire.head("GET", "/v1/health", "X: " + "x" * 50)) <= 20 * HASTE


def test_a_body_that_trickles_in_is_cut_off_in_time(server: Serving) -> None:
    with Wire(server) as wire:
        wire.say(wire.head("POST", "/v1/chat", length=500))
        assert trickle(wire, b'{"prompt": "' + b"x" * 100) <= 30 * HASTE


def test_a_second_request_on_the_same_connection_may_not_trickle_either(server: Serving) -> None:
    with Wire(server) as wire:
        assert wire.request("GET", "/v1/health").answer().status == 200
        assert trickle(wire, wire.head("GET", "/v1/health", "X: " + "x" * 50)) <= 20 * HASTE


def test_a_body_that_never_comes_is_answered_and_cut_off(server: Serving) -> None:
    with Wire(server) as wire:
        wire.say(wire.head("POST", "/v1/sessions", length=10))

        answer = wire.answer()

        assert 400 <= answer.status < 500
        assert "body" in answer.json["detail"]


def test_pipelined_requests_are_answered_in_order(server: Serving) -> None:
    titles = [f"number {n}" for n in range(30)]
    with Wire(server) as wire:
        bodies = [json.dumps({"title": title}).encode() for title in titles]
        wire.say(b"".join(wire.head("POST", "/v1/sessions", length=len(body)) + body for body in bodies))

        assert [wire.answer().json["title"] for _ in titles] == titles


def test_a_flood_of_pipelined_requests_does_not_fill_the_memory(server: Serving) -> None:
    before = server.memory
    flood = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1_000
    with Wire(server) as wire, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(lambda: [wire.say(flood) for _ in range(60)])
        with suppress(EOFError, ConnectionError):
            for _ in range(5_000):
                assert wire.answer().status == 200
        grown = server.memory - before
        wire.abandon()
        with suppress(ConnectionError, BrokenPipeError):
            sent.result(10)

    assert grown < 32 * MIB


def test_who_closes_half_of_a_connection_is_answered_or_let_go(server: Serving) -> None:
    path = stream_path(server.create())
    for target in ("/v1/health", path):
        with Wire(server) as wire:
            raw = wire.request("GET", target).finish_saying().rest()
            assert not raw or raw.startswith(b"HTTP/1.1 200")


def test_who_leaves_in_the_middle_leaves_nothing(server: Serving) -> None:
    path = stream_path(server.create())
    for _ in range(50):
        with Wire(server) as stream, Wire(server) as upload, Wire(server) as socket:
            stream.request("GET", path).answer_head()
            upload.say(upload.head("POST", "/v1/chat", length=1_000) + b"{")
            upgrade(socket, path).answer_head()


def test_two_thousand_connections_that_ask_nothing_are_let_go(server: Serving) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(server)) for _ in range(2_000)]

        assert server.ask("GET", "/v1/health", timeout=5).status_code == 200
        wait_for(lambda: all(wire.hung_up() for wire in wires), 10 * HASTE, "the end of all silent connections")


# Everything at once.


def test_damaged_requests_harm_nobody(server: Serving) -> None:
    session_id, chance = server.create(), repeatable()
    server.finish(server.play(session_id, "play 30 events every 0 ms"))
    for _ in range(150):
        with Wire(server) as wire, suppress(OSError):
            wire.say(damaged(chance.choice(requests(wire, session_id)), chance)).hangs_up(0.02)


def test_damaged_frames_harm_nobody(server: Serving) -> None:
    session_id, chance = server.create(), repeatable()
    server.finish(server.play(session_id, "play 30 events every 0 ms"))
    for _ in range(150):
        with Wire(server) as wire, suppress(OSError):
            upgrade(wire, chance.choice(["/ws/chat", f"{stream_path(session_id)}?after=5"])).answer_head()
            said = b"".join(frames(session_id, chance))
            wire.say(damaged(said, chance) if chance.random() < 0.4 else said).hangs_up(0.02)
