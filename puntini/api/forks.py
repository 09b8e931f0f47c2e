"""``/v1/sessions/{id}/fork``: a new session that begins as another was at an event."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.desk import Desk
from puntini.api.http import ONCE, At, Body, Door, Json, idempotency_key, read, resource, user_of
from puntini.api.moments import Moments
from puntini.api.records import new_session, row_of
from puntini.api.repeats import Repeats, named
from puntini.api.sessions import SessionInfo, check_title, info_of
from puntini.auth.rights import EDIT
from puntini.errors import NotFound
from puntini.log.contract import Append, Kept, Once, SessionRow, Store, Written
from puntini.log.keeper import Keeper
from puntini.log.mint import timestamp
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import TaskCancelled, TaskEndData, TaskView, Usage
from puntini.views.session import SessionView

AT_ONCE = 2
"""So many sessions are copied at a time; the next waits."""
LEFT = "The session was forked here; the task goes on where it was begun."

Remembering = Callable[[str, SessionView, str], Awaitable[Sequence[Kept]]]
"""What is kept with a new session, the last, so that agents remember in it what the first one was in a view."""


class NewFork(Body, frozen=True):
    """``POST /v1/sessions/{id}/fork``; what is not said is as in the session that is forked."""

    title: str | None = None
    agent: str = ""


class Forks:
    """The route. It takes an editor, for a fork's owner sees all of it, ``debug`` events too."""

    def __init__(self, store: Store, keeper: Keeper[SessionView], desk: Desk, remembering: Remembering) -> None:
        self._store = store
        self._keeper = keeper
        self._desk = desk
        self._remembering = remembering
        self._moments = Moments(store, keeper)
        self._repeats = Repeats(store)
        self._turns = anyio.Semaphore(AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        post = Door(EDIT, self.fork, {"at": At}, takes=NewFork, gives=SessionInfo, status=201, headers=ONCE)
        return [resource("/v1/sessions/{session_id}/fork", post=post)]

    async def fork(self, request: Request) -> Response:
        """A new session of the caller's. ``Idempotency-Key`` makes a retry safe."""
        session_id, user = request.path_params["session_id"], user_of(request)
        body = await read(request, NewFork)
        check_title(body.title or "")
        await self._desk.check_agent(body.agent, "agent")
        source = await row_of(self._store, session_id)
        to = _before_closing(source, await self._moments.seq(session_id, request.query_params.get("at", "now")))
        row = new_session(
            body.agent or source.agent, user=user, title=source.title if body.title is None else body.title
        )
        once = named("fork", f"{user} {session_id}", idempotency_key(request.headers.get("idempotency-key", "")))
        written = await self._repeats.once(once, partial(self._fork, session_id, to, row, once))
        made = info_of(await row_of(self._store, written.session_id), self._store.epoch)
        return Json(made, status_code=201, headers={"location": f"/v1/sessions/{made.session_id}"})

    async def _fork(self, source: str, to: int, row: SessionRow, once: Once | None) -> Written:
        async with self._turns:
            view = await self._keeper.view_at(source, to)
            write = Append(
                session_id=row.session_id,
                create=row,
                entries=[_left(task) for task in view.tasks()],
                kept=await self._remembering(source, view, row.session_id),
                once=once,
                at=row.created_at,
            )
            return await self._store.fork(source, to, write)


def _before_closing(source: SessionRow, seq: int) -> int:
    """Up to where a session is copied: what closed it is its last event, and no part of what goes on."""
    if source.status == "active" or seq != source.head:
        return seq
    if source.floor == source.head:
        raise NotFound("The session is closed, and none of its events are left; create another.")
    return seq - 1


def _left(task: TaskView) -> Entry:
    """The end of a task in a session that it does not go on in. What it took is in the books of the other."""
    data = TaskEndData(duration_seconds=0.0, usage=Usage(), error=LEFT)
    event = TaskCancelled(task_id=task.task_id, attempt=task.attempt, agent=task.agent, data=data)
    return entry_of(replace(event, timestamp=timestamp()))
