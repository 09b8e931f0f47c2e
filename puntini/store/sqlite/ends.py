"""Reading the ends of tasks: where they stand from an index, and what is not known yet from rows and events."""

from collections.abc import Container
from typing import Any

import apsw

from puntini.log.ends import PROMPT_TOLD, EndedTask, Ending, Place, read_end
from puntini.store.sqlite.rows import one

LATEST = Place((1 << 63) - 1, "")


def ends(connection: apsw.Connection, limit: int, before: Place | None, known: Container[str]) -> list[Ending]:
    """Tasks that have ended, the latest first."""
    # In one transaction: otherwise a session could be deleted between the two statements.
    connection.execute("BEGIN")
    try:
        rows: list[Any] = connection.execute(_PLACES, (*(before or LATEST), limit)).fetchall()
        return [
            Ending(Place(ended_at, task_id), bool(readable), None if task_id in known else _told(connection, task_id))
            for ended_at, task_id, readable in rows
        ]
    finally:
        connection.execute("COMMIT")


def _told(connection: apsw.Connection, task_id: str) -> EndedTask:
    row = one(connection, _TASK, PROMPT_TOLD, task_id)
    assert row is not None
    *values, num, seq, floor = row
    return EndedTask(
        **dict(zip(_FIELDS, values, strict=True)),
        seq=seq,
        end=read_end(task_id, _line(connection, num, seq)) if seq > floor else None,
    )


def _line(connection: apsw.Connection, num: int, seq: int) -> bytes:
    row = one(connection, _EVENT, num, seq)
    lines = row[1].split(b"\n") if row else []
    return lines[seq - row[0]] if row and seq - row[0] < len(lines) else b""


_ENDED = "t.status IN ('completed', 'failed', 'cancelled')"
_PLACES = f"""SELECT t.updated_at, t.id, t.last_seq > s.floor FROM tasks t INDEXED BY ends_of_tasks
    CROSS JOIN sessions s ON s.num = t.session WHERE {_ENDED} AND (t.updated_at, t.id) < (?, ?)
    ORDER BY t.updated_at DESC, t.id DESC LIMIT ?"""
_FIELDS = (
    "task_id",
    "session_id",
    "owner",
    "agent",
    "prompt",
    "status",
    "steps",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "created_at",
    "ended_at",
)
_TASK = """SELECT t.id, s.id, s.owner, t.agent, substr(t.prompt, 1, ?), t.status, t.steps, t.input_tokens,
    t.output_tokens, t.cost_usd, t.created_at, t.updated_at, t.session, t.last_seq, s.floor
    FROM tasks t JOIN sessions s ON s.num = t.session WHERE t.id = ?"""
_EVENT = "SELECT first, body FROM events WHERE session = ? AND first <= ? ORDER BY first DESC LIMIT 1"
