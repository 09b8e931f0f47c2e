"""Changes to tasks that rest: of two who make one, the second is told."""

from puntini.agent import status
from puntini.agent.emitter import Emitter
from puntini.log.contract import Store, TaskRow


async def change(store: Store, row: TaskRow, made: status.Change) -> TaskRow:
    """Write what becomes of a task that is as ``row`` says; its record then. Raises StaleAttempt, StoreUnavailable."""
    await Emitter(store, row, resting=True).write(*made)
    return made.row


async def again(store: Store, row: TaskRow, detail: str) -> TaskRow:
    """Write that another attempt begins; it is yet to be given its lane. Raises StaleAttempt, StoreUnavailable."""
    return await change(store, row, status.queued_again(row, detail))
