"""Whether a database is sound: its schema, its partitions, and what each session's rows say about one another.

Rows are streamed. Each session is looked at in a transaction of its own, so that servers that are running go on.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from puntini.log.contract import Bounds
from puntini.protocol.ids import is_epoch
from puntini.store.postgres.migrations import steps
from puntini.store.soundness import Decode, EventRow, Outcome, Saved, Task, session_faults

Connection = psycopg.Connection[tuple[Any, ...]]
FETCHED = 100
"""Rows of events that are held at a time."""


def faults(connection: Connection, decode_snapshot: Decode) -> Iterator[str]:
    """One sentence for each fault, those of the whole first."""
    schema = list(_schema(connection))
    yield from schema
    if schema:
        return  # its tables are not those that are looked at here
    if _epochless(connection):
        yield "The store has no epoch; give it one with `puntini store new-epoch`."
    yield from _partitions(connection)
    yield from _strays(connection)
    num = 0
    while row := connection.execute("SELECT min(num) FROM sessions WHERE num > %s", (num,)).fetchone():
        if row[0] is None:
            return
        num = int(row[0])
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield from _session(connection, num, decode_snapshot)


def _schema(connection: Connection) -> Iterator[str]:
    row = connection.execute("SELECT to_regclass('steps') IS NOT NULL").fetchone()
    if row != (True,):
        yield "There is no schema of ours in the database; `puntini store migrate` makes it."
        return
    taken = {
        int(number): int(works_with)
        for number, works_with in connection.execute("SELECT number, works_with FROM steps")
    }
    ours = {step.number: step for step in steps()}
    for number in sorted(ours.keys() - taken.keys()):
        yield f"Step {number} of the schema ({ours[number].name}) is missing; run `puntini store migrate`."
    for number in sorted(taken.keys() - ours.keys()):
        if taken[number] > max(ours):
            yield f"Step {number} of the schema is from a newer Puntini; install that to look at it."


def _epochless(connection: Connection) -> bool:
    """Whether there is no epoch although something is there: the first server gives one to a database without."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    if row is None:
        return connection.execute("SELECT FROM sessions LIMIT 1").fetchone() is not None
    return not is_epoch(row[0])


def _partitions(connection: Connection) -> Iterator[str]:
    """Whether each day has its partition, its spans, and each of them their events."""
    for (name,) in connection.execute(_MISSING):
        yield f"There is no table {name} for the events of a day on which sessions have some."
    for session_id, day, first in connection.execute(_SPANS):
        yield f"Session {session_id}: the list of its days does not have event {first}, of day {day}."


def _strays(connection: Connection) -> Iterator[str]:
    for table in ("tasks", "outcomes", "snapshots", "members", "events"):
        sql = _EVENTS_OF_NO_SESSION if table == "events" else _OF_NO_SESSION.format(table)
        for (num,) in connection.execute(sql.encode()):
            yield f"There are {table} of session number {num}, which does not exist."
    for document_id, said, there in connection.execute(_PASSAGES):
        yield f"Document {document_id} has {there} passages and should have {said}."
    for table in ("passages", "vectors"):
        sql = f"SELECT DISTINCT document FROM {table} WHERE document NOT IN (SELECT num FROM documents)"
        for (num,) in connection.execute(sql.encode()):
            yield f"There are {table} of document number {num}, which does not exist."


def _session(connection: Connection, num: int, decode_snapshot: Decode) -> Iterator[str]:
    row = connection.execute("SELECT id, status, floor, head FROM sessions WHERE num = %s", (num,)).fetchone()
    if row is None:
        return  # deleted since it was found
    session_id, status, floor, head = row
    yield from session_faults(session_id, status, Bounds(floor, head), _Held(connection, num, floor), decode_snapshot)


class _Held:
    """See ``puntini.store.soundness.Held``."""

    def __init__(self, connection: Connection, num: int, floor: int) -> None:
        self._db = connection
        self._session = (num,)
        self._floor = floor

    def events(self) -> Iterable[EventRow]:
        """Rows of events. What lies below the floor is still to be removed."""
        with self._db.cursor("events") as cursor:
            cursor.itersize = FETCHED
            yield from cursor.execute(_EVENTS, (*self._session, self._floor), binary=True)

    def tasks(self) -> Iterable[Task]:
        """Tasks."""
        sql = "SELECT id, status, first_seq, last_seq FROM tasks WHERE session = %s"
        return map(Task._make, self._db.execute(sql, self._session))

    def snapshots(self) -> Iterable[Saved]:
        """Snapshots."""
        return self._db.execute("SELECT seq, body FROM snapshots WHERE session = %s", self._session, binary=True)

    def outcomes(self) -> Iterable[Outcome]:
        """Commands."""
        return self._db.execute("SELECT key, first, last, task FROM outcomes WHERE session = %s", self._session)


_EVENTS = "SELECT first, last, size, body FROM events WHERE session = %s AND last > %s ORDER BY first"
_OF_NO_SESSION = "SELECT DISTINCT session FROM {} WHERE session NOT IN (SELECT num FROM sessions)"
_EVENTS_OF_NO_SESSION = f"{_OF_NO_SESSION.format('events')} AND session NOT IN (SELECT session FROM doomed)"
_PASSAGES = """SELECT d.id, d.passages, count(p.place) FROM documents d LEFT JOIN passages p ON p.document = d.num
    GROUP BY d.num HAVING d.passages <> count(p.place)"""
_MISSING = "SELECT DISTINCT 'events_' || day FROM spans WHERE to_regclass('events_' || day) IS NULL"
_SPANS = """SELECT s.id, e.day, e.first
    FROM (SELECT session, day, min(first) AS first FROM events GROUP BY session, day) AS e
    JOIN sessions s ON s.num = e.session LEFT JOIN spans ON spans.session = e.session AND spans.day = e.day
    WHERE e.first > s.floor AND (spans.first IS NULL OR spans.first > e.first)"""
