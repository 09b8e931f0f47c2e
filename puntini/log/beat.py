"""A node's beat: about once a second it hears what others tell, and tells what they have to know of it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio

from puntini.errors import StoreUnavailable
from puntini.log.nodes import News, Nodes
from puntini.log.turns import Turn

BEAT_SECONDS = 1.0
TIDY_SECONDS = 60.0
QUIET_SECONDS = 5.0
"""After so long without a beat that was taken, this node counts as one that can't write."""

Listener = Callable[[Sequence[News], bool], None]
"""Told of news of its kind; with True, that there may have been others: it has to look at everything."""
Work = Callable[[], Awaitable[None]]


class Beat:
    """What is done at each beat, and who hears what. ``turn`` says whether this node tidies up for all."""

    def __init__(self, nodes: Nodes, turn: Turn) -> None:
        self._nodes = nodes
        self._turn = turn
        self._upto = 0
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._works: list[Work] = []
        self._tidying: list[Work] = [nodes.forget_old]
        self._hearing = anyio.Lock()
        self._taken_at = anyio.current_time()
        self._refusal = ""

    @property
    def trouble(self) -> str:
        """Why the store takes nothing from this node, in a sentence; empty while it does."""
        quiet = anyio.current_time() - self._taken_at
        if quiet < QUIET_SECONDS:
            return ""
        return self._refusal or f"It has taken nothing from this node for {quiet:.0f} seconds."

    def on(self, kind: str, listener: Listener) -> None:
        """Tell of news of a kind."""
        self._listeners[kind].append(listener)

    def also(self, work: Work) -> None:
        """Do this at each beat, too. When it raises StoreUnavailable, the next beat tries."""
        self._works.append(work)

    def tidy(self, work: Work) -> None:
        """Do this once a minute, at one node for all."""
        self._tidying.append(work)

    async def hear(self) -> None:
        """Hear all that was told by now. Raises StoreUnavailable."""
        async with self._hearing:
            heard = await self._nodes.hear(self._upto)
            self._upto = heard.upto
            by_kind: defaultdict[str, list[News]] = defaultdict(list)
            for each in heard.news:
                by_kind[each.kind].append(each)
            for kind, listeners in self._listeners.items():
                if heard.missed or by_kind[kind]:
                    for listener in listeners:
                        listener(by_kind[kind], heard.missed)

    async def run(self) -> None:
        """Beat. Never ends."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tidy_now_and_then)
            while True:
                await self.once()
                await anyio.sleep(BEAT_SECONDS)

    async def once(self) -> None:
        """One beat."""
        refusal = ""
        for work in (self.hear, *self._works):
            try:
                await work()
            except StoreUnavailable as error:
                refusal = self._refusal = error.message
        if not refusal:
            self._taken_at, self._refusal = anyio.current_time(), ""

    async def _tidy_now_and_then(self) -> None:
        """Beside the beat, which is late when it has to wait for this."""
        while True:
            with suppress(StoreUnavailable):
                await self._tidy()
            await anyio.sleep(TIDY_SECONDS)

    async def _tidy(self) -> None:
        if await self._turn():
            for work in self._tidying:
                await work()
