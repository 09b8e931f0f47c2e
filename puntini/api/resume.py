"""Which task a ``Last-Event-ID`` belongs to: an id names an event of a session, and says nothing of tasks."""

from puntini.log.contract import Bounds, Store, TaskRow
from puntini.protocol.ids import EventId, parse_cursor


async def task_of(store: Store, session_id: str, last_id: str) -> TaskRow | None:
    """The task whose stream goes on after ``last_id``; None when the id can't tell. Raises NotFound."""
    bounds = await store.bounds(session_id)
    cursor = parse_cursor(last_id, store.epoch)
    if not isinstance(cursor, EventId) or cursor.epoch != store.epoch or cursor.seq > bounds.head:
        return None
    return await _said(store, session_id, cursor.seq, bounds) or await _going_on(store, session_id, cursor.seq)


async def newest_task(store: Store, session_id: str) -> TaskRow | None:
    """The task that goes on now, or the last one that did."""
    going_on = await store.tasks(session_id=session_id, open_only=True, limit=1)
    rows = going_on or await store.tasks(session_id=session_id, limit=1, last=True)
    return rows[0] if rows else None


async def _said(store: Store, session_id: str, seq: int, bounds: Bounds) -> TaskRow | None:
    """The task that said the event, if the event is kept and a task's."""
    if seq <= bounds.floor:
        return None
    page = await store.read(session_id, seq - 1, to=seq)
    task_id = page.events[0][1].task_id if page.events else ""
    row = await store.task(task_id) if task_id else None
    # A fork's history names tasks of another session.
    return row if row and row.session_id == session_id else None


async def _going_on(store: Store, session_id: str, seq: int) -> TaskRow | None:
    """The first task that had begun by then, or begins next, and had more to say: a stream starts before its task."""
    for row in await store.tasks(session_id=session_id):
        if row.first_seq <= seq + 1 and (not row.last_seq or row.last_seq > seq):
            return row
    return None
