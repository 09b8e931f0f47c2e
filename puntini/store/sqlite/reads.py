"""What the reader threads do: each function is one question, on a read-only connection."""

from typing import NamedTuple

import apsw

from puntini.log.contract import Bounds, Page, SessionRow, Snapshot, TaskRow
from puntini.log.members import Member, MemberRole
from puntini.protocol.entries import Entry, read_entry
from puntini.protocol.events import SessionStatus, TaskStatus
from puntini.store.rules import missing
from puntini.store.sqlite.rows import NEWEST, SESSION_COLUMNS, TASKS, one, session_of, task_of

BEYOND = "\U0010ffff"
"""Comes after every key."""
_OF_SESSION = "t.session = (SELECT num FROM sessions WHERE id = ?)"
_OF_USER = "(SELECT num FROM sessions WHERE owner = ? UNION ALL SELECT session FROM members WHERE user = ?)"
_OPEN = "t.status NOT IN ('completed', 'failed', 'cancelled')"


def place(connection: apsw.Connection, session_id: str) -> tuple[int, Bounds]:
    """A session's number and bounds. Raises NotFound."""
    row = one(
        connection,
        f"SELECT s.num, s.floor, max(s.floor, ifnull((SELECT last {NEWEST}), 0)) FROM sessions s WHERE s.id = ?",
        session_id,
    )
    if row is None:
        raise missing(session_id)
    return row[0], Bounds(row[1], row[2])


def page(connection: apsw.Connection, session_id: str, after: int, max_bytes: int, to: int | None) -> Page:
    """Events after a cursor. Raises NotFound."""
    # In one transaction: a trim in between would otherwise take events away above the floor that the page names.
    connection.execute("BEGIN")
    try:
        return _page(connection, session_id, after, max_bytes, to)
    finally:
        connection.execute("COMMIT")


def _page(connection: apsw.Connection, session_id: str, after: int, max_bytes: int, to: int | None) -> Page:
    num, bounds = place(connection, session_id)
    end = bounds.head if to is None else min(to, bounds.head)
    start = max(after, bounds.floor)
    events: list[tuple[int, Entry]] = []
    size = 0
    for first, body in connection.execute(_ROWS, (num, start + 1, end)):
        for seq, line in enumerate(body.split(b"\n"), first):
            if not line or not start < seq <= end:
                continue
            if size >= max_bytes:
                return Page(events, events[-1][0], bounds.floor, bounds.head)
            events.append((seq, read_entry(line)))
            size += len(line)
    return Page(events, max(after, end), bounds.floor, bounds.head)


_ROWS = """SELECT first, body FROM events WHERE session = ?1 AND first <= ?3
    AND first >= ifnull((SELECT first FROM events WHERE session = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0)
    ORDER BY first"""


def horizon(connection: apsw.Connection, session_id: str, before: int, keep_bytes: int) -> int:
    """The seq up to which events are too old or too many; only the index is read. Raises NotFound."""
    num, bounds = place(connection, session_id)
    size = 0
    rows = connection.execute("SELECT last, at, size FROM events WHERE session = ? ORDER BY first DESC", (num,))
    row: tuple[int, int, int]
    for row in rows:
        last, at, bytes_ = row
        size += bytes_
        if at < before or size > keep_bytes:
            return max(last, bounds.floor)
    return bounds.floor


