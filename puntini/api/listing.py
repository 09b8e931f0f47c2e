"""Which tasks a list is about, and a page of them."""

from typing import get_args

import anyio.lowlevel
from msgspec import Struct
from starlette.requests import Request

from puntini.errors import Invalid
from puntini.log.contract import ENDED, Store, TaskRow
from puntini.protocol.events import TaskStatus

SCANNED = 500
"""So many records are looked at between two turns of the others."""


class Wanted(Struct, frozen=True):
    """What a list is about; without a session or a status it is what has not ended."""

    session_id: str | None = None
    status: str | None = None
    agent: str | None = None

    @property
    def open_only(self) -> bool:
        """Whether no ended task is wanted."""
        return self.session_id is None if self.status is None else self.status not in ENDED

    @property
    def simple(self) -> bool:
        """Whether the store can tell by itself."""
        return self.status is None and self.agent is None

    def takes(self, row: TaskRow) -> bool:
        """Whether a task belongs to the list."""
        return self.status in {None, row.status} and self.agent in {None, row.agent}


def wanted(request: Request) -> Wanted:
    """Read a query. Raises Invalid for a status that is none."""
    query = request.query_params
    status = query.get("status")
    if status is not None and status not in get_args(TaskStatus):
        raise Invalid(f"status: use one of {', '.join(get_args(TaskStatus))}", path="status")
    return Wanted(query.get("session_id"), status, query.get("agent"))


async def page(store: Store, wanted: Wanted, limit: int, offset: int) -> tuple[list[TaskRow], int]:
    """Tasks in the order they were handed in, and how many there are in all."""
    if wanted.simple:
        session_id, open_only = wanted.session_id, wanted.open_only
        rows = await store.tasks(session_id=session_id, open_only=open_only, limit=limit, offset=offset)
        return rows, await store.count_tasks(session_id=session_id, open_only=open_only)
    return await _sifted(store, wanted, limit, offset)


async def _sifted(store: Store, wanted: Wanted, limit: int, offset: int) -> tuple[list[TaskRow], int]:
    """The same, where each record has to be looked at."""
    found: list[TaskRow] = []
    total = seen = 0
    while rows := await store.tasks(
        session_id=wanted.session_id, open_only=wanted.open_only, limit=SCANNED, offset=seen
    ):
        for row in filter(wanted.takes, rows):
            if offset <= total < offset + limit:
                found.append(row)
            total += 1
        seen += len(rows)
        await anyio.lowlevel.checkpoint()
    return found, total


async def latest_of(store: Store, agent: str, most: int, *, looked_at: int) -> list[TaskRow]:
    """The newest ``most`` tasks of an agent, the newest first, among the newest ``looked_at`` of all."""
    found: list[TaskRow] = []
    end = await store.count_tasks()
    least = max(0, end - looked_at)
    while end > least and len(found) < most:
        start = max(least, end - SCANNED)
        rows = await store.tasks(limit=end - start, offset=start)
        found += [row for row in reversed(rows) if row.agent == agent]
        end = start
        await anyio.lowlevel.checkpoint()
    return found[:most]
