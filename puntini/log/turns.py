"""Whose turn it is to look after what all nodes share. It is never wrong that two do, only twice the work."""

from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from puntini.log.contract import Kept, Ledger
from puntini.log.mint import now

SPACE, KIND = "nodes", "turn"
Turn = Callable[[], Awaitable[bool]]
"""Whether it is this process's turn. Raises StoreUnavailable."""


async def always() -> bool:
    """The turn of a process that is alone."""
    return True


class _Held(Struct, frozen=True):
    """Whose a turn is, and until when (seconds since 1970)."""

    node: str
    until: float


_held = msgspec.json.Decoder(_Held).decode


class Turns:
    """Gives turns by notes in the store. Whoever has one and asks again in time keeps it; a dead node's runs out."""

    def __init__(self, ledger: Ledger, node: str, *, shared: bool) -> None:
        self._ledger = ledger
        self._node = node
        self._shared = shared
        self._asked: set[str] = set()

    def of(self, work: str, seconds: float) -> Turn:
        """The turn of some work, which is kept for so long after it was asked for."""
        if not self._shared:
            return always

        async def mine() -> bool:
            self._asked.add(work)
            body = await self._ledger.kept(SPACE, KIND, work)
            held = _held(body) if body else None
            if held is not None and held.node != self._node and now() < held.until:
                return False
            following = msgspec.json.encode(_Held(self._node, now() + seconds))
            return await self._ledger.swap(Kept(SPACE, KIND, work, following), body)

        return mine

    async def leave(self) -> None:
        """This node ends: others need not wait until its turns run out. Raises StoreUnavailable."""
        for work in self._asked:
            body = await self._ledger.kept(SPACE, KIND, work)
            if body and _held(body).node == self._node:
                await self._ledger.swap(Kept(SPACE, KIND, work, None), body)
