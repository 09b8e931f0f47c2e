"""The work of single tasks, folded from their part of the log."""

from collections.abc import Iterable

import anyio.lowlevel

from puntini.errors import NotFound
from puntini.log.contract import Store, TaskRow
from puntini.log.mint import now_ms
from puntini.log.retractions import retractions
from puntini.protocol.retraction import Void
from puntini.views.analytics_task import TaskWork, Work

SAMPLE = 50
SAMPLE_EVENTS = 20_000


async def work_of(store: Store, row: TaskRow) -> Work:
    """What a task did up to now. Raises NotFound."""
    before = row.first_seq - 1
    to = row.last_seq or (await store.bounds(row.session_id)).head
    # Only another attempt takes back what was said.
    void = Void(await retractions(store, row.session_id, before, to) if row.attempt > 1 else ())
    work = TaskWork(row.task_id, before, void)
    while work.seq < to:
        page = await store.read(row.session_id, work.seq, to=to)
        if page.floor > work.seq:
            work.missed(min(page.floor, to))
        for seq, entry in page.events:
            work.take(seq, entry)
        work.skip(page.upto)
        await anyio.lowlevel.checkpoint()
    return work.work(now_ms())


async def sample(store: Store, task_ids: Iterable[str]) -> list[Work]:
    """The work of the first of these tasks: of 50, or of as many as have 20,000 events together."""
    found: list[Work] = []
    room = SAMPLE_EVENTS
    for task_id in task_ids:
        row = await store.task(task_id)
        if row is None:
            continue  # deleted meanwhile
        room -= row.last_seq - row.first_seq + 1
        if room < 0:
            break
        try:
            found.append(await work_of(store, row))
        except NotFound:
            continue
        if len(found) == SAMPLE:
            break
    return found
