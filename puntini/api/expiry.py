"""Expiry of idle sessions: nobody has a stream open, no task is unfinished, and nothing was said for a while.

Where there are several nodes one of them looks, and asks when a stream was last told to be open (see
``puntini.transport.presence``).
"""

from functools import partial
from typing import Protocol

import anyio

from puntini.api.desk import Desk
from puntini.errors import NotFound, StoreUnavailable
from puntini.log.contract import Store
from puntini.log.mint import now_ms
from puntini.log.turns import Turn, always
from puntini.transport.connections import Connections

BATCH = 100


class Busy(Protocol):
    """Who knows whether a session has work."""

    async def busy(self, session_id: str) -> bool:
        """Whether a task runs or waits."""
        ...


class Expiry:
    """Closes sessions that were idle for ``idle_seconds``; 0 never does."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        connections: Connections,
        work: Busy,
        *,
        idle_seconds: float,
        turn: Turn = always,
    ) -> None:
        self._store = store
        self._turn = turn
        self._desk = desk
        self._connections = connections
        self._work = work
        self._idle_seconds = idle_seconds

    async def sweep(self) -> None:
        """Look every now and then. Runs until cancelled."""
        if not self._idle_seconds:
            return
        while True:
            await anyio.sleep(min(60.0, self._idle_seconds / 4))
            try:
                if await self._turn():
                    await self._round()
            except StoreUnavailable:
                # Next time.
                continue

    async def _round(self) -> None:
        before = now_ms() - int(self._idle_seconds * 1000)
        offset = 0
        while True:
            rows, total = await self._store.sessions(limit=BATCH, offset=offset, status="active", idle_before=before)
            kept = 0
            for row in rows:
                kept += not await self._close(row.session_id, before)
            # Those closed have left the list; go on behind those that stay.
            offset += kept
            if offset >= total or not rows:
                break
        if self._store.nodes is not None:
            await self._store.nodes.forget_watched(before - int(self._idle_seconds * 1000))

    async def _close(self, session_id: str, before: int) -> bool:
        still = partial(self._idle, session_id, before)
        try:
            # Asked before too, so that nobody has to wait at the door of a session that stays.
            return await still() and await self._desk.closing.close_if(session_id, "idle", still)
        except NotFound:  # deleted in this moment
            return True

    async def _idle(self, session_id: str, before: int) -> bool:
        row = await self._store.session(session_id)
        if row is not None and row.updated_at >= before:
            return False
        if await self._store.count_tasks(session_id=session_id, open_only=True):
            return False
        if self._store.nodes is not None and await self._store.nodes.watched_at(session_id) >= before:
            return False
        return not (self._connections.watched(session_id) or await self._work.busy(session_id))
