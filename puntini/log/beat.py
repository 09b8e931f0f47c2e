"""A node's beat: about once a second it hears what others tell, and tells what they have to know of it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import structlog

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
LOG = structlog.get_logger("puntini")


class Beat:
    """Who hears what, and what is done as often. ``turn`` says whether this node tidies up for all."""

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
        self._said: set[str] = set()

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
        """Do this as often, too. When it raises StoreUnavailable, it is tried again the next time."""
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
        """Beat, and do the works beside that, so that one that waits for long delays no beat. Never ends."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_for_ever, self.work, BEAT_SECONDS)
            tasks.start_soon(_for_ever, self._tidy, TIDY_SECONDS)
            await _for_ever(self._beat, BEAT_SECONDS)

    async def _beat(self) -> None:
        try:
            await self.hear()
            await self._nodes.writable()
        except StoreUnavailable as error:
            self._refusal = error.message
        else:
            self._taken_at, self._refusal = anyio.current_time(), ""
        self._say()

    def _say(self) -> None:
        """Write down once that the trouble began, for each reason that it has, and that it is over."""
        trouble = self.trouble
        if trouble and trouble not in self._said:
            LOG.error("the store takes no writes from this node", reason=trouble)
            self._said.add(trouble)
        elif self._said and not trouble:
            LOG.warning("the store takes writes again")
            self._said.clear()

    async def work(self) -> None:
        """Do what is to be done as often as beats are."""
        for work in self._works:
            with suppress(StoreUnavailable):
                await work()

    async def _tidy(self) -> None:
        with suppress(StoreUnavailable):
            if await self._turn():
                for work in self._tidying:
                    await work()


async def _for_ever(work: Work, seconds: float) -> None:
    while True:
        await work()
        await anyio.sleep(seconds)
