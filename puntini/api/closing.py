"""Closing and deleting sessions.

No task may outlive its session, so prompts wait until it is decided what becomes of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from puntini.api.records import row_of, stamped
from puntini.api.repeats import written
from puntini.api.workers import Work
from puntini.errors import TaskRunning
from puntini.log.contract import Append, Once, Store, Written
from puntini.log.keeper import Keeper
from puntini.log.mint import now_ms
from puntini.protocol.events import SessionClosed, SessionClosedData
from puntini.views.session import SessionView


class Closing:
    """Closes and deletes sessions, one at a time each. ``forget`` ends the streams of one that is gone."""

    def __init__(self, store: Store, keeper: Keeper[SessionView], work: Work, forget: Callable[[str], None]) -> None:
        self._store = store
        self._keeper = keeper
        self._work = work
        self._forget = forget
        self._under_way: dict[str, anyio.Event] = {}

    async def close(self, session_id: str, reason: str, once: Once | None = None) -> Written:
        """Stop what runs and write the session's last event. Closing a closed session changes nothing."""
        async with self._deciding(session_id):
            return await self._close(session_id, reason, once)

    async def close_if(self, session_id: str, reason: str, still: Callable[[], Awaitable[bool]]) -> bool:
        """Close, if ``still`` says so at a moment when no task can begin any more; returns whether it did."""
        async with self._deciding(session_id):
            if not await still():
                return False
            await self._close(session_id, reason, None)
            return True

    async def _close(self, session_id: str, reason: str, once: Once | None) -> Written:
        row = await row_of(self._store, session_id)
        if row.status == "closed":
            return Written(session_id, row.head + 1, row.head)
        event = SessionClosed(data=SessionClosedData(reason=reason))
        while True:
            await self._work.stop_session(session_id)
            said, at = [stamped(event)], now_ms()
            write = Append(session_id=session_id, entries=said, status="closed", at_rest=True, once=once, at=at)
            with suppress(TaskRunning):  # begun on another node in between
                return await written(self._store, write)

    async def delete(self, session_id: str) -> None:
        """Remove a session and all that belongs to it. Raises NotFound."""
        async with self._deciding(session_id):
            await self._work.stop_session(session_id)
            await self._store.delete_session(session_id)
            self._keeper.forget(session_id)
            self._forget(session_id)

    @asynccontextmanager
    async def _deciding(self, session_id: str) -> AsyncIterator[None]:
        """Alone with a session: nobody else closes or deletes it meanwhile, and no task begins."""
        await self.decided(session_id)
        done = self._under_way[session_id] = anyio.Event()
        try:
            yield
        finally:
            del self._under_way[session_id]
            done.set()

    async def decided(self, session_id: str) -> None:
        """Wait until nobody closes or deletes the session."""
        while done := self._under_way.get(session_id):
            await done.wait()
