"""How an event looks on the wire: an SSE block, or one line of NDJSON (which WebSocket and pages use too).

Pure functions from entries to bytes. ``event:`` is the event's type, except ``error``, which travels as ``problem``:
a browser's ``EventSource`` fires its own ``error`` on connection trouble.

Nothing that is written here can end a line or a field before its time: text is JSON, session ids are quoted as JSON,
and what is not an event id is refused with a ValueError.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from puntini.protocol.entries import Entry, encode
from puntini.protocol.events import Envelope
from puntini.protocol.ids import is_epoch, is_event_id

Framer = Callable[[str, str, Iterable[tuple[int, Entry]]], bytes]
_AFTER_TYPE = len('{"type":""')


def sse_name(type_: str) -> str:
    """The SSE event name of an event type."""
    return "problem" if type_ == "error" else type_


def complete(entry: Entry, event_id: str, session_id: str) -> bytes:
    """The whole envelope of a kept event: its line with ``id`` and ``session_id`` written in after ``type``."""
    type_, _, cut = _shape(entry.kind)
    head = f'{{"type":"{type_}","id":"{_checked(event_id)}","session_id":{_quoted(session_id)}'
    return head.encode() + entry.line[cut:]


def sse(epoch: str, session_id: str, numbered: Iterable[tuple[int, Entry]]) -> bytes:
    """SSE blocks for events, joined."""
    tail = f'"session_id":{_place(epoch, session_id)}'
    blocks = []
    for seq, (kind, _, line) in numbered:
        type_, name, cut = _shape(kind)
        head = f'id: {epoch}.{seq}\nevent: {name}\ndata: {{"type":"{type_}","id":"{epoch}.{seq}",{tail}'
        blocks.append(head.encode() + line[cut:] + b"\n\n")
    return b"".join(blocks)


def lines(epoch: str, session_id: str, numbered: Iterable[tuple[int, Entry]]) -> bytes:
    """Envelopes one a line, each ended by LF."""
    tail = f'"session_id":{_place(epoch, session_id)}'
    blocks = []
    for seq, (kind, _, line) in numbered:
        type_, _, cut = _shape(kind)
        head = f'{{"type":"{type_}","id":"{epoch}.{seq}",{tail}'
        blocks.append(head.encode() + line[cut:] + b"\n")
    return b"".join(blocks)


def sse_control(event: Envelope, event_id: str = "") -> bytes:
    """A control event as an SSE block; with ``event_id`` the block also moves the reader's last event id."""
    name = sse_name(str(type(event).__struct_config__.tag))
    mark = f"id: {_checked(event_id)}\n" if event_id else ""
    return b"%bdata: %b\n\n" % (f"{mark}event: {name}\n".encode(), encode(event))


def line_control(event: Envelope) -> bytes:
    """A control event as a line."""
    return encode(event) + b"\n"


def sse_opening(retry_ms: int, cursor: str | None) -> bytes:
    """What a stream begins with, before any event exists: a comment, the retry time, and the cursor as the last id.

    None where a snapshot follows, which brings it: whoever is cut off before that has no id to come back
    with, and so is given the snapshot again.
    """
    start = "" if cursor is None else f"id: {_checked(cursor)}\n\n"
    return f": puntini\nretry: {retry_ms}\n\n{start}".encode()


def sse_ping(cursor: str) -> bytes:
    """A comment, and the cursor where a filtered reader has moved past events that it was not sent."""
    return f": ping\nid: {_checked(cursor)}\n\n".encode() if cursor else b": ping\n\n"


@lru_cache(maxsize=256)
def _shape(kind: str) -> tuple[str, str, int]:
    # The type, its SSE name, and where a line of this kind goes on behind the type.
    type_ = kind.partition(":")[0]
    return type_, sse_name(type_), _AFTER_TYPE + len(type_.encode())


@lru_cache(maxsize=4096)
def _place(epoch: str, session_id: str) -> str:
    if not is_epoch(epoch):
        raise ValueError(f"{epoch!r} is not an epoch")
    return _quoted(session_id)


def _quoted(session_id: str) -> str:
    return encode(session_id).decode()


def _checked(event_id: str) -> str:
    if not is_event_id(event_id):
        raise ValueError(f"{event_id!r} is not an event id")
    return event_id
