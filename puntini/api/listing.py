"""Which tasks a list is about, and a page of them."""

from typing import cast, get_args

from msgspec import Struct
from starlette.requests import Request

from puntini.errors import Invalid
from puntini.log.contract import ENDED, Store, TaskRow
from puntini.protocol.events import TaskStatus


class Wanted(Struct, frozen=True):
    """What a list is about; without a session or a status it is what has not ended."""

    session_id: str | None = None
    status: TaskStatus | None = None
    agent: str | None = None

    @property
    def open_only(self) -> bool:
        """Whether no ended task is wanted."""
        return self.session_id is None if self.status is None else self.status not in ENDED


def wanted(request: Request) -> Wanted:
    """Read a query. Raises Invalid for a status that is none."""
    query = request.query_params
    status = query.get("status")
    if status is not None and status not in get_args(TaskStatus):
        raise Invalid(f"status: use one of {', '.join(get_args(TaskStatus))}", path="status")
    return Wanted(query.get("session_id"), cast("TaskStatus | None", status), query.get("agent"))


async def page(store: Store, wanted: Wanted, limit: int, offset: int) -> tuple[list[TaskRow], int]:
    """Tasks in the order they were handed in, and how many there are in all."""
    session_id, status, agent, open_only = wanted.session_id, wanted.status, wanted.agent, wanted.open_only
    rows = await store.tasks(
        session_id=session_id, status=status, agent=agent, open_only=open_only, limit=limit, offset=offset
    )
    return rows, await store.count_tasks(session_id=session_id, status=status, agent=agent, open_only=open_only)
