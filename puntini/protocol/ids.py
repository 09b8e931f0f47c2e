"""Event ids and cursors. An id is ``<epoch>.<seq>``; a cursor is what a client may write where an id is wanted."""

import re

from msgspec import Struct

ID_LIMIT = 40
# At most 18 digits, so that every seq fits the 64 bits that a database keeps it in.
_SEQ = re.compile(r"0|[1-9][0-9]{0,17}")
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_ID = re.compile(rf"({_EPOCH.pattern})\.({_SEQ.pattern})")


class EventId(Struct, frozen=True):
    """Where an event stands: ``seq`` counts from 1 inside a session, ``epoch`` names the log's life."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"


class Earliest(Struct, frozen=True):
    """From the first event that is kept."""


class Now(Struct, frozen=True):
    """From the newest event, without a snapshot."""


class Malformed(Struct, frozen=True):
    """Not a cursor at all; it is answered with a ``gap``, never with silence."""

    text: str


Cursor = EventId | Earliest | Now | Malformed


def is_epoch(text: str) -> bool:
    """Whether this can name a log's life."""
    return _EPOCH.fullmatch(text) is not None


def is_event_id(text: str) -> bool:
    """Whether this is an id as the log gives them."""
    return _ID.fullmatch(text) is not None


def parse_cursor(text: str, epoch: str) -> Cursor:
    """Read a cursor: an id, a bare seq (taken in ``epoch``), ``earliest`` or ``now``."""
    if text == "earliest":
        return Earliest()
    if text == "now":
        return Now()
    if _SEQ.fullmatch(text):
        return EventId(epoch, int(text))
    if match := _ID.fullmatch(text):
        return EventId(match[1], int(match[2]))
    return Malformed(text[:ID_LIMIT])
