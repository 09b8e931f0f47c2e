"""A retry does nothing twice: equal keys wait for one another, and what was done once is answered from memory."""

from asyncio import Lock, wait
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

import anyio

from puntini.log.contract import Append, Once, Store, Written


class Repeats:
    """Carries things out once for each key. A store that remembers the first outcome is what makes it last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A key's lock is there for as long as somebody holds it or waits for it.
        self._turns: WeakValueDictionary[Once, Lock] = WeakValueDictionary()

    async def once(self, once: Once | None, work: Callable[[], Awaitable[Written]]) -> Written:
        """Do ``work``, whose append brings ``once``, unless that is done already: then its outcome, as ``repeated``.

        Work may do more than append, such as stopping another task, so a repeat must not so much as begin while the
        first is under way. After a work that failed nothing is remembered, and the next one tries.
        """
        if once is None:
            return await work()
        turn = self._turns.setdefault(once, Lock())
        async with turn:
            return await self._store.outcome(once) or await work()


def named(kind: str, whose: str, key: str) -> Once | None:
    """The key of one kind of thing, which those of other kinds never meet; None for no key."""
    return Once(f"{kind} {whose}", key) if key else None


async def written(store: Store, write: Append) -> Written:
    """Append, and wait for it also when the caller has left: a repeat has to find what this did."""
    submitted = store.submit(write)
    with anyio.CancelScope(shield=True):
        await wait([submitted])
    return submitted.result()
