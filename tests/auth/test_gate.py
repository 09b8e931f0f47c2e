"""The gate of open mode: whom it lets through, by ``Host`` and ``Origin``, before any route is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.gate import Gate
from puntini.auth.origins import host_of, is_loopback
from puntini.auth.principals import LOCAL
from tests.auth.house import House

pytestmark = pytest.mark.anyio
EVIL = "https://evil.example"


class Inside:
    """The app behind the gate: it writes down who came through."""

    def __init__(self) -> None:
        self.came: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Somebody came."""
        self.came.append(scope)


class Outcome:
    """What came of a request at the gate."""

    def __init__(self, inside: Inside, sent: list[Any]) -> None:
        self.passed = bool(inside.came)
        self.principal = inside.came[0]["state"]["principal"] if self.passed else None
        self.sent = sent

    @property
    def status(self) -> int:
        """The refusal's status."""
        return int(self.sent[0]["status"])

    @property
    def body(self) -> str:
        """The refusal's body."""
        return str(self.sent[1]["body"], "utf-8")


async def knock(host: str | None, origin: str | None = None, *, origins: tuple[str, ...] = (), **scope: Any) -> Outcome:
    """One request at a gate."""
    inside, sent = Inside(), []
    named = {"host": host, "origin": origin}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in named.items() if value is not None]

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    request = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers, **scope}
    house = House(origins=origins)
    await Gate(inside, lambda: house)(request, receive, send)
    return Outcome(inside, sent)


# Host.


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.1.2.3:80",
        "localhost",
        "localhost:65535",
        "LOCALHOST:8000",
        "localhost.",
        "app.localhost",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]:8000",
    ],
)
async def test_a_loopback_name_comes_through_as_the_local_principal(host: str) -> None:
    outcome = await knock(host)
    assert outcome.passed
    assert outcome.principal == LOCAL


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io:8000",
        "notlocalhost",
        "my-localhost:80",
        "localhost@evil.example",
        "evil.example#localhost",
        "evil.example/localhost",
        "evil.example?localhost",
        "0.0.0.0",
        "192.168.0.1",
        "169.254.169.254",
        "[::]",
        "[fe80::1]",
        "[::1",
        "::1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "localhost evil.example",
        "localhost:80:80",
        "localhost,evil.example",
        "lôcalhost",
    ],
)
async def test_any_other_host_is_refused_which_stops_dns_rebinding(host: str | None) -> None:
    outcome = await knock(host)
    assert not outcome.passed
    assert outcome.status == 403
    assert "use 127.0.0.1 or localhost as the host" in outcome.body


async def test_an_address_of_ipv4_in_ipv6_is_loopback_as_well() -> None:
    assert is_loopback("[::ffff:127.0.0.1]")
    assert not is_loopback("[::ffff:10.0.0.1]")


# Origin.


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "http://localhost:3000",
        "https://localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:8000",
        "http://app.localhost",
    ],
)
async def test_no_origin_or_a_loopback_one_comes_through(origin: str | None) -> None:
    assert (await knock("localhost:8000", origin)).passed


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://evil.example:80#http://localhost",
        "http://localhost@evil.example",
        "http://evil.example/localhost",
        "file://",
        "file://localhost/x",
        "chrome-extension://localhost",
        "localhost",
        "//localhost",
        "http://",
        "http://[::1",
        "http://localhost, https://evil.example",
        "*",
    ],
)
async def test_any_other_origin_is_refused(origin: str) -> None:
    outcome = await knock("localhost:8000", origin)
    assert not outcome.passed
    assert outcome.status == 403
    assert "other origins" in outcome.body


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_the_method_does_not_matter(method: str) -> None:
    assert not (await knock("localhost", EVIL, method=method)).passed


async def test_a_loopback_origin_does_not_excuse_a_foreign_host() -> None:
    assert not (await knock("evil.example", "http://localhost")).passed


async def test_an_origin_that_was_allowed_comes_through_exactly_as_it_was_written() -> None:
    allowed = ("https://app.example", "http://dev.example:3000")
    assert (await knock("localhost", "https://app.example", origins=allowed)).passed
    assert (await knock("localhost", "http://dev.example:3000", origins=allowed)).passed
    for near in ("http://app.example", "https://app.example:8443", "https://x.app.example", EVIL):
        assert not (await knock("localhost", near, origins=allowed)).passed


# The other kinds of requests.


async def test_a_refusal_is_a_problem_with_a_stable_code() -> None:
    outcome = await knock("evil.example")
    assert dict(outcome.sent[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert '"code":"forbidden"' in outcome.body


async def test_a_socket_is_refused_before_it_is_accepted_with_a_status_where_the_server_can() -> None:
    outcome = await knock("localhost", EVIL, type="websocket", extensions={"websocket.http.response": {}})
    assert not outcome.passed
    assert outcome.sent[0]["type"] == "websocket.http.response.start"
    assert outcome.status == 403


async def test_a_socket_is_closed_where_the_server_can_not() -> None:
    outcome = await knock("localhost", EVIL, type="websocket")
    assert not outcome.passed
    assert outcome.sent == [{"type": "websocket.close", "code": 4403, "reason": "Forbidden"}]


async def test_a_socket_from_this_machine_comes_through() -> None:
    assert (await knock("localhost", "http://localhost:3000", type="websocket")).principal == LOCAL


async def test_the_lifespan_is_nobody_s_request() -> None:
    inside = Inside()
    house = House()
    gate = Gate(inside, lambda: house)
    await gate({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert inside.came == [{"type": "lifespan"}]


# No input is too odd.


@given(st.text())
def test_any_text_has_a_host_or_none(value: str) -> None:
    assert isinstance(is_loopback(host_of(value)), bool)


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
async def test_any_headers_are_answered(host: str, origin: str) -> None:
    outcome = await knock(host, origin)
    assert outcome.passed or outcome.status == 403


@pytest.mark.parametrize("name", [b"host", b"origin"])
async def test_two_hosts_or_origins_are_refused_whatever_they_are(name: bytes) -> None:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost:3000"), (name, b"localhost")]

    assert (await knock(None, headers=headers)).status == 403
