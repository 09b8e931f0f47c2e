"""Gives passages their vectors, behind everything else: what was brought just now, or before there was an embedder."""

import anyio
import structlog

from puntini.errors import StoreUnavailable
from puntini.log.documents import Passages
from puntini.log.embedding import Embedder, EmbedderFailed

LEAST_PAUSE, MOST_PAUSE = 1.0, 60.0
"""Seconds to wait after a failure; each in a row doubles them."""
log = structlog.get_logger("puntini.knowledge")


class Filling:
    """Fills in vectors, some passages at a time. What a restart cuts short is found again by what is missing."""

    def __init__(self, passages: Passages, embedder: Embedder, *, least_pause: float = LEAST_PAUSE) -> None:
        self._passages = passages
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
