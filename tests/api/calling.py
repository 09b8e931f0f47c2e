"""The app in this process, with its lifespan, and a client for it: no socket, no server."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from starlette.applications import Starlette

from puntini.agent.contract import Agent
from puntini.app import Parts, Share, create_app
from puntini.auth.principals import Principal
from puntini.settings import Settings
from tests.api.promised import promised_by

DEADLINE_SECONDS = 20.0
POLL_SECONDS = 0.005
HOST = "127.0.0.1:8000"
ANN = Principal("ann")


class Api:
    """Requests to one running app. A body is sent as JSON, unless it is bytes."""

    def __init__(self, app: Starlette, http: httpx.AsyncClient) -> None:
        self.app = app
        self.parts: Parts = app.state.parts
        self.http = http

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request; headers are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body, ensure_ascii=False).encode()
        )
        return await self.http.request(method, path, content=content, headers=named)

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON at a path that is there."""
        response = await self.ask("GET", path, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: object = None, **headers: str) -> Any:
        """The JSON that a successful POST answers."""
        response = await self.ask("POST", path, body, **headers)
        assert response.is_success, response.text
        return response.json()

    async def create(self, **body: object) -> str:
        """A new session's id."""
        return str((await self.post("/v1/sessions", body))["session_id"])

    async def command(self, session_id: str, type_: str, command_id: str = "", **data: Any) -> httpx.Response:
        """Send a command."""
        body: dict[str, object] = {"type": type_, "data": data}
        if command_id:
            body["command_id"] = command_id
        return await self.ask("POST", f"/v1/sessions/{session_id}/commands", body)

    async def prompt(self, session_id: str, prompt: str, **data: Any) -> str:
        """A new task's id."""
        response = await self.command(session_id, "user_prompt", prompt=prompt, **data)
        assert response.status_code == 202, response.text
        return str(response.json()["task_id"])

    async def until(self, task_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a task has one of these statuses; returns what the API says of it."""
        with anyio.move_on_after(DEADLINE_SECONDS):
            while True:
                task: dict[str, Any] = await self.get(f"/v1/tasks/{task_id}")
                if task["status"] in statuses:
                    return task
                await anyio.sleep(POLL_SECONDS)
        raise AssertionError(f"waited in vain for {task_id} to be {' or '.join(statuses)}")

    async def played(self, session_id: str, prompt: str = "play 20 events") -> str:
        """A task that has run to its end."""
        task_id = await self.prompt(session_id, prompt)
        await self.until(task_id, "completed")
        return task_id

    async def events(self, session_id: str, **query: object) -> list[dict[str, Any]]:
        """All events of a session's log."""
        page = await self.http.get(
            f"/v1/sessions/{session_id}/stream",
            params={"after": "earliest", "limit": 1000, **{name: str(value) for name, value in query.items()}},
            headers={"accept": "application/json"},
        )
        assert page.status_code == 200, page.text
        found: list[dict[str, Any]] = page.json()["events"]
        return found

    @asynccontextmanager
    async def stream(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> "AsyncIterator[Wire]":
        """A response that is read while it is being sent; leaving is the client's going away."""
        wire = Wire(method, path, body, headers)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wire.run, self.app)
            await wire.started.wait()
            yield wire
            wire.left.set()


class Wire:
    """One request to an ASGI app, and what has come of its response so far."""

    def __init__(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        self.started = anyio.Event()
        self.left = anyio.Event()
        self.over = anyio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self._body: list[bytes] = [body]
        url = httpx.URL(path)
        named = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": url.path,
            "raw_path": url.raw_path,
            "root_path": "",
            "query_string": url.query,
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }

    async def run(self, app: Starlette) -> None:
        """Carry the request to its end."""
        try:
            await app(self._scope, self._receive, self._send)
        finally:
            self.started.set()
            self.over.set()

    async def _receive(self) -> dict[str, Any]:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.started.set()
            return
        self.text += message.get("body", b"").decode()

    async def until(self, words: str) -> str:
        """Wait until the response holds some words; returns all of it so far."""
        with anyio.move_on_after(DEADLINE_SECONDS):
            while words not in self.text:
                assert not self.over.is_set(), f"the response ended without {words!r}: {self.text!r}"
                await anyio.sleep(POLL_SECONDS)
            return self.text
        raise AssertionError(f"waited in vain for {words!r} in {self.text!r}")

    async def end(self) -> str:
        """Wait for the end of the response; returns all of it."""
        with anyio.fail_after(DEADLINE_SECONDS):
            await self.over.wait()
        return self.text


instead = ["memory:"]
"""The store of the tests that do not say which."""


@asynccontextmanager
async def serving(
    agents: Sequence[Agent] = (),
    *,
    store: object = "memory:",
    share: Share = "all",
    named_only: bool = False,
    **settings: Any,
) -> AsyncIterator[Api]:
    """An app at work. Each of its answers is held against its OpenAPI document.

    Where a test does not say which store, it is the memory store, or with ``--postgres`` a database.
    """
    kept = instead[0] if store == "memory:" else str(store)
    made = Settings(store=kept, **{"agent": ("scripted",), **settings})
    app = create_app(made, agents, share=share, named_only=named_only)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def keeps_promises(response: httpx.Response) -> None:
        await response.aread()
        promised_by(app).check(response)

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport,
            base_url=f"http://{HOST}",
            trust_env=False,
            event_hooks={"response": [keeps_promises]},
        ) as http,
    ):
        yield Api(app, http)


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that a response tells, which has this status and code."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert told["code"] == code, told
    assert set(told) >= {"type", "title", "status", "code", "detail", "errors"}
    return told


def sse(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The events of an SSE response: id, name, data. Comments and blocks without data are left out."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields:
            events.append((fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"])))
    return events
