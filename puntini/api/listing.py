"""Which tasks a list is about, and a page of them."""

from typing import Literal, cast, get_args

from msgspec import Struct
from starlette.requests import Request

from puntini.errors import Invalid
from puntini.log.contract import ENDED, Store, TaskRow
from puntini.protocol.events import TaskStatus

ALL = "all"
Status = TaskStatus | Literal["all"]
"""In place of a status: whatever it is."""


class Wanted(Struct, frozen=True):
    """What a list is about: what has not ended, where nothing is named.

    Of what is named, a session or an agent, it has all, ended or not, unless a status says which.
    """

    session_id: str | None = None
    status: Status | None = None
    agent: str | None = None

    @property
    def open_only(self) -> bool:
        """Whether no ended task is wanted."""
        if self.status is None:
            return self.session_id is None and self.agent is None
        return self.status not in {*ENDED, ALL}


def wanted(request: Request) -> Wanted:
    """Read a query. Raises Invalid for a status that is none."""
    query = request.query_params
    status = query.get("status")
    known = (*get_args(TaskStatus), ALL)
    if status is not None and status not in known:
        raise Invalid(f"status: use one of {', '.join(known)}", path="status")
    return Wanted(query.get("session_id"), cast("Status | None", status), query.get("agent"))


async def page(store: Store, wanted: Wanted, user: str | None, limit: int, offset: int) -> tuple[list[TaskRow], int]:
    """Tasks in the order they were handed in, and how many there are in all; a ``user``'s, or everybody's."""
    session_id, agent, open_only = wanted.session_id, wanted.agent, wanted.open_only
    status = None if wanted.status == "all" else wanted.status
    rows = await store.tasks(
        session_id=session_id,
        status=status,
        agent=agent,
        user=user,
        open_only=open_only,
        limit=limit,
        offset=offset,
    )
    total = await store.count_tasks(session_id=session_id, status=status, agent=agent, user=user, open_only=open_only)
    return rows, total
