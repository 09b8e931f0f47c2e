"""The daily partitions of events: made ahead of time or when one is missing, dropped when nobody reads in them."""

import re
from functools import partial

import structlog

from puntini.store.postgres.database import Database, Locked, execute
from puntini.store.postgres.flush import TODAY
from puntini.store.postgres.pool import Connection

LOCK = 0x50415254
"""Held alone by who makes or drops partitions, with others by who copies events."""
AHEAD_DAYS = 2
GRACE_DAYS = 2
"""A partition is not dropped before: what is appended now may still get its day."""
LOCK_MS = 2_000
DROP_LOCK_MS = 100
"""While a drop waits for those that read, all others wait behind it."""
LOG = structlog.get_logger("puntini.store")
_NAME = re.compile(r"events_(\d+)")


async def make_ahead(database: Database) -> None:
    """Make today's partition and those of the days to come. Raises StoreUnavailable."""
    lacking = await database.rows(_LACKING, AHEAD_DAYS)
    if lacking:
        await make(database, *(day for (day,) in lacking))


async def make(database: Database, *days: int) -> None:
    """Make the partitions of some days, where they are not there yet. Raises StoreUnavailable."""

    async def work(connection: Connection) -> None:
        await _alone(connection)
        there = set(await _days(connection))
        for day in days:
            if day not in there:
                # Attached when it is there, and not made in place: the other partitions are not locked meanwhile.
                await execute(connection, f"CREATE TABLE events_{day} (LIKE events INCLUDING STORAGE)")
                await execute(
                    connection,
                    f"ALTER TABLE events ATTACH PARTITION events_{day} FOR VALUES FROM ({day}) TO ({day + 1})",
                )

    await database.change(work)


async def drop_unread(database: Database) -> list[int]:
    """Drop the partitions of the days on which no session has events any more; which. Raises StoreUnavailable.

    Each is let go of for itself. Those that are in use are left for the next time.
    """
    dropped = []
    for (day,) in await database.rows(_OVER, await database.ask(_days), GRACE_DAYS):
        try:
            if await database.change(partial(_drop, day=day)):
                dropped.append(day)
        except Locked:
            LOG.info("old events are in use, and are dropped later", day=day)
    return dropped


async def _drop(connection: Connection, *, day: int) -> bool:
    """Drop the partition of a day, unless somebody else is at it or it is needed again."""
    await execute(connection, f"SET LOCAL lock_timeout = {DROP_LOCK_MS}")
    [(free,)] = await execute(connection, "SELECT pg_try_advisory_xact_lock(%s)", LOCK)
    if not free or not await execute(connection, _OVER, [day], GRACE_DAYS) or day not in await _days(connection):
        return False
    await execute(connection, f"DROP TABLE events_{day}")
    await execute(connection, "DELETE FROM doomed WHERE day = %s", day)
    return True


async def _alone(connection: Connection) -> None:
    await execute(connection, f"SET LOCAL lock_timeout = {LOCK_MS}")
    await execute(connection, "SELECT pg_advisory_xact_lock(%s)", LOCK)


async def _days(connection: Connection) -> list[int]:
    names = await execute(
        connection, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    )
    return [int(found[1]) for (name,) in names if (found := _NAME.fullmatch(name))]


_LACKING = f"""SELECT day FROM (SELECT {TODAY} AS today) t, generate_series(today, today + %s) AS d (day)
    WHERE to_regclass('events_' || day) IS NULL"""
_OVER = f"""SELECT day FROM unnest(%s::int8[]) AS d (day)
    WHERE day < {TODAY} - %s AND NOT EXISTS (SELECT FROM spans WHERE spans.day = d.day)"""
