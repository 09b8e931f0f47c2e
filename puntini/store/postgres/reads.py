"""Reading logs. Each question is a few statements, and each statement sees what is committed by then.

So a floor is asked for last, after the events: whatever a trim removed meanwhile lies below it.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from puntini.log.contract import Bounds, Page
from puntini.protocol.entries import Entry, read_entry
from puntini.store.postgres.database import execute
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.rows import Row
from puntini.store.rules import missing

DAYS_AT_ONCE = (2, 8, 32, 128)
"""So many partitions are looked into by a statement, then by the next: what is read is most likely in the first."""
MOST = (1 << 63) - 2


class Where(NamedTuple):
    """A session's number, bounds, and the days of some of its events, in order."""

    num: int
    bounds: Bounds
    days: list[int]


async def where(connection: Connection, session_id: str, after: int, to: int | None) -> Where:
    """Where the events behind ``after`` up to ``to`` are. Raises NotFound."""
    rows = await execute(connection, _WHERE, MOST if to is None else min(to, MOST), min(after, MOST), session_id)
    if not rows:
        raise missing(session_id)
    num, floor, head, days = rows[0]
    return Where(num, Bounds(floor, head), days)


async def place(connection: Connection, session_id: str) -> tuple[int, Bounds]:
    """A session's number and bounds. Raises NotFound."""
    rows = await execute(connection, "SELECT num, floor, head FROM sessions WHERE id = %s", session_id)
    if not rows:
        raise missing(session_id)
    return rows[0][0], Bounds(*rows[0][1:])


async def page(connection: Connection, session_id: str, after: int, max_bytes: int, to: int | None) -> Page:
    """Events after a cursor. Raises NotFound."""
    while True:
        found = await where(connection, session_id, after, to)
        taken = await _taken(connection, found, after, max_bytes, to)
        floors = await execute(connection, "SELECT floor FROM sessions WHERE num = %s", found.num)
        if not floors:
            raise missing(session_id)
        if floors[0][0] <= max(after, found.bounds.floor):
            return taken.page(after, found.bounds)


async def _taken(connection: Connection, found: Where, after: int, max_bytes: int, to: int | None) -> "Taken":
    end = found.bounds.head if to is None else min(to, found.bounds.head)
    start = max(after, found.bounds.floor)
    taken = Taken(start, end, max_bytes)
    for days in _some(found.days if start < end else []):
        taken.take(await execute(connection, ROWS, *_values(found.num, days, start, end), max_bytes))
        if taken.full:
            break
    return taken


def _values(num: int, days: list[int], start: int, end: int) -> Row:
    return (num, days, num, days, start + 1, end, num, days, end)


class Taken:
    """The events of a page, as they are found: behind ``start`` up to ``end``, until they are ``full``."""

    def __init__(self, start: int, end: int, max_bytes: int) -> None:
        self._start = start
        self._end = end
        self._max_bytes = max_bytes
        self._size = 0
        self._upto = start
        self.full = False
        self.events: list[tuple[int, Entry]] = []

    def take(self, rows: Sequence[Row]) -> None:
        """Take the events of some rows. Where these are not all, for they have as many bytes, it is full as well."""
        for first, body, total in rows:
            for seq, line in enumerate(body.split(b"\n"), first):
                if self._size >= self._max_bytes:
                    self.full = True
                    return
                if seq <= self._end:
                    self._add(seq, line)
            self.full = total >= self._max_bytes

    def _add(self, seq: int, line: bytes) -> None:
        if line and seq > self._start:
            self.events.append((seq, read_entry(line)))
            self._size += len(line)
        self._upto = max(self._upto, seq)

    def page(self, after: int, bounds: Bounds) -> Page:
        """What was found."""
        upto = self._upto if self.full else self._end
        return Page(self.events, max(after, upto), bounds.floor, bounds.head)


def _some(days: list[int]) -> Iterator[list[int]]:
    """The days, some at a time."""
    at = 0
    for count in chain(DAYS_AT_ONCE, repeat(DAYS_AT_ONCE[-1])):
        if at >= len(days):
            return
        yield days[at : at + count]
        at += count


async def horizon(connection: Connection, session_id: str, before: int, keep_bytes: int) -> int:
    """The seq up to which events are too old or too many; only the index is read. Raises NotFound."""
    found = await where(connection, session_id, 0, None)
    size = 0
    for days in _some(found.days[::-1]):
        [(last, total)] = await execute(connection, _HORIZON, size, found.num, days, before, keep_bytes)
        if last is not None:
            return max(int(last), found.bounds.floor)
        size = int(total)
    return found.bounds.floor


_WHERE = """SELECT s.num, s.floor, s.head, ARRAY(SELECT day FROM spans WHERE session = s.num AND first <= %s
    AND first >= coalesce(
        (SELECT max(first) FROM spans WHERE session = s.num AND first <= greatest(s.floor, %s) + 1), 0)
    ORDER BY first) FROM sessions s WHERE s.id = %s"""
# Row by row until there is enough: what a page does not show is not read. The first row may begin before the page.
ROWS = """WITH RECURSIVE found AS (
    (SELECT first, body, 0::int8 AS total FROM events WHERE session = %s AND day = ANY(%s::int8[])
        AND first >= coalesce((SELECT first FROM events WHERE session = %s AND day = ANY(%s::int8[]) AND first <= %s
        ORDER BY first DESC LIMIT 1), 0) AND first <= %s ORDER BY first LIMIT 1)
    UNION ALL
    SELECT next.first, next.body, found.total + next.size FROM found CROSS JOIN LATERAL (
        SELECT first, body, size FROM events WHERE session = %s AND day = ANY(%s::int8[])
        AND first > found.first AND first <= %s ORDER BY first LIMIT 1) next WHERE found.total < %s
) SELECT first, body, total FROM found"""
_HORIZON = """WITH counted AS (
    SELECT last, at, %s + sum(size) OVER (ORDER BY first DESC) AS total FROM events
    WHERE session = %s AND day = ANY(%s::int8[]))
    SELECT max(last) FILTER (WHERE at < %s OR total > %s), coalesce(max(total), 0)::int8 FROM counted"""
