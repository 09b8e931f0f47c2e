"""The executions of all sessions, gathered from the store at the first question and kept up with from then on.

Where there are several nodes, the store tells each what all have done, and it is heard before a question is answered.
A commit only marks whose end has come; what it says is read from the store, by the same read that gathers everything
after a start. So the numbers are those of the ended tasks that the store has, however and when they were taken in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import anyio
import anyio.lowlevel
import msgspec
import structlog

from puntini.api import analytics_blocks as blocks
from puntini.errors import StoreUnavailable
from puntini.log.contract import Store
from puntini.log.ends import EndedTask, Ending, Place
from puntini.log.mint import now_ms
from puntini.log.nodes import News
from puntini.log.turns import Turn, always
from puntini.protocol.entries import Entry
from puntini.protocol.events import TASK_ENDS, TaskCancelled, TaskCompleted, TaskEndData, TaskFailed
from puntini.views.analytics import HOUR_MS, MOST, Execution, Executions, Outcome, shared
from puntini.views.analytics_topics import reason, topic

PAGE = 200
MOST_DUE = 10_000
"""Of more ends that came since the last question, all places are looked at instead."""
SAVE_SECONDS = 300.0
LOG = structlog.get_logger("puntini.log")

_end: msgspec.json.Decoder[TaskCompleted | TaskFailed | TaskCancelled] = msgspec.json.Decoder(
    TaskCompleted | TaskFailed | TaskCancelled
)


class Tally:
    """Executions that say what the store says. Nothing is read, and nothing held, until somebody asks."""

    def __init__(
        self,
        store: Store,
        *,
        most: int = MOST,
        page: int = PAGE,
        hear: Callable[[], Awaitable[None]] | None = None,
        turn: Turn = always,
    ) -> None:
        self._store = store
        self._hear = hear
        self._turn = turn
        self._most = most
        self._page = page
        self._executions = Executions(most)
        self._lock = asyncio.Lock()
        self._asked = False
        self._loaded = False
        self._whole = True
        """Whether all places have to be looked at."""
        self._due: set[str] = set()
        self._gone: set[str] = set()
        self._floors: dict[str, int] = {}

    # What is told. It only marks what has to be looked at.

    def committed(self, _session_id: str, _first: int, entries: Sequence[Entry]) -> None:
        """Tasks may have ended."""
        if self._asked:
            self._mark({entry.task_id for entry in entries if entry.kind in TASK_ENDS})

    def _mark(self, ended: set[str], *, missed: bool = False) -> None:
        self._due |= ended
        if missed or len(self._due) > MOST_DUE:
            self._whole = True
            self._due.clear()

    def forget(self, session_id: str) -> None:
        """A session was deleted."""
        if self._asked:
            self._gone.add(session_id)

    def trimmed(self, session_id: str, floor: int) -> None:
        """Retention has moved a session's floor."""
        if self._asked:
            self._floors[session_id] = max(floor, self._floors.get(session_id, 0))

    def ended(self, news: Sequence[News], missed: bool) -> None:
        """Tasks have ended, at whatever node."""
        if self._asked:
            self._mark({each.key for each in news}, missed=missed)

    def gone(self, news: Sequence[News], missed: bool) -> None:
        """Sessions were deleted, at whatever node. What was missed is looked for by all places."""
        for each in news:
            self.forget(each.key)

    def moved(self, news: Sequence[News], missed: bool) -> None:
        """Floors were moved, at whatever node."""
        for each in news:
            self.trimmed(each.key, int(each.value))

    # What is asked.

    async def executions(self) -> Executions:
        """All of them up to now. Use them before the next await: they go on changing. Raises StoreUnavailable."""
        async with self._lock:
            if self._hear is not None:
                await self._hear()
            await self._catch_up()
        return self._executions

    async def save(self) -> None:
        """Keep the hours that are over and have changed. Raises StoreUnavailable."""
        async with self._lock:
            await self._catch_up()
            over = {hour for hour in self._executions.changed if hour < now_ms() // HOUR_MS}
            await blocks.save(self._store, self._executions, sorted(over))
            self._executions.changed -= over

    async def sweep(self) -> None:
        """Save once in a while, if anybody has asked. Runs until cancelled."""
        while True:
            await anyio.sleep(SAVE_SECONDS)
            if self._asked:
                try:
                    if await self._turn():
                        await self.save()
                except StoreUnavailable:
                    continue  # it is a cache: the next time will do

    # Looking.

    async def _catch_up(self) -> None:
        self._asked = True
        if not self._loaded:
            async for kept in blocks.load(self._store):
                self._executions.take(kept)
                await anyio.lowlevel.checkpoint()
            self._executions.changed.clear()
            self._loaded = True
        while self._whole or self._due or self._gone or self._floors:
            try:
                await self._look()
            except BaseException:  # whatever cut it short: what was marked is not known any more
                self._whole = True
                raise

    async def _look(self) -> None:
        whole, due, gone, floors = self._whole, self._due, self._gone, self._floors
        self._whole, self._due, self._gone, self._floors = False, set(), set(), {}
        executions = self._executions
        if gone:
            executions.forget(gone)
            whole |= executions.left_out  # there is room for older ones, or what was left out is gone
        if floors:
            executions.trim(floors)
        if whole:
            executions.left_out = False
            met = await self._read(None)
            # What is not there any more may have kept older ones out; or it was itself what was left out.
            self._whole |= executions.retain(met) and executions.left_out
            executions.left_out = len(met) > self._most
        elif due:
            await self._read(due)

    async def _read(self, due: set[str] | None) -> set[str]:
        """Take in what is not known, the latest first, until all that is ``due`` was met; whose ends were met."""
        met: set[str] = set()
        before: Place | None = None
        while len(met) <= self._most and (due is None or due - met):
            page = await self._store.ends(limit=self._page, before=before, known=self._executions)
            met.update(ending.place.task_id for ending in page)
            self._take(page)
            if len(page) < self._page:
                break
            before = page[-1].place
            await anyio.lowlevel.checkpoint()
        return met

    def _take(self, page: Iterable[Ending]) -> None:
        self._executions.take(execution(ending.told) for ending in page if ending.told)
        for ending in page:
            if not ending.readable and ending.place.task_id in self._executions:
                self._executions.unsay(ending.place.task_id)


def execution(task: EndedTask) -> Execution:
    """What an ended task took and came to. Its record was written together with its end and says the same."""
    outcomes: dict[str, Outcome] = {"completed": "completed", "failed": "failed", "cancelled": "cancelled"}
    each = shared(
        Execution(
            ended_at=task.ended_at,
            task_id=task.task_id,
            session_id=task.session_id,
            user=task.owner,
            agent=task.agent,
            topic=topic(task.prompt),
            outcome=outcomes[task.status],
            seq=task.seq,
            duration_ms=max(0, task.ended_at - task.created_at),
            steps=task.steps,
            input_tokens=task.input_tokens,
            output_tokens=task.output_tokens,
            cost_usd=task.cost_usd,
        )
    )
    end = _end_of(task)
    return each if end is None else each.said(end, reason)


def _end_of(task: EndedTask) -> TaskEndData | None:
    """What the end says, where the log has it."""
    if task.end is None or task.end.kind not in TASK_ENDS or task.end.task_id != task.task_id:
        return None
    try:
        return _end.decode(task.end.line).data
    except msgspec.DecodeError as error:  # the record, which says nearly as much, is there
        LOG.error("the end of a task is damaged in the log", task_id=task.task_id, reason=str(error))
        return None
