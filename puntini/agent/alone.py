"""The rota of a process that has the store to itself: lanes in memory decide, and every job is at hand."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import anyio
import structlog
from msgspec.structs import replace

from puntini.agent.approvals import Approvals
from puntini.agent.control import Control
from puntini.agent.emitter import RETRY_SECONDS
from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.lanes import Lanes
from puntini.agent.resting import again
from puntini.agent.rota import Action, Start, check_queued, running_already
from puntini.errors import StaleAttempt, StoreUnavailable
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.protocol.events import UserPrompt

log = structlog.get_logger("puntini.agent")


class Alone:
    """See ``Rota``. ``begin`` is told of each task whose turn has come."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        approvals: Approvals,
        begin: Callable[[TaskRow], None],
        *,
        most: int,
        most_queued: int,
        leave_seconds: float,
    ) -> None:
        self._store = store
        self._approvals = approvals
        self._begin = begin
        self._most_queued = most_queued
        self._lanes = Lanes(most)
        self._control = Control(store, self._lanes, jobs, self._pump, leave_seconds=leave_seconds)
        self._closing = False

    async def start(self) -> None:
        """Take up what a server before this one left unfinished."""
        rows = await self._store.tasks(open_only=True)
        for row in rows:
            latest = await self._take_up(row)
            if latest.status == "queued":
                self._lanes.add(latest)
        self._pump()
        await self._approvals.load(rows)

    async def _take_up(self, row: TaskRow) -> TaskRow:
        """Begin another attempt at what ran when the server ended. Waits while the store is away, and says so once."""
        told = False
        while row.status == "running" or (row.status == "waiting" and await self._approvals.unseen(row)):
            try:
                crashes = row.crashes + (row.status == "running")
                return await again(self._store, replace(row, crashes=crashes), "taken up again after a restart")
            except StaleAttempt:  # the last that the server before this one wrote came in just now
                row = await self._store.task(row.task_id) or replace(row, status="cancelled")
            except StoreUnavailable as error:
                if not told:
                    log.warning("the start waits for the store", task_id=row.task_id, reason=error.message)
                told = True
                await anyio.sleep(RETRY_SECONDS)
        return row

    async def busy(self, session_id: str) -> bool:
        """Whether a session has a task that runs or waits."""
        return self._lanes.busy(session_id)

    @asynccontextmanager
    async def reserve(self, session_id: str, task_id: str, *, alone: bool = False) -> AsyncIterator[Start]:
        """Hold a place."""
        if alone and self._lanes.busy(session_id):
            raise running_already()
        try:
            with self._lanes.reserve(session_id) as status:
                if status == "queued":
                    check_queued(self._lanes.waiting, self._most_queued)
                yield status
        finally:
            self._pump()  # a place that was kept in vain is free again

    def accept(self, row: TaskRow) -> None:
        """Run a task when its turn comes."""
        self._lanes.add(row)
        self._pump()

    def _pump(self) -> None:
        while not self._closing and (row := self._lanes.next()) is not None:
            self._begin(row)

    def left(self, job: Job) -> None:
        """A job has left."""
        self._lanes.done(job.session_id)
        self._pump()

    async def hear(self, job: Job) -> None:
        """Its orders were given to it when they came."""

    async def give(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop."""
        return await self._control.give(task_id, action)

    async def stop_session(self, session_id: str, *, resting: bool) -> None:
        """Stop what keeps a session busy."""
        await self._control.stop_session(session_id, resting=resting)

    async def tell(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """No task runs elsewhere."""
        return None

    def close(self) -> None:
        """Begin nothing more."""
        self._closing = True

    async def resign(self) -> None:
        """The next start takes up what is unfinished."""

    elsewhere: Collection[str] = ()
    unserved: Collection[str] = ()

    @property
    def leases(self) -> dict[str, int]:
        """Nobody else could have its tasks."""
        return {}

    @property
    def counts(self) -> dict[str, int]:
        """How many run and wait."""
        return self._lanes.counts
