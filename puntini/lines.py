"""The connections of our server: uvicorn's, with deadlines for slow clients and a way for the app to cut one off.

To the app each is a ``Line`` (transport/asgi.py), in the scope's extensions as ``puntini.line``.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

HEADER_BYTES = 65_536
KEEPALIVE_SECONDS = 30
DEAD_PEER_MS = 60_000
UNSENT_BYTES = 131_072
"""So much the kernel takes beyond what is under way: that a client does not read is seen soon, and costs little."""
MOST_PIPELINED = 100
"""Requests that wait on one connection for their turn."""
LINGER_SECONDS = 2.0
TCP_OPTIONS = {
    "TCP_KEEPIDLE": KEEPALIVE_SECONDS,
    "TCP_USER_TIMEOUT": DEAD_PEER_MS,
    "TCP_NOTSENT_LOWAT": UNSENT_BYTES,
}
"""Where the system has them."""
BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP with an end to slow and endless headers, and a way for the app to cut a stalled client off."""

    header_seconds = 10.0
    lost = False
    on_lost: Callable[[], None] | None = None
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """A client connected: its headers are due."""
        super().connection_made(transport)
        watch_peer(transport)
        self._expect_headers()

    def _expect_headers(self) -> None:
        self._head_bytes = 0
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(self.header_seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse headers without end."""
        super().data_received(data)
        if self._deadline is not None:
            self._head_bytes += len(data)  # counted after: a head begins at nought
        if self._deadline is not None and self._head_bytes > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    def on_message_begin(self) -> None:
        """A request begins: give the app its way to cut the connection."""
        super().on_message_begin()
        self._expect_headers()
        cast(Any, self.scope)["extensions"] = {"puntini.line": self}

    def on_headers_complete(self) -> None:
        """The headers came in time."""
        self._on_time()
        super().on_headers_complete()
        if len(self.pipeline) > MOST_PIPELINED:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._on_time()
        super().connection_lost(exc)
        self.lost = True
        if self.on_lost is not None:
            self.on_lost()
            self.on_lost = None
        self._let_go()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; from here on another protocol hears of it."""
        super().handle_websocket_upgrade()
        cast(Any, self).parser = None
        self._let_go()

    def _let_go(self) -> None:
        """Leave no circle of references: the collector, which would find it, comes seldom (see ``calm``)."""
        mine = cast(Any, self)
        mine.scope = mine.cycle = None
        self.pipeline.clear()

    def abort(self) -> None:
        """Cut the connection at once."""
        self.transport.abort()

    def unsent(self) -> int:
        """How many bytes wait here for the kernel to take them."""
        return self.transport.get_write_buffer_size()

    def _on_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket with a way for the app to cut a stalled client off.

    That the client left is told by ``receive``; ``lost`` and ``on_lost`` only make this a whole ``Line``.
    """

    lost = False
    on_lost: Callable[[], None] | None = None

    def abort(self) -> None:
        """Cut the connection at once."""
        self.transport.abort()

    def unsent(self) -> int:
        """How many bytes wait here for the kernel to take them."""
        return self.transport.get_write_buffer_size()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a handshake that can't be read is refused, which uvicorn leaves to us."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(BAD_HANDSHAKE)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Hand a message over; text that is not UTF-8 ends the socket (RFC 6455, 8.1), which is no matter for a log."""
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.conn.fail(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send; a socket that was closed for what the client sent is one whose client has left."""
        await self.writable.wait()
        if self.close_sent and self.initial_response is None:
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # by a refusal, which is no fault of the app's that a line should tell of

    async def send_piece(self, piece: bytes, *, first: bool, last: bool) -> None:
        """Send a part of a text message, in a frame of its own (RFC 6455, 5.4)."""
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        if first:
            self.conn.send_text(piece, fin=last)
        else:
            self.conn.send_continuation(piece, fin=last)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def handle_parser_exception(self) -> None:
        """What can't be read ends the socket, after a moment: a client that still sends would lose the close frame."""
        if self.close_sent:
            return
        self.close_sent = True
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    async def run_asgi(self) -> None:
        """Run the app with the extension in its scope; afterwards leave no circle of references."""
        extensions = cast(Any, self.scope)["extensions"]
        extensions["puntini.line"] = extensions["puntini.pieces"] = self
        await super().run_asgi()
        extensions.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: end what waits for its next frame, which holds on to itself."""
        super().connection_lost(exc)
        self.conn.parser.close()


def _is_utf8(frames: list[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True


def watch_peer(transport: asyncio.BaseTransport) -> None:
    """Let the kernel end connections whose peer has vanished without a word, and take little for one that is slow."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in TCP_OPTIONS.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
