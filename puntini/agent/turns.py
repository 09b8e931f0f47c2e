"""Turns: of many tasks that could go on at once, so many do in a turn of the loop that it stays short."""

import asyncio
from collections import deque
from time import perf_counter

POINTS_A_TURN = 512
ROOM_TURNS = 8
LEAST_SHARE = 16
SHORT_SECONDS, LONG_SECONDS = 0.008, 0.016
"""A turn that takes less lets more tasks go on in the next one, a turn that takes longer fewer."""
FIRST_PASSES, MOST_PASSES = 64, 1_000


class Turns:
    """Tasks ask for their ``turn`` where much work may follow: when they begin, and when what they wrote is committed.

    Whoever is not let through waits in line. How many are depends on how long the last turn of the loop took, whatever
    it was that took long: so connections are served in between, however many tasks there are.
    """

    share = POINTS_A_TURN
    """How many events a task may say before the others get their turn."""
    room = POINTS_A_TURN * ROOM_TURNS
    """How many of a task's events may wait to be appended."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._line: deque[asyncio.Future[None]] = deque()
        self._turning = self._used = False
        self._began = 0.0
        self._passes = self._left = FIRST_PASSES

    def divide(self, tasks: int) -> None:
        """So many tasks run now."""
        self.share = max(LEAST_SHARE, POINTS_A_TURN // (tasks or 1))
        self.room = self.share * ROOM_TURNS

    async def turn(self) -> None:
        """Go on, in this turn of the loop if there is room in it."""
        self._begin()
        if self._left > 0 and not self._line:
            self._left -= 1
            self._used = True
        else:
            await self.next()

    async def next(self) -> None:
        """Let the others go on, and wait for a later turn."""
        self._begin()
        place = self._loop.create_future()
        self._line.append(place)
        await place

    def _begin(self) -> None:
        if not self._turning:
            self._turning = True
            self._left = self._passes
            self._began = perf_counter()
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        """A turn of the loop is over: see how long it took, and let some through."""
        now = perf_counter()
        took, self._began = now - self._began, now
        if took > LONG_SECONDS:
            self._passes = max(1, self._passes // 2)
        elif took < SHORT_SECONDS:
            self._passes = min(MOST_PASSES, self._passes + self._passes // 8 + 1)
        used, self._used = self._used, False
        self._left = self._passes
        while self._line and self._left:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                self._left -= 1
                self._used = True
        if self._line or used:
            self._loop.call_soon(self._next)
        else:
            self._turning = False
