"""What the API asks of whoever runs tasks."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

from puntini.log.contract import Once, TaskRow, Written
from puntini.protocol.events import UserPrompt

Decided = Literal["approved", "denied", "answered"]


class Work(Protocol):
    """What the desk asks of whoever runs tasks."""

    default: str

    def known(self, agent: str) -> bool:
        """Whether there is such an agent."""
        ...

    def names(self) -> list[str]:
        """The agents that there are."""
        ...

    async def busy(self, session_id: str) -> bool:
        """Whether a task runs or waits. Raises StoreUnavailable."""
        ...

    def reserve(
        self, session_id: str, task_id: str, *, alone: bool = False
    ) -> AbstractAsyncContextManager[Literal["running", "queued"]]:
        """Hold a place for a task that is about to be written; gives what it starts with.

        Raises TooMany, and TaskRunning when it is to be ``alone`` in its session and is not.
        """
        ...

    def accept(self, row: TaskRow) -> None:
        """Run a task that was written."""
        ...

    async def control(self, task_id: str, action: Literal["pause", "resume", "stop"]) -> TaskRow:
        """Pause, resume or stop."""
        ...

    async def interrupt(self, session_id: str) -> None:
        """Stop what runs and waits its turn in a session, and wait for it."""
        ...

    async def stop_session(self, session_id: str) -> None:
        """Stop everything in a session and wait for it."""
        ...

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task that runs; None when none does that could hear it."""
        ...

    async def decide(
        self, session_id: str, approval_id: str, decision: Decided, value: Any, by: str, once: Once | None
    ) -> Written:
        """Decide what a task has asked. Raises NotFound or Conflict."""
        ...
