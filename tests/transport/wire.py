"""The server's side of ASGI by hand: an app in its lifespan, requests and sockets whose every message is seen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import anyio
import msgspec

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
from puntini.transport.asgi import ASGIApp, Message
from tests.protocol.sse import Block, SseParser

PATIENCE = 10.0
HOST = (b"host", b"localhost")


class Line:
    """What our own server puts into a scope: the app hears that the client left, and can cut the connection."""

    def __init__(self, wire: "Wire") -> None:
        self.lost = False
        self.on_lost: Callable[[], None] | None = None
        self._wire = wire

    def abort(self) -> None:
        """Cut the connection."""
        self._wire.was_cut = True
        self._wire.leave()

    def leave(self) -> None:
        """The client has left."""
        self.lost = True
        if self.on_lost is not None:
            self.on_lost()


class Wire:
    """One connection: the app runs in a task of its own between the client's messages and what it sends.

    As in uvicorn, what is sent after the client left goes nowhere, and a stalled client holds up the sender.
    """

    def __init__(self, app: ASGIApp, scope: dict[str, Any], *, line: bool) -> None:
        self.sent: list[Message] = []
        self.times: list[float] = []
        self.flow = asyncio.Event()
        self.flow.set()
        self.was_cut = False
        self._app = app
        self._scope = scope
        self._line = Line(self) if line else None
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._left = False
        self._moved = asyncio.Event()
        if self._line is not None:
            scope.setdefault("extensions", {})["puntini.line"] = self._line

    async def __aenter__(self) -> Self:
        self.task = asyncio.ensure_future(self._app(self._scope, self._receive, self._send))
        self.task.add_done_callback(lambda _: self._moved.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The client leaves, and the app has to end. Raises what the app raised."""
        self.leave()
        try:
            await asyncio.wait_for(self.task, PATIENCE)
        except asyncio.CancelledError:
            if kind is None:
                raise

    # The client's side.

    def put(self, message: Message) -> None:
        """The client sends something."""
        self._inbox.put_nowait(message)

    def leave(self) -> None:
        """The client leaves."""
        if not self._left:
            self._left = True
            self.put({"type": self._scope["type"] + ".disconnect", "code": 1006})
            self.flow.set()
            if self._line is not None:
                self._line.leave()

    def stall(self) -> None:
        """The client stops reading."""
        self.flow.clear()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that the app sends, or its end. Raises TimeoutError."""
        with anyio.fail_after(PATIENCE):
            while not true():
                self._moved.clear()
                assert not self.task.done(), f"the app has ended; it sent {self.sent[-3:]}"
                await self._moved.wait()

    async def end(self) -> None:
        """Wait until the app is done by itself. Raises TimeoutError."""
        await asyncio.wait_for(asyncio.shield(self.task), PATIENCE)

    # The app's side.

    async def _receive(self) -> Message:
        return await self._inbox.get()

    async def _send(self, message: Message) -> None:
        await self.flow.wait()
        if self._left:
            return
        closed = bool(self.sent) and self.sent[-1]["type"] == "websocket.close"
        assert not closed, f"{message} after the socket was closed"
        self.sent.append(message)
        self.times.append(anyio.current_time())
        self._moved.set()


class Exchange(Wire):
    """An HTTP request and its response."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], *, line: bool) -> None:
        super().__init__(app, scope, line=line)
        self._browser = SseParser()
        self._parsed = 0

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"]) if self.sent else 0

    @property
    def headers(self) -> dict[str, str]:
        """The response's headers."""
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def writes(self) -> list[bytes]:
        """The pieces of the body, as they were sent."""
        return [message["body"] for message in self.sent[1:]]

    @property
    def body(self) -> bytes:
        return b"".join(self.writes)

    @property
    def whole(self) -> bool:
        """Whether the response has ended as it should."""
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def parser(self) -> SseParser:
        """What a browser makes of it so far."""
        for write in self.writes[self._parsed :]:
            self._browser.feed(write)
        self._parsed = len(self.writes)
        return self._browser

    def blocks(self) -> list[Block]:
        return self.parser().blocks

    def names(self) -> list[str]:
        """The names of the SSE events so far."""
        return [block.name for block in self.blocks()]

    def ids(self) -> list[int]:
        """The seqs of the log's events so far; control events have none."""
        said = (msgspec.json.decode(block.data) for block in self.blocks())
        return [seq_of(event) for event in said if "id" in event]

    def lines(self) -> list[dict[str, Any]]:
        """The NDJSON envelopes so far."""
        return [msgspec.json.decode(line) for line in self.body.split(b"\n")[:-1] if line]

    async def until_event(self, name: str) -> Block:
        """Wait for an SSE event; returns the first of that name."""
        await self.until(lambda: name in self.names())
        return next(block for block in self.blocks() if block.name == name)

    async def until_seq(self, seq: int) -> None:
        """Wait for an event of the log over SSE."""
        await self.until(lambda: seq in self.ids())


class Socket(Wire):
    """A WebSocket."""

    @property
    def accepted(self) -> bool:
        return bool(self.sent) and self.sent[0]["type"] == "websocket.accept"

    @property
    def closed(self) -> int:
        """The close code, 0 while open."""
        return int(self.sent[-1]["code"]) if self.sent and self.sent[-1]["type"] == "websocket.close" else 0

    @property
    def frames(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]

    def events(self) -> list[dict[str, Any]]:
        """The envelopes so far, from all frames."""
        return [msgspec.json.decode(line) for frame in self.frames for line in frame.split("\n")]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def ids(self) -> list[int]:
        """The seqs of the log's events so far."""
        return [seq_of(event) for event in self.events() if "id" in event]

    def say(self, type_: str, data: object = None, **envelope: str) -> None:
        """Send a command."""
        command = {"type": type_, **({"data": data} if data is not None else {}), **envelope}
        self.say_raw(msgspec.json.encode(command).decode())

    def say_raw(self, frame: str | bytes) -> None:
        """Send a frame, whatever it holds."""
        self.put({"type": "websocket.receive", "text" if isinstance(frame, str) else "bytes": frame})

    async def until_type(self, type_: str, count: int = 1) -> dict[str, Any]:
        """Wait for the ``count``-th envelope of a type; returns it."""
        await self.until(lambda: self.types().count(type_) >= count)
        return [event for event in self.events() if event["type"] == type_][count - 1]

    async def until_seq(self, seq: int) -> None:
        """Wait for an event of the log."""
        await self.until(lambda: seq in self.ids())


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
        exchange = Exchange(self._app, _scope("http", path, headers, method=method), line=line)
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
        scope = _scope("websocket", path, headers, subprotocols=list(subprotocols))
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
    app = create_app(Settings(store="memory:", **settings))
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


def seq_of(event: Mapping[str, Any]) -> int:
    return int(event["id"].partition(".")[2])


def stream_of(session_id: str, query: str = "") -> str:
    """The address of a session's stream."""
    return f"/v1/sessions/{session_id}/stream" + (f"?{query}" if query else "")


def _scope(type_: str, path: str, headers: Mapping[str, str] | None, **more: Any) -> dict[str, Any]:
    where, _, query = path.partition("?")
    return {
        "type": type_,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if type_ == "http" else "ws",
        "path": where,
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [HOST, *((name.lower().encode(), value.encode()) for name, value in (headers or {}).items())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        **more,
    }
