"""The three streaming transports, read with as little as they need: each yields whole envelopes as they came."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Literal

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

Form = Literal["sse", "ndjson", "websocket"]
FORMS: tuple[Form, ...] = ("sse", "websocket", "ndjson")
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}
LIMIT = 4 << 20


class Refused(ConnectionError):
    """The server answered with a status that is no stream."""


class Closed(ConnectionError):
    """The server closed the socket in good order, with a code."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Over(Exception):
    """204: there is nothing after this cursor, and there never will be."""


LOST = (OSError, EOFError, ConnectionClosed, InvalidHandshake, InvalidMessage)
"""What reading raises when the server is gone: come back and go on from the last id."""


def envelopes(port: int, session_id: str, form: Form, after: str, *, buffer: int = 0) -> AsyncIterator[bytes]:
    """A session's stream after a cursor. ``buffer`` keeps what the kernel holds for us small. Raises ``LOST``."""
    if form == "websocket":
        return _from_socket(port, session_id, after, buffer)
    blocks = _http(port, session_id, ACCEPT[form], after, buffer)
    return _from_blocks(blocks) if form == "sse" else _from_lines(blocks)


async def plug(port: int, buffer: int = 0) -> socket.socket:
    """A connected socket; a small ``buffer`` has to be asked for before it is."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise
    return sock


def request(port: int, session_id: str, accept: str, after: str, more: str = "") -> bytes:
    """The head of a GET of a session's stream."""
    return (
        f"GET /v1/sessions/{session_id}/stream?after={after}{more} HTTP/1.1\r\n"
        f"host: 127.0.0.1:{port}\r\naccept: {accept}\r\n\r\n"
    ).encode()


async def _http(port: int, session_id: str, accept: str, after: str, buffer: int) -> AsyncIterator[bytes]:
    """The pieces of a chunked response's body."""
    sock = await plug(port, buffer)
    reader, writer = await asyncio.open_connection(sock=sock, limit=buffer or LIMIT)
    try:
        writer.write(request(port, session_id, accept, after))
        status = int((await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])
        if status == 204:
            raise Over
        if status != 200:
            raise Refused(status)
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield (await reader.readexactly(size + 2))[:-2]
    finally:
        writer.transport.abort()


async def _split(pieces: AsyncIterator[bytes], mark: bytes) -> AsyncIterator[bytes]:
    rest = b""
    async with aclosing(pieces) as open_:  # type: ignore[type-var]
        async for piece in open_:
            *whole, rest = (rest + piece).split(mark)
            for part in whole:
                yield part


async def _from_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(_split(pieces, b"\n")) as lines:  # type: ignore[type-var]
        async for line in lines:
            if line:
                yield line


async def _from_blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(_split(pieces, b"\n\n")) as blocks:  # type: ignore[type-var]
        async for block in blocks:
            head, found, data = block.partition(b"data: ")
            if found:
                assert not head.startswith(b"id: ") or head[4:].split(b"\n")[0] in data, block
                yield data


async def _from_socket(port: int, session_id: str, after: str, buffer: int) -> AsyncIterator[bytes]:
    url = f"ws://127.0.0.1:{port}/v1/sessions/{session_id}/stream?after={after}"
    websocket = await connect(
        url,
        sock=await plug(port, buffer),
        subprotocols=[Subprotocol("puntini.v1")],
        compression=None,
        max_size=None,
        max_queue=1 if buffer else 16,
        ping_interval=None,
        proxy=None,
    )
    try:
        async for frame in websocket:
            assert isinstance(frame, str)
            for line in frame.encode().split(b"\n"):
                if line:
                    yield line
        raise Closed(websocket.close_code)
    finally:
        # Not a closing handshake: whoever leaves here may be cancelled, and the server must cope with rude clients.
        websocket.transport.abort()
