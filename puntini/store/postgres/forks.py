"""A session that begins as another: copied within the database, a slice at a time, in one transaction.

It sees the other as it was when it began, and nobody sees the copy before it is whole; appends go on meanwhile.
"""

from msgspec.structs import replace

from puntini.errors import PuntiniError
from puntini.log.contract import Append, Written
from puntini.store.postgres import partitions
from puntini.store.postgres.database import Collision, Database, execute
from puntini.store.postgres.decisions import Decisions, Known
from puntini.store.postgres.flush import OUTCOMES, TODAY, write
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.reads import Where, where
from puntini.store.rules import check_reach, taken

COPY_SECONDS = 300.0
SLICE_ROWS = 256


async def fork(database: Database, source: str, to: int, append: Append) -> Written:
    """See ``puntini.log.contract.EventLog.fork``."""

    async def work(connection: Connection) -> Written:
        await execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return await _fork(connection, source, to, append)

    return await database.change(work, seconds=COPY_SECONDS)


async def _fork(connection: Connection, source: str, to: int, append: Append) -> Written:
    await execute(connection, "SELECT pg_advisory_xact_lock_shared(%s)", partitions.LOCK)
    if append.once is not None and (
        before := await execute(connection, OUTCOMES, [append.once.scope], [append.once.key])
    ):
        return Written(*before[0][2:])._replace(repeated=True)
    found = await where(connection, source, 0, to)
    check_reach(found.bounds, to)
    if await execute(connection, "SELECT 1 FROM sessions WHERE id = %s", append.session_id):
        raise taken(append.session_id)
    [(num, today)] = await execute(connection, f"SELECT nextval('sessions_num_seq'), {TODAY}")
    # What names stand for is remembered; taking a lock brings that up to date.
    await execute(connection, "LOCK TABLE ONLY events IN ACCESS SHARE MODE")
    if not all((await execute(connection, _THERE, found.days))[0]):
        raise Collision("Events were dropped while they were being copied; try again.")
    for at in found.days:
        await _copy(connection, found, at, num, to)
    await execute(connection, _SPANS, num, found.num, found.days)
    await execute(connection, _SNAPSHOTS, num, found.num, to)
    assert append.create is not None
    known = Known(today, [num], begun=found.days[-1] if found.days else 0)
    begun = replace(append, create=replace(append.create, floor=found.bounds.floor, head=to))
    decisions = Decisions([begun], known)
    await write(connection, decisions)
    [result] = decisions.results
    if isinstance(result, PuntiniError):
        raise result
    assert isinstance(result, Written)
    return result


async def _copy(connection: Connection, found: Where, day: int, num: int, to: int) -> None:
    """Copy a day's rows. The last may go on behind ``to``: that is left away."""
    after = 0
    while rows := await execute(connection, _COPY, num, found.num, day, after, found.bounds.floor, to, SLICE_ROWS):
        after = max(first for first, _ in rows)
        if cut := [first for first, last in rows if last > to]:
            await _cut(connection, num, day, cut[0], to)


async def _cut(connection: Connection, num: int, day: int, first: int, to: int) -> None:
    [(body,)] = await execute(connection, _BODY, num, day, first)
    lines = body.split(b"\n")[: to - first + 1]
    await execute(connection, _SHORTEN, to, sum(map(len, lines)), b"\n".join(lines), num, day, first)


_THERE = "SELECT bool_and(to_regclass('events_' || day) IS NOT NULL) IS NOT FALSE FROM unnest(%s::int8[]) AS d (day)"
_COPY = """INSERT INTO events SELECT %s, day, first, last, at, size, body FROM events
    WHERE session = %s AND day = %s AND first > %s AND last > %s AND first <= %s ORDER BY first LIMIT %s
    RETURNING first, last"""
_BODY = "SELECT body FROM events WHERE session = %s AND day = %s AND first = %s"
_SHORTEN = "UPDATE events SET last = %s, size = %s, body = %s WHERE session = %s AND day = %s AND first = %s"
_SPANS = "INSERT INTO spans SELECT %s, day, first FROM spans WHERE session = %s AND day = ANY(%s::int8[])"
_SNAPSHOTS = "INSERT INTO snapshots SELECT %s, seq, body FROM snapshots WHERE session = %s AND seq <= %s"