def session(connection: apsw.Connection, session_id: str) -> SessionRow | None:
    """One session."""
    row = one(connection, f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = ?", session_id)
    return session_of(row) if row else None


def sessions(
    connection: apsw.Connection,
    limit: int,
    offset: int,
    status: SessionStatus | None,
    idle_before: int | None,
    user: str | None,
) -> tuple[list[SessionRow], int]:
    """A page of sessions, the newest first, and how many there are."""
    wanted: list[str] = ["1"]
    values: list[str | int] = []
    if status is not None:
        wanted.append("s.status = ?")
        values.append(status)
    if idle_before is not None:
        wanted.append(f"max(s.updated_at, ifnull((SELECT at {NEWEST}), 0)) < ?")
        values.append(idle_before)
    if user is not None:
        wanted.append(f"s.num IN {_OF_USER}")
        values += [user, user]
    where = " AND ".join(wanted)
    total = one(connection, f"SELECT count(*) FROM sessions s WHERE {where}", *values)
    rows = connection.execute(
        f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE {where} ORDER BY s.num DESC LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return [session_of(row) for row in rows], total[0] if total else 0


def members(connection: apsw.Connection, session_id: str) -> list[Member]:
    """With whom a session is shared. Raises NotFound."""
    num, _ = place(connection, session_id)
    rows = connection.execute("SELECT user, role FROM members WHERE session = ? ORDER BY user", (num,))
    return [Member(session_id, *row) for row in rows]


def role(connection: apsw.Connection, session_id: str, user: str) -> MemberRole | None:
    """What a user is in a session."""
    row = one(connection, _ROLE, user, user, session_id)
    return row[0] if row else None


_ROLE = """SELECT CASE WHEN s.owner = ? THEN 'owner' ELSE
    (SELECT m.role FROM members m WHERE m.user = ? AND m.session = s.num) END FROM sessions s WHERE s.id = ?"""


def task(connection: apsw.Connection, task_id: str) -> TaskRow | None:
    """One task."""
    row = one(connection, f"{TASKS} WHERE t.id = ?", task_id)
    return task_of(row) if row else None


class TaskFilter(NamedTuple):
    """Which tasks a list is about."""

    session_id: str | None = None
    open_only: bool = False
    status: TaskStatus | None = None
    agent: str | None = None
    user: str | None = None

    def where(self) -> tuple[str, tuple[str, ...]]:
        """The same as a condition and its values."""
        conditions = {_OF_SESSION: self.session_id, "t.status = ?": self.status, "t.agent = ?": self.agent}
        given = {condition: value for condition, value in conditions.items() if value is not None}
        values = list(given.values())
        wanted = list(given)
        if self.user is not None:
            wanted.append(f"t.session IN {_OF_USER}")
            values += [self.user, self.user]
        if self.open_only:
            wanted.append(_OPEN)
        return " AND ".join(wanted) or "1", tuple(values)


def tasks(connection: apsw.Connection, wanted: TaskFilter, limit: int | None, offset: int, last: bool) -> list[TaskRow]:
    """Tasks in the order of their making, or the other way round."""
    where, values = wanted.where()
    order = f"ORDER BY t.num {'DESC' if last else 'ASC'}"
    # Which they are is found in an index alone; rows, which are long, are read of those on the page only.
    nums = f"SELECT t.num FROM tasks t WHERE {where} {order} LIMIT ? OFFSET ?"
    sql = f"{TASKS} WHERE t.num IN ({nums}) {order}"
    return [task_of(row) for row in connection.execute(sql, (*values, -1 if limit is None else limit, offset))]


def count_tasks(connection: apsw.Connection, wanted: TaskFilter) -> int:
    """How many tasks there are."""
    where, values = wanted.where()
    row = one(connection, f"SELECT count(*) FROM tasks t WHERE {where}", *values)
    return row[0] if row else 0


def snapshot(connection: apsw.Connection, session_id: str, at_most: int) -> Snapshot | None:
    """The newest snapshot that is not too new."""
    row = one(
        connection,
        """SELECT p.seq, p.body FROM snapshots p JOIN sessions s ON s.num = p.session
        WHERE s.id = ? AND p.seq <= ? ORDER BY p.seq DESC LIMIT 1""",
        session_id,
        at_most,
    )
    return Snapshot(*row) if row else None


def kept(connection: apsw.Connection, space: str, kind: str, key: str) -> bytes | None:
    """One thing that is kept."""
    row = one(connection, "SELECT body FROM kept WHERE space = ? AND kind = ? AND key = ?", space, kind, key)
    return bytes(row[0]) if row else None


def kept_all(
    connection: apsw.Connection, space: str, kind: str, prefix: str, before: str, limit: int | None, last: bool
) -> list[tuple[str, bytes]]:
    """Keys with what is kept under them."""
    sql = f"""SELECT key, body FROM kept WHERE space = ? AND kind = ? AND key >= ? AND key < ? AND key < ?
        ORDER BY key {"DESC" if last else "ASC"} LIMIT ?"""
    values = (space, kind, prefix, prefix + BEYOND, before or BEYOND, -1 if limit is None else limit)
    return [(str(key), bytes(body)) for key, body in connection.execute(sql, values)]
