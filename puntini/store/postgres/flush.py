"""One flush: a group of appends in one transaction and two round trips.

The first takes the row of who writes and those of the sessions, in the order of their numbers, and reads what the
decisions need; nobody else changes that until the commit. The second writes. Whatever is made by two flushes at once
(a session, the memory of a command) is made by the first: the other meets it as a duplicate, and is decided anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from psycopg import AsyncCursor, AsyncPipeline

from puntini.log.contract import Append, Kept, Once, Written
from puntini.store.postgres.database import NOT_IDLE, execute, text_of
from puntini.store.postgres.decisions import Decisions, Known, Place, Result
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.rows import SLIM_TASKS, TASK_FIELDS, TASK_TYPES, task_of

Row = tuple[Any, ...]

LOCK_MS = 250
"""Among flushes, locks are held for milliseconds; who waits longer for one keeps all others of its group waiting."""


class Begun:
    """The transaction as the database names it, so that it can be found when its connection is lost.

    ``results`` are there from the moment when it may be committed.
    """

    __slots__ = ("number", "pid", "results", "xid")

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.xid = ""
        self.results: list[Result] = []


class Elsewhere(Exception):
    """Tasks that the group names belong to sessions that are not held: they are to be held too."""

    def __init__(self, session_ids: list[str]) -> None:
        super().__init__()
        self.session_ids = session_ids


class Group:
    """What some appends are about: all that has to be held and read before they can be decided.

    ``lock_ms`` is how long any of it may be held by somebody else.
    """

    def __init__(self, writes: Sequence[Append], also: Sequence[str] = (), *, lock_ms: int = LOCK_MS) -> None:
        self.writes = writes
        self.lock_ms = lock_ms
        self._session_ids = list({write.session_id for write in writes} | set(also))
        self._onces = list({write.once for write in writes if write.once})
        tasks = {write.task.task_id for write in writes if write.task}
        self._tasks = list(tasks | {write.fence.task_id for write in writes if write.fence})
        self._at_rest = [write.session_id for write in writes if write.at_rest]
        self._new = [item for write in writes for item in write.kept if item.new]
        self._creates = sum(1 for write in writes if write.create)

    def questions(self) -> Iterator[tuple[Any, ...]]:
        """What is asked, each a name, a statement and its values. The sessions, which are held, come first."""
        yield "places", _PLACES, self._session_ids
        if self._tasks:
            yield "tasks", f"{SLIM_TASKS} WHERE t.id = ANY(%s::text[])", self._tasks
        if self._onces:
            yield "outcomes", OUTCOMES, [once.scope for once in self._onces], [once.key for once in self._onces]
        if self._creates:
            yield "nums", _NUMS, self._creates
        if self._at_rest:
            yield "open", _OPEN, self._at_rest
        if self._new:
            yield "kept", _KEPT, *_names(self._new)


async def begin(connection: Connection, pipeline: AsyncPipeline, writer: str, group: Group, begun: Begun) -> Known:
    """Begin the transaction, take what it is about, and read it. Raises psycopg.Error or Elsewhere."""
    asked: dict[str, AsyncCursor[Row]] = {}
    await send(connection, "BEGIN")
    await send(connection, NOT_IDLE)
    started = await send(connection, _BEGIN, writer, begun.number, str(group.lock_ms))
    for name, query, *values in group.questions():
        asked[name] = await send(connection, query, *values)
    # The end of a pipeline sends a Flush behind its Sync, at which Postgres forgets that it waits for us in vain.
    await pipeline.sync()
    [(begun.pid, begun.xid, today, _)] = await started.fetchall()
    rows = {name: await cursor.fetchall() for name, cursor in asked.items()}
    known = Known(today, [num for (num,) in rows.get("nums", [])])
    known.places = {session_id: Place(*place) for session_id, *place in rows["places"]}
    known.tasks = {row[0]: task_of(row) for row in rows.get("tasks", [])}
    known.outcomes = {Once(scope, key): Written(*written) for scope, key, *written in rows.get("outcomes", [])}
    known.open = [task_of(row) for row in rows.get("open", [])]
    known.kept = set(rows.get("kept", []))
    if strange := [row.session_id for row in known.tasks.values() if row.session_id not in known.places]:
        raise Elsewhere(strange)
    return known


async def write(connection: Connection, decisions: Decisions) -> None:
    """Write what was decided, within a transaction of the caller's, best in a pipeline. Raises psycopg.Error."""
    places = decisions.places
    await _many(connection, _SESSIONS, [_session(place) for place in places if place.new])
    await _many(connection, _SPANS, [(place.num, place.day, place.span) for place in places if place.span])
    await _many(connection, _EVENTS, decisions.events)
    await _many(connection, _HEADS, [_head(place) for place in places])
    await _many(connection, _TASKS, decisions.task_rows)
    outcomes = [(*key, num, *written[1:4], at) for key, (written, num, at) in sorted(_keys(decisions))]
    await _many(connection, _INSERT_OUTCOMES, outcomes)
    await keep(connection, decisions.kept)


async def locked(connection: Connection, session_ids: Sequence[str]) -> dict[str, int]:
    """Which of these sessions somebody holds, without waiting for any, and their heads. Raises psycopg.Error."""
    return dict(await execute(connection, _LOCKED, session_ids, session_ids))


async def happened(connection: Connection, writer: str, begun: Begun) -> bool:
    """Whether a flush was committed: waits until its transaction is over, and ends it where nobody is there for it."""
    await execute(connection, _END, begun.pid, begun.xid)
    rows = await execute(connection, "SELECT flush FROM writers WHERE id = %s FOR UPDATE", writer)
    return bool(rows and rows[0][0] >= begun.number)


