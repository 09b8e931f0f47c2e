"""Request ids: taken or made, and on every response."""

import re
from typing import Any

import pytest

from puntini.transport.answers import Answers
from puntini.transport.naming import Naming
from tests.transport.serving import Server, stream_of, thought

pytestmark = pytest.mark.anyio
MADE = re.compile(r"req_[0-9a-f]{16}")


async def name_of(given: bytes | None, type_: str = "http", begins: str = "http.response.start") -> str:
    """The id that a request gets, which is in its state and on its response."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["state"]["request_id"])
        await send({"type": begins, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        seen.append(message)

    headers = [] if given is None else [(b"x-request-id", given)]
    scope = {"type": type_, "method": "GET", "path": "/", "headers": headers, "state": {"kept": 1}}
    await Naming(app, Answers("off"))(scope, None, send)  # type: ignore[arg-type]
    assert seen[1]["headers"] == [(b"a", b"b"), (b"x-request-id", seen[0].encode())]
    assert seen[2] == {"type": "http.response.body", "body": b""}
    return str(seen[0])


@pytest.mark.parametrize("given", [b"a", b"trace-1.2_3", b"x" * 64])
async def test_a_caller_s_own_id_is_taken(given: bytes) -> None:
    assert await name_of(given) == given.decode()


@pytest.mark.parametrize("given", [None, b"", b"x" * 65, b"a b", b"a\r\nset-cookie: x", b"<script>", b"\xff", b"a\n"])
async def test_anything_else_gets_a_new_one(given: bytes | None) -> None:
    assert MADE.fullmatch(await name_of(given))


@pytest.mark.parametrize("begins", ["websocket.accept", "websocket.http.response.start"])
async def test_a_socket_has_one_too(begins: str) -> None:
    assert await name_of(b"mine", "websocket", begins) == "mine"


@pytest.mark.parametrize("path", ["/v1/sessions", "/nowhere", "/v1/tasks/none", "/v1/tasks/none/stream"])
async def test_it_is_on_answers_and_in_problems(server: Server, path: str) -> None:
    answer = await server.answer("GET", path, {"X-Request-ID": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    assert answer.status == 200 or b'"request_id":"mine"' in answer.body


async def test_it_is_on_streams(server: Server) -> None:
    session = await server.session(thought())
    async with server.get(stream_of(session), {"X-Request-ID": "mine"}) as stream:
        await stream.until_event("live")
        assert stream.headers["x-request-id"] == "mine"
