"""A TCP connection that says whatever it likes, as no well-behaved client would."""

import json
import select
import socket
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.live.serving import Serving

SECONDS = 20.0


class Answer(NamedTuple):
    """A response; ``headers`` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class Wire:
    """One connection. Reading gives up after ``SECONDS`` with a TimeoutError."""

    def __init__(self, server: Serving) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)
        self._host = f"127.0.0.1:{server.port}"
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Close it."""
        self._file.close()
        self._socket.close()

    def say(self, data: bytes) -> Self:
        """Send bytes as they are. Raises OSError when the server has hung up."""
        self._socket.sendall(data)
        return self

    def request(self, method: str, path: str, *headers: str, body: bytes | None = None) -> Self:
        """Send a whole request."""
        return self.say(self.head(method, path, *headers, length=None if body is None else len(body)) + (body or b""))

    def head(self, method: str, path: str, *headers: str, length: int | None = None) -> bytes:
        """A request's head, with the right Host unless ``headers`` bring another."""
        lines = [f"{method} {path} HTTP/1.1", *headers]
        if not any(line.lower().startswith("host:") for line in headers):
            lines.append(f"Host: {self._host}")
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def finish_saying(self) -> Self:
        """Close this side only."""
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self) -> Answer:
        """The next whole response. Raises EOFError when there is none."""
        status, headers = self.answer_head()
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(iter(self._chunk, b"")))
        return Answer(status, headers, self._file.read(int(headers.get("content-length", 0))))

    def answer_head(self) -> tuple[int, dict[str, str]]:
        """The next response's status and headers. Raises EOFError when there is none."""
        first = self._file.readline()
        if not first:
            raise EOFError("the server hung up without an answer")
        lines = iter(lambda: self._file.readline().decode("latin-1").strip(), "")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split()[1]), headers

    def line(self) -> bytes:
        """The next line of a response's body, chunk marks and all."""
        return self._file.readline()

    def rest(self) -> bytes:
        """Everything up to the server's hanging up, politely or not."""
        try:
            return self._file.read()
        except ConnectionResetError:
            return b""

    def hung_up(self) -> bool:
        """Whether the server has closed the connection by now; reads and drops what it said."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(65_536)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self._socket.settimeout(SECONDS)

    def hangs_up(self, seconds: float) -> bool:
        """Whether the server closes the connection within ``seconds``; reads and drops what it says until then."""
        readable, _, _ = select.select([self._socket], [], [], seconds)
        return bool(readable) and self.hung_up()

    def abandon(self) -> None:
        """End both directions, whoever is using them."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        data = self._file.read(size)
        self._file.readline()
        return data


HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def upgrade(wire: Wire, path: str, *headers: str) -> Wire:
    """Ask for a WebSocket; ``headers`` replace those of the same name."""
    given = {field.partition(":")[0] for field in headers}
    return wire.request("GET", path, *headers, *(field for field in HANDSHAKE if field.partition(":")[0] not in given))


def masked(first: int, payload: bytes) -> bytes:
    """A client's frame, with a mask of zeros. ``payload`` is under 64 KiB."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([first]) + size + bytes(4) + payload
