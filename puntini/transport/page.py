"""A page of events as JSON, with long-poll: for programs that can't or won't hold a stream."""

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


async def page(request: StreamRequest, opening: Opening, feed: Feed, connection: Connection, reopen: Reopen) -> bytes:
    """``{"events":[…],"next":"<id>","live":bool}``: what is there now, or, with ``wait``, as soon as something is.

    Raises NotFound when the session was deleted, and StoreUnavailable.
    """
    try:
        found, cursor = await _found(request, opening, feed, connection)
    except Lost:
        opening = await reopen.expired(feed.session_id, feed, opening.cursor, request.selection.task_id)
        found, cursor = [], opening.cursor
    events = [encode(event) for event in (opening.gap, opening.ready) if event is not None]
    live = b"true" if cursor >= feed.head else b"false"
    return b'{"events":[%b],"next":"%b","live":%b}' % (
        b",".join(events + found),
        f"{feed.epoch}.{cursor}".encode(),
        live,
    )


async def _found(
    request: StreamRequest, opening: Opening, feed: Feed, connection: Connection
) -> tuple[list[bytes], int]:
    """The events after the opening, waited for when there is nothing else to say."""
    found, cursor = await _collect(request, opening.cursor, feed)
    if found or opening.ready is not None or opening.over or not request.wait:
        return found, cursor
    with anyio.move_on_after(request.wait):
        while not found and not connection.ending:
            await _news(request, cursor, feed, connection)
            found, cursor = await _collect(request, cursor, feed)
    return found, cursor


async def _news(request: StreamRequest, cursor: int, feed: Feed, connection: Connection) -> None:
    """Wait until the log goes on, or the connection is asked to end."""
    reader = Reader(feed, Lens("lines", request.selection), cursor)
    connection.poke = reader.poke
    await reader.wait()


async def _collect(request: StreamRequest, cursor: int, feed: Feed) -> tuple[list[bytes], int]:
    """At most ``limit`` wanted events after the cursor, and the cursor after them.

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
            if request.selection.takes(entry):
                found.append(complete(entry, f"{feed.epoch}.{seq}", feed.session_id))
                if len(found) == request.limit:
                    return found, seq
        cursor = max(run.upto, cursor)
    return found, cursor
