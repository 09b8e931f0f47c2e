"""Reading the ends of tasks: where they stand from an index, and what is not known yet from rows and events."""

from collections.abc import Container

from puntini.log.ends import PROMPT_TOLD, EndedTask, Ending, Place
from puntini.protocol.entries import Entry, read_entry
from puntini.store.postgres.database import Database
from puntini.store.postgres.rows import Row

LATEST = Place((1 << 63) - 1, "")


class PostgresEnds:
    """See ``puntini.log.ends.Ends``."""

    _database: Database

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Tasks that have ended, the latest first."""
        rows = await self._database.rows(_PLACES, *(before or LATEST), limit)
        told = await self._told([task_id for _, task_id, _ in rows if task_id not in known])
        return [
            Ending(Place(ended_at, task_id), readable, told.get(task_id))
            for ended_at, task_id, readable in rows
            if task_id in known or task_id in told
        ]

    async def _told(self, task_ids: list[str]) -> dict[str, EndedTask]:
        """These tasks, those that are still there."""
        if not task_ids:
            return {}
        rows = await self._database.rows(_TASKS, PROMPT_TOLD, task_ids)
        return {row[0]: _ended(row) for row in rows}


def _ended(row: Row) -> EndedTask:
    *values, first, body = row
    told = dict(zip(_FIELDS, values, strict=True))
    return EndedTask(**told, end=_event(first, body, told["seq"]) if body is not None else None)


def _event(first: int, body: bytes, seq: int) -> Entry | None:
    lines = body.split(b"\n")
    line = lines[seq - first] if seq - first < len(lines) else b""
    return read_entry(line) if line else None


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
    "seq",
)
_ENDED = "t.status IN ('completed', 'failed', 'cancelled')"
_PLACES = f"""SELECT t.updated_at, t.id, t.last_seq > s.floor FROM tasks t JOIN sessions s ON s.num = t.session
    WHERE {_ENDED} AND (t.updated_at, t.id) < (%s, %s) ORDER BY t.updated_at DESC, t.id DESC LIMIT %s"""
# The event is on the last day that begins at or before it.
_TASKS = """SELECT t.id, s.id, s.owner, t.agent, left(t.prompt, %s::int), t.status, t.steps, t.input_tokens, t.output_tokens,
    t.cost_usd, t.created_at, t.updated_at, t.last_seq, e.first, e.body
    FROM tasks t JOIN sessions s ON s.num = t.session LEFT JOIN LATERAL (
        SELECT first, body FROM events WHERE session = s.num AND first <= t.last_seq AND t.last_seq > s.floor
        AND day = (SELECT day FROM spans WHERE session = s.num AND first <= t.last_seq ORDER BY first DESC LIMIT 1)
        ORDER BY first DESC LIMIT 1) e ON true
    WHERE t.id = ANY(%s::text[])"""
