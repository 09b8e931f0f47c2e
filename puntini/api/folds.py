"""Tasks' views, read from their part of the log, the latest asked for kept at hand."""

import asyncio
from collections import OrderedDict

import anyio.lowlevel

from puntini.log.contract import EventLog, TaskRow
from puntini.views.work import WorkView

KEPT = 200
KEPT_BYTES = 64 << 20
"""Of all views together, counted as the events they took in; what a view holds is less."""
AT_ONCE = 4
"""So many folds are under way at a time; the next waits."""


class Kept:
    """A task's view, where its events begin in the log as it was then, and what it counts for."""

    def __init__(self, view: WorkView) -> None:
        self.view = view
        self.floor = view.seq
        self.size = 0
        self.lock = asyncio.Lock()


class Folds:
    """Views of tasks. One that is asked for again takes in only what came since.

    A view says what the log says: when retention removes events that it holds, it is made anew without them.
    """

    def __init__(self, store: EventLog, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._store = store
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._kept_bytes = kept_bytes
        self._size = 0
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def view(self, row: TaskRow) -> WorkView:
        """The task's work up to now. Use it before the next await: it may go on changing. Raises NotFound."""
        bounds = await self._store.bounds(row.session_id)
        to = row.last_seq or bounds.head
        kept = self._at_hand(row, bounds.floor)
        async with kept.lock, self._turns:
            while not await self._catch_up(row.session_id, kept.view, to):
                kept.view = kept.view.anew()
        self._resize(row.task_id, kept)
        return kept.view

    def _at_hand(self, row: TaskRow, floor: int) -> Kept:
        """What is kept of the task, or a beginning, which is kept at once: all who ask meanwhile share the work."""
        before = row.first_seq - 1
        begins = max(before, min(floor, row.last_seq or floor))
        kept = self._kept.get(row.task_id)
        if kept is None or kept.floor != begins:
            self._drop(row.task_id)
            view = WorkView(row.task_id, begins, complete=begins == before)
            kept = self._kept[row.task_id] = Kept(view)
        self._kept.move_to_end(row.task_id)
        return kept

    async def _catch_up(self, session_id: str, view: WorkView, to: int) -> bool:
        """Take in what follows, up to and with ``to``; False when the view has been overtaken by a retraction."""
        while view.seq < to:
            page = await self._store.read(session_id, view.seq, to=to)
            if page.floor > view.seq:
                view.missed(page.floor)
            for seq, entry in page.events:
                view.take(seq, entry)
            view.skip(page.upto)
            await anyio.lowlevel.checkpoint()
        return not view.overtaken

    def _resize(self, task_id: str, kept: Kept) -> None:
        """Note what a view counts for, and let go of those not asked for longest when all are too many."""
        if self._kept.get(task_id) is kept:
            self._size += kept.view.size - kept.size
            kept.size = kept.view.size
        while len(self._kept) > KEPT or (self._size > self._kept_bytes and self._kept):
            self._drop(next(iter(self._kept)))

    def _drop(self, task_id: str) -> None:
        if kept := self._kept.pop(task_id, None):
            self._size -= kept.size
