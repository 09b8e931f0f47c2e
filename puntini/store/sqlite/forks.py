"""A session that begins as another: its rows are copied some at a time, so that appends go on in between.

Nobody sees them before the last step makes the session. Until then its number is among the doomed: what a crash leaves
of a copy is removed by the next start, as that of a deletion is.
"""

from itertools import accumulate, takewhile

import apsw
from msgspec.structs import replace

from puntini.log.contract import Append, Written
from puntini.store.rules import check_reach, taken
from puntini.store.sqlite.reads import place
from puntini.store.sqlite.rows import one
from puntini.store.sqlite.slices import SLICE_ROWS, remove_below, remove_doomed
from puntini.store.sqlite.writes import Writes, outcome

SLICE_BYTES = 256 << 10


class Copy:
    """A copy under way. Each step runs on the writer thread, and is a transaction."""

    def __init__(self, source: str, to: int, write: Append) -> None:
        self._source = source
        self._to = to
        self._write = write
        self._num = 0
        self._floor = 0
        self._copied = 0
        self._snapshots = 0
        self._below = False
        self._shown = False

    def step(self, connection: apsw.Connection, writes: Writes) -> Written | None:
        """Copy some more; at last make the session, which says what ``write`` did. Raises NotFound or Conflict."""
        if self._write.once is not None and (before := outcome(connection, self._write.once)):
            return before
        num, bounds = place(connection, self._source)
        check_reach(bounds, self._to)
        if not self._num:
            self._begin(connection, writes)
        with connection:
            more = (
                self._keep_up(connection, bounds.floor) or self._events(connection, num) or self._take(connection, num)
            )
        return None if more else self._show(writes)

    def _begin(self, connection: apsw.Connection, writes: Writes) -> None:
        if one(connection, "SELECT 1 FROM sessions WHERE id = ?", self._write.session_id):
            raise taken(self._write.session_id)
        num = writes.new_num()
        connection.execute("INSERT INTO doomed VALUES (?)", (num,))
        self._num = num

    def _keep_up(self, connection: apsw.Connection, floor: int) -> bool:
        """Retention goes on meanwhile: what it removes there is removed here, so that there is no gap."""
        if floor > self._floor:
            self._below = self._copied > 0
            self._floor, self._copied, self._snapshots = floor, max(self._copied, floor), floor - 1
            connection.execute("DELETE FROM snapshots WHERE session = ? AND seq < ?", (self._num, floor))
        if self._below:
            self._below = remove_below(connection, num=self._num, floor=floor)
        return self._below

    def _events(self, connection: apsw.Connection, source: int) -> bool:
        """Copy the next rows; returns whether there were any."""
        if self._copied >= self._to:
            return False
        rows = connection.execute(_NEXT, (source, self._copied + 1, self._to, SLICE_ROWS)).fetchall()
        sizes = accumulate(int(str(size)) for _, _, size in rows)
        count = 1 + sum(1 for _ in takewhile(lambda size: size < SLICE_BYTES, sizes))
        for first, last, _ in rows[:count]:
            connection.execute(_COPY, (self._num, source, first))
            self._copied = int(str(last))
        if self._copied > self._to:
            self._cut(connection)
        return bool(rows)

    def _cut(self, connection: apsw.Connection) -> None:
        """The last row goes on behind ``to``: leave that away."""
        row = one(connection, "SELECT num, first, body FROM events WHERE session = ? AND last > ?", self._num, self._to)
        assert row is not None
        num, first, body = row
        lines = body.split(b"\n")[: self._to - first + 1]
        values = (self._to, sum(map(len, lines)), b"\n".join(lines), num)
        connection.execute("UPDATE events SET last = ?, size = ?, body = ? WHERE num = ?", values)
        self._copied = self._to

    def _take(self, connection: apsw.Connection, source: int) -> bool:
        """Copy the next snapshot; returns whether there was one."""
        found = one(
            connection,
            """INSERT OR REPLACE INTO snapshots SELECT ?, seq, body FROM snapshots
            WHERE session = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT 1 RETURNING seq""",
            *(self._num, source, self._snapshots, self._to),
        )
        if found:
            self._snapshots = found[0]
        return found is not None

    def _show(self, writes: Writes) -> Written:
        assert self._write.create is not None
        row = replace(self._write.create, floor=self._floor, head=self._to)
        written = writes.show(replace(self._write, create=row), self._num)
        self._shown = not written.repeated
        return written

    def undo(self, connection: apsw.Connection) -> bool:
        """Remove some of what was copied, unless it is a session by now; returns whether there may be more."""
        # What was given up may have been shown by a step that was under way.
        return bool(self._num) and not self._shown and remove_doomed(connection, num=self._num)


_NEXT = """SELECT first, last, size FROM events WHERE session = ?1 AND first <= ?3 AND last >= ?2
    AND first >= ifnull((SELECT first FROM events WHERE session = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0)
    ORDER BY first LIMIT ?4"""
_COPY = """INSERT INTO events (session, first, last, at, size, body)
    SELECT ?, first, last, at, size, body FROM events WHERE session = ? AND first = ?"""
