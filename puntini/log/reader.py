"""A reader: a cursor in one feed. It owes the server nothing but this object."""

import asyncio

from puntini.errors import NotFound, StoreUnavailable
from puntini.log.feed import Feed
from puntini.log.runs import Framed, Lens

STORE_RETRY_SECONDS = 1.0


class Lost(Exception):
    """Retention overtook the reader: events after its cursor are gone. It has to be told by a ``gap``."""


class Reader:
    """Follows a feed through a lens from ``cursor``. One task uses it; anybody may ``poke`` it."""

    __slots__ = ("_waiter", "count", "cursor", "ended", "feed", "lens")

    def __init__(self, feed: Feed, lens: Lens, cursor: int) -> None:
        self.feed = feed
        self.lens = lens
        self.cursor = cursor
        self.ended = False
        self.count = 0
        """How many events it has taken."""
        self._waiter: asyncio.Future[None] | None = None

    async def take(self) -> bytes:
        """What comes next, from the ring or the store; empty when nothing is pending or all was filtered out.

        While the store can't be read it is empty too, after a while or a poke: the stream stays open, its pings go
        on, and the events will be there when the store is. Raises Lost, and NotFound when the session was deleted.
        """
        if self.feed.gone:
            raise NotFound(f"There is no session `{self.feed.session_id}`.")
        framed = self.feed.framed(self.cursor, self.lens)
        if framed is None:
            try:
                framed = await self._stored()
            except StoreUnavailable:
                await self.pause(STORE_RETRY_SECONDS)
                return b""
        self.cursor = framed.upto
        self.ended = framed.ended
        self.count += framed.count
        return framed.data

    async def _stored(self) -> Framed:
        if self.cursor < self.feed.floor:
            raise Lost
        run = await self.feed.stored(self.cursor)
        if self.cursor < self.feed.floor:
            raise Lost
        return run.framed_after(self.cursor, self.lens, self.feed.epoch)

    def behind(self) -> bool:
        """Whether there is something to take: events after the cursor, or the word that the session was deleted."""
        return self.feed.gone or (self.cursor < self.feed.head and not self.ended)

    async def wait(self) -> None:
        """Wait for something new, or for a poke."""
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        if self.behind():
            return
        await self.feed.wait(waiter)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or for a poke."""
        self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._waiter], timeout=seconds)

    def poke(self) -> None:
        """Make ``wait`` and ``pause`` return."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
