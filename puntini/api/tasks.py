"""``/v1/tasks``: look at a task, its result, and control it."""

from typing import Literal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from puntini.api.desk import Desk
from puntini.api.http import Body, Json, idempotency_key, knowing, page_bounds, read, resource
from puntini.errors import NotFound
from puntini.log.contract import Store, TaskRow
from puntini.log.mint import timestamp
from puntini.protocol.commands import Control, ControlData


class ControlBody(Body, frozen=True):
    """``POST /v1/tasks/{id}/control``."""

    action: Literal["pause", "resume", "stop"]


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


class Tasks:
    """The routes."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    def routes(self) -> list[Route]:
        """What this resource answers."""
        return [
            resource("/v1/tasks", get=knowing("session_id", "limit", "offset", of=self.list)),
            resource("/v1/tasks/{task_id}", get=knowing(of=self.get)),
            resource("/v1/tasks/{task_id}/control", post=knowing(of=self.control)),
        ]

    async def list(self, request: Request) -> Response:
        """The tasks of a session, or all that have not ended."""
        limit, offset = page_bounds(request)
        session_id = request.query_params.get("session_id")
        open_only = session_id is None
        rows = await self._store.tasks(session_id=session_id, open_only=open_only, limit=limit, offset=offset)
        total = await self._store.count_tasks(session_id=session_id, open_only=open_only)
        return Json({"items": [_info(row) for row in rows], "total": total})

    async def get(self, request: Request) -> Response:
        """One task."""
        return Json(_info(await self.row(request.path_params["task_id"])))

    async def control(self, request: Request) -> Response:
        """Pause, resume or stop: the command ``control`` by another door. ``Idempotency-Key`` makes a retry safe."""
        body = await read(request, ControlBody)
        row = await self.row(request.path_params["task_id"])
        key = idempotency_key(request.headers.get("idempotency-key", ""))
        command = Control(command_id=key, data=ControlData(task_id=row.task_id, action=body.action))
        await self._desk.execute(row.session_id, command, user=request.state.principal)
        status = _AFTER.get(body.action) or (await self.row(row.task_id)).status
        return Json({"task_id": row.task_id, "new_status": status, "detail": _DETAIL[body.action]}, status_code=202)

    async def row(self, task_id: str) -> TaskRow:
        """The task's record. Raises NotFound."""
        row = await self._store.task(task_id)
        if row is None:
            raise NotFound(f"There is no task `{task_id}`.")
        return row


_AFTER = {"pause": "paused", "stop": "cancelled"}
"""What a task comes to at its next safe point. One that is resumed may have to wait for its turn: its row says."""
_DETAIL = {
    "pause": "It pauses at its next safe point.",
    "resume": "It goes on when its turn comes.",
    "stop": "It is being stopped.",
}


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
