"""Streams over WebSocket, both ways: the carrier writes, a reading loop takes commands, neither waits for the other."""

from collections.abc import Iterator
from typing import Protocol

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from puntini.auth.guard import principal_of, require_scope
from puntini.auth.limits import Pace
from puntini.auth.principals import Principal
from puntini.errors import Forbidden, Invalid, NotFound, PuntiniError, TooLarge, TooMany
from puntini.log.contract import TaskRow
from puntini.log.feed import Feed
from puntini.log.members import MemberRole
from puntini.protocol.commands import AnyCommand, Control, InitSession, Ping, Resume
from puntini.protocol.decode import decode_command
from puntini.protocol.entries import encode
from puntini.protocol.events import Envelope, Error, Nothing, Pong, Problem, SessionClosed
from puntini.protocol.select import select
from puntini.transport.asgi import Receive, Scope, Send, SocketLine, line_of, refuse, socket_line_of
from puntini.transport.carrier import Carrier
from puntini.transport.connections import OUT, Connection, Ending
from puntini.transport.farewells import refusal, warning
from puntini.transport.opening import Opening
from puntini.transport.request import StreamRequest, stream_request
from puntini.transport.slices import LARGE, SLICE
from puntini.transport.streams import Streams
from puntini.transport.words import SOCKET

SUBPROTOCOL = "puntini.v1"
ORDERS = 16
"""So many commands of a lane may wait for the ones before them."""
PLACE_SECONDS = 1.0
"""So long the next one waits for a place before it is refused."""
FINISH_SECONDS = CLOSE_SECONDS = 5.0
CLOSE_DONE, CLOSE_AWAY, CLOSE_OUT, CLOSE_GONE = 1000, 1001, 4401, 4404


class Commands(Protocol):
    """Who carries commands out."""

    async def create(self, agent: str, *, user: str) -> str:
        """Create a session; returns its id."""
        ...

    async def admit(self, session_id: str, who: Principal) -> MemberRole:
        """What somebody is in a session that they want to follow. Raises PuntiniError."""
        ...

    async def execute(self, session_id: str, command: AnyCommand, who: Principal) -> Envelope:
        """Do what was asked and say so. Raises PuntiniError."""
        ...


async def serve(
    scope: Scope,
    receive: Receive,
    send: Send,
    streams: Streams,
    commands: Commands,
    session_id: str = "",
    task: TaskRow | None = None,
) -> None:
    """One socket, from the handshake to its end. Without ``session_id`` it waits for ``init_session``.

    With a ``task`` it carries the task's events and ends with them.
    """
    try:
        request = stream_request(scope, session_id, task.task_id if task else "")
        async with streams.connection("websocket", session_id, scope) as connection:
            socket = Socket(scope, receive, send, streams, commands, connection, task)
            if not session_id:
                await _accept(scope, receive, send, ())
                await socket.run()
                return
            async with streams.hub.feed(session_id) as feed:
                opening = await streams.opener.open(request, feed, task)
                await _accept(scope, receive, send, [(b"puntini-cursor", opening.start_id.encode())])
                await socket.run(request, opening, feed)
    except PuntiniError as error:
        await refuse(scope, receive, send, error)


async def _accept(scope: Scope, receive: Receive, send: Send, headers: object) -> None:
    await receive()
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})


class _Text:
    """The text of the bytes written last: a thousand sockets are sent the same bytes, decoded once."""

    data = b""
    text = ""

    @classmethod
    def of(cls, data: bytes) -> str:
        """The lines without the last line break."""
        if data is not cls.data:
            cls.data, cls.text = data, data[:-1].decode()
        return cls.text


class Lane:
    """Commands of one socket that are carried out one after the other, the first of them now. At most ``ORDERS``."""

    __slots__ = ("_left", "_stuck", "commands")

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self._left: anyio.Event | None = None
        self._stuck = False

    async def has_room(self) -> bool:
        """Whether one more may enter; waits a moment for that, but not again while none has left since."""
        if len(self.commands) >= ORDERS:
            with anyio.move_on_after(0 if self._stuck else PLACE_SECONDS):
                await self.shrunk(ORDERS - 1)
            self._stuck = len(self.commands) >= ORDERS
        return not self._stuck

    async def shrunk(self, to: int) -> None:
        """Wait until so many are left, or fewer."""
        while len(self.commands) > to:
            self._left = anyio.Event()
            await self._left.wait()

    def leave(self) -> None:
        """The first is done."""
        del self.commands[0]
        self._stuck = False
        if self._left is not None:
            self._left.set()


