"""What the writer thread does: groups of appends, a transaction each. Synchronous; knows no loop and no thread."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw
from msgspec.structs import replace

from puntini.errors import PuntiniError
from puntini.log.contract import Append, Kept, Once, SessionRow, TaskRow, Written
from puntini.store.rules import check_fence, closed, kept_already, missing, placed, taken
from puntini.store.sqlite.files import told
from puntini.store.sqlite.reads import kept
from puntini.store.sqlite.rows import TASK_COLUMNS, TASK_FIELDS, TASKS, task_of, task_values

ROW_BYTES = 65_536
KNOWN = 50_000
SHAPES = (64, 8, 1)

Result = Written | Exception


class Place:
    """What the writer knows of a session."""

    __slots__ = ("head", "num", "status")

    def __init__(self, num: int, head: int, status: str) -> None:
        self.num = num
        self.head = head
        self.status = status


class Pending:
    """The rows that one transaction will write, collected before any SQL.

    The session that it makes gets the number of what was ``copied`` for it, where that is not 0.
    """

    def __init__(self, copied: int = 0) -> None:
        self.copied = copied
        self.shown = 0
        self.sessions: list[tuple[Any, ...]] = []
        self.changes: list[tuple[Any, ...]] = []
        self.events: list[tuple[Any, ...]] = []
        self.tasks: dict[str, TaskRow] = {}
        self.kept: dict[tuple[str, str, str], bytes | None] = {}
        self.outcomes: dict[Once, tuple[Written, int, int]] = {}
        self._open: dict[int, tuple[int, int, int, list[bytes]]] = {}

    def add(self, num: int, first: int, at: int, lines: list[bytes]) -> None:
        """Put events into their session's row; a row that is large enough is closed."""
        began = self._open.get(num)
        if began is None:
            began = self._open[num] = (first, at, 0, [])
        began_first, began_at, size, kept = began
        kept.extend(lines)
        size += sum(map(len, lines))
        self._open[num] = (began_first, began_at, size, kept)
        if size >= ROW_BYTES:
            self._close(num)

    def _close(self, num: int) -> None:
        first, at, size, lines = self._open.pop(num)
        self.events.append((num, first, first + len(lines) - 1, at, size, b"\n".join(lines)))

    def finish(self) -> None:
        """Close what is open."""
        for num in list(self._open):
            self._close(num)