def _keys(decisions: Decisions) -> Iterable[tuple[tuple[str, str], tuple[Written, int, int]]]:
    return (((once.scope, once.key), made) for once, made in decisions.outcomes.items())


def _names(items: Sequence[Kept]) -> list[list[str]]:
    return [[item.space for item in items], [item.kind for item in items], [item.key for item in items]]


def _session(place: Place) -> Row:
    row = place.new
    assert row is not None
    named = (place.num, row.session_id, row.owner, row.title, row.agent, row.status)
    return (*named, row.created_at, row.updated_at, row.floor)


def _head(place: Place) -> Row:
    return (place.num, place.head, place.day, place.at, place.status, place.agent, place.graph)


async def keep(connection: Connection, items: Mapping[tuple[str, str, str], bytes | None]) -> None:
    """Keep or forget things, within a transaction of the caller's."""
    ordered = sorted(items.items(), key=lambda item: tuple(map(str.encode, item[0])))
    await _many(connection, _FORGET, [place for place, body in ordered if body is None])
    await _many(connection, _KEEP, [(*place, body) for place, body in ordered if body is not None])


async def send(connection: Connection, query: str, *values: Any) -> AsyncCursor[Row]:
    """A statement; in a pipeline its answer is there when the pipeline ends."""
    return await connection.execute(text_of(query), values, binary=True)


async def _many(connection: Connection, query: str, rows: Sequence[Row]) -> None:
    """A statement for many rows, which it takes as arrays."""
    if rows:
        await send(connection, query, *map(list, zip(*rows, strict=True)))


TODAY = "(extract(epoch FROM clock_timestamp())::bigint / 86400)::int"
# The timeout is set in passing, once the row is held: a lost flush of this writer's may hold that a little longer.
_BEGIN = f"""INSERT INTO writers (id, flush) VALUES (%s, %s)
    ON CONFLICT (id) DO UPDATE SET flush = excluded.flush, seen_at = excluded.seen_at
    RETURNING pg_backend_pid(), pg_current_xact_id()::xid::text, {TODAY}, set_config('lock_timeout', %s, true)"""
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_xid::text = %s"
_PLACES = """SELECT id, num, head, status, day, graph_version FROM sessions WHERE id = ANY(%s::text[])
    ORDER BY num FOR NO KEY UPDATE"""
_LOCKED = """WITH free AS (SELECT id FROM sessions WHERE id = ANY(%s::text[]) FOR NO KEY UPDATE SKIP LOCKED)
    SELECT id, head FROM sessions WHERE id = ANY(%s::text[]) AND id NOT IN (SELECT id FROM free)"""
OUTCOMES = """SELECT o.scope, o.key, s.id, o.first, o.last, o.task FROM outcomes o JOIN sessions s ON s.num = o.session
    WHERE (o.scope, o.key) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"""
_OPEN = f"{SLIM_TASKS} WHERE s.id = ANY(%s::text[]) AND t.status NOT IN ('completed', 'failed', 'cancelled')"
_KEPT = """SELECT space, kind, key FROM kept
    WHERE (space, kind, key) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))"""
_NUMS = "SELECT nextval('sessions_num_seq') FROM generate_series(1, %s)"


def _arrays(**columns: str) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in columns.values())}) AS given ({', '.join(columns)})"


_SESSION_COLUMNS = {
    "num": "int8",
    **dict.fromkeys(("id", "owner", "title", "agent", "status"), "text"),
    **dict.fromkeys(("created_at", "updated_at", "floor"), "int8"),
}
_SESSIONS = f"""INSERT INTO sessions ({", ".join(_SESSION_COLUMNS)})
    SELECT * FROM {_arrays(**_SESSION_COLUMNS)} ORDER BY given.id COLLATE "C" """
_SPANS = f"INSERT INTO spans SELECT * FROM {_arrays(session='int8', day='int8', first='int8')} ON CONFLICT DO NOTHING"
_EVENTS = f"""INSERT INTO events (session, day, first, last, at, size, body) SELECT * FROM {
    _arrays(session="int8", day="int8", first="int8", last="int8", at="int8", size="int8", body="bytea")
}"""
_HEADS = f"""UPDATE sessions s SET head = given.head, day = given.day, updated_at = greatest(s.updated_at, given.at),
    status = given.status, agent = coalesce(given.agent, s.agent), graph_version = given.graph
    FROM {_arrays(num="int8", head="int8", day="int8", at="int8", status="text", agent="text", graph="int8")}
    WHERE s.num = given.num"""
_TASK_COLUMNS = {"id": "text", "session": "int8"} | {name: TASK_TYPES.get(name, "int8") for name in TASK_FIELDS}
_TASKS = f"""INSERT INTO tasks ({", ".join(_TASK_COLUMNS)}) SELECT * FROM {_arrays(**_TASK_COLUMNS)}
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in TASK_FIELDS)}"""
_OUTCOME_COLUMNS = {"scope": "text", "key": "text", "session": "int8", "first": "int8", "last": "int8"}
_INSERT_OUTCOMES = f"INSERT INTO outcomes SELECT * FROM {_arrays(**_OUTCOME_COLUMNS, task='text', at='int8')}"
_KEY = {"space": "text", "kind": "text", "key": "text"}
_FORGET = f"""DELETE FROM kept k USING {_arrays(**_KEY)}
    WHERE (k.space, k.kind, k.key) = (given.space, given.kind, given.key)"""
_KEEP = f"""INSERT INTO kept SELECT * FROM {_arrays(**_KEY, body="bytea")}
    ON CONFLICT (space, kind, key) DO UPDATE SET body = excluded.body"""
