"""Gives passages their vectors, behind everything else: what was brought just now, or before there was an embedder.

Where there are several nodes one of them does it for all, and the others tell it when there is something to do.
"""

from collections.abc import Sequence

import anyio
import structlog

from puntini.errors import StoreUnavailable
from puntini.log.documents import Passages
from puntini.log.embedding import Embedder, EmbedderFailed
from puntini.log.nodes import News, Nodes
from puntini.log.turns import Turn, always

LEAST_PAUSE, MOST_PAUSE = 1.0, 60.0
"""Seconds to wait after a failure; each in a row doubles them."""
LEFT_SECONDS = 1.0
"""So often a node looks whether another has done what is to be done."""
LOOK_SECONDS = 300.0
"""So often a node that was told of nothing looks for what was left undone."""
TURN_SECONDS = 90.0
"""Longer than a call of an embedder may take."""
NEWS = "passages"
log = structlog.get_logger("puntini.knowledge")


class Filling:
    """Fills in vectors, some passages at a time. What a restart cuts short is found again by what is missing.

    ``nodes`` are the others, if there are any, and ``turn`` says whether this one does it.
    """

    def __init__(
        self,
        passages: Passages,
        embedder: Embedder,
        *,
        least_pause: float = LEAST_PAUSE,
        nodes: Nodes | None = None,
        turn: Turn = always,
    ) -> None:
        self._passages = passages
        self._nodes = nodes
        self._turn = turn
        self._heard = True
        self._embedder = embedder
        self._after = -1
        self._missed = False
        self._pause = self._least_pause = least_pause
        self._told = False

    async def run(self) -> None:
        """Fill in what is missing, then wait for more. Runs until cancelled."""
        while True:
            added = self._embedder.added
            try:
                if not await self._turn():
                    await self._leave_it(added)
                    continue
                done = not await self._step()
            except (EmbedderFailed, StoreUnavailable) as error:
                self._missed = True
                await self._rest(str(error))
                continue
            if done and self._missed:
                self._after, self._missed = -1, False
                await anyio.sleep(self._pause)
            elif done:
                self._embedder.behind = False
                await added.wait()
                self._after = -1

    def heard(self, _news: Sequence[News], _missed: bool) -> None:
        """There may be passages without vectors, at whatever node they came in."""
        self._heard = True
        self._embedder.wake()

    async def _leave_it(self, added: anyio.Event) -> None:
        """Have another node do it: tell it once, and look whether it has. Raises StoreUnavailable."""
        if self._nodes is not None and not self._heard:
            self._heard = True
            await self._nodes.tell([News(NEWS, self._embedder.name)])
        if await self._passages.bare(await self._embedder.space(), -1) is not None:
            await anyio.sleep(LEFT_SECONDS)
            return
        self._embedder.behind = self._heard = False
        with anyio.move_on_after(LOOK_SECONDS):  # who was to do it may have died over it
            await added.wait()

    async def _step(self) -> bool:
        """Fill in one gap; returns whether there was one. One that fails is passed over until the others are filled."""
        space = await self._embedder.space()
        bare = await self._passages.bare(space, self._after)
        if bare is None:
            return False
        self._after = bare.place
        await self._passages.add_vectors(space, bare.place, await self._embedder.passages(bare.texts))
        if self._told:
            log.info("the embedder answers again", embedder=self._embedder.name)
        self._pause, self._told = self._least_pause, False
        return True

    async def _rest(self, reason: str) -> None:
        if not self._told:
            log.warning("passages wait for their vectors", reason=reason)
        self._told = True
        await anyio.sleep(self._pause)
        self._pause = min(2 * self._pause, MOST_PAUSE)
