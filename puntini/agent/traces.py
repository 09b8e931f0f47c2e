"""What log lines and traces say of an attempt at a task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from structlog.contextvars import bind_contextvars, clear_contextvars

from puntini import tracing
from puntini.agent.job import Job
from puntini.errors import StoreUnavailable
from puntini.log.contract import Kept, Shelf, TaskRow


@asynccontextmanager
async def told(shelf: Shelf, job: Job) -> AsyncIterator[None]:
    """While inside, log lines name the task, and what happens is a span of the trace that its request began."""
    # What is here was copied from whoever had the task begin, and may be about another.
    clear_contextvars()
    bind_contextvars(task_id=job.task_id, session_id=job.session_id)
    if not tracing.on():
        yield
        return
    parent = await _trace_of(shelf, job.row)
    _queued(job.row, parent)
    span = tracing.begin("task attempt", "consumer", parent=parent, about=_about(job.row))
    try:
        with span.current():
            yield
    finally:
        span.note({"puntini.task_status": job.row.status})
        span.end(error="failed" if job.row.status == "failed" else "")
        if job.row.ended:
            await _forget(shelf, job.row)


def _queued(row: TaskRow, parent: str) -> None:
    """How long it waited for its turn, if it did."""
    if row.status == "queued":
        tracing.begin("task queue", parent=parent, since_ms=row.updated_at, about=_about(row)).end()


def _about(row: TaskRow) -> tracing.About:
    return {
        "puntini.task_id": row.task_id,
        "puntini.session_id": row.session_id,
        "puntini.agent": row.agent,
        "puntini.attempt": row.attempt,
    }


async def _trace_of(shelf: Shelf, row: TaskRow) -> str:
    """The trace that was kept with the task; empty where there is none, or the store is away."""
    with suppress(StoreUnavailable):
        return (await shelf.kept(row.session_id, tracing.KEPT_AS, row.task_id) or b"").decode()
    return ""


async def _forget(shelf: Shelf, row: TaskRow) -> None:
    with suppress(StoreUnavailable):  # then it goes with its session
        await shelf.keep([Kept(row.session_id, tracing.KEPT_AS, row.task_id, None)])
