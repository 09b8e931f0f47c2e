"""Commands are remembered for a day, so that a retry is answered with the first outcome; this forgets them after it."""

import anyio

from puntini.errors import StoreUnavailable
from puntini.log.contract import Store
from puntini.log.mint import now_ms
from puntini.log.turns import Turn, always

KEPT_MS = 24 * 3_600_000
ROUND_SECONDS = 600.0


class Outcomes:
    """Forgets the outcomes of commands that are too old to be asked for again."""

    def __init__(self, store: Store, *, turn: Turn = always) -> None:
        self._store = store
        self._turn = turn

    async def sweep(self) -> None:
        """Forget at the start and every now and then. Runs until cancelled."""
        while True:
            await self._round()
            await anyio.sleep(ROUND_SECONDS)

    async def _round(self) -> None:
        try:
            if await self._turn():
                await self._store.forget(outcomes_before=now_ms() - KEPT_MS)
        except StoreUnavailable:
            # The next round forgets what this one could not.
            return
