"""Whether a store's file is sound: what each session's rows say about one another.

Rows are streamed. What is held at a time is one row's body, one snapshot, and the tasks of one session; a session is
looked at in a transaction of its own, so that a server that is running can go on folding its log into the file.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple, get_args

import apsw
import msgspec

from puntini.log.contract import ENDED, Bounds
from puntini.protocol.events import (
    LoggedEvent,
    SessionStatus,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskStatus,
)
from puntini.protocol.ids import is_epoch
from puntini.store.sqlite import files, reads

Decode = Callable[[bytes], object]

_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


class Task(NamedTuple):
    """What a task's row says of the log."""

    id: str
    status: str
    first: int
    last: int


class End(NamedTuple):
    """What the log says of a task's end."""

    seq: int
    status: str


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
    session_id, status = str(row[0]), row[1]
    found = _Session(connection, num, reads.place(connection, session_id)[1])
    if status not in get_args(SessionStatus):
        yield f"Session {session_id}: the status {status!r} is not known."
    for fault in found.faults(decode_snapshot):
        yield f"Session {session_id}: {fault}."


class _Session:
    """One session, looked at in order: its log, then what points into it."""

    def __init__(self, connection: apsw.Connection, num: int, bounds: Bounds) -> None:
        self._db = connection
        self._num = num
        self._bounds = bounds
        rows = connection.execute("SELECT id, status, first_seq, last_seq FROM tasks WHERE session = ?", (num,))
        self._tasks = {task.id: task for task in map(Task._make, rows)}
        self._first_of = {task.first: task for task in self._tasks.values()}
        self._ends: dict[str, End] = {}

    def faults(self, decode_snapshot: Decode) -> Iterator[str]:
        """What is wrong, without the session's name and a full stop."""
        yield from self._log()
        for task in self._tasks.values():
            yield from (f"task {task.id} {fault}" for fault in self._task(task))
        yield from self._snapshots(decode_snapshot)
        yield from self._outcomes()

    # The log.

    def _log(self) -> Iterator[str]:
        expected = self._bounds.floor + 1
        began = False
        rows = self._db.execute(
            "SELECT first, last, size, CAST(body AS BLOB) FROM events WHERE session = ? ORDER BY first", (self._num,)
        )
        row: tuple[int, int, int, bytes]
        for row in rows:
            first, last, size, body = row
            if first > expected:
                yield f"events {expected} to {first - 1} are missing"
            elif began and first < expected:
                yield f"event {first} is there twice"
            began, expected = True, last + 1
            yield from self._row(first, last, size, body)

    def _row(self, first: int, last: int, size: int, body: bytes) -> Iterator[str]:
        lines = body.split(b"\n")
        if len(lines) != last - first + 1:
            yield f"the row of events {first} to {last} holds {len(lines)}"
            return
        if sum(map(len, lines)) != size:
            yield f"the row of events {first} to {last} has another size than it says"
        for seq, line in enumerate(lines, first):
            if line:  # an empty one was erased
                yield from self._event(seq, line)

    def _event(self, seq: int, line: bytes) -> Iterable[str]:
        try:
            event = _logged.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return [f"event {seq} can't be read: {error}"]
        began = self._first_of.get(seq)
        if began is not None and event.task_id != began.id:
            return [f"task {began.id} begins at event {seq}, which is not its own"]
        if isinstance(event, TaskCompleted | TaskFailed | TaskCancelled):
            return self._end(event.task_id, End(seq, type(event).__name__.removeprefix("Task").lower()))
        return ()

    def _end(self, task_id: str, end: End) -> Iterable[str]:
        before = self._ends.setdefault(task_id, end)
        return () if before == end else [f"task {task_id} ends twice, at events {before.seq} and {end.seq}"]

    # What points into it.

    def _task(self, task: Task) -> Iterator[str]:
        end = self._ends.get(task.id)
        if task.status not in get_args(TaskStatus):
            yield f"has a status that is not known, {task.status!r}"
        if not 0 <= task.first <= self._bounds.head:
            yield f"begins at event {task.first}, which is not in the log"
        if task.status not in ENDED:
            if end is not None or task.last:
                yield f"is {task.status}, but ends at event {end.seq if end else task.last}"
        elif not 0 < task.last <= self._bounds.head:
            yield f"is {task.status} at event {task.last}, which is not in the log"
        elif task.last > self._bounds.floor and end != (task.last, task.status):
            yield f"is {task.status} at event {task.last}, but the log has {_told(end)}"

    def _snapshots(self, decode: Decode) -> Iterator[str]:
        row: tuple[int, bytes]
        for row in self._db.execute("SELECT seq, CAST(body AS BLOB) FROM snapshots WHERE session = ?", (self._num,)):
            seq, body = row
            if not self._bounds.floor <= seq <= self._bounds.head:
                yield f"a snapshot is at event {seq}, which is not in the log"
            try:
                decode(body)
            except (ValueError, TypeError) as error:
                yield f"the snapshot at event {seq} can't be read: {error}"

    def _outcomes(self) -> Iterator[str]:
        sql = "SELECT key, first, last, task FROM outcomes WHERE session = ?"
        row: tuple[str, int, int, str]
        for row in self._db.execute(sql, (self._num,)):
            key, first, last, task_id = row
            if not (1 <= first <= last + 1 and last <= self._bounds.head):
                yield f"command {key!r} wrote events {first} to {last}, which are not in the log"
            if task_id and task_id not in self._tasks:
                yield f"command {key!r} began task {task_id}, which does not exist"


def _told(end: End | None) -> str:
    return f"{end.status} at event {end.seq}" if end else "no end"