class Writes:
    """Commits groups. Heads, statuses and attempts are known here, because nobody else writes."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._places: dict[str, Place] = {}
        self._tasks: dict[str, TaskRow] = {}
        self._next_num = self._highest_num() + 1

    def _highest_num(self) -> int:
        sql = "SELECT max(ifnull((SELECT max(num) FROM sessions), 0), ifnull((SELECT max(session) FROM doomed), 0))"
        row = self._db.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def commit(self, group: Sequence[Append]) -> list[Result]:
        """One transaction for the group; a write that must be refused is refused alone."""
        try:
            results = self._commit(group, Pending())
        except apsw.Error as error:
            self._forget(group)
            return [told(error)] * len(group)
        except Exception as error:  # noqa: BLE001 - a value that can't be stored is its writer's fault, not the others'
            self._forget(group)
            return [error] if len(group) == 1 else [self.commit([write])[0] for write in group]
        self._bound()
        return results

    def show(self, write: Append, copied: int) -> Written:
        """Make a session of the events that were copied under a number. Raises what the write is refused with."""
        try:
            [result] = self._commit([write], Pending(copied))
        except BaseException:
            self._forget([write])
            raise
        self._bound()
        if isinstance(result, Exception):
            raise result
        return result

    def _commit(self, group: Sequence[Append], pending: Pending) -> list[Result]:
        results = [self._decide(write, pending) for write in group]
        pending.finish()
        self._store(pending)
        return results

    def forget(self, session_id: str) -> None:
        """The session was removed, and its tasks with it."""
        self._places.pop(session_id, None)
        self._tasks = {key: row for key, row in self._tasks.items() if row.session_id != session_id}

    def _forget(self, group: Sequence[Append]) -> None:
        """The transaction failed: what was thought of these sessions and tasks is not so."""
        if not self._db.getautocommit():
            self._db.execute("ROLLBACK")
        for write in group:
            self._places.pop(write.session_id, None)
            if write.task is not None:
                self._tasks.pop(write.task.task_id, None)

    def _bound(self) -> None:
        for known in (self._places, self._tasks):
            while len(known) > KNOWN:
                del known[next(iter(known))]

    # Deciding.

    def _decide(self, write: Append, pending: Pending) -> Result:
        if write.once is not None and (before := self._before(write.once, pending)):
            return before
        try:
            place = self._admit(write, pending)
        except PuntiniError as error:
            return error
        first, last = place.head + 1, place.head + len(write.entries)
        if write.entries:
            pending.add(place.num, first, write.at, [entry.line for entry in write.entries])
            place.head = last
        if write.status is not None:
            place.status = write.status
        if write.status is not None or write.agent is not None:
            pending.changes.append((write.status, write.agent, write.at, place.num))
        if write.task is not None:
            row = placed(write.task, self._task(write.task.task_id), first, last, safe=write.safe)
            pending.tasks[row.task_id] = row
            self._tasks[row.task_id] = _slim(row)
        pending.kept |= {(item.space, item.kind, item.key): item.body for item in write.kept}
        written = Written(write.session_id, first, last, write.task.task_id if write.task else "")
        if write.once is not None:
            pending.outcomes[write.once] = (written, place.num, write.at)
        return written

    def _before(self, once: Once, pending: Pending) -> Written | None:
        if once in pending.outcomes:
            return pending.outcomes[once][0]._replace(repeated=True)
        return outcome(self._db, once)

    def _admit(self, write: Append, pending: Pending) -> Place:
        place = self._place(write.session_id)
        if write.create and place:
            raise taken(write.session_id)
        known = write.create or place
        if known is None:
            raise missing(write.session_id)
        if known.status == "closed" and write.entries:
            raise closed()
        if write.fence is not None:
            check_fence(write.fence, self._task(write.fence.task_id))
        for item in write.kept:
            if item.new and self._is_kept(item, pending):
                raise kept_already(item)
        return place or self._create(write.create, pending)

    def _is_kept(self, item: Kept, pending: Pending) -> bool:
        place = (item.space, item.kind, item.key)
        body = pending.kept[place] if place in pending.kept else kept(self._db, *place)
        return body is not None

    def _create(self, row: SessionRow | None, pending: Pending) -> Place:
        assert row is not None
        pending.shown = pending.copied
        num = pending.copied or self.new_num()
        place = self._places[row.session_id] = Place(num, row.head, row.status)
        named = (num, row.session_id, row.owner, row.title, row.agent)
        pending.sessions.append((*named, row.status, row.created_at, row.updated_at, row.floor))
        return place

    def new_num(self) -> int:
        """A number that no session has had."""
        self._next_num += 1
        return self._next_num - 1

    def _place(self, session_id: str) -> Place | None:
        place = self._places.get(session_id)
        if place is None:
            row = self._db.execute(_PLACE, (session_id,)).fetchone()
            if row is None:
                return None
            place = self._places[session_id] = Place(*row)
        return place

    def _task(self, task_id: str) -> TaskRow | None:
        row = self._tasks.get(task_id)
        if row is None and (found := self._db.execute(_TASK, (task_id,)).fetchone()):
            row = self._tasks[task_id] = _slim(task_of(found))
        return row

    # Storing. Each execution lets go of the interpreter's lock and may wait to get it back, so there are few of them.

    def _store(self, pending: Pending) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._insert("INSERT INTO sessions VALUES", pending.sessions, 9)
        if pending.shown:
            self._db.execute("DELETE FROM doomed WHERE session = ?", (pending.shown,))
        self._insert("INSERT INTO events (session, first, last, at, size, body) VALUES", pending.events, 6)
        for change in pending.changes:
            self._db.execute(_CHANGE, change)
        if pending.tasks:
            values = [task_values(row, self._places[row.session_id].num) for row in pending.tasks.values()]
            self._insert(f"INSERT INTO tasks ({', '.join(TASK_COLUMNS)}) VALUES", values, len(TASK_COLUMNS), _UPSERT)
        keep(self._db, pending.kept)
        outcomes = [
            (once.scope, once.key, num, written.first, written.last, written.task_id, at)
            for once, (written, num, at) in pending.outcomes.items()
        ]
        self._insert("INSERT INTO outcomes VALUES", outcomes, 7)
        self._db.execute("COMMIT")

    def _insert(self, sql: str, rows: Sequence[tuple[Any, ...]], width: int, after: str = "") -> None:
        """Insert many rows with few statements, of few shapes, which stay prepared."""
        at = 0
        one = f"({','.join('?' * width)})"
        for shape in SHAPES:
            while len(rows) - at >= shape:
                values = _flat(rows[at : at + shape])
                self._db.execute(f"{sql} {','.join([one] * shape)}{after}", values)
                at += shape


def keep(connection: apsw.Connection, items: Mapping[tuple[str, str, str], bytes | None]) -> None:
    """Keep or forget things, within a transaction of the caller's."""
    for place, body in items.items():
        if body is None:
            connection.execute("DELETE FROM kept WHERE space = ? AND kind = ? AND key = ?", place)
        else:
            connection.execute(_KEEP, (*place, body))


def swap(connection: apsw.Connection, item: Kept, old: bytes | None) -> bool:
    """Keep or forget one thing if ``old`` is in its place, in a transaction of its own; whether it was."""
    with connection:
        same = kept(connection, item.space, item.kind, item.key) == old
        if same:
            keep(connection, {(item.space, item.kind, item.key): item.body})
    return same


def _slim(row: TaskRow) -> TaskRow:
    """A task without its prompt: thousands are remembered, and prompts may be long."""
    return replace(row, prompt="")


def _flat(rows: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(value for row in rows for value in row)


def outcome(connection: apsw.Connection, once: Once) -> Written | None:
    """What a command did."""
    row = connection.execute(_OUTCOME, (once.scope, once.key)).fetchone()
    return Written(*row)._replace(repeated=True) if row else None


_HEAD = "max(s.floor, ifnull((SELECT last FROM events WHERE session = s.num ORDER BY first DESC LIMIT 1), 0))"
_PLACE = f"SELECT s.num, {_HEAD}, s.status FROM sessions s WHERE s.id = ?"
_TASK = f"{TASKS} WHERE t.id = ?"
_CHANGE = """UPDATE sessions SET status = ifnull(?, status), agent = ifnull(?, agent), updated_at = max(updated_at, ?)
    WHERE num = ?"""
_UPSERT = " ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in TASK_FIELDS)
_KEEP = """INSERT INTO kept (space, kind, key, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (space, kind, key) DO UPDATE SET body = excluded.body"""
_OUTCOME = """SELECT s.id, o.first, o.last, o.task FROM outcomes o JOIN sessions s ON s.num = o.session
    WHERE o.scope = ? AND o.key = ?"""
