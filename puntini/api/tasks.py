"""``/v1/tasks``: hand in a task, look at tasks, control them, stop them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.chat import Chat, ChatBody, ChatResult, names_of
from puntini.api.desk import Desk
from puntini.api.http import (
    ONCE,
    PAGED,
    Body,
    Door,
    Json,
    Listed,
    idempotency_key,
    page_bounds,
    read,
    resource,
    whose,
)
from puntini.api.listing import Status, page, wanted
from puntini.api.repeats import named
from puntini.auth.guard import principal_of
from puntini.auth.principals import Principal
from puntini.auth.rights import EDIT_TASK, READ, VIEW_TASK, WRITE
from puntini.errors import Conflict, Invalid, NotFound
from puntini.log.contract import Once, Store, TaskRow
from puntini.log.mint import timestamp
from puntini.protocol.commands import PROMPT_LIMIT, Control, ControlData, Name, Priority, Steps
from puntini.protocol.events import TaskStatus
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send

Action = Literal["pause", "resume", "stop"]


class TaskBody(Body, frozen=True):
    """``POST /v1/tasks``. ``task`` may be left out as ``prompt`` may in a chat: where ``stream`` goes on somewhere."""

    task: Annotated[str, Meta(max_length=PROMPT_LIMIT)] = ""
    session_id: Name = ""
    agent: Name = ""
    max_steps: Steps = 50
    priority: Priority = 0
    stream: bool = False

    def asked(self) -> ChatBody:
        """The same, as a chat says it."""
        return ChatBody(
            prompt=self.task,
            session_id=self.session_id,
            agent=self.agent,
            max_steps=self.max_steps,
            priority=self.priority,
        )


class ControlBody(Body, frozen=True):
    """``POST /v1/tasks/{id}/control``."""

    action: Action


class TaskInfo(Struct, frozen=True):
    """A task as the API shows it."""

    task_id: str
    session_id: str
    agent: str
    task: str
    status: str
    attempt: int
    submitted_at: str
    updated_at: str


class Submitted(Struct, frozen=True):
    """A task that was handed in."""

    task_id: str
    status: TaskStatus
    submitted_at: str


class Controlled(Struct, frozen=True):
    """What a task comes to by what was asked."""

    task_id: str
    new_status: str
    detail: str


SUBMIT: dict[str, Any] = {
    "takes": TaskBody,
    "gives": Submitted,
    "status": 202,
    "headers": (*ONCE, "Last-Event-ID"),
    "answers": {200: ChatResult, 204: None},
    "gives_also": ("text/event-stream", "application/x-ndjson"),
}


class Elsewhere(Response):
    """A response that another ASGI app gives."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._app(scope, receive, send)


class Tasks:
    """The routes."""

    def __init__(self, store: Store, desk: Desk, chat: Chat) -> None:
        self._store = store
        self._desk = desk
        self._chat = chat

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        one = "/v1/tasks/{task_id}"
        controlled = Door(EDIT_TASK, self.control, takes=ControlBody, gives=Controlled, status=202, headers=ONCE)
        which = {**PAGED, "session_id": str, "status": Status, "agent": str}
        return [
            resource(
                "/v1/tasks",
                post=Door(WRITE, self.submit, **SUBMIT),
                get=Door(READ, self.list, which, gives=Listed[TaskInfo]),
            ),
            resource(
                one,
                get=Door(VIEW_TASK, self.get, gives=TaskInfo),
                delete=Door(EDIT_TASK, self.cancel, gives=Controlled, status=202, headers=ONCE, name="cancelTask"),
            ),
            resource(f"{one}/control", post=controlled),
        ]

    async def submit(self, request: Request) -> Response:
        """A new task, in a session of its own where none is named. ``Idempotency-Key`` makes a retry safe."""
        body = await read(request, TaskBody)
        who = principal_of(request.scope)
        once = named("task", who.user, idempotency_key(request.headers.get("idempotency-key", "")))
        if body.stream:
            return Elsewhere(partial(self._stream, body=body, once=once, who=who))
        with _task_for_prompt():
            row, _ = await self._chat.task(body.asked(), who, once=once)
        accepted = Submitted(row.task_id, row.status, timestamp(row.created_at))
        return Json(accepted, status_code=202, headers=names_of(row))

    async def _stream(
        self, scope: Scope, receive: Receive, send: Send, *, body: TaskBody, once: Once | None, who: Principal
    ) -> None:
        with _task_for_prompt():
            await self._chat.respond(scope, receive, send, body.asked(), who, once=once)

    async def list(self, request: Request) -> Response:
        """Tasks in the order they were handed in: a session's, or those of a status, or all that have not ended."""
        limit, offset = page_bounds(request)
        rows, total = await page(self._store, wanted(request), whose(request), limit, offset)
        return Json(Listed([_info(row) for row in rows], total))

    async def get(self, request: Request) -> Response:
        """One task."""
        return Json(_info(await task_of(self._store, request)))

    async def control(self, request: Request) -> Response:
        """Pause, resume or stop: the command ``control`` by another door. ``Idempotency-Key`` makes a retry safe."""
        body = await read(request, ControlBody)
        return await self._order(request, await task_of(self._store, request), body.action)

    async def cancel(self, request: Request) -> Response:
        """Stop a task that has not ended. What one that has ended said is the session's history, and stays."""
        row = await task_of(self._store, request)
        try:
            return await self._order(request, row, "stop")
        except Conflict:
            status = (await task_of(self._store, request)).status
            raise Conflict(
                f"The task is {status}, and what it said stays in its session's log; delete the session to remove it."
            ) from None

    async def _order(self, request: Request, row: TaskRow, action: Action) -> Response:
        key = idempotency_key(request.headers.get("idempotency-key", ""))
        command = Control(command_id=key, data=ControlData(task_id=row.task_id, action=action))
        await self._desk.execute(row.session_id, command, principal_of(request.scope))
        status = _AFTER.get(action) or (await task_of(self._store, request)).status
        return Json(Controlled(row.task_id, status, _DETAIL[action]), status_code=202)


_AFTER = {"pause": "paused", "stop": "cancelled"}
"""What a task comes to at its next safe point. One that is resumed may have to wait for its turn: its row says."""
_DETAIL = {
    "pause": "It pauses at its next safe point.",
    "resume": "It goes on when its turn comes.",
    "stop": "It is being stopped.",
}


async def task_of(store: Store, request: Request) -> TaskRow:
    """The record of the task that an address names. Raises NotFound."""
    task_id = request.path_params["task_id"]
    row = await store.task(task_id)
    if row is None:
        raise NotFound(f"There is no task `{task_id}`.")
    return row


@contextmanager
def _task_for_prompt() -> Iterator[None]:
    """What a chat's body calls `prompt` is `task` here, also where it is wrong."""
    try:
        yield
    except Invalid as error:
        if error.path != "prompt":
            raise
        raise Invalid(f"task{error.message.removeprefix('prompt')}", path="task") from None


def _info(row: TaskRow) -> TaskInfo:
    return TaskInfo(
        task_id=row.task_id,
        session_id=row.session_id,
        agent=row.agent,
        task=row.prompt,
        status=row.status,
        attempt=row.attempt,
        submitted_at=timestamp(row.created_at),
        updated_at=timestamp(row.updated_at),
    )
