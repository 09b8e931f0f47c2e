"""The hub: which sessions have readers, their feeds, and the memory they may use together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from puntini.errors import NotFound
from puntini.log.contract import EventLog, Page
from puntini.log.feed import CHUNK, ROOM, Feed
from puntini.protocol.entries import Entry

IDLE_SECONDS = 10.0


class Follower(Protocol):
    """Who wants to know what becomes of all logs."""

    def committed(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """Events came."""

    def trimmed(self, session_id: str, floor: int) -> None:
        """Events went."""

    def forget(self, session_id: str) -> None:
        """A session was deleted."""


class Hub:
    """Fans committed events out to feeds. A feed lives while it has readers, and a little longer."""

    def __init__(
        self, log: EventLog, tasks: TaskGroup, *, ring_bytes: int = 256 << 20, ring_bytes_per_session: int = 4 << 20
    ) -> None:
        self.log = log
        self.store_reads = 0
        self._tasks = tasks
        self._ring_bytes = ring_bytes
        self._per_session = ring_bytes_per_session
        self._feeds: dict[str, Feed] = {}
        self._size = 0
        self._also: list[Callable[[str, int, Sequence[Entry]], None]] = []
        self._followers: list[Follower] = []
        log.watch(self._told, self._moved, self._wrote)

    def also(self, listener: Callable[[str, int, Sequence[Entry]], None]) -> None:
        """Tell one more listener of each commit of this process."""
        self._also.append(listener)

    def follow(self, follower: Follower) -> None:
        """Tell one more of commits, of trims and of deletions."""
        self.also(follower.committed)
        self._followers.append(follower)

    def _told(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """What was committed, wherever."""
        if feed := self._feeds.get(session_id):
            feed.publish(first, entries)

    def _wrote(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """What grows is looked after by the process that writes it."""
        for listener in self._also:
            listener(session_id, first, entries)

    def _moved(self, session_id: str, floor: int | None) -> None:
        """Another process trimmed a session, or deleted it."""
        if floor is None:
            self.forget(session_id)
        else:
            self.trimmed(session_id, floor)

    def _count(self, change: int) -> None:
        """A ring grew or shrank."""
        self._size += change
        if change > 0 and self._size > self._ring_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Halve the largest rings until a tenth is free: their slowest readers go on from the store."""
        enough = self._ring_bytes - self._ring_bytes // ROOM
        for feed in sorted(self._feeds.values(), key=lambda feed: feed.size, reverse=True):
            if self._size <= enough:
                return
            feed.shrink(feed.size // 2)

    @asynccontextmanager
    async def feed(self, session_id: str) -> AsyncIterator[Feed]:
        """A session's feed, kept as long as somebody is inside. Raises NotFound or StoreUnavailable."""
        feed = await self.attach(session_id)
        try:
            yield feed
        finally:
            self.detach(feed)

    async def attach(self, session_id: str) -> Feed:
        """Enter as a reader; every ``attach`` needs its ``detach``."""
        feed = self._feeds.get(session_id) or self._open(session_id)
        feed.readers += 1
        try:
            if not feed.loaded.is_set():
                # Registered first, asked second: what is committed meanwhile is published to the feed.
                bounds = await self.log.bounds(session_id)
                feed.learn(bounds.floor, bounds.head)
            if feed.gone:
                raise NotFound(f"There is no session `{session_id}`.")
        except BaseException:  # whatever ends the wait, a cancellation too: the reader does not stay counted
            self.detach(feed)
            raise
        return feed

    def detach(self, feed: Feed) -> None:
        """Leave."""
        feed.readers -= 1
        feed.idle_since = asyncio.get_running_loop().time()
        if not feed.readers and not feed.loaded.is_set():
            self._drop(feed)

    def _open(self, session_id: str) -> Feed:
        feed = self._feeds[session_id] = Feed(
            session_id,
            self.log.epoch,
            ring_bytes=self._per_session,
            read=partial(self._read, session_id),
            spawn=self._tasks.start_soon,
            count=self._count,
        )
        self.log.follow(session_id)
        return feed

    async def _read(self, session_id: str, after: int) -> Page:
        self.store_reads += 1
        return await self.log.read(session_id, after, max_bytes=CHUNK)

    def _drop(self, feed: Feed) -> None:
        if self._feeds.get(feed.session_id) is feed:
            feed.shrink(0)
            del self._feeds[feed.session_id]
            self.log.unfollow(feed.session_id)

    def forget(self, session_id: str) -> None:
        """A session was deleted: end its readers."""
        if feed := self._feeds.get(session_id):
            self._drop(feed)
            feed.forget()
        for follower in self._followers:
            follower.forget(session_id)

    def trimmed(self, session_id: str, floor: int) -> None:
        """Retention moved a session's floor."""
        if feed := self._feeds.get(session_id):
            feed.floor = max(feed.floor, floor)
        for follower in self._followers:
            follower.trimmed(session_id, floor)

    async def sweep(self) -> None:
        """Free the feeds that nobody has read for a while. Runs until cancelled."""
        while True:
            await anyio.sleep(IDLE_SECONDS / 2)
            self.free_idle(asyncio.get_running_loop().time())

    def free_idle(self, now: float) -> None:
        """Let go of what was read for readers who came together, and of feeds idle for ``IDLE_SECONDS`` by ``now``."""
        for feed in list(self._feeds.values()):
            feed.rest()
            if not feed.readers and now - feed.idle_since > IDLE_SECONDS:
                self._drop(feed)

    @property
    def stats(self) -> dict[str, int]:
        """What the hub holds and has done."""
        return {"feeds": len(self._feeds), "ring_bytes": self._size, "store_reads": self.store_reads}
