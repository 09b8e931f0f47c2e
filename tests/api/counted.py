"""Ended tasks with known numbers in a store, and the addresses of analytics over it, asked in anybody's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from starlette.applications import Starlette

from puntini.api.analytics import Analytics
from puntini.api.analytics_tally import Tally
from puntini.api.http import guarded
from puntini.api.problems import HANDLERS
from puntini.auth.access import Access
from puntini.auth.guard import Guard
from puntini.auth.principals import LOCAL, Principal
from puntini.auth.revision import Revision
from puntini.log.contract import Append, SessionRow, Store, TaskRow
from puntini.log.hub import Hub
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskFailed,
    TaskStarted,
    Usage,
)
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send

NOON = 1_774_526_400_000
"""2026-03-26T12:00:00Z."""
AROUND = "from=2026-03-26T00:00:00Z&to=2026-03-27T00:00:00Z"
ENDINGS = {"completed": TaskCompleted, "failed": TaskFailed, "cancelled": TaskCancelled}


class Counted:
    """A store, and who counts what is in it."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self.store = store
        self.hub = hub
        self.tally = Tally(store)
        hub.follow(self.tally)
        self.app: ASGIApp = Starlette(
            routes=guarded(Analytics(store, self.tally).routes()), exception_handlers=HANDLERS
        )
        self.guard = Guard(Access(store), Revision(store))

    async def session(self, session_id: str, owner: str = "ann") -> None:
        """A session of somebody's."""
        row = SessionRow(session_id=session_id, owner=owner, created_at=NOON, updated_at=NOON)
        await self.store.append(Append(session_id=session_id, create=row, at=NOON))

    async def start(self, task_id: str, session_id: str, at: int = NOON, **more: Any) -> TaskRow:
        """A task that begins; ``more`` is what its record says."""
        values: dict[str, Any] = {"agent": "puntini", "prompt": "Do it."} | more
        row = TaskRow(task_id=task_id, session_id=session_id, status="running", created_at=at, updated_at=at, **values)
        said = TaskStarted(task_id=task_id, attempt=1, data=TaskData(status="running"))
        await self.store.append(Append(session_id=session_id, task=row, entries=[entry_of(said)], at=at))
        return row

    async def end(
        self, row: TaskRow, seconds: float = 1.0, status: str = "completed", *, answer: str = "", error: str = ""
    ) -> None:
        """Its end, so many seconds later."""
        at = row.created_at + round(seconds * 1000)
        values: dict[str, Any] = {name: getattr(row, name) for name in TaskRow.__struct_fields__}
        after = TaskRow(**values | {"status": status, "updated_at": at})
        said = end_of(row.task_id, seconds, status, answer=answer, error=error)
        await self.store.append(Append(session_id=row.session_id, task=after, entries=[said], at=at))

    async def task(
        self,
        task_id: str,
        session_id: str,
        seconds: float = 1.0,
        status: str = "completed",
        *,
        at: int = NOON,
        answer: str = "",
        error: str = "",
        **more: Any,
    ) -> None:
        """A task from its beginning to its end."""
        row = await self.start(task_id, session_id, at, **more)
        await self.end(row, seconds, status, answer=answer, error=error)

    async def ask(self, path: str, who: Principal = LOCAL) -> httpx.Response:
        """A question in somebody's name."""

        async def named(scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "state": {"principal": who, "guard": self.guard}}, receive, send)

        transport = httpx.ASGITransport(named)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", trust_env=False) as http:
            return await http.get(f"/v1/analytics{path}")

    async def get(self, path: str, who: Principal = LOCAL) -> Any:
        """The answer to it."""
        response = await self.ask(path, who)
        assert response.status_code == 200, response.text
        return response.json()


def end_of(task_id: str, seconds: float, status: str, *, answer: str = "", error: str = "") -> Entry:
    """A task's end."""
    data = TaskEndData(duration_seconds=seconds, usage=Usage(), final_answer=answer, error=error)
    return entry_of(ENDINGS[status](task_id=task_id, attempt=1, data=data))


@asynccontextmanager
async def counting(store: Store) -> AsyncIterator[Counted]:
    """The addresses over a store."""
    async with anyio.create_task_group() as tasks:
        yield Counted(store, Hub(store, tasks))
        tasks.cancel_scope.cancel()
