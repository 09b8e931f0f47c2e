"""Reading the ends of tasks: where they stand from an index, and what is not known yet from rows and events."""

from collections.abc import Container

from puntini.log.ends import PROMPT_TOLD, EndedTask, Ending, Place, read_end
from puntini.store.postgres.database import Database
from puntini.store.postgres.rows import Row

LATEST = Place((1 << 63) - 1, "")


class PostgresEnds:
    """See ``puntini.log.ends.Ends``."""

    _database: Database

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Tasks that have ended, the latest first. Of those that are known, no row is touched."""
        rows = await self._database.rows(_PLACES, *(before or LATEST), limit)
        unknown = [task_id for _, task_id, _ in rows if task_id not in known]
        told = {end.task_id: end for end in await self._told(unknown)}
        return [
            Ending(Place(ended_at, task_id), readable, told.get(task_id))
            for ended_at, task_id, readable in rows
            if task_id in told or task_id in known  # another's session may have been deleted meanwhile
        ]

    async def _told(self, task_ids: list[str]) -> list[EndedTask]:
        return [_ended(row) for row in await self._database.rows(_TOLD, task_ids)] if task_ids else []


def _ended(values: Row) -> EndedTask:
    *record, line = values
    found = dict(zip(_FIELDS, record, strict=True))
    return EndedTask(**found | {"prompt": found["prompt"][:PROMPT_TOLD]}, end=read_end(found["task_id"], line))


_ENDED = "t.status IN ('completed', 'failed', 'cancelled')"
_PLACES = f"""SELECT t.updated_at, t.id, t.last_seq > s.floor FROM tasks t JOIN sessions s ON s.num = t.session
    WHERE {_ENDED} AND (t.updated_at, t.id) < (%s, %s) ORDER BY t.updated_at DESC, t.id DESC LIMIT %s"""
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
# The line alone is sent, and not the row of events that it is in, which is taken apart as the bytes that it is: nothing
# in it can make the statement fail. A prompt's escaped characters are longer.
_TOLD = f"""SELECT t.id, s.id, s.owner, t.agent, left(t.prompt, {2 * PROMPT_TOLD}), t.status, t.steps, t.input_tokens,
        t.output_tokens, t.cost_usd, t.created_at, t.updated_at, t.last_seq, e.line
    FROM tasks t JOIN sessions s ON s.num = t.session
    LEFT JOIN LATERAL (
        SELECT day FROM spans WHERE session = s.num AND first <= t.last_seq ORDER BY first DESC LIMIT 1
    ) AS span ON t.last_seq > s.floor
    LEFT JOIN LATERAL (
        SELECT decode(split_part(encode(body, 'escape'), E'\\n', (t.last_seq - first + 1)::int), 'escape') AS line
        FROM events WHERE session = s.num AND day = span.day AND first <= t.last_seq ORDER BY first DESC LIMIT 1
    ) AS e ON true
    WHERE t.id = ANY(%s::text[]) AND {_ENDED}"""
