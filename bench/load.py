"""Many readers in one process: plain sockets and epoll. Bytes are counted where the kernel puts them, never parsed.

An event is a ``marker`` in the bytes that came. One that is cut in two by the end of a read is found all the same: each
reader's last bytes are put in front of its next ones. A few readers may be watched: their bytes are copied to a sink.
"""

import base64
import resource
import secrets
import select
import socket
from collections.abc import Callable, Sequence
from time import monotonic

BUFFER = 1 << 18
SSE_MARKER = b"\ndata: "
LINE_MARKER = b'{"type":"'
PING, PONG = 0x89, 0x8A

Sink = Callable[[bytes], None]


class Reader:
    """One connection and what it was sent."""

    __slots__ = ("answered_at", "bytes", "events", "opened_at", "sink", "sock", "tail")

    def __init__(self, sock: socket.socket, tail: bytes, sink: Sink | None) -> None:
        self.sock = sock
        self.tail = tail
        self.sink = sink
        self.events = 0
        self.bytes = 0
        self.opened_at = monotonic()
        self.answered_at = 0.0


class Readers:
    """A crowd of readers. ``lost`` counts those that were refused or whose connection ended."""

    def __init__(self, marker: bytes = SSE_MARKER) -> None:
        self.all: list[Reader] = []
        self.answered = 0
        self.lost = 0
        self.refusal = b""
        self._marker = marker
        self._sockets = marker == LINE_MARKER
        self._keep = len(marker) - 1
        self._buffer = bytearray(self._keep + BUFFER)
        self._space = memoryview(self._buffer)[self._keep :]
        self._open: dict[int, Reader] = {}
        self._epoll = select.epoll()

    def open(
        self, address: tuple[str, int], request: bytes, count: int, sinks: Sequence[Sink] = (), *, seconds: float = 20.0
    ) -> list[Reader]:
        """Connect ``count`` readers, all before any is answered; ``sinks`` watch as many of them, evenly spread."""
        every = count // len(sinks) if sinks else 0
        opened = []
        for number in range(count):
            watched = sinks and number % every == 0 and number // every < len(sinks)
            sock = socket.create_connection(address, timeout=seconds)
            sock.sendall(request)
            sock.setblocking(False)
            reader = Reader(sock, bytes(self._keep), sinks[number // every] if watched else None)
            self._open[sock.fileno()] = reader
            self._epoll.register(sock, select.EPOLLIN)
            opened.append(reader)
        self.all += opened
        return opened

    def pump(self, seconds: float, done: Callable[[], bool] | None = None) -> bool:
        """Read for so long, or until ``done``; returns whether it was done in time."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            for fd, _ in self._epoll.poll(min(left, 0.05)):
                self._read(self._open[fd])
            if done is not None and done():
                return True
        return False

    def wait_answered(self, seconds: float = 30.0) -> None:
        """Wait until every reader has the head of its response. Raises RuntimeError."""
        if not self.pump(seconds, lambda: self.answered + self.lost >= len(self.all)) or self.lost:
            missing = len(self.all) - self.answered
            raise RuntimeError(f"{missing} of {len(self.all)} readers got no stream. {self.refusal.decode()}".strip())

    def _read(self, reader: Reader) -> None:
        try:
            size = reader.sock.recv_into(self._space)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._lose(reader)
            return
        buffer, end = self._buffer, self._keep + size
        buffer[: self._keep] = reader.tail
        reader.events += buffer.count(self._marker, 0, end)
        reader.bytes += size
        reader.tail = bytes(buffer[size:end])
        if not reader.answered_at:
            self._answer(reader, bytes(self._space[:size]))
        if reader.sink is not None:
            reader.sink(bytes(self._space[:size]))
        if self._sockets and buffer.find(PING, self._keep, end) >= 0:
            _pong(reader.sock, bytes(self._space[:size]))

    def _answer(self, reader: Reader, head: bytes) -> None:
        if head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")):
            reader.answered_at = monotonic()
            self.answered += 1
        else:
            self.refusal = head[:200]
            self._lose(reader)

    def _lose(self, reader: Reader) -> None:
        self.lost += 1
        self._close(reader)

    def _close(self, reader: Reader) -> None:
        if self._open.pop(reader.sock.fileno(), None) is not None:
            self._epoll.unregister(reader.sock)
            reader.sock.close()

    def hang_up(self, readers: Sequence[Reader]) -> None:
        """These readers leave."""
        gone = set(readers)
        for reader in readers:
            self._close(reader)
        self.all = [reader for reader in self.all if reader not in gone]
        self.answered = sum(1 for reader in self.all if reader.answered_at)

    def close(self) -> None:
        """All leave, for good."""
        for reader in self.all:
            self._close(reader)
        self._epoll.close()

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pong(sock: socket.socket, data: bytes) -> None:
    """Answer the keep-alive pings in ``data`` (RFC 6455, 5.5.3).

    Frames are not parsed: text is ASCII here, so such a byte is a ping's or part of a length, and a pong too many is
    ignored.
    """
    at = data.find(PING)
    while 0 <= at < len(data) - 1:
        size = data[at + 1]
        if size <= 125:
            sock.send(bytes([PONG, 0x80 | size]) + bytes(4) + data[at + 2 : at + 2 + size])
        at = data.find(PING, at + 1)


def get(path: str, accept: str = "text/event-stream") -> bytes:
    """A streaming GET, ready to send."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A request with a JSON body, ready to send."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def upgrade(path: str, subprotocol: str = "") -> bytes:
    """A WebSocket handshake, ready to send."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    offer = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{offer}\r\n"
    ).encode()


def allow_many_files(wanted: int = 16_384) -> int:
    """Raise the limit of open files, for this process and those it starts; returns what there is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    return max(soft, target)
