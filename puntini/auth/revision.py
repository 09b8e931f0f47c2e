"""The revision of all that credentials rest on. Whoever changes a user, a role, a key or a member raises it.

What was found out about a credential may be remembered for as long as the revision stays. Other processes on the same
store raise it too, so it is read again and again.
"""

from collections.abc import Callable

import anyio

from puntini.errors import StoreUnavailable
from puntini.log.contract import Kept, Ledger

SPACE, KIND, KEY = "auth", "revision", "all"
LOOK_SECONDS = 1.0


class Revision:
    """The number, as far as this process knows, and who wants to hear that it changed."""

    def __init__(self, store: Ledger) -> None:
        self._store = store
        self._listeners: list[Callable[[], None]] = []
        self.number = 0

    def also(self, listener: Callable[[], None]) -> None:
        """Tell one more: it must forget what it remembers."""
        self._listeners.append(listener)

    async def bump(self) -> None:
        """Something has changed: told here at once, elsewhere within a second or so. Raises StoreUnavailable."""
        while True:
            kept = await self._store.kept(SPACE, KIND, KEY)
            following = int(kept or b"0") + 1
            if await self._store.swap(Kept(SPACE, KIND, KEY, b"%d" % following), kept):
                self._tell(following)
                return

    async def look(self) -> None:
        """Read it, and tell if it has changed."""
        self._tell(int(await self._store.kept(SPACE, KIND, KEY) or b"0"))

    async def watch(self) -> None:
        """Look again and again. Never ends. While the store can't say, what is known holds."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except StoreUnavailable:
                continue

    def _tell(self, number: int) -> None:
        if number != self.number:
            self.number = number
            for listener in self._listeners:
                listener()
