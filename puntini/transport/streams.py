"""Streams over HTTP: SSE and NDJSON responses, and pages. A pure ASGI response of our own.

A response must notice that its client left. Our own server tells it (``puntini.line`` in the scope's extensions), so a
connection is one task; under any other server a second task watches ``receive()``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

import anyio
import msgspec

from puntini.auth.guard import principal_of
from puntini.errors import NotFound, PuntiniError, Unavailable
from puntini.log.contract import Records, TaskRow
from puntini.log.feed import Feed
from puntini.log.hub import Hub
from puntini.log.reader import Lost, Reader
from puntini.log.runs import Lens
from puntini.protocol.events import TASK_ENDS, TaskCancelled, TaskCompleted, TaskEndData, TaskFailed, Usage
from puntini.protocol.select import Selection
from puntini.transport.asgi import Receive, Scope, Send, answer_problem, header, line_of
from puntini.transport.carrier import Carrier
from puntini.transport.connections import UNKNOWN, Connection, Connections, Transport
from puntini.transport.farewells import refused
from puntini.transport.handover import Work, hand_over
from puntini.transport.negotiate import Form, choose
from puntini.transport.opening import Opener, Opening
from puntini.transport.page import page
from puntini.transport.request import StreamRequest, stream_request
from puntini.transport.slices import slices, writes
from puntini.transport.words import LINES, SSE, Words

End = TaskCompleted | TaskFailed | TaskCancelled
_end: msgspec.json.Decoder[End] = msgspec.json.Decoder(End)

T = TypeVar("T")
HeaderList = Sequence[tuple[bytes, bytes]]

COMMON: HeaderList = (
    (b"cache-control", b"no-cache, no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"Accept"),
)
WORDS: dict[Form, tuple[Words, bytes]] = {
    "sse": (SSE, b"text/event-stream; charset=utf-8"),
    "ndjson": (LINES, b"application/x-ndjson"),
}


class Streams:
    """What streaming needs, in one place: feeds, openings, and the registry of what is open."""

    def __init__(self, hub: Hub, opener: Opener, connections: Connections, *, command_rate: float = 0.0) -> None:
        self.hub = hub
        self.opener = opener
        self.connections = connections
        self.command_rate = command_rate

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, session_id: str, task: TaskRow | None = None
    ) -> None:
        """Answer ``GET …/stream``, whatever form it asks for."""
        try:
            form = choose(header(scope, b"accept"))
            request = stream_request(scope, session_id, task.task_id if task else "")
            await self.respond(scope, receive, send, request, form=form, task=task)
        except PuntiniError as error:
            await answer_problem(scope, send, error)

    async def respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: StreamRequest,
        *,
        form: Form,
        task: TaskRow | None = None,
        headers: HeaderList = (),
    ) -> None:
        """Open the stream and carry it. Raises PuntiniError only before the response has begun."""
        feed = await self.hub.attach(request.session_id)
        rest: Work | None = None
        try:
            opening = await self.opener.open(request, feed, task)
            headers = [*COMMON, (b"puntini-cursor", opening.start_id.encode()), *headers]
            if form == "page":
                await self._page(scope, receive, send, request, opening, feed, headers)
            elif opening.over and opening.named:
                await send({"type": "http.response.start", "status": 204, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                rest = await self._stream(scope, receive, send, request, opening, feed, form, headers)
        finally:
            if rest is None:
                self.hub.detach(feed)
        if rest is not None:
            await hand_over(scope, rest)

    async def result(self, scope: Scope, receive: Receive, task: TaskRow) -> TaskEndData | None:
        """Wait for a task's end; None when the client left first. Raises Unavailable when the server shuts down.

        Of an end that retention has removed only the task's row is left, so its answer is empty.
        """
        async with (
            self.hub.feed(task.session_id) as feed,
            self.connection("page", task.session_id, scope) as connection,
        ):
            waiting = partial(_end_of, task, feed, connection, self.opener.store)
            end = await _attended(waiting, scope, receive, connection)
        if end is None and (connection.ending == "expired" or connection.ending == "revoked"):
            raise refused(connection.ending)
        if end is None and connection.ending != "gone":
            raise Unavailable("The server is shutting down; the task goes on. Ask again with the same Idempotency-Key.")
        return end

    async def _page(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: StreamRequest,
        opening: Opening,
        feed: Feed,
        headers: HeaderList,
    ) -> None:
        head = scope["method"] == "HEAD"
        if head:
            request = msgspec.structs.replace(request, wait=0.0)
        async with self.connection("page", request.session_id, scope) as connection:

            async def work() -> None:
                parts = await page(request, opening, feed, connection, self.opener)
                if connection.ending != "gone":
                    await _answer(send, parts, connection, headers, head=head)

            await _attended(work, scope, receive, connection)

    async def _stream(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: StreamRequest,
        opening: Opening,
        feed: Feed,
        form: Form,
        headers: HeaderList,
    ) -> Work | None:
        """Begin the response. What is returned is the rest of it, which gives the feed back."""
        words, media = WORDS[form]
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", media), *headers]}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return None
        connection = self._open("sse" if form == "sse" else "ndjson", request.session_id, scope)
        try:
            await send(start)
        except BaseException:
            self.connections.close(connection)
            raise
        carrier = Carrier(request, opening, feed, connection, words, partial(_write, send, connection), self.opener)
        return partial(self._carry, carrier, scope, receive, send, connection)

    async def _carry(
        self, carrier: Carrier, scope: Scope, receive: Receive, send: Send, connection: Connection
    ) -> None:
        try:
            with suppress(NotFound):  # deleted while it was followed: the stream ends, and a reconnect is told 404
                await _attended(carrier.run, scope, receive, connection)
            if connection.ending != "gone":
                await send({"type": "http.response.body", "body": b""})
        finally:
            self.connections.close(connection)
            self.hub.detach(carrier.reader.feed)

    def _open(self, transport: Transport, session_id: str, scope: Scope) -> Connection:
        connection = self.connections.open(transport, session_id, principal_of(scope))
        state = scope.get("state", {})
        connection.role, connection.revision = state.get("role"), state.get("revision", UNKNOWN)
        return connection

    @asynccontextmanager
    async def connection(self, transport: Transport, session_id: str, scope: Scope) -> AsyncIterator[Connection]:
        """Register a stream while it is open. Raises TooMany."""
        connection = self._open(transport, session_id, scope)
        try:
            yield connection
        finally:
            self.connections.close(connection)


async def _end_of(task: TaskRow, feed: Feed, connection: Connection, records: Records) -> TaskEndData | None:
    """The task's end, waited for as long as the connection lasts."""
    reader = Reader(feed, Lens("lines", Selection(TASK_ENDS, task.task_id)), task.first_seq - 1)
    connection.follow(reader)
    while not connection.ending:
        try:
            if not reader.behind():
                await reader.wait()
            elif data := await reader.take():
                return _end.decode(data).data
        except Lost:
            row = await records.task(task.task_id)
            if row is not None and row.ended and row.last_seq <= feed.floor:
                return TaskEndData(duration_seconds=(row.updated_at - row.created_at) / 1000, usage=Usage())
            reader.cursor = feed.floor
    return None


