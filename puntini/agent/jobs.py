"""The jobs that run now, and word of each that leaves."""

from collections.abc import Iterator

import anyio

from puntini.agent.job import Job
from puntini.agent.turns import Turns
from puntini.errors import StoreUnavailable

RECHECK_SECONDS = 0.05


class Jobs:
    """One job a task, at most."""

    def __init__(self) -> None:
        self.turns = Turns()
        self._by_task: dict[str, Job] = {}
        self._left = anyio.Event()

    def __iter__(self) -> Iterator[Job]:
        return iter(self._by_task.values())

    def get(self, task_id: str) -> Job | None:
        """A task's job, while it runs."""
        return self._by_task.get(task_id)

    def hearing(self, session_id: str) -> Job | None:
        """The job in a session that can hear what is said to it."""
        return next((job for job in self if job.session_id == session_id and job.hears), None)

    def add(self, job: Job) -> None:
        """A job's turn has come."""
        self._by_task[job.task_id] = job
        self.turns.divide(len(self._by_task))

    def remove(self, job: Job) -> None:
        """A job has left."""
        del self._by_task[job.task_id]
        self.turns.divide(len(self._by_task))
        self._left.set()
        self._left = anyio.Event()

    async def some_left(self, session_id: str) -> None:
        """Wait a moment for a job to leave. Raises StoreUnavailable when one of the session waits for the store."""
        for job in self:
            if job.session_id == session_id and job.emitter.away:
                raise StoreUnavailable(job.emitter.away)
        with anyio.move_on_after(RECHECK_SECONDS):
            await self._left.wait()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._by_task)

    async def one_left(self) -> None:
        """Wait until any of them leaves."""
        await self._left.wait()

    async def all_left(self) -> None:
        """Wait until none is there any more."""
        while self._by_task:
            await self._left.wait()
