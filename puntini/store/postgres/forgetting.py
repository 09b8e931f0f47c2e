"""Forgetting: trims, erased events, deleted sessions.

What is forgotten can't be read any more from the moment when that is committed. The rows go after it, some at a time;
old ones stay until their whole partition is dropped, which costs next to nothing.
"""

from collections.abc import Sequence

from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.flush import TODAY
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.records import locked
from puntini.store.postgres.rows import Row
from puntini.store.rules import missing

SLICE_ROWS = 500
SLICE_SEQS = 2_000
YOUNG_DAYS = 2
"""So old are days of which rows are removed one by one at once; older ones are most likely dropped soon."""
LEFT_SECONDS = 600
"""After this time whoever tidies up also removes what another process was about to remove."""
ALL = (1 << 63) - 1


class Forgetting:
    """The part of the store that forgets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def trim(self, session_id: str, to: int) -> int:
        """Move the floor at once, then remove what is below it; where the floor is. Raises NotFound."""
        rows = await self._database.rows(_TRIM, to, to, session_id)
        if not rows:
            raise missing(session_id)
        for num, floor, day, young in rows:
            if young:
                await self._remove(num, day, floor)
        return int(rows[0][1])

    async def erase(self, session_id: str, seqs: Sequence[int]) -> None:
        """Make holes, some at a time. Raises NotFound."""
        wanted = sorted(set(seqs))
        for start in range(0, max(len(wanted), 1), SLICE_SEQS):
            await self._erase(session_id, wanted[start : start + SLICE_SEQS])

    async def _erase(self, session_id: str, seqs: list[int]) -> None:
        async def work(connection: Connection) -> None:
            num = await locked(connection, session_id)
            if not seqs:
                return
            days = await execute(connection, _DAYS, num, seqs[-1])
            rows = await execute(connection, _BODIES, num, [day for (day,) in days], seqs[-1], seqs[0])
            for day, first, last, body in rows:
                holes = [seq for seq in seqs if first <= seq <= last]
                if holes:
                    await _blank(connection, num, day, first, body, holes)

        await self._database.change(work)

    async def delete(self, session_id: str) -> None:
        """Remove a session at once, and its events after it. Raises NotFound."""

        async def work(connection: Connection) -> list[Row]:
            num = await locked(connection, session_id)
            doomed = await execute(connection, _DOOM, num)
            for table in ("spans", "tasks", "outcomes", "snapshots", "members"):
                await execute(connection, f"DELETE FROM {table} WHERE session = %s", num)
            await execute(connection, "DELETE FROM kept WHERE space = %s", session_id)
            await execute(connection, "DELETE FROM sessions WHERE num = %s", num)
            return doomed

        for num, day, young in await self._database.change(work):
            if young:
                await self._remove(num, day, ALL)

    async def sweep(self) -> None:
        """Remove what others left, where its partition is not dropped. Raises StoreUnavailable."""
        for num, day, upto in await self._database.rows(_LEFT, LEFT_SECONDS):
            await self._remove(num, day, upto)

    async def _remove(self, num: int, day: int, upto: int) -> None:
        while len(await self._database.rows(_REMOVE, num, day, upto, num, day, upto, SLICE_ROWS)) == SLICE_ROWS:
            pass
        await self._database.rows("DELETE FROM doomed WHERE session = %s AND day = %s AND upto <= %s", num, day, upto)


async def _blank(connection: Connection, num: int, day: int, first: int, body: bytes, seqs: list[int]) -> None:
    lines = body.split(b"\n")
    for seq in seqs:
        lines[seq - first] = b""
    size = sum(map(len, lines))
    await execute(connection, _BLANK, b"\n".join(lines), size, num, day, first)


_IS_YOUNG = f"day >= {TODAY} - {YOUNG_DAYS}"
# When nothing is left to be read, no day holds anything of it, and the next event begins one.
_TRIM = f"""WITH moved AS (
    UPDATE sessions SET floor = greatest(floor, least(%s, head)),
        day = CASE WHEN greatest(floor, %s) >= head THEN 0 ELSE day END
    WHERE id = %s RETURNING num, floor, floor = head AS empty),
over AS (DELETE FROM spans s USING moved WHERE s.session = num AND (empty OR s.first <
    (SELECT max(first) FROM spans WHERE session = num AND first <= floor + 1))),
forgotten AS (DELETE FROM snapshots p USING moved WHERE p.session = num AND p.seq < floor),
behind AS (INSERT INTO doomed AS d SELECT num, s.day, floor FROM moved JOIN spans s ON s.session = num
    AND s.first <= floor ON CONFLICT (session, day) DO UPDATE SET upto = greatest(d.upto, excluded.upto) RETURNING day)
SELECT num, floor, day, coalesce({_IS_YOUNG}, false) FROM moved LEFT JOIN behind ON true"""
_DOOM = f"""INSERT INTO doomed SELECT session, day, {ALL} FROM spans WHERE session = %s
    ON CONFLICT (session, day) DO UPDATE SET upto = excluded.upto RETURNING session, day, {_IS_YOUNG}"""
_DAYS = "SELECT day FROM spans WHERE session = %s AND first <= %s"
_BODIES = """SELECT day, first, last, body FROM events
    WHERE session = %s AND day = ANY(%s::int8[]) AND first <= %s AND last >= %s ORDER BY first"""
_BLANK = "UPDATE events SET body = %s, size = %s WHERE session = %s AND day = %s AND first = %s"
_LEFT = """SELECT session, day, upto FROM doomed WHERE since < now() - make_interval(secs => %s)
    ORDER BY since LIMIT 100"""
_REMOVE = """DELETE FROM events WHERE session = %s AND day = %s AND last <= %s AND first = ANY(ARRAY(
    SELECT first FROM events WHERE session = %s AND day = %s AND last <= %s ORDER BY first LIMIT %s)) RETURNING 1"""
