"""Wake-ups: who waits for one goes on when it comes, or came since the last, or after a while without."""

import anyio


class Wake:
    """One loop's."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Wake up who waits, or who will wait next."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Wait for it, no longer than so many seconds."""
        with anyio.move_on_after(seconds):
            await self._event.wait()
        self._event = anyio.Event()


class Wakes:
    """All of a node: ``work`` for who looks for tasks, ``orders`` for who looks for messages to jobs."""

    def __init__(self) -> None:
        self.work = Wake()
        self.orders = Wake()
        self._news = anyio.Event()

    def all(self) -> None:
        """Something has happened somewhere."""
        self.work.set()
        self.orders.set()
        self._news.set()
        self._news = anyio.Event()

    async def news(self, seconds: float) -> None:
        """Wait until something happens somewhere, no longer than so many seconds."""
        with anyio.move_on_after(seconds):
            await self._news.wait()
