"""The streaming routes: a session's, a task's, the chat socket's. They find what is meant; transport carries it."""

from starlette.routing import Route, WebSocketRoute

from puntini.errors import NotFound, PuntiniError
from puntini.log.contract import Store, TaskRow
from puntini.transport import websocket
from puntini.transport.asgi import Receive, Scope, Send, answer, answer_problem
from puntini.transport.streams import Streams
from puntini.transport.websocket import Commands


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
        elif await only_get(scope, send):
            await self._streams.serve(scope, receive, send, session_id)


class TaskStream:
    """``/v1/tasks/{task_id}/stream``: one task's events; it ends with the task."""

    def __init__(self, streams: Streams, store: Store) -> None:
        self._streams = streams
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the task's session and serve its stream through the task's lens."""
        if not await only_get(scope, send):
            return
        try:
            task = await self._task(scope["path_params"]["task_id"])
        except PuntiniError as error:
            await answer_problem(scope, send, error)
            return
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
    task = TaskStream(streams, store)
    return [
        Route("/v1/sessions/{session_id}/stream", session),
        WebSocketRoute("/v1/sessions/{session_id}/stream", session),
        Route("/v1/tasks/{task_id}/stream", task),
        Route("/v1/stream/tasks/{task_id}", task),
        WebSocketRoute("/ws/chat", ChatSocket(streams, commands)),
    ]


async def only_get(scope: Scope, send: Send) -> bool:
    """Whether the method is GET or HEAD; if not, it is answered."""
    if scope["method"] in {"GET", "HEAD"}:
        return True
    await answer(send, 405, b"", b"text/plain", [(b"allow", b"GET, HEAD")])
    return False
