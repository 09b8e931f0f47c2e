"""Whether the store answers: looked at when somebody asks, once for all who ask within a moment."""

import anyio

from puntini.errors import StoreUnavailable
from puntini.log.contract import Records

FRESH_SECONDS = 1.0
PATIENCE_SECONDS = 2.0
NOBODY = "tsk_probe"
"""A task that there never is: finding that out is the cheapest question."""


class Probe:
    """Asks the store for next to nothing. ``reason`` says why it does not answer; it is empty while it does."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._due = 0.0
        self._asking = anyio.Lock()
        self.reason = ""
        self.seconds = 0.0

    @property
    def up(self) -> bool:
        """Whether it answered when it was asked last."""
        return not self.reason

    async def answers(self) -> bool:
        """Whether it answers now, or did a moment ago."""
        async with self._asking:
            if anyio.current_time() >= self._due:
                await self._ask()
        return self.up

    async def _ask(self) -> None:
        began = anyio.current_time()
        reason = f"the store did not answer within {PATIENCE_SECONDS:g} seconds"
        try:
            with anyio.move_on_after(PATIENCE_SECONDS):
                await self._records.task(NOBODY)
                reason = ""
        except StoreUnavailable:
            reason = "the store can't be reached, or can't be read"
        now = anyio.current_time()
        self.reason, self.seconds, self._due = reason, now - began, now + FRESH_SECONDS
