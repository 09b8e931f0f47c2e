"""A page of events as JSON, with long-poll: for programs that can't or won't hold a stream."""

from collections.abc import Iterator
from typing import NamedTuple

import anyio

from puntini.errors import NotFound
from puntini.log.feed import Feed
from puntini.log.reader import Lost, Reader
from puntini.log.runs import Lens
from puntini.protocol.entries import encode
from puntini.protocol.frames import complete
from puntini.transport.carrier import Reopen
from puntini.transport.connections import Connection
from puntini.transport.opening import Opening
from puntini.transport.request import StreamRequest
from puntini.transport.words import LINES


class Found(NamedTuple):
    """Events, the cursor after them, and whether nothing can follow: the session is closed, or its one task ended."""

    events: list[bytes]
    cursor: int
    ended: bool


async def page(
    request: StreamRequest, opening: Opening, feed: Feed, connection: Connection, reopen: Reopen
) -> list[bytes]:
    """What is there now, or, with ``wait``, as soon as something is.

    ``{"events":[…],"next":"<id>","live":bool,"ended":bool}``: ``live`` says that there is nothing more now, ``ended``
    that there never will be. In parts, because a large snapshot is shared. Raises NotFound when the session was
    deleted, and StoreUnavailable.
    """
    try:
        found = await _found(request, opening, feed, connection)
        connection.delivered += len(found.events)
    except Lost:
        opening = await reopen.expired(feed.session_id, feed, opening.cursor, request.selection.task_id)
        found = Found([], opening.cursor, opening.over)
    first = [encode(opening.gap)] if opening.gap is not None else []
    if opening.ready is not None:
        first.append(opening.ready.framed(LINES))
    tail = b'],"next":"%b","live":%b,"ended":%b}' % (
        f"{feed.epoch}.{found.cursor}".encode(),
        _bool(found.ended or found.cursor >= feed.head),
        _bool(found.ended),
    )
    return [b'{"events":[', *_listed(first + found.events), tail]


def _listed(events: list[bytes]) -> Iterator[bytes]:
    for at, event in enumerate(events):
        if at:
            yield b","
        yield event


def _bool(value: bool) -> bytes:
    return b"true" if value else b"false"


async def _found(request: StreamRequest, opening: Opening, feed: Feed, connection: Connection) -> Found:
    """The events after the opening, waited for when there is nothing else to say."""
    if opening.over:
        return Found([], opening.cursor, ended=True)
    lens = Lens("lines", request.selection)
    found = await _collect(lens, request.limit, opening.cursor, feed)
    if found.events or opening.ready is not None or not request.wait:
        return found
    with anyio.move_on_after(request.wait):
        while not found.events and not connection.ending:
            await _news(lens, found.cursor, feed, connection)
            found = await _collect(lens, request.limit, found.cursor, feed)
    return found


async def _news(lens: Lens, cursor: int, feed: Feed, connection: Connection) -> None:
    """Wait until the log goes on, or the connection is asked to end."""
    reader = Reader(feed, lens, cursor)
    connection.follow(reader)
    await reader.wait()


async def _collect(lens: Lens, limit: int, cursor: int, feed: Feed) -> Found:
    """At most ``limit`` wanted events after the cursor.

    Raises Lost when retention has overtaken the cursor, NotFound when the session was deleted, and StoreUnavailable.
    """
    if feed.gone:
        raise NotFound(f"There is no session `{feed.session_id}`.")
    found: list[bytes] = []
    head = feed.head
    while cursor < head:
        run = await feed.stored(cursor)
        if cursor < feed.floor:
            raise Lost
        for seq, entry in run.events():
            if lens.selection.takes(entry):
                found.append(complete(entry, f"{feed.epoch}.{seq}", feed.session_id))
                if lens.ends(entry) or len(found) == limit:
                    return Found(found, seq, lens.ends(entry))
        cursor = max(run.upto, cursor)
    return Found(found, cursor, ended=False)
