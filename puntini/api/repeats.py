"""A retry does nothing twice: equal keys wait for one another, and what was done once is answered from memory."""

from asyncio import Lock, wait
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from weakref import WeakValueDictionary

import anyio

from puntini.errors import StoreUnavailable, Unavailable
from puntini.log.contract import Append, Once, Store, Written
from puntini.log.queue import LEASE_SECONDS, RENEW_SECONDS, Queue

ALONE_SECONDS, AGAIN_SECONDS = 30.0, 0.02


class Repeats:
    """Carries things out once for each key. A store that remembers the first outcome is what makes it last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A key's lock is there for as long as somebody holds it or waits for it.
        self._turns: WeakValueDictionary[Once, Lock] = WeakValueDictionary()

    async def once(
        self, once: Once | None, work: Callable[[], Awaitable[Written]], *, appends_only: bool = False
    ) -> Written:
        """Do ``work``, whose append brings ``once``, unless that is done already: then its outcome, as ``repeated``.

        Work may do more than append, such as stopping another task, so a repeat must not so much as begin while the
        first is under way; on another node neither, unless it ``appends_only``, which the store does once. After a work
        that failed nothing is remembered, and the next one tries. Raises Unavailable when the first takes too long.
        """
        if once is None:
            return await work()
        turn = self._turns.setdefault(once, Lock())
        async with turn:
            if appends_only or self._store.queue is None:
                return await self._done_once(once, work)
            return await _alone(self._store.queue, f"{once.scope} {once.key}", partial(self._done_once, once, work))

    async def _done_once(self, once: Once, work: Callable[[], Awaitable[Written]]) -> Written:
        return await self._store.outcome(once) or await work()


async def _alone(queue: Queue, name: str, work: Callable[[], Awaitable[Written]]) -> Written:
    """Do it as the only one of all nodes. One that dies in the middle is waited for no longer than for a lease."""
    with anyio.move_on_after(ALONE_SECONDS) as late:
        while not await queue.duty(name, LEASE_SECONDS):  # noqa: ASYNC110 - another node does not tell when it is done
            await anyio.sleep(AGAIN_SECONDS)
    if late.cancelled_caught:
        raise Unavailable("The same command is being carried out just now; ask again in a moment.")
    async with anyio.create_task_group() as beside:
        beside.start_soon(_stay_alone, queue, name)
        try:
            done: Written | Exception = await work()
        except Exception as error:  # noqa: BLE001 - raised below, where no task group wraps it
            done = error
        finally:
            beside.cancel_scope.cancel()
            with anyio.CancelScope(shield=True), suppress(StoreUnavailable):  # then its time runs out
                await queue.resign(name)
    if isinstance(done, Exception):
        raise done
    return done


async def _stay_alone(queue: Queue, name: str) -> None:
    """Keep others away for as long as it takes. Runs until cancelled."""
    while True:
        await anyio.sleep(RENEW_SECONDS)
        with suppress(StoreUnavailable):  # next time
            await queue.duty(name, LEASE_SECONDS)


def named(kind: str, whose: str, key: str) -> Once | None:
    """The key of one kind of thing, which those of other kinds never meet; None for no key."""
    return Once(f"{kind} {whose}", key) if key else None


async def written(store: Store, write: Append) -> Written:
    """Append, and wait for it also when the caller has left: a repeat has to find what this did."""
    submitted = store.submit(write)
    with anyio.CancelScope(shield=True):
        await wait([submitted])
    return submitted.result()
