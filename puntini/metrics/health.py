"""Whether to send traffic here: each thing that speaks for or against it, with its state in a sentence.

Anybody may ask, so no sentence names an address, a path or a number of users.
"""

from collections.abc import Callable, Sequence
from typing import Any

from puntini.log.contract import Store
from puntini.metrics.loop import LoopWatch
from puntini.metrics.probe import Probe
from puntini.transport.asgi import Check
from puntini.transport.connections import Connections

SLOW_LOOP, BLOCKED_LOOP = 0.5, 2.0
CLOCK_OFF_MS = 1_000
OFFSET = "clock_offset_ms"
"""Where a store's ``stats`` tell how far its clock is from this machine's, if it has one of its own."""


class Health:
    """Looks at everything; cheap enough to be asked every second. ``unserved`` are agents that no worker has.

    ``disagreement`` is a sentence about settings that other nodes of the database have otherwise, ``trouble`` says why
    the store takes nothing, where that is known.
    """

    def __init__(
        self,
        store: Store,
        connections: Connections,
        *,
        probe: Probe,
        loop: LoopWatch,
        unserved: Callable[[], Sequence[str]] = tuple,
        disagreement: Callable[[], str] = str,
        trouble: Callable[[], str] = str,
    ) -> None:
        self._trouble = trouble
        self._unserved = unserved
        self._disagreement = disagreement
        self._store = store
        self._connections = connections
        self._probe = probe
        self._loop = loop

    async def look(self) -> list[Check]:
        """All checks, in the order in which a person would want to know."""
        await self._probe.answers()
        looks = (
            self._draining,
            self._answering,
            self._streams,
            self._workers,
            self._settings,
            self._clock,
            self._blocked,
        )
        return [look() for look in looks]

    def _draining(self) -> Check:
        if self._connections.draining:
            return Check("draining", "fail", "The server is shutting down.")
        return Check("draining", "ok")

    def _answering(self) -> Check:
        if not self._probe.up:
            return Check("store", "fail", f"Commands are refused: {self._probe.reason}.")
        if trouble := self._trouble():
            return Check("store", "fail", f"The store can't be written. {trouble}")
        return Check("store", "ok")

    def _streams(self) -> Check:
        count, most = self._connections.count, self._connections.most
        if count >= most:
            return Check("streams", "fail", "As many streams are open as there may be; new ones are refused.")
        if count >= 0.9 * most:
            return Check("streams", "warn", "Nearly as many streams are open as there may be.")
        return Check("streams", "ok")

    def _workers(self) -> Check:
        if self._unserved():
            return Check("workers", "warn", "Tasks wait for an agent that no worker has: start one that has it.")
        return Check("workers", "ok")

    def _settings(self) -> Check:
        said = self._disagreement()
        return Check("settings", "warn" if said else "ok", said)

    def _clock(self) -> Check:
        offset: Any = self._store.stats.get(OFFSET, 0)
        if abs(offset) >= CLOCK_OFF_MS:
            return Check("clock", "warn", "This machine's clock is more than a second off the store's: set it right.")
        return Check("clock", "ok")

    def _blocked(self) -> Check:
        if self._loop.worst >= BLOCKED_LOOP:
            return Check("loop", "fail", "The event loop was blocked for seconds a moment ago.")
        if self._loop.worst >= SLOW_LOOP:
            return Check("loop", "warn", "The event loop was blocked for a part of a second a moment ago.")
        return Check("loop", "ok")
