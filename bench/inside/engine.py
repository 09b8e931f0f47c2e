"""The agents' engine without a server around it: a runner on a store, a desk, and a watch over each commit."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache

import anyio

from puntini.agent.contract import Agent
from puntini.agent.runner import Runner
from puntini.api.desk import Desk
from puntini.auth.access import Access
from puntini.auth.principals import Principal
from puntini.log.contract import Store
from puntini.log.keeper import Keeper
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.entries import Entry
from puntini.protocol.events import TASK_ENDS
from puntini.server import calm
from puntini.store.open import open_store
from puntini.views.session import SessionView

TICK_SECONDS = 0.001
LONGEST = 300
_STAMP = re.compile(rb'"timestamp":"([^"]{24})"')

BENCH = Principal("bench")


class Watch:
    """Sees every commit: counts events, keeps pieces' ways to it in milliseconds, and notes breaks in the numbers."""

    def __init__(self, then: Callable[[str, int, Sequence[Entry]], None]) -> None:
        self.events = self.pieces = self.breaks = 0
        self.ends: dict[str, int] = {}
        self.lags: list[float] = []
        self._ended = asyncio.Event()
        self._heads: dict[str, int] = {}
        self._then = then

    def __call__(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """A commit. What follows each other must be numbered one by one."""
        now = time.time() * 1000
        self.breaks += first != self._heads.get(session_id, 0) + 1
        self._heads[session_id] = first + len(entries) - 1
        self.events += len(entries)
        for entry in entries:
            if b'"chunk":true' in entry.line and (stamp := _STAMP.search(entry.line)):
                self.pieces += 1
                self.lags.append(now - _milliseconds(stamp[1]))
            if entry.kind in TASK_ENDS:
                self.ends[entry.kind] = self.ends.get(entry.kind, 0) + 1
                self._ended.set()
        self._then(session_id, first, entries)

    async def ended(self, tasks: int) -> None:
        """Wait until so many tasks have ended in all. Raises TimeoutError after five minutes."""
        with anyio.fail_after(LONGEST):
            while sum(self.ends.values()) < tasks:
                self._ended.clear()
                await self._ended.wait()


@lru_cache(maxsize=4_096)
def _milliseconds(stamp: bytes) -> float:
    return datetime.strptime(stamp.decode(), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp() * 1000


class Ticker:
    """Looks a thousand times a second whether the loop turns; ``longest`` is its longest delay in milliseconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        """Tick, until cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self.longest = max(self.longest, (time.monotonic() - before - TICK_SECONDS) * 1000)


class Engine:
    """What tasks are given to."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self.watch = watch
        self._desk = desk

    async def session(self) -> str:
        """A new session's id."""
        return await self._desk.create("", user=BENCH.user)

    async def prompt(self, session_id: str, text: str) -> None:
        """Give it a task."""
        await self._desk.prompt(session_id, UserPromptCommandData(prompt=text), BENCH, once=None)


@asynccontextmanager
async def engine(name: str, agent: Callable[[Store], Agent]) -> AsyncIterator[Engine]:
    """An engine with one agent on the store called ``name``, in a process that is set up as a server's is."""
    calm()
    store = await open_store(name)
    keeper = Keeper(store, SessionView, SessionView.decode)
    watch = Watch(keeper.committed)
    store.watch(watch)
    made = agent(store)
    try:
        async with anyio.create_task_group() as tasks:
            runner = Runner(store, keeper, {made.name: made}, made.name, tasks, most=1_000)
            await runner.start()
            yield Engine(Desk(store, keeper, runner, Access(store), lambda _session_id: None), watch)
            tasks.cancel_scope.cancel()
    finally:
        await store.close()
