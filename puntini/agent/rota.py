"""The rota: decides when a task's turn comes, and reaches tasks with orders wherever they are.

There are two: ``alone``, of a process that has the store to itself, and ``shared``, of many nodes on one database.
"""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from puntini.agent.job import Job
from puntini.errors import TaskRunning, TooMany
from puntini.log.contract import Once, TaskRow, Written
from puntini.protocol.events import UserPrompt

Action = Literal["pause", "resume", "stop"]
Start = Literal["running", "queued"]
BUSY = frozenset({"running", "queued"})
PAST: dict[Action, str] = {"pause": "paused", "resume": "resumed", "stop": "stopped"}
LEAVE_SECONDS = 5.0
"""How long a resume waits for an attempt that is coming to rest."""
MOST_WAITING = 100
"""Tasks that may wait in one session: each holds its prompt in memory."""
MOST_QUEUED = 10_000
"""Tasks that may wait in all sessions together, unless a setting says otherwise."""


class Rota(Protocol):
    """Decides turns. Of a task whose turn has come, its owner is told, who has a job begin."""

    async def start(self) -> None:
        """Take up what was left unfinished, and begin to look for work."""
        ...

    async def busy(self, session_id: str) -> bool:
        """Whether a task runs, waits or is about to in a session."""
        ...

    def reserve(self, session_id: str, task_id: str, *, alone: bool = False) -> AbstractAsyncContextManager[Start]:
        """Hold a place for a task about to be written; gives what it starts with.

        Raises TooMany when too many wait, and TaskRunning when it is to be ``alone`` and is not.
        """
        ...

    def accept(self, row: TaskRow) -> None:
        """A task was written: it runs when its turn comes."""
        ...

    def left(self, job: Job) -> None:
        """A job has left."""
        ...

    async def hear(self, job: Job) -> None:
        """Give a job the orders that were not given to it yet. Raises StoreUnavailable."""
        ...

    async def give(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
        ...

    async def stop_session(self, session_id: str, *, resting: bool) -> None:
        """Stop what keeps a session busy, and wait until it has ended. Raises Unavailable.

        With ``resting`` also what is paused or waits for a person.
        """
        ...

    async def tell(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to a task that runs elsewhere; None when none does that could hear it."""
        ...

    def close(self) -> None:
        """Begin nothing more."""
        ...

    async def resign(self) -> None:
        """All jobs have left: let others go on with what is unfinished."""
        ...

    @property
    def elsewhere(self) -> Collection[str]:
        """The agents that workers on the same store were started with."""
        ...

    @property
    def unserved(self) -> Collection[str]:
        """Agents that tasks wait for, and that nobody has."""
        ...

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks run and wait."""
        ...

    @property
    def leases(self) -> dict[str, int]:
        """Of one of many: what it holds, has taken and has lost, and what there is to do for all."""
        ...


def running_already() -> TaskRunning:
    """A task was to be alone in its session, and is not."""
    return TaskRunning("A task is running in this session; wait, or send if_busy enqueue or interrupt.")


def check_waiting(waiting: int) -> None:
    """Raises TooMany when so many wait in a session that no other may."""
    if waiting >= MOST_WAITING:
        raise TooMany(
            f"{MOST_WAITING} tasks wait in this session, which is the most; wait until one has begun, or stop some.",
            limit="tasks_of_session",
        )


def check_queued(queued: int, most: int) -> None:
    """Raises TooMany when so many wait in all sessions together that no other may."""
    if queued >= most:
        raise TooMany(
            f"{queued} tasks wait for their turn, which is as many as may; try again later.",
            limit="queue",
            queued=queued,
        )
