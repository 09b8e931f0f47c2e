"""Rows of the database and the structs they stand for."""

from typing import Any

from puntini.log.contract import SessionRow, TaskRow

Row = tuple[Any, ...]

TASK_FIELDS = tuple(name for name in TaskRow.__struct_fields__ if name not in {"task_id", "session_id"})
TASK_TYPES = {"agent": "text", "prompt": "text", "status": "text", "cost_usd": "float8"}
"""All others are whole numbers."""
SESSION_FIELDS = SessionRow.__struct_fields__
SESSION_COLUMNS = "s.id, s.owner, s.title, s.agent, s.status, s.created_at, s.updated_at, s.floor, s.head"
TASKS = f"""SELECT t.id, s.id, {", ".join(f"t.{name}" for name in TASK_FIELDS)}
    FROM tasks t JOIN sessions s ON s.num = t.session"""
SLIM_TASKS = TASKS.replace("t.prompt", "''")
"""Without the prompts, which may be long."""


def session_of(values: Row) -> SessionRow:
    """A session from the values of ``SESSION_COLUMNS``."""
    return SessionRow(**dict(zip(SESSION_FIELDS, values, strict=True)))


def task_of(values: Row) -> TaskRow:
    """A task from the values of ``TASKS``."""
    return TaskRow(**dict(zip(("task_id", "session_id", *TASK_FIELDS), values, strict=True)))


def task_values(row: TaskRow, num: int) -> Row:
    """A task as a row to be written; its session by number."""
    return (row.task_id, num, *(getattr(row, name) for name in TASK_FIELDS))
