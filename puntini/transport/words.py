"""How each transport says the things that are not events of the log."""

from typing import Protocol

from puntini.log.runs import Framing
from puntini.protocol import frames
from puntini.protocol.events import Envelope


class Words(Protocol):
    """A transport's vocabulary."""

    @property
    def framing(self) -> Framing:
        """How events are framed."""
        ...

    def opening(self, retry_ms: int, cursor: str | None) -> bytes:
        """What goes out at once, before any event exists; None where a snapshot brings the cursor."""
        ...

    def control(self, event: Envelope, event_id: str = "") -> bytes:
        """A control event; with ``event_id`` it also moves the reader's last event id where the transport has one."""
        ...

    def retry(self, retry_ms: int) -> bytes:
        """When to come back, where the transport has a word for it."""
        ...

    def ping(self, cursor: str) -> bytes:
        """A sign of life, with the cursor where the reader has passed events it was not sent; empty for none."""
        ...


class SseWords:
    """Server-Sent Events."""

    framing: Framing = "sse"

    def opening(self, retry_ms: int, cursor: str | None) -> bytes:
        """A comment, the retry time, and the cursor as an id-only block."""
        return frames.sse_opening(retry_ms, cursor)

    def control(self, event: Envelope, event_id: str = "") -> bytes:
        """A block."""
        return frames.sse_control(event, event_id)

    def retry(self, retry_ms: int) -> bytes:
        """The standard's own field."""
        return b"retry: %d\n\n" % retry_ms

    def ping(self, cursor: str) -> bytes:
        """A comment."""
        return frames.sse_ping(cursor)


class LineWords:
    """NDJSON: one envelope a line."""

    framing: Framing = "lines"

    def opening(self, retry_ms: int, cursor: str | None) -> bytes:
        """Lines begin with the first event."""
        return b""

    def control(self, event: Envelope, event_id: str = "") -> bytes:
        """A line."""
        return frames.line_control(event)

    def retry(self, retry_ms: int) -> bytes:
        """The ``reconnect`` event says it."""
        return b""

    def ping(self, cursor: str) -> bytes:
        """An empty line, which NDJSON readers skip."""
        return b"\n"


class SocketWords(LineWords):
    """WebSocket."""

    def ping(self, cursor: str) -> bytes:
        """Nothing: the protocol has ping frames of its own, and the server sends them."""
        return b""


SSE = SseWords()
LINES = LineWords()
SOCKET = SocketWords()
