"""What the pages of others send by a visitor's browser, to a real server: before it has accounts, and after."""

from collections.abc import Sequence
from pathlib import Path

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.live.serving import Serving, serving

EVIL = "https://evil.example"
ACCOUNT = {"username": "ann", "password": "wet hammock, nineteen lions"}


def opened(
    server: Serving, path: str, origin: str = "", protocols: Sequence[str] = (), cookie: str = ""
) -> tuple[int, str | None]:
    """How a socket's handshake ends: its status, and the subprotocol that was chosen."""
    url = f"{server.url.replace('http', 'ws', 1)}{path}"
    offered = [Subprotocol(each) for each in protocols]
    try:
        with connect(
            url,
            origin=Origin(origin) if origin else None,
            subprotocols=offered or None,
            additional_headers={"cookie": cookie} if cookie else {},
        ) as socket:
            return 101, socket.subprotocol
    except InvalidStatus as error:
        return error.response.status_code, None


def test_an_open_server_is_out_of_reach_for_other_pages(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for headers in ({"origin": EVIL}, {"host": "evil.example"}, {"sec-fetch-site": "cross-site"}):
            for method, path in (("GET", "/v1/sessions"), ("POST", "/v1/register"), ("POST", "/v1/chat")):
                refused = server.ask(method, path, None if method == "GET" else ACCOUNT, headers=headers)
                assert refused.status_code == 403, (headers, path)
        assert opened(server, "/ws/chat", EVIL) == (403, None)
        assert opened(server, "/ws/chat", server.url) == (101, None)
        assert server.get("/v1/users")["total"] == 0


def test_with_accounts_a_socket_takes_a_token_or_our_own_page(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.ask("POST", "/v1/register", ACCOUNT).raise_for_status()
        token = server.ask("POST", "/v1/login", ACCOUNT).json()["access_token"]
        cookie = f"puntini_token={token}"

        for path in ("/v1/me", "/v1/sessions", "/metrics"):
            assert server.ask("GET", path).status_code == 401
        assert opened(server, "/ws/chat") == (401, None)
        assert opened(server, "/ws/chat", EVIL, cookie=cookie) == (403, None)
        assert opened(server, "/ws/chat", cookie=cookie) == (403, None)
        assert opened(server, "/ws/chat", server.url, cookie=cookie) == (101, None)
        assert opened(server, f"/ws/chat?token={token}", EVIL) == (101, None), "a page that has the token may use it"
        assert opened(server, "/ws/chat", protocols=["puntini.v1", f"bearer.{token}"]) == (101, "puntini.v1")
        assert opened(server, "/ws/chat", protocols=["puntini.v1", f"bearer.{token}x"]) == (401, None)
        said = server.said()

    assert token not in said
    assert token.split(".")[2] not in said
