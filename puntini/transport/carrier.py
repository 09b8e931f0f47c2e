"""Carries one reader's events out: opening, replay, ``live``, new events, pings, the end. One for all transports."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from puntini.errors import StoreUnavailable
from puntini.figures import figures
from puntini.log.feed import Feed
from puntini.log.reader import Lost, Reader
from puntini.log.runs import Lens
from puntini.protocol.events import Live, LiveData, Reconnect, ReconnectData
from puntini.transport.connections import DRAIN_RETRY_MS, RETRY_MS, Connection, Ending, jittered
from puntini.transport.farewells import refusal, warning
from puntini.transport.opening import Opening
from puntini.transport.request import StreamRequest
from puntini.transport.slices import writes
from puntini.transport.words import Words

Write = Callable[[bytes], Awaitable[None]]
LONGEST_PAUSE = 1.0
"""So often a reader that holds back looks whether its session is still there."""


class Reopen(Protocol):
    """Opens anew for a reader whom retention overtook."""

    async def expired(self, session_id: str, feed: Feed, cursor: int, task_id: str = "") -> Opening:
        """A gap and a snapshot, for a reader of the session or of one task. Raises NotFound or StoreUnavailable."""
        ...


class Carrier:
    """One stream's way out. ``write`` takes ready bytes and returns when the transport can take more.

    It counts in the connection what it has written. With ``max_rate`` events go out in rounds: all there are when one
    begins, then none until the next.
    """

    __slots__ = (
        "_connection",
        "_live_at",
        "_next_at",
        "_opening",
        "_pace",
        "_reopen",
        "_round_to",
        "_sent_id",
        "_words",
        "_write",
        "reader",
    )

    def __init__(
        self,
        request: StreamRequest,
        opening: Opening,
        feed: Feed,
        connection: Connection,
        words: Words,
        write: Write,
        reopen: Reopen,
    ) -> None:
        self.reader = Reader(feed, Lens(words.framing, request.selection), opening.cursor)
        self._opening: Opening | None = opening
        self._connection = connection
        self._words = words
        self._write = write
        self._reopen = reopen
        self._pace = 1 / request.max_rate if request.max_rate else 0.0
        self._next_at = 0.0
        self._round_to = 0
        self._live_at: int | None = opening.live_at
        self._sent_id = opening.cursor
        connection.follow(self.reader)

    async def run(self) -> None:
        """Carry until the end of what is followed, or of the connection. Raises NotFound when the session goes."""
        while True:
            if (reason := self._connection.ending) is not None:
                await self._last(reason)
                return
            if self._opening is not None:
                if not await self._open(self._opening):
                    return
            elif self._connection.warning_due:
                self._connection.warning_due = False
                await self._send(self._words.control(warning(self._connection)))
            elif self._connection.ping_due:
                await self._send(self._words.ping(self._passed()))
            elif self.reader.behind():
                await self._go_on()
            elif self.reader.ended:
                return
            else:
                await self.reader.wait()

    async def _open(self, opening: Opening) -> bool:
        """Say what comes first; False when nothing can follow."""
        self._opening = None
        words = self._words
        parts = [words.opening(int(jittered(RETRY_MS)), opening.start_id if opening.ready is None else None)]
        if opening.gap is not None:
            parts.append(words.control(opening.gap))
        if opening.ready is not None:
            parts.append(opening.ready.framed(words))
        if self.reader.cursor >= opening.live_at:
            parts.append(self._live())
        for data in writes(parts):
            await self._send(data)
        self._rest()
        return not opening.over

    async def _go_on(self) -> None:
        if self._pace and self.reader.cursor >= self._round_to:
            early = self._next_at - asyncio.get_running_loop().time()
            if early > 0:
                await self.reader.pause(min(early, LONGEST_PAUSE))
                return
            self._round_to = self.reader.feed.head
        try:
            await self._carry()
        except Lost:
            self._opening = await self._lost()

    async def _carry(self) -> None:
        before, live = self.reader.cursor, self._live_at is None
        data = await self.reader.take()
        if data:
            self._sent_id = self.reader.cursor
        if self._live_at is not None and self.reader.cursor >= self._live_at:
            data += self._live()
        if data:
            await self._send(data)
            self._rest()
        if live and before < self.reader.feed.probe <= self.reader.cursor:
            figures.deliveries.add(max(0.0, asyncio.get_running_loop().time() - self.reader.feed.probe_at))
        if self.reader.behind():
            # A transport that takes everything never lets the loop breathe by itself.
            await asyncio.sleep(0)

    def _live(self) -> bytes:
        self._live_at = None
        cursor = f"{self.reader.feed.epoch}.{self.reader.cursor}"
        return self._words.control(Live(session_id=self.reader.feed.session_id, data=LiveData(cursor=cursor)))

    async def _lost(self) -> Opening | None:
        """Where to begin anew; None while the store can't say."""
        feed, task_id = self.reader.feed, self.reader.lens.selection.task_id
        try:
            opening = await self._reopen.expired(feed.session_id, feed, self.reader.cursor, task_id)
        except StoreUnavailable:
            await self.reader.pause(LONGEST_PAUSE)
            return None
        self.reader.cursor = opening.cursor
        self._live_at = opening.live_at
        return opening

    def _passed(self) -> str:
        """The cursor, when it moved past events that were filtered out: so the client's last id keeps up."""
        if self._sent_id == self.reader.cursor:
            return ""
        self._sent_id = self.reader.cursor
        return f"{self.reader.feed.epoch}.{self.reader.cursor}"

    async def _last(self, reason: Ending) -> None:
        match reason:
            case "gone":
                pass
            case "expired" | "revoked":
                await self._send(self._words.control(refusal(reason)))
            case _:
                await self._reconnect(reason)

    async def _reconnect(self, reason: Literal["drain", "lifetime"]) -> None:
        retry_ms = int(jittered(DRAIN_RETRY_MS if reason == "drain" else RETRY_MS))
        event = Reconnect(session_id=self.reader.feed.session_id, data=ReconnectData(reason=reason, retry_ms=retry_ms))
        await self._send(self._words.retry(retry_ms) + self._words.control(event))

    def _rest(self) -> None:
        """Events were sent: the next round begins no sooner than ``max_rate`` allows."""
        self._next_at = self._connection.wrote_at + self._pace

    async def _send(self, data: bytes) -> None:
        """Write, watched over by the sweeper. Where there is nothing to write, it counts as done all the same."""
        connection = self._connection
        if data:
            connection.sending = True
            try:
                await self._write(data)
            finally:
                connection.sending = False
        connection.wrote_at = asyncio.get_running_loop().time()
        connection.ping_due = False
