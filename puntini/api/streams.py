"""The streaming routes: a session's, a task's, the chat socket's. They find what is meant; transport carries it."""

from starlette.routing import Route, WebSocketRoute

from puntini.api.http import method_allowed
from puntini.errors import NotFound, PuntiniError
from puntini.log.contract import Store, TaskRow
from puntini.transport import websocket
from puntini.transport.asgi import Receive, Scope, Send, refuse
from puntini.transport.streams import Streams
from puntini.transport.websocket import Commands

READ = ("GET", "HEAD")


class SessionStream:
    """``/v1/sessions/{session_id}/stream``: SSE, NDJSON, pages and WebSocket at one address."""

    def __init__(self, streams: Streams, commands: Commands) -> None:
        self._streams = streams
        self._commands = commands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve by what the request is."""
        session_id = scope["path_params"]["session_id"]
        if scope["type"] == "websocket":
            await websocket.serve(scope, receive, send, self._streams, self._commands, session_id)
        elif await method_allowed(scope, send, *READ):
            await self._streams.serve(scope, receive, send, session_id)


class TaskStream:
    """``/v1/tasks/{task_id}/stream``: one task's events; it ends with the task."""

    def __init__(self, streams: Streams, commands: Commands, store: Store) -> None:
        self._streams = streams
        self._commands = commands
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the task's session and serve its stream through the task's lens."""
        socket = scope["type"] == "websocket"
        if not socket and not await method_allowed(scope, send, *READ):
            return
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


def routes(streams: Streams, store: Store, commands: Commands) -> list[Route | WebSocketRoute]:
    """The streaming routes."""
    session = SessionStream(streams, commands)
    task = TaskStream(streams, commands, store)
    return [
        Route("/v1/sessions/{session_id}/stream", session),
        WebSocketRoute("/v1/sessions/{session_id}/stream", session),
        Route("/v1/tasks/{task_id}/stream", task),
        WebSocketRoute("/v1/tasks/{task_id}/stream", task),
        Route("/v1/stream/tasks/{task_id}", task),
        WebSocketRoute("/v1/stream/tasks/{task_id}", task),
        WebSocketRoute("/ws/chat", ChatSocket(streams, commands)),
    ]
