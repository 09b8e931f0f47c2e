"""``puntini serve``: the app under uvicorn, with what uvicorn leaves to us: deadlines for slow clients, and the drain.

The only file that knows uvicorn. asyncio's own loop, not uvloop: it accepts a whole reconnect storm in one turn.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, cast

import anyio
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from puntini import __version__
from puntini.app import Parts, create_app
from puntini.auth.gate import is_loopback
from puntini.errors import Misconfigured
from puntini.logs import configure
from puntini.protocol.decode import MESSAGE_LIMIT
from puntini.settings import Settings

HEADER_BYTES = 65_536
BACKLOG = 4_096
KEEPALIVE_SECONDS = 30
DEAD_PEER_MS = 60_000
COLLECT_AFTER = (50_000, 50, 50)
TIDY_SECONDS, TIDY_AFTER, TIDY_SHARE = 0.5, 2_000, 20
SWITCH_SECONDS = 0.0005
MOST_PIPELINED = 100
"""Requests that wait on one connection for their turn."""
LINGER_SECONDS = 2.0
BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
DRAIN_SHARE, CLOSING_SHARE = 0.75, 0.1
"""Of the grace: for tasks and streams to end well, and for putting everything away."""


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
        notice_dead_peers(transport)
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
        if self._deadline is not None:
            self._head_bytes += len(data)
        super().data_received(data)
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
        extensions["puntini.line"] = self
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


def notice_dead_peers(transport: asyncio.BaseTransport) -> None:
    """Let the kernel end connections whose peer has vanished without a word."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", KEEPALIVE_SECONDS), ("TCP_USER_TIMEOUT", DEAD_PEER_MS)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Server(uvicorn.Server):
    """uvicorn's server, whose first signal begins a drain and whose second ends at once."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], object]) -> None:
        super().__init__(config)
        self._told = told
        self._signals = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came. The second does what it does to a program that has no word for it."""
        self._signals += 1
        if self._signals == 1:
            self._told()
        else:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)

    def stop_accepting(self) -> None:
        """Close the door: who comes back is sent elsewhere, or finds the next server."""
        for listener in self.servers:
            listener.close()

    def cut_off(self) -> None:
        """Wait for nobody: not for clients that do not read, nor for requests that never become whole."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def bind(host: str, port: int) -> socket.socket:
    """Listen, before anything is opened: of two servers that start together one is told. Raises Misconfigured."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: of a socket that does not say it, asyncio leaves Nagle's algorithm on, and answers wait for 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        sock.close()
        raise Misconfigured(
            f"Can't listen on {host} port {port}: {error}. Choose another with --host and --port."
        ) from None
    sock.set_inheritable(False)
    return sock


def run(settings: Settings) -> int:
    """Serve until a signal; returns the exit code. Raises Misconfigured before anything is served."""
    if not is_loopback(settings.host):
        raise Misconfigured(
            f"This version has no accounts yet, so it serves this machine only, and {settings.host} is not a loopback "
            "address. Use --host 127.0.0.1, and a proxy in front that checks who may."
        )
    configure(settings.log_format, settings.log_level)
    calm()
    return asyncio.run(_serve(settings))


def calm() -> None:
    """Settings of the interpreter that suit large, long-lived rings and threads beside a busy loop.

    The collector's full rounds walk every ring, so they come seldom: what closed streams leave for it is taken away by
    ``_tidy``. The reading and writing threads get the interpreter's lock back sooner than after the usual 5 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)


async def _serve(settings: Settings) -> int:
    app = create_app(settings)
    parts: Parts = app.state.parts
    sock = bind(settings.host, settings.port)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    with sock:
        async with app.router.lifespan_context(app), anyio.create_task_group() as tasks:
            server = Server(_config(settings, app), partial(loop.call_soon_threadsafe, told.set))
            tasks.start_soon(_drain_when_told, told, server, parts, settings.grace)
            tasks.start_soon(_greet, server, parts, settings, sock)
            tasks.start_soon(_tidy, parts)
            await server.serve([sock])
            tasks.cancel_scope.cancel()
    return 0


def _config(settings: Settings, app: Any) -> uvicorn.Config:
    http = type("ConfiguredHttpProtocol", (HttpProtocol,), {"header_seconds": settings.header_seconds})
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=http,
        ws=WebSocketProtocol,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
    )


async def _drain_when_told(told: asyncio.Event, server: Server, parts: Parts, grace: float) -> None:
    """On the first signal: no new connections, tasks to a safe point, every stream told, then the end."""
    await told.wait()
    until = anyio.current_time() + grace
    server.stop_accepting()
    await parts.drain(grace * DRAIN_SHARE)
    server.should_exit = True
    # Who was told goes on receiving what is on its way; the last of the time is for closing the store.
    await anyio.sleep_until(until - grace * CLOSING_SHARE)
    server.cut_off()


async def _tidy(parts: Parts) -> None:
    """Collect what closed streams left, when it is worth a round, in at most a twentieth of the time. Never ends.

    Each leaves asyncio's transport, which refers to itself, and one that was cancelled may leave its frames.
    """
    tidied, pause = 0, TIDY_SECONDS
    while True:
        await anyio.sleep(pause)
        connections = parts.connections.stats
        closed = connections["opened"] - connections["open"]
        if closed - tidied >= TIDY_AFTER:
            tidied, began = closed, anyio.current_time()
            gc.collect()
            pause = max(TIDY_SECONDS, TIDY_SHARE * (anyio.current_time() - began))


async def _greet(server: Server, parts: Parts, settings: Settings, sock: socket.socket) -> None:
    """Say where the server is and what to try first."""
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await anyio.sleep(0.01)
    host, port = sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    agents = ", ".join(sorted(parts.runner.agents))
    if settings.log_format == "json":
        parts.log.info("serving", url=url, store=settings.store, agents=agents, mode="open", version=__version__)
        return
    sys.stdout.write(GREETING.format(version=__version__, url=url, store=settings.store, agents=agents))
    sys.stdout.flush()


GREETING = """\
Puntini {version}
  address  {url}
  store    {store}
  agent    {agents}
  mode     open: this machine only, no credential needed

Try it:
  curl -N {url}/v1/chat -d '{{"prompt": "play 20 events every 100 ms"}}'

Ctrl-C stops the server.
"""
