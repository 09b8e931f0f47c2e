"""Whose turn it is to look after what all nodes share. It is never wrong that two do, only twice the work."""

from collections.abc import Awaitable, Callable

from puntini.log.queue import Queue

Turn = Callable[[], Awaitable[bool]]
"""Whether it is this process's turn. Raises StoreUnavailable."""


async def always() -> bool:
    """The turn of a process that is alone."""
    return True


class Turns:
    """Gives turns, which are duties. Whoever has one and asks again in time keeps it; a dead node's runs out."""

    def __init__(self, queue: Queue | None) -> None:
        self._queue = queue
        self._asked: set[str] = set()

    def of(self, work: str, seconds: float) -> Turn:
        """The turn of some work, which is kept for so long after it was asked for."""
        queue = self._queue
        if queue is None:
            return always

        async def mine() -> bool:
            self._asked.add(work)
            return await queue.duty(work, seconds)

        return mine

    async def leave(self) -> None:
        """This node ends: others need not wait until its turns run out. Raises StoreUnavailable."""
        for work in self._asked:
            assert self._queue is not None
            await self._queue.resign(work)
