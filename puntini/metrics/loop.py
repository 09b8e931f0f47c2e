"""How long the event loop keeps others waiting: what blocks it blocks every stream."""

import time

import anyio

LOOK_SECONDS = 0.25
WINDOW_SECONDS = 15.0


class LoopWatch:
    """Wakes four times a second and notes by how much it was late. ``worst`` is of the last 15 to 30 seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._before = 0.0

    @property
    def worst(self) -> float:
        """The longest delay, in seconds."""
        return max(self._now, self._before)

    async def run(self) -> None:
        """Watch. Runs until cancelled."""
        window_ends = time.monotonic() + WINDOW_SECONDS
        while True:
            asleep = time.monotonic()
            await anyio.sleep(LOOK_SECONDS)
            awake = time.monotonic()
            if awake >= window_ends:
                self._before, self._now = self._now, 0.0
                window_ends = awake + WINDOW_SECONDS
            self._now = max(self._now, awake - asleep - LOOK_SECONDS)
