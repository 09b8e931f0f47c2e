"""Tasks that can be given orders, and changes to those that rest: of two who make one, the second is told."""

from puntini.agent import status
from puntini.agent.emitter import Emitter
from puntini.agent.rota import PAST, Action
from puntini.errors import Conflict, NotFound
from puntini.log.contract import Store, TaskRow


async def unended(store: Store, task_id: str, action: Action) -> TaskRow:
    """A task that may be ordered something. Raises NotFound, or Conflict for one that has ended."""
    row = await store.task(task_id)
    if row is None:
        raise NotFound(f"There is no task `{task_id}`.")
    if row.ended:
        raise Conflict(f"The task is {row.status}; it can't be {PAST[action]} any more.")
    return row


async def change(store: Store, row: TaskRow, made: status.Change) -> TaskRow:
    """Write what becomes of a task that is as ``row`` says; its record then. Raises StaleAttempt, StoreUnavailable."""
    await Emitter(store, row, resting=True).write(*made)
    return made.row


async def again(store: Store, row: TaskRow, detail: str) -> TaskRow:
    """Write that another attempt begins; it is yet to be given its lane. Raises StaleAttempt, StoreUnavailable."""
    return await change(store, row, status.queued_again(row, detail))
