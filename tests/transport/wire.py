"""The server's side of ASGI by hand: requests and sockets whose every message is seen."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import anyio
import msgspec

from puntini.transport.asgi import ASGIApp, Message
from tests.protocol.sse import Block, SseParser

PATIENCE = 20.0
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

    def unsent(self) -> int:
        """What was written before the client stalled has arrived."""
        return 0

    async def send_piece(self, piece: bytes, *, first: bool, last: bool) -> None:
        """A part of a text message: seen whole when its last has come."""
        await self._wire.take(piece, first=first, last=last)

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
        self.pieces: list[bytes] = []
        self.app = app
        self._scope = scope
        self._line = Line(self) if line else None
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._left = False
        self._moved = asyncio.Event()
        if self._line is not None:
            scope.setdefault("extensions", {}).update({"puntini.line": self._line, "puntini.pieces": self._line})

    async def __aenter__(self) -> Self:
        self.task = asyncio.ensure_future(self.app(self._scope, self._receive, self._send))
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

    async def take(self, piece: bytes, *, first: bool, last: bool) -> None:
        """A part of a message, as our own server takes it."""
        await self.flow.wait()
        assert first == (not self.pieces), "no other message may come between"
        self.pieces.append(piece)
        self._moved.set()
        await asyncio.sleep(0)
        if last:
            text, self.pieces = b"".join(self.pieces).decode(), []
            await self._send({"type": "websocket.send", "text": text})

    async def _send(self, message: Message) -> None:
        await self.flow.wait()
        if self._left:
            return
        closed = bool(self.sent) and self.sent[-1]["type"] == "websocket.close"
        assert not closed, f"{message} after the socket was closed"
        assert not self.pieces, f"{message} within another"
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


def seq_of(event: Mapping[str, Any]) -> int:
    return int(event["id"].partition(".")[2])


def scope_of(type_: str, path: str, headers: Mapping[str, str] | None, **more: Any) -> dict[str, Any]:
    """What a server says of a request."""
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