async def _write(send: Send, connection: Connection, data: bytes) -> None:
    for piece in slices(data):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        connection.written += len(piece)


async def _answer(
    send: Send, parts: Sequence[bytes], connection: Connection, headers: HeaderList, *, head: bool
) -> None:
    """A page. Its client may be slow, and is watched over like a stream's."""
    size = b"%d" % sum(map(len, parts))
    headers = [(b"content-type", b"application/json"), (b"content-length", size), *headers]
    connection.sending = True
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for data in () if head else writes(parts):
        await _write(send, connection, data)
    await send({"type": "http.response.body", "body": b""})
    connection.sending = False


async def _attended(
    work: Callable[[], Awaitable[T]], scope: Scope, receive: Receive, connection: Connection
) -> T | None:
    """Do the work, with the connection told when its client leaves; None when it was cut off meanwhile."""
    if line := line_of(scope):
        line.on_lost = connection.gone
        connection.outlet = line
        if line.lost:  # while the stream was being opened
            connection.gone()
        return await work()
    done: T | None = None
    refusal: PuntiniError | None = None
    async with anyio.create_task_group() as tasks:
        connection.outlet = _Unseen(connection, tasks.cancel_scope)
        tasks.start_soon(_watch, receive, connection)
        try:
            done = await work()
        except PuntiniError as error:
            # Kept, so that it comes out as it is and not in an exception group.
            refusal = error
        tasks.cancel_scope.cancel()
    if refusal is not None:
        raise refusal
    return done


class _Unseen:
    """The way out through a server that tells nothing of it."""

    def __init__(self, connection: Connection, scope: anyio.CancelScope) -> None:
        self._connection = connection
        self._scope = scope

    def abort(self) -> None:
        """Stop sending; the server then cuts the response off."""
        self._connection.gone()
        self._scope.cancel()

    def unsent(self) -> int:
        """Nobody can tell: only a write that does not return is seen."""
        return 0


async def _watch(receive: Receive, connection: Connection) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    connection.gone()
