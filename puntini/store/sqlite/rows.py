"""Rows of the database and the structs they stand for."""

from typing import Any, cast

import apsw

from puntini.log.contract import SessionRow, TaskRow

TASK_FIELDS = tuple(name for name in TaskRow.__struct_fields__ if name not in {"task_id", "session_id"})
TASK_COLUMNS = ("id", "session", *TASK_FIELDS)
NEWEST = "FROM events WHERE session = s.num ORDER BY first DESC LIMIT 1"
SESSION_COLUMNS = f"""s.id, s.owner, s.title, s.agent, s.status, s.created_at,
    max(s.updated_at, ifnull((SELECT at {NEWEST}), 0)), s.floor, max(s.floor, ifnull((SELECT last {NEWEST}), 0))"""
TASKS = f"""SELECT {", ".join("s.id" if name == "session" else "t." + name for name in TASK_COLUMNS)}
    FROM tasks t JOIN sessions s ON s.num = t.session"""

PLACE_BITS = 32
"""A passage's rowid is its document's number, shifted by so many bits, and its place in it."""

Row = tuple[Any, ...]


def task_values(row: TaskRow, num: int) -> Row:
    """A task as the values of ``TASK_COLUMNS``; its session by number."""
    return (row.task_id, num, *(getattr(row, name) for name in TASK_FIELDS))


def task_of(values: Row) -> TaskRow:
    """A task from the values of ``TASKS``."""
    return TaskRow(**dict(zip(("task_id", "session_id", *TASK_FIELDS), values, strict=True)))


def session_of(values: Row) -> SessionRow:
    """A session from the values of ``SESSION_COLUMNS``."""
    session_id, owner, title, agent, status, created_at, updated_at, floor, head = values
    return SessionRow(
        session_id=session_id,
        owner=owner,
        title=title,
        agent=agent,
        status=status,
        created_at=created_at,
        updated_at=updated_at,
        floor=floor,
        head=head,
    )


def one(connection: apsw.Connection, sql: str, *values: Any) -> Row | None:
    """The first row, or None."""
    return cast("Row | None", connection.execute(sql, values).fetchone())
