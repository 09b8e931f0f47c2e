"""Orders to tasks: pause, resume, stop; to those that run, and to those that wait or rest."""

from collections.abc import Callable

import anyio

from puntini.agent import status
from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.lanes import Lanes
from puntini.agent.resting import again, change, unended
from puntini.agent.rota import BUSY, LEAVE_SECONDS, Action
from puntini.agent.status import Change, End
from puntini.errors import Conflict, StaleAttempt, Unavailable
from puntini.log.contract import Store, TaskRow


class Control:
    """Gives orders. ``pump`` is called when a task may have got its turn."""

    def __init__(
        self, store: Store, lanes: Lanes, jobs: Jobs, pump: Callable[[], None], *, leave_seconds: float = LEAVE_SECONDS
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._jobs = jobs
        self._pump = pump
        self._leave_seconds = leave_seconds

    async def give(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
        row = await unended(self._store, task_id, action)
        match action:
            case "stop":
                await self._stop(row)
            case "pause":
                await self._pause(row)
            case "resume":
                await self._resume(row, self._jobs.get(task_id))
        return row

    async def stop_session(self, session_id: str, *, resting: bool) -> None:
        """Stop what keeps a session busy, and wait until it has ended. Raises StoreUnavailable."""
        while True:
            for row in await self._store.tasks(session_id=session_id, open_only=True):
                if resting or row.status in BUSY:
                    await self._stop(row)
            if not self._lanes.busy(session_id):
                return
            await self._jobs.some_left(session_id)

    # A task is found wherever it is. One that ends by itself in this moment was faster.

    async def _stop(self, row: TaskRow) -> None:
        latest: TaskRow | None = row
        while latest is not None and not latest.ended:
            if job := self._jobs.get(latest.task_id):
                job.stop()
                return
            latest = await self._withdrawn(latest, status.ended(latest, End("cancelled")))

    async def _pause(self, row: TaskRow) -> None:
        latest: TaskRow | None = row
        while latest is not None and not latest.ended and latest.status != "paused":
            if job := self._jobs.get(latest.task_id):
                job.order = "pause"
                return
            latest = await self._withdrawn(latest, status.paused(latest))

    async def _withdrawn(self, row: TaskRow, made: Change) -> TaskRow | None:
        """Change a task that rests; returns its record, which is another than the change's if somebody was faster."""
        try:
            await self._withdraw(row, made)
        except StaleAttempt:
            return await self._store.task(row.task_id)
        return made.row

    async def _withdraw(self, row: TaskRow, made: Change) -> None:
        """Write what becomes of a waiting task, which keeps its place in its lane unless that is written."""
        self._lanes.hold(row.task_id)
        try:
            with anyio.CancelScope(shield=True):
                await change(self._store, row, made)
            self._lanes.remove(row.task_id)
        finally:
            self._lanes.free(row.task_id)
            self._pump()

    async def _resume(self, row: TaskRow, job: Job | None) -> None:
        if job is not None and job.order != "pause":
            raise Conflict("The task is not paused.")
        if job is not None and not job.interrupted:
            job.order = None
            return
        if job is not None:
            await self._at_rest(job)
        latest = await self._store.task(row.task_id)
        if latest is None or latest.status != "paused":
            raise Conflict("The task is not paused.")
        try:
            with self._lanes.reserve(row.session_id), anyio.CancelScope(shield=True):
                # Once it is written it has to be run, also when the caller has left.
                self._lanes.add(await again(self._store, latest, ""))
        finally:
            self._pump()

    async def _at_rest(self, job: Job) -> None:
        """Wait until a paused job has left. Raises Unavailable when its agent takes long to, or the store is away."""
        with anyio.move_on_after(self._leave_seconds):
            while self._jobs.get(job.task_id) is job:
                await self._jobs.some_left(job.session_id)
            return
        raise Unavailable("The task is still coming to rest; resume it in a moment.")
