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

PATIENCE_SECONDS, AGAIN_SECONDS = 30.0, 0.02
ELSEWHERE = "The same command is being carried out just now; ask again in a moment."

Work = Callable[[], Awaitable[Written]]


class Repeats:
    """Carries things out once for each key. A store that remembers the first outcome is what makes it last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A key's lock is there for as long as somebody holds it or waits for it.
        self._turns: WeakValueDictionary[Once, Lock] = WeakValueDictionary()

    async def once(self, once: Once | None, work: Work, *, appends_only: bool = False) -> Written:
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
                return await self._unless_done(once, work)
            return await _alone(self._store.queue, f"{once.scope} {once.key}", partial(self._unless_done, once, work))

    async def _unless_done(self, once: Once, work: Work) -> Written:
        return await self._store.outcome(once) or await work()


async def _alone(queue: Queue, name: str, work: Work) -> Written:
    """Do something as the only one of all nodes, however long it takes."""
    with anyio.move_on_after(PATIENCE_SECONDS) as late:
        asked = anyio.current_time()
        while not await queue.duty(name, LEASE_SECONDS):  # another node does not tell when it is done
            await anyio.sleep(AGAIN_SECONDS)
            asked = anyio.current_time()
    if late.cancelled_caught:
        raise Unavailable(ELSEWHERE)
    try:
        return await _held(queue, name, work, asked + LEASE_SECONDS)
    finally:
        with anyio.CancelScope(shield=True), suppress(StoreUnavailable):  # then its time runs out
            await queue.resign(name)


async def _held(queue: Queue, name: str, work: Work, until: float) -> Written:
    """Do something and go on with the duty meanwhile. Raises Unavailable when it is lost, as it is when one freezes."""
    outcome: Written | Exception = Unavailable(ELSEWHERE)
    async with anyio.create_task_group() as tasks:
        tasks.cancel_scope.deadline = until
        tasks.start_soon(_hold, queue, name, tasks.cancel_scope)
        try:
            outcome = await work()
        except Exception as error:  # noqa: BLE001 - raised here it would come out as a group
            outcome = error
        tasks.cancel_scope.cancel()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def _hold(queue: Queue, name: str, work: anyio.CancelScope) -> None:
    """Go on with a duty; end the work when another node has it, or may have it by now."""
    held = True
    while held:
        await anyio.sleep(RENEW_SECONDS)
        asked = anyio.current_time()
        with suppress(StoreUnavailable):  # it is good for a while yet
            if held := await queue.duty(name, LEASE_SECONDS):
                work.deadline = asked + LEASE_SECONDS
    work.cancel()


def named(kind: str, whose: str, key: str) -> Once | None:
    """The key of one kind of thing, which those of other kinds never meet; None for no key."""
    return Once(f"{kind} {whose}", key) if key else None


async def written(store: Store, write: Append) -> Written:
    """Append, and wait for it also when the caller has left: a repeat has to find what this did."""
    submitted = store.submit(write)
    with anyio.CancelScope(shield=True):
        await wait([submitted])
    return submitted.result()
