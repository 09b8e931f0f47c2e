"""A job: one attempt at a task while it runs, and the orders it is given."""

import asyncio
from typing import Literal

import anyio

from puntini.agent.emitter import Emitter
from puntini.log.contract import TaskRow
from puntini.log.keeper import Versions

Order = Literal["pause", "suspend"]
POINTS_A_TURN = 512
ROOM_TURNS = 8
LEAST_SHARE = 4
LEAST_ROOM = 32


class Interrupted(BaseException):
    """Unwinds an agent at a safe point. Not an Exception, so that an agent's own handlers let it pass."""


class Turns:
    """How many events a task may say before the others get their turn (``share``), so that no turn of the loop is long.

    ``room`` is how many of a task's events may wait to be appended.
    """

    share = POINTS_A_TURN
    room = POINTS_A_TURN

    def divide(self, tasks: int) -> None:
        """So many tasks run now."""
        self.share = max(LEAST_SHARE, POINTS_A_TURN // (tasks or 1))
        self.room = max(LEAST_ROOM, self.share * ROOM_TURNS)


class Job:
    """One attempt at a task, from the moment its turn has come. Implements the agent's ``Task``.

    Orders may come at any time: whoever runs the job looks at them before the agent begins and after it has left.
    """

    def __init__(self, row: TaskRow, emitter: Emitter, versions: Versions, turns: Turns) -> None:
        self.row = row
        self.task_id = row.task_id
        self.session_id = row.session_id
        self.prompt = row.prompt
        self.spoken = 0
        self.emitter = emitter
        self.scope = anyio.CancelScope()
        self.order: Order | None = None
        self.interrupted = False
        """Whether the order has taken hold: from then on it can't be taken back."""
        self.stopped = False
        self.emit = emitter.emit
        self._turns = turns
        self._points = 0
        self.versions = versions
        self.next_graph_version = versions.next

    async def point(self) -> None:
        """A safe point."""
        if self.order is not None:
            self.interrupted = True
            raise Interrupted
        self._points += 1
        if self._points >= self._turns.share:
            self._points = 0
            await asyncio.sleep(0)
        await self.emitter.room(self._turns.room)

    def stop(self) -> None:
        """Cut the agent off now, or before it begins."""
        self.stopped = True
        self.scope.cancel()