class Socket:
    """An accepted socket and its one subscription at a time."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        streams: Streams,
        commands: Commands,
        connection: Connection,
        task: TaskRow | None = None,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._streams = streams
        self._commands = commands
        self._connection = connection
        self._task = task
        self._who = principal_of(scope)
        self._pace = Pace(streams.command_rate, anyio.current_time())
        self._joins = SUBPROTOCOL in scope.get("subprotocols", ())
        self._request = StreamRequest(session_id="")
        self._closed = False
        self._line = line_of(scope)
        self._pieces = socket_line_of(scope)
        self._whole: anyio.Event | None = None
        self._orders, self._controls = Lane(), Lane()
        self._subscription: anyio.CancelScope | None = None
        self._subscribed: anyio.Event | None = None

    async def run(
        self, request: StreamRequest | None = None, opening: Opening | None = None, feed: Feed | None = None
    ) -> None:
        """Read and write until either side is done."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                self._watch_over(tasks)
                if request is not None and opening is not None and feed is not None:
                    self._request = request
                    tasks.start_soon(self._follow, request, opening, feed)
                elif self._connection.ending:
                    await self._close(_code(self._connection.ending))
                await self._read()
                tasks.cancel_scope.cancel()
        except* OSError:
            # The client left while something was being sent.
            pass

    def _watch_over(self, tasks: TaskGroup) -> None:
        def poke() -> None:
            if self._subscription is None:
                tasks.start_soon(self._look_up)

        self._connection.outlet = self
        self._connection.poke = poke

    async def _look_up(self) -> None:
        """The sweeper wants something, and nobody carries events who would see to it."""
        connection = self._connection
        if connection.warning_due:
            connection.warning_due = False
            await self._reply(warning(connection))
        ending = connection.ending
        if ending == "expired" or ending == "revoked":
            await self._reply(refusal(ending))
        if ending:
            await self._close(_code(ending))

    def abort(self) -> None:
        """Cut the connection at once."""
        if self._line is not None:
            self._line.abort()
        self._tasks.cancel_scope.cancel()

    def unsent(self) -> int:
        """What the server still holds of what was written, as far as it tells."""
        return self._line.unsent() if self._line is not None else 0

    # Writing.

    async def _write(self, data: bytes) -> None:
        if len(data) > LARGE and self._pieces is not None:
            for start, end in _messages(data, joined=self._joins):
                await self._in_pieces(self._pieces, data, start, end)
            return
        if self._joins:
            await self._frame(_Text.of(data))
        else:
            for line in data.split(b"\n"):
                if line:
                    await self._frame(line.decode())
        self._connection.written += len(data)

    async def _in_pieces(self, line: SocketLine, data: bytes, start: int, end: int) -> None:
        """One message, a slice at a time. Once begun it has to be ended: only what cuts the connection stops it."""
        if self._closed:
            return
        self._whole = anyio.Event()
        try:
            with anyio.CancelScope(shield=True):
                for at in range(start, end, SLICE):
                    piece = data[at : min(at + SLICE, end)]
                    await line.send_piece(piece, first=at == start, last=at + SLICE >= end)
                    self._connection.written += len(piece)
        finally:
            self._whole.set()
            self._whole = None

    async def _reply(self, event: Envelope) -> None:
        text = encode(event).decode()
        while self._whole is not None:
            await self._whole.wait()
        await self._frame(text)
        self._connection.written += len(text)

    async def _frame(self, text: str) -> None:
        # Who was about to write when the socket was closed gets as far as this before the cancellation does.
        if not self._closed:
            await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        """End the socket, once. Another subscription that takes over just now is too late."""
        if not self._closed:
            self._closed = True
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._send({"type": "websocket.close", "code": code})
        self._tasks.cancel_scope.cancel()

    async def _follow(self, request: StreamRequest, opening: Opening, feed: Feed) -> None:
        """Carry events until the end; being cancelled means that another subscription takes over."""
        done = self._subscribed = anyio.Event()
        with anyio.CancelScope() as self._subscription:
            carrier = Carrier(request, opening, feed, self._connection, SOCKET, self._write, self._streams.opener)
            code = CLOSE_DONE
            try:
                await carrier.run()
            except NotFound:
                code = CLOSE_GONE
            await self._close(_code(self._connection.ending) if self._connection.ending else code)
        done.set()

    async def _subscribe(self, request: StreamRequest) -> None:
        """Take up another subscription in place of the present one, which goes on when this one can't be opened."""
        await self._tasks.start(self._follow_new, request)
        self._request = request
        self._streams.connections.assign(self._connection, request.session_id)

    async def _follow_new(self, request: StreamRequest, *, task_status: TaskStatus[None]) -> None:
        async with self._streams.hub.feed(request.session_id) as feed:
            opening = await self._streams.opener.open(request, feed, self._task)
            if self._subscription is not None and self._subscribed is not None:
                self._subscription.cancel()
                await self._subscribed.wait()
            task_status.started()
            await self._follow(request, opening, feed)

    # Reading.

    async def _read(self) -> None:
        """Take commands in. Most are carried out in turn; a ``ping`` or a ``control`` waits for none of these."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                await self._finish()
                return
            raw = message.get("text")
            if raw is None:
                raw = message.get("bytes") or b""
            try:
                if not self._pace.take(anyio.current_time()):
                    rate = self._streams.command_rate
                    raise TooMany(f"More than {rate:g} commands a second; send this one later.", limit="commands")
                command = decode_command(raw)
            except PuntiniError as error:
                await self._reply(problem(error, _command_id(raw)))
                if isinstance(error, TooLarge) or self._pace.abused:
                    await self._close(error.close)
                    return
                continue
            if isinstance(command, Ping):
                await self._carry_out(command)
            else:
                await self._line_up(self._controls if isinstance(command, Control) else self._orders, command)

    async def _line_up(self, lane: Lane, command: AnyCommand) -> None:
        """Have a command carried out in its turn; where too many wait already it is refused, and reading goes on."""
        if await lane.has_room():
            lane.commands.append(command)
            if len(lane.commands) == 1:
                self._tasks.start_soon(self._in_turn, lane)
        else:
            busy = f"{ORDERS} commands of this socket are being carried out; send this one again later."
            await self._reply(problem(TooMany(busy, limit="commands_at_once"), command.command_id))

    async def _finish(self) -> None:
        """The client has left; what it asked for before that is carried out all the same."""
        self._closed = True
        if self._subscription is not None:
            self._subscription.cancel()
        with anyio.move_on_after(FINISH_SECONDS):
            await self._controls.shrunk(0)
            await self._orders.shrunk(0)

    async def _in_turn(self, lane: Lane) -> None:
        while lane.commands:
            await self._carry_out(lane.commands[0])
            lane.leave()

    async def _carry_out(self, command: AnyCommand) -> None:
        try:
            reply = await self._handle(command)
        except PuntiniError as error:
            if isinstance(error, Forbidden):
                self._scope["state"]["guard"].refused(self._scope)
            reply = problem(error, command.command_id)
        if reply is not None:
            await self._reply(reply)

    async def _handle(self, command: AnyCommand) -> Envelope | None:
        match command:
            case InitSession():
                await self._init(command)
                return None
            case Ping():
                return Pong(session_id=self._request.session_id, data=command.data)
            case Resume():
                self._bound(command)
                await self._subscribe(msgspec.structs.replace(self._request, after=command.data.after))
                return None
            case _:
                self._bound(command)
                reply = await self._commands.execute(self._request.session_id, command, self._who)
                return None if isinstance(reply, SessionClosed) else reply

    async def _init(self, command: InitSession) -> None:
        if self._task is not None:
            raise Invalid("type: this socket carries one task; open another for a session", path="type")
        if self._who.credential.startswith("ticket:"):
            raise Forbidden("A ticket is good for the one stream that it was made for; show another credential here.")
        session_id = command.data.session_id or command.session_id
        if not session_id:
            require_scope(self._who, "write")
            session_id = await self._commands.create(command.data.agent, user=self._who.user)
        role = await self._commands.admit(session_id, self._who)
        selection = select(",".join(command.data.events or ()), None, debug=role != "viewer")
        await self._subscribe(
            StreamRequest(session_id=session_id, selection=selection, after=command.data.after or None)
        )
        self._connection.role = role

    def _bound(self, command: AnyCommand) -> None:
        if not self._request.session_id:
            raise Invalid("Send `init_session` first: this socket has no session yet.", path="session_id")
        if command.session_id not in {"", self._request.session_id}:
            raise Invalid("session_id: this socket belongs to another session", path="session_id")


def _code(ending: Ending) -> int:
    return CLOSE_OUT if ending in OUT else CLOSE_AWAY


def _messages(data: bytes, *, joined: bool) -> Iterator[tuple[int, int]]:
    """Where the messages lie in lines that each end with a line break: one message, or each line its own."""
    if joined:
        yield 0, len(data) - 1
        return
    start = 0
    while start < len(data):
        end = data.index(b"\n", start)
        yield start, end
        start = end + 1


def problem(error: PuntiniError, command_id: str = "") -> Error:
    """An error as an event."""
    details = Problem(
        code=error.status, reason=error.code, message=error.message, retryable=error.retryable, command_id=command_id
    )
    return Error(data=Nothing(), error=details)


class _Named(msgspec.Struct):
    command_id: str = ""


def _command_id(raw: str | bytes) -> str:
    """The id of a command that was refused, if it can be read at all."""
    try:
        return msgspec.json.decode(raw, type=_Named).command_id[:100]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
