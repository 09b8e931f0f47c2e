"""What people say to tasks: they decide what a task has asked, and speak to one that runs."""

from collections.abc import Awaitable, Callable

import anyio
import structlog

from puntini.agent.emitter import RETRY_SECONDS
from puntini.agent.jobs import Jobs
from puntini.errors import PuntiniError, StaleAttempt, StoreUnavailable
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.protocol.events import UserPrompt

log = structlog.get_logger("puntini.agent")


class People:
    """Passes on what people say. ``again`` begins another attempt at a task and gives it a place in its lane."""

    def __init__(self, store: Store, jobs: Jobs, again: Callable[[TaskRow, str], Awaitable[None]]) -> None:
        self._store = store
        self._jobs = jobs
        self._again = again

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task that runs in a session; None when none does that could hear it."""
        job = self._jobs.hearing(session_id)
        return None if job is None else await job.attention.tell(job.row, event, once)

    async def decided(self, task_id: str) -> None:
        """Something was decided: begin another attempt at the task, unless it asks before it comes to rest.

        Waits while the store is away, and says so once.
        """
        told = False
        while True:
            try:
                await self._go_on(task_id)
                return
            except StaleAttempt:
                return  # stopped or paused, or it goes on already
            except StoreUnavailable as error:
                if not told:
                    log.warning("a decision waits for the store", task_id=task_id, reason=error.message)
                told = True
                await anyio.sleep(RETRY_SECONDS)
            except PuntiniError as error:  # deleted, say: nobody is left to tell but the operator
                log.warning("a decided task is left", task_id=task_id, reason=error.message)
                return

    async def _go_on(self, task_id: str) -> None:
        while job := self._jobs.get(task_id):
            if not job.waits:
                return
            await self._jobs.some_left(job.session_id)
        row = await self._store.task(task_id)
        if row is not None and row.status == "waiting":
            await self._again(row, "an approval was decided")
