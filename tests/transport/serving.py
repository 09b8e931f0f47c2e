"""The whole server in this process, without a socket: requests to it, and the doors to its log."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from puntini.app import Parts, create_app
from puntini.log.contract import Append, SessionRow, TaskRow
from puntini.log.mint import new_id, now_ms
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    Debug,
    DebugData,
    Level,
    Reasoning,
    ReasoningData,
    SessionClosed,
    SessionClosedData,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskStarted,
    Usage,
)
from puntini.settings import Settings
from puntini.transport.asgi import ASGIApp
from tests.api import calling
from tests.transport.wire import PATIENCE, Exchange, Socket, scope_of


class Server:
    """The app in its lifespan, and the doors to what is behind it."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self.parts = parts
        self._app = app

    @property
    def epoch(self) -> str:
        return self.parts.store.epoch

    @property
    def open_connections(self) -> int:
        return int(self.parts.connections.stats["open"])

    async def until_open(self, count: int) -> None:
        """Wait until so many streams are open. Raises TimeoutError."""
        with anyio.fail_after(PATIENCE):
            while self.open_connections != count:
                await anyio.sleep(0.001)
        await anyio.wait_all_tasks_blocked()

    # Requests.

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, line: bool = False) -> Exchange:
        return self.request("GET", path, headers, line=line)

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = b"",
        *,
        line: bool = False,
    ) -> Exchange:
        """A request; with ``body`` None its body does not come yet."""
        exchange = Exchange(self._app, scope_of("http", path, headers, method=method), line=line)
        if body is not None:
            exchange.put({"type": "http.request", "body": body, "more_body": False})
        return exchange

    async def answer(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Exchange:
        """A request whose response ends by itself."""
        async with self.request(method, path, headers, body) as exchange:
            await exchange.end()
        return exchange

    def socket(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        subprotocols: tuple[str, ...] = ("puntini.v1",),
        line: bool = False,
    ) -> Socket:
        scope = scope_of("websocket", path, headers, subprotocols=list(subprotocols))
        scope["extensions"] = {"websocket.http.response": {}}
        socket = Socket(self._app, scope, line=line)
        socket.put({"type": "websocket.connect"})
        return socket

    # The log.

    async def session(self, *entries: Entry) -> str:
        """A new session that holds these events; returns its id."""
        now = now_ms()
        row = SessionRow(session_id=new_id("ses"), owner="local", agent="scripted", created_at=now, updated_at=now)
        await self.parts.store.append(Append(session_id=row.session_id, create=row, entries=entries, at=now))
        return row.session_id

    async def say(self, session_id: str, *entries: Entry) -> None:
        await self.parts.store.append(Append(session_id=session_id, entries=entries, at=now_ms()))

    async def close(self, session_id: str) -> None:
        """Write a session's last event."""
        entry = entry_of(SessionClosed(data=SessionClosedData(reason="done")))
        write = Append(session_id=session_id, entries=[entry], status="closed", at=now_ms())
        await self.parts.store.append(write)

    async def begin(self, session_id: str) -> str:
        """A task that began and that nobody runs; returns its id."""
        task_id = new_id("tsk")
        await self._task(session_id, task_id, "running", TaskStarted(task_id=task_id, data=TaskData(status="running")))
        return task_id

    async def finish(self, session_id: str, task_id: str) -> None:
        """Write a task's end."""
        data = TaskEndData(final_answer="done", duration_seconds=1.0, usage=Usage())
        await self._task(session_id, task_id, "completed", TaskCompleted(task_id=task_id, data=data))

    async def _task(self, session_id: str, task_id: str, status: Any, event: TaskStarted | TaskCompleted) -> None:
        now = now_ms()
        row = TaskRow(
            task_id=task_id,
            session_id=session_id,
            agent="scripted",
            prompt="go",
            status=status,
            created_at=now,
            updated_at=now,
        )
        write = Append(session_id=session_id, entries=[entry_of(event)], task=row, at=now)
        await self.parts.store.append(write)

    async def trim(self, session_id: str, to: int) -> None:
        """Forget the oldest events, as retention does it."""
        await self.parts.keeper.snapshot_at(session_id, to)
        await self.parts.store.trim(session_id, to)
        self.parts.hub.trimmed(session_id, to)


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Server]:
    """The whole server in this process. At the end nobody may have a stream open, or a feed in hand, any more."""
    app = create_app(Settings(store=calling.instead[0], **{"agent": ("scripted",), **settings}))
    async with app.router.lifespan_context(app):
        server = Server(app, app.state.parts)
        yield server
        server.parts.hub.free_idle(float("inf"))
        assert server.open_connections == 0, server.parts.connections.stats
        assert server.parts.hub.stats["feeds"] == 0, server.parts.hub.stats


def thought(text: str = "hm", *, task: str = "") -> Entry:
    """The plainest event."""
    return entry_of(Reasoning(task_id=task, data=ReasoningData(text=text)))


def thoughts(count: int) -> list[Entry]:
    return [thought(str(number)) for number in range(1, count + 1)]


def remark(level: Level, *, task: str = "") -> Entry:
    """A debug event."""
    return entry_of(Debug(task_id=task, data=DebugData(message="hm", level=level)))


def stream_of(session_id: str, query: str = "") -> str:
    """The address of a session's stream."""
    return f"/v1/sessions/{session_id}/stream" + (f"?{query}" if query else "")
