"""Posts a request, and reads a streamed answer to its end. What it told is counted after the last byte, not parsed."""

import re
import socket

import msgspec

READ_SECONDS = 240.0
PIECE = 1 << 20
_TOLD = re.compile(rb'"(?:content|text)":\s?"word "')


def posted(address: tuple[str, int], path: str, body: object, events: int) -> None:
    """Read what comes. Raises RuntimeError unless it tells the word as often as it should."""
    content = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.0\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(address, timeout=READ_SECONDS) as sock:
        sock.sendall(head.encode() + content)
        pieces = []
        while piece := sock.recv(PIECE):
            pieces.append(piece)
    answer = b"".join(pieces)
    if (told := len(_TOLD.findall(answer))) < events:
        raise RuntimeError(f"{path} told {told} of {events} events: {answer[-300:].decode(errors='replace')}")
