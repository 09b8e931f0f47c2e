"""The janitor: one of the nodes, which mends what another has left half done as it died."""

from collections.abc import Callable
from contextlib import suppress

import anyio
import structlog

from puntini.agent.approvals import Approvals
from puntini.agent.resting import change
from puntini.agent.rota import Action
from puntini.agent.shared.control import SharedControl
from puntini.agent.status import Change
from puntini.errors import Conflict, NotFound, PuntiniError, StoreUnavailable
from puntini.log.contract import Store, TaskRow
from puntini.log.queue import JANITOR_SECONDS, Queue
from puntini.protocol.events import TaskData, TaskProgress

DUTY, DUTY_SECONDS = "janitor", 3 * JANITOR_SECONDS
UNSERVED_SECONDS = 5.0
TIDY_ROUNDS = 30
log = structlog.get_logger("puntini.agent")


class Janitor:
    """``go_on`` is told of each task that waits although what it asked was decided."""

    def __init__(
        self, store: Store, queue: Queue, approvals: Approvals, control: SharedControl, go_on: Callable[[str], None]
    ) -> None:
        self._store = store
        self._queue = queue
        self._approvals = approvals
        self._control = control
        self._go_on = go_on
        self._told: set[str] = set()

    async def run(self) -> None:
        """Look every now and then, while it is this node's duty. Runs until cancelled."""
        rounds = 0
        while True:
            await anyio.sleep(JANITOR_SECONDS)
            with suppress(StoreUnavailable):  # next time
                if await self._queue.duty(DUTY, DUTY_SECONDS):
                    await self._round()
                    rounds += 1
                    if rounds % TIDY_ROUNDS == 1:
                        await self._queue.tidy()

    async def _round(self) -> None:
        for message in await self._queue.unheeded():
            if message.verb in {"pause", "stop"}:
                await self._order(message.task_id, "stop" if message.verb == "stop" else "pause")
                await self._queue.discard([message.number])
        for row in await self._queue.neglected():
            self._go_on(row.task_id)
        for session_id, name in await self._queue.overdue():
            await self._approvals.expired(session_id, name)
        await self._tell_unserved()

    async def _order(self, task_id: str, action: Action) -> None:
        with suppress(NotFound, Conflict):  # deleted, or ended
            await self._control.give(task_id, action)

    async def _tell_unserved(self) -> None:
        """Say of a task that waits in vain what it waits for, once."""
        rows = await self._queue.unserved(UNSERVED_SECONDS)
        for row in rows:
            if row.task_id not in self._told:
                log.warning("no worker has the agent that a task waits for", task_id=row.task_id, agent=row.agent)
                with suppress(PuntiniError):  # begun, stopped or deleted meanwhile; or the store is away
                    await change(self._store, row, _waits_in_vain(row))
        self._told = {row.task_id for row in rows}


def _waits_in_vain(row: TaskRow) -> Change:
    why = f"no worker that runs now has the agent `{row.agent}`: it waits until `puntini worker` is started with it"
    data = TaskData(status="queued", detail=why)
    return Change([TaskProgress(data=data)], row)
