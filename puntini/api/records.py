"""Records that several resources ask for, and what a new one begins with."""

from msgspec.structs import replace

from puntini.errors import NotFound, SessionClosed
from puntini.log.contract import SessionRow, Store, TaskRow
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import Envelope


async def row_of(store: Store, session_id: str) -> SessionRow:
    """A session's record. Raises NotFound."""
    row = await store.session(session_id)
    if row is None:
        raise NotFound(f"There is no session `{session_id}`.")
    return row


async def active_row(store: Store, session_id: str) -> SessionRow:
    """The record of a session that is not closed. Raises NotFound or SessionClosed."""
    row = await row_of(store, session_id)
    if row.status == "closed":
        raise SessionClosed("The session is closed; create another.")
    return row


def new_session(agent: str, *, user: str, title: str = "") -> SessionRow:
    """A session's first record."""
    now = now_ms()
    return SessionRow(session_id=new_id("ses"), owner=user, title=title, agent=agent, created_at=now, updated_at=now)


def stamped(event: Envelope, row: TaskRow | None = None) -> Entry:
    """An event as it goes into the log now: the session's own, or a task's."""
    if row is None:
        return entry_of(replace(event, timestamp=timestamp()))
    return entry_of(replace(event, task_id=row.task_id, attempt=row.attempt, agent=row.agent, timestamp=timestamp()))
