"""The clock of all processes on a database is the database's: this one's is compared with it now and then."""

import time

import anyio
import structlog

from puntini.errors import StoreUnavailable
from puntini.log.mint import share_clock
from puntini.store.postgres.database import Database

SECONDS = 30.0
TRIES = 3
WARN_MS = 1_000
LOG = structlog.get_logger("puntini.store")


async def measure(database: Database) -> int:
    """How many milliseconds the database's clock is ahead. Raises StoreUnavailable."""
    return min([await _measure(database) for _ in range(TRIES)])[1]


async def _measure(database: Database) -> tuple[int, int]:
    """How long the answer took, which is how wrong it can be, and how far the database's clock is ahead."""
    before = time.time_ns()
    [(there,)] = await database.rows("SELECT (extract(epoch FROM clock_timestamp()) * 1e9)::int8")
    after = time.time_ns()
    return after - before, (there - (before + after) // 2) // 1_000_000


async def go_by(database: Database) -> None:
    """Measure once, and go by the database's clock. Raises StoreUnavailable."""
    ahead_ms = await measure(database)
    if abs(ahead_ms) > WARN_MS:
        LOG.warning("this machine's clock is not the database's; its own is not used", ahead_ms=ahead_ms)
    database.ahead_ms = ahead_ms
    share_clock(ahead_ms)


async def keep_going_by(database: Database) -> None:
    """Measure again and again. Runs until cancelled."""
    while True:
        await anyio.sleep(SECONDS)
        try:
            await go_by(database)
            # Behind a pooler the server may change without a new connection.
            await database.ask(database.pool.recognise)
        except StoreUnavailable:
            continue
