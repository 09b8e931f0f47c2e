"""A full run with secrets in every place where a client can put one, and a search for them in all that came out."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.live.serving import Serving, serving

FIXED = "fixed-key-0123456789abcdef0123456789abcdef"
PASSWORD = "a-walrus-beside-4-kettles"
MODELS = "model-key-that-nobody-may-see"
WRONG = "wrong-secret-0123456789abcdef"
HEAD = "eyJhbGciOiJIUzI1NiJ9"
JWT = f"{HEAD}.eyJzdWIiOiJhbm4iLCJyb2xlIjoiYWRtaW4ifQ.bm90LWEtc2lnbmF0dXJlLWF0LWFsbA"
AGENT = f'''
from puntini.agent import emit

async def leaky(task):
    """Say and raise what it has at hand."""
    emit.debug("asked with Authorization: Bearer {WRONG}", url="https://api.example/x?api_key={WRONG}&page=2",
               headers={{"x-api-key": "{WRONG}"}}, settings=["{FIXED}", "{JWT}"])
    if not task.prompt:
        yield
    raise RuntimeError("GET /v1/x?token={WRONG} failed with {FIXED} and {MODELS}")
'''
SETTINGS = f"""
anthropic_api_key = "{MODELS}"
model = "offline"
"""


class Run:
    """A server, and everything that it has told anybody."""

    def __init__(self, server: Serving) -> None:
        self.server = server
        self.told: list[str] = []
        self.http = httpx.Client(base_url=server.url, timeout=15.0, trust_env=False)
        self.secrets = {FIXED, PASSWORD, MODELS, WRONG, JWT}

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A request whose answer is looked through at the end."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, path, json=body, headers=named)
        self.told += [answer.text, str(answer.headers)]
        return answer

    def made(self, path: str, body: object, *names: str, **headers: str) -> dict[str, Any]:
        """What is shown this once, and never again."""
        made = dict(self.http.post(path, json=body, headers=headers).raise_for_status().json())
        self.secrets |= {made[name] for name in names}
        return made

    def log_in(self) -> dict[str, str]:
        """An admin's account, and the header with its access token."""
        account = {"username": "ann", "password": PASSWORD}
        assert self.server.ask("POST", "/v1/register", account).status_code == 201
        self.server.ask("PATCH", "/v1/users/ann", {"role": "admin"}).raise_for_status()
        self.ask("POST", "/v1/login", account | {"password": f"{PASSWORD}!"})
        tokens = self.made("/v1/login", account, "access_token", "refresh_token")
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    def show(self, secret: str, path: str) -> None:
        """Show a credential in every place where one may stand."""
        self.ask("GET", path, X_API_Key=secret)
        self.ask("GET", path, Authorization=f"Bearer {secret}")
        self.ask("GET", path, Authorization=f"Basic {secret}", Cookie=f"puntini={secret}")
        for name in ("token", "api_key", "ticket", "no_such_parameter", "limit"):
            self.ask("GET", f"{path}?{name}={secret}")
        self.ask("POST", path, {"title": {"nested": secret}, secret: 1}, X_Request_ID=f"{secret} x")
        for subprotocol in ("bearer", "apikey"):
            url = self.server.url.replace("http", "ws") + f"/ws/chat?api_key={secret}"
            protocol = Subprotocol(f"{subprotocol}.{secret}")
            with suppress(WebSocketException, OSError), connect(url, subprotocols=[protocol]) as socket:
                socket.send("nonsense")
                self.told.append(str(socket.recv(timeout=5)))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """A server with fixed keys and an agent that keeps nothing to itself."""
    (tmp_path / "leaks.py").write_text(AGENT)
    (tmp_path / "puntini.toml").write_text(SETTINGS)
    with serving(tmp_path, key=FIXED, agent="leaky=leaks:leaky", log_level="debug") as server:
        running = Run(server)
        with running.http:
            yield running


def test_no_secret_is_in_anything_that_a_full_run_tells(run: Run) -> None:
    session = run.server.create()
    ann = run.log_in()
    key = run.made("/v1/keys", {"name": "ci"}, "key", **ann)
    ticket = run.made("/v1/tickets", {"session_id": session}, "ticket", **ann)

    for secret in sorted(run.secrets):
        run.show(secret, "/v1/sessions")
        run.show(secret, "/nowhere")
    task = run.server.play(session, "leak, please")
    assert run.server.finish(task) == "failed"
    run.ask("GET", f"/v1/tasks/{task}", **ann)
    run.ask("GET", f"/v1/tasks/{task}/result", **ann)
    run.ask("GET", f"/v1/tickets?ticket={ticket['ticket']}")
    run.ask("DELETE", f"/v1/keys/{key['key_id']}", **ann)
    for path in ("/metrics", "/v1/keys", "/v1/audit", "/v1/connections/stats", "/v1/status"):
        assert run.ask("GET", path, **ann).status_code == 200, path
    events = run.server.events(session)
    run.server.terminate()
    run.server.wait()

    assert {"debug", "task_failed"} <= {event["type"] for event in events}
    assert "agent failed" in run.server.said()
    whole = "\n".join([run.server.said(), *run.told, str(events)])
    # Whoever sends a secret under the name of a field or a parameter is told that name back, cut short.
    found = {secret for secret in run.secrets if secret in whole}
    assert found == set()
    for text in (str(events), run.server.said()):
        assert WRONG[:12] not in text
        assert "(secret)" in text
