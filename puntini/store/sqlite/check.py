"""Whether a store's file is sound: what SQLite says of it, and what each session's rows say about one another.

Rows are streamed. What is held at a time is one row's body, one snapshot, and the tasks of one session; a session is
looked at in a transaction of its own, so that a server that is running can go on folding its log into the file.
"""

from collections.abc import Generator, Iterable, Iterator

import apsw

from puntini.protocol.ids import is_epoch
from puntini.store.soundness import Decode, EventRow, Outcome, Saved, Task, session_faults
from puntini.store.sqlite import files, reads


def faults(connection: apsw.Connection, decode_snapshot: Decode) -> Generator[str]:
    """One sentence for each fault, the file's own first. Raises apsw.Error where it can't be read at all."""
    damaged = False
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            damaged = True
            yield f"SQLite finds the file damaged: {said}."
    if damaged:
        return  # nothing that is read from here on could be believed
    if (version := connection.pragma("user_version")) != files.VERSION:
        yield f"The schema's version {version} is not known."
    if not is_epoch(files.meta(connection, "epoch")):
        yield "The store has no epoch; give it one with `puntini store new-epoch`."
    yield from _documents(connection)
    yield from _strays(connection)
    num = 0
    while found := _session_after(connection, num):
        num = found[0]
        with connection:
            yield from _session(connection, num, decode_snapshot)


def _documents(connection: apsw.Connection) -> Iterator[str]:
    """Whether the passages are there that the documents count. The index itself was looked at by SQLite."""
    if not connection.table_exists("main", "documents"):
        yield "There is no place for documents in it; a server that is started with it makes one."
        return
    row: tuple[str, int, int]
    for row in connection.execute(_PASSAGES):
        document_id, said, there = row
        if said != there:
            yield f"Document {document_id} has {there} passages and should have {said}."
    for (num,) in connection.execute(_LOST.format("rowid", "passages")):
        yield f"There are passages of document number {num}, which does not exist."
    if connection.table_exists("main", "vectors"):
        for (num,) in connection.execute(_LOST.format("first", "vectors")):
            yield f"There are vectors of document number {num}, which does not exist."


_PASSAGES = """SELECT d.id, d.passages, (SELECT count(*) FROM passages p WHERE p.rowid >= d.num << 32
    AND p.rowid < (d.num + 1) << 32) FROM documents d"""
_LOST = """SELECT DISTINCT {0} >> 32 FROM {1}
    WHERE {0} >> 32 NOT IN (SELECT num FROM documents UNION SELECT document FROM unfinished)"""


def _strays(connection: apsw.Connection) -> Iterator[str]:
    for table in ("events", "tasks", "outcomes", "snapshots"):
        known = "SELECT num FROM sessions" + (
            " UNION SELECT session FROM doomed" if table in {"events", "snapshots"} else ""
        )
        sql = f"SELECT DISTINCT session FROM {table} WHERE session NOT IN ({known})"
        for (num,) in connection.execute(sql):
            yield f"There are {table} of session number {num}, which does not exist."


def _session_after(connection: apsw.Connection, num: int) -> tuple[int] | None:
    sql = "SELECT num FROM sessions WHERE num > ? ORDER BY num LIMIT 1"
    return connection.execute(sql, (num,)).fetchone()


def _session(connection: apsw.Connection, num: int, decode_snapshot: Decode) -> Iterator[str]:
    row = connection.execute("SELECT id, status FROM sessions WHERE num = ?", (num,)).fetchone()
    if row is None:
        return  # deleted since it was found
    session_id, status = str(row[0]), str(row[1])
    bounds = reads.place(connection, session_id)[1]
    yield from session_faults(session_id, status, bounds, _Held(connection, num), decode_snapshot)


class _Held:
    """See ``puntini.store.soundness.Held``."""

    def __init__(self, connection: apsw.Connection, num: int) -> None:
        self._db = connection
        self._session = (num,)

    def events(self) -> Iterable[EventRow]:
        """Rows of events."""
        rows: Iterator[EventRow] = self._db.execute(
            "SELECT first, last, size, CAST(body AS BLOB) FROM events WHERE session = ? ORDER BY first", self._session
        )
        return rows

    def tasks(self) -> Iterable[Task]:
        """Tasks."""
        sql = "SELECT id, status, first_seq, last_seq FROM tasks WHERE session = ?"
        return map(Task._make, self._db.execute(sql, self._session))

    def snapshots(self) -> Iterable[Saved]:
        """Snapshots."""
        sql = "SELECT seq, CAST(body AS BLOB) FROM snapshots WHERE session = ?"
        rows: Iterator[Saved] = self._db.execute(sql, self._session)
        return rows

    def outcomes(self) -> Iterable[Outcome]:
        """Commands."""
        rows: Iterator[Outcome] = self._db.execute(
            "SELECT key, first, last, task FROM outcomes WHERE session = ?", self._session
        )
        return rows
