"""Rows of the database and the structs they stand for."""

from typing import Any, cast

import apsw

from puntini.log.contract import SessionRow, TaskRow

TASK_COLUMNS = "id, session, agent, prompt, status, attempt, max_steps, created_at, updated_at, first_seq, last_seq"
NEWEST = "FROM events WHERE session = s.num ORDER BY first DESC LIMIT 1"
SESSION_COLUMNS = f"""s.id, s.owner, s.title, s.agent, s.status, s.created_at,
    max(s.updated_at, ifnull((SELECT at {NEWEST}), 0)), s.floor, max(s.floor, ifnull((SELECT last {NEWEST}), 0))"""
TASKS = f"""SELECT {", ".join("s.id" if name == "session" else "t." + name for name in TASK_COLUMNS.split(", "))}
    FROM tasks t JOIN sessions s ON s.num = t.session"""

Row = tuple[Any, ...]


def task_values(row: TaskRow, num: int) -> Row:
    """A task as the values of ``TASK_COLUMNS``; its session by number."""
    return (
        row.task_id,
        num,
        row.agent,
        row.prompt,
        row.status,
        row.attempt,
        row.max_steps,
        row.created_at,
        row.updated_at,
        row.first_seq,
        row.last_seq,
    )


def task_of(values: Row) -> TaskRow:
    """A task from the values of ``TASKS``."""
    names = TASK_COLUMNS.replace("id, session", "task_id, session_id", 1).split(", ")
    return TaskRow(**dict(zip(names, values, strict=True)))


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
