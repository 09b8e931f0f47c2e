"""The store's tasks that have not ended: how many of each status, and how long the oldest has been there."""

import anyio
from msgspec import Struct

from puntini.errors import StoreUnavailable
from puntini.log.contract import Records
from puntini.log.mint import now_ms
from puntini.protocol.events import TaskStatus

OPEN: tuple[TaskStatus, ...] = ("queued", "running", "waiting", "paused")
AGED: tuple[TaskStatus, ...] = ("queued", "running")
FRESH_SECONDS = 5.0
"""However often somebody measures, the store is asked no more often than this."""
PATIENCE_SECONDS = 3.0


class Backlog(Struct, frozen=True):
    """What there is, by status; ``since`` is when the oldest was asked for (ms), of those statuses that have one."""

    counts: dict[str, int] = {}
    since: dict[str, int] = {}

    def age(self, status: str) -> float:
        """Seconds since the oldest was asked for; 0 where there is none."""
        return max(0.0, (now_ms() - self.since[status]) / 1000) if status in self.since else 0.0


class Backlogs:
    """Looks, and remembers for a moment. While the store is away, what was seen last stands."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.seen = Backlog(counts=dict.fromkeys(OPEN, 0))
        self._due = 0.0

    async def look(self) -> Backlog:
        """The backlog, a few seconds old at most while the store answers."""
        if anyio.current_time() >= self._due:
            self._due = anyio.current_time() + FRESH_SECONDS
            try:
                with anyio.move_on_after(PATIENCE_SECONDS):
                    self.seen = await self._read()
            except StoreUnavailable:
                pass  # another metric tells of that
        return self.seen

    async def _read(self) -> Backlog:
        counts: dict[str, int] = {status: await self._records.count_tasks(status=status) for status in OPEN}
        since: dict[str, int] = {}
        for status in AGED:
            for row in await self._records.tasks(status=status, limit=1) if counts[status] else ():
                since[status] = row.created_at
        return Backlog(counts, since)
