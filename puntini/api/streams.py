"""The streaming routes: a session's, a task's, the chat socket's. They find what is meant; transport carries it."""

from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.routing import BaseRoute

from puntini.api.http import Address, Door, SocketAddress
from puntini.auth.rights import READ, VIEW, VIEW_TASK
from puntini.errors import NotFound, PuntiniError
from puntini.log.contract import Store, TaskRow
from puntini.protocol.events import Event, Level
from puntini.transport import websocket
from puntini.transport.asgi import Receive, Scope, Send, refuse
from puntini.transport.request import PAGE_LIMIT, RATE_LIMIT, WAIT_LIMIT
from puntini.transport.streams import Streams
from puntini.transport.websocket import Commands

EventTypes = Annotated[str, Meta(description="the types of events to send, separated by commas; all unless said")]
After = Annotated[str, Meta(description="the id after which to go on, `earliest` or `now`; `Last-Event-ID` goes first")]
MaxRate = Annotated[float, Meta(gt=0, le=RATE_LIMIT, description="how many times a second to send at most")]
Wait = Annotated[float, Meta(ge=0, le=WAIT_LIMIT, description="of a page: seconds to wait for something to come")]
PageLimit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT, description="of a page: how many events at most; 100 unless said")]
QUERY: dict[str, Any] = {
    "after": After,
    "events": EventTypes,
    "level": Level,
    "max_rate": MaxRate,
    "wait": Wait,
    "limit": PageLimit,
    "lastEventId": After,
}


class EventPage(Struct, frozen=True):
    """``Accept: application/json``: the events after a cursor, and the ``next`` one.

    ``live`` says that there is nothing more now, ``ended`` that there never will be.
    """

    events: list[Event]
    next: str
    live: bool
    ended: bool


STREAM: dict[str, Any] = {
    "query": QUERY,
    "gives": EventPage,
    "gives_also": ("text/event-stream", "application/x-ndjson"),
    "answers": {204: None},
    "headers": ("Last-Event-ID",),
}


class SessionStream:
    """A session's events, as they come: what is stored, then what happens, without a gap.

    ``Accept`` says how: Server-Sent Events, NDJSON, or ``application/json`` for a page, with ``wait`` for a long poll.
    204 is the answer to a cursor behind which nothing can come any more.
    """

    def __init__(self, streams: Streams, commands: Commands) -> None:
        self._streams = streams
        self._commands = commands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve by what the request is."""
        session_id = scope["path_params"]["session_id"]
        if scope["type"] == "websocket":
            await websocket.serve(scope, receive, send, self._streams, self._commands, session_id)
        else:
            await self._streams.serve(scope, receive, send, session_id)


class TaskStream:
    """One task's events, from its first one where no cursor is given. It ends with the task.

    ``Accept`` says how, as for a session's stream.
    """

    def __init__(self, streams: Streams, commands: Commands, store: Store) -> None:
        self._streams = streams
        self._commands = commands
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the task's session and serve its stream through the task's lens."""
        socket = scope["type"] == "websocket"
        try:
            task = await self._task(scope["path_params"]["task_id"])
        except PuntiniError as error:
            await refuse(scope, receive, send, error)
            return
        if socket:
            await websocket.serve(scope, receive, send, self._streams, self._commands, task.session_id, task)
        else:
            await self._streams.serve(scope, receive, send, task.session_id, task)

    async def _task(self, task_id: str) -> TaskRow:
        task = await self._store.task(task_id)
        if task is None:
            raise NotFound(f"There is no task `{task_id}`.")
        return task


class ChatSocket:
    """``/ws/chat``: a socket that waits for ``init_session``."""

    def __init__(self, streams: Streams, commands: Commands) -> None:
        self._streams = streams
        self._commands = commands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the socket."""
        await websocket.serve(scope, receive, send, self._streams, self._commands)


def routes(streams: Streams, store: Store, commands: Commands) -> list[BaseRoute]:
    """The streaming routes."""
    session = SessionStream(streams, commands)
    task = TaskStream(streams, commands, store)
    return [
        Address("/v1/sessions/{session_id}/stream", session, {"GET": Door(VIEW, **STREAM)}),
        SocketAddress("/v1/sessions/{session_id}/stream", session, Door(VIEW)),
        *(
            route
            for path in ("/v1/tasks/{task_id}/stream", "/v1/stream/tasks/{task_id}")
            for route in (
                Address(path, task, {"GET": Door(VIEW_TASK, **STREAM)}),
                SocketAddress(path, task, Door(VIEW_TASK)),
            )
        ),
        SocketAddress("/ws/chat", ChatSocket(streams, commands), Door(READ)),
    ]
