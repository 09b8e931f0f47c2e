"""Every bound on what a client may send, in one place: each is there, and what is beyond it is refused."""

import re
from pathlib import Path

import pytest

from puntini import lines
from puntini.protocol.decode import MESSAGE_LIMIT
from puntini.protocol.depth import DEPTH_LIMIT
from puntini.settings import Settings
from puntini.transport import asgi, websocket
from tests.api.calling import Api, serving
from tests.live.serving import Serving

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[1] / "docs" / "security.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("requests of one credential", f"{Settings().rate_limit} a minute"),
        ("requests from one address", f"{Settings().rate_limit_address} a minute"),
        ("streams of one user, and in all", f"{Settings().max_streams_per_user}, {Settings().max_streams:,}"),
        ("commands of one WebSocket", f"{Settings().command_rate:g} a second, {2 * Settings().command_rate:g} at once"),
        ("commands of one WebSocket that wait for each other", f"{websocket.ORDERS}"),
        ("a request's body", f"{asgi.BODY_LIMIT >> 20} MiB, within {Settings().body_seconds:g} seconds"),
        ("a WebSocket message", f"{MESSAGE_LIMIT >> 20} MiB"),
        ("a request's headers", f"{lines.HEADER_BYTES >> 10} KiB, within {Settings().header_seconds:g} seconds"),
        ("requests waiting on one connection", f"{lines.MOST_PIPELINED}"),
        ("JSON", f"{DEPTH_LIMIT} levels deep"),
        ("a client that does not read", f"{Settings().send_deadline_seconds:g} seconds"),
    ],
)
def test_the_page_lists_each_bound_as_it_is(what: str, bound: str) -> None:
    assert re.search(rf"\| {re.escape(what)} \| {re.escape(bound)} \|", PAGE)


async def test_bodies_depth_and_parameters_are_bounded() -> None:
    async with serving() as api:
        session = await api.create()
        assert (
            await api.ask("POST", "/v1/sessions", b'{"title":"' + b"x" * asgi.BODY_LIMIT + b'"}')
        ).status_code == 413
        assert await refusal(api, b'{"title":' + b"[" * 1_000 + b"]" * 1_000 + b"}") == 400
        deep = b'{"type":"user_action","data":{"action":' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}}"
        assert (await api.ask("POST", f"/v1/sessions/{session}/commands", deep)).status_code == 400
        many = "&".join(f"p{number}=1" for number in range(60))
        assert (await api.ask("GET", f"/v1/sessions/{session}/stream?{many}")).status_code == 400


async def refusal(api: Api, body: bytes) -> int:
    """The status of a session that can't be made."""
    return (await api.ask("POST", "/v1/sessions", body)).status_code


def test_headers_are_bounded(tmp_path: Path) -> None:
    server = Serving(tmp_path)
    try:
        server.start()
        answer = server.ask("GET", "/v1/health", headers={"x-large": "x" * (2 * lines.HEADER_BYTES)})
        assert answer.status_code == 400
    finally:
        server.stop()
