"""What an agent is to the runner, and what the runner gives an agent."""

from typing import Protocol

from puntini.protocol.events import Envelope


class Task(Protocol):
    """One attempt at a task, as the agent sees it."""

    task_id: str
    session_id: str
    prompt: str
    spoken: int
    """How many events the agent has already said for this task, in attempts that were paused or died.

    ``task_progress`` does not count. An agent that works deterministically goes on from there.
    """

    def emit(self, event: Envelope) -> None:
        """Say something in the session's log and go on. Task, attempt, agent and time are filled in.

        Raises ValueError for what only the server says (a task's start, pause and end, a prompt, the session's end)
        and for what can't be logged, TypeError for what JSON has no word for, and BufferError when 16 MiB wait to be
        written, which happens to agents that never await ``point``.
        """

    async def point(self) -> None:
        """A safe point: waits while the log is behind, and is where pause, stop and shutdown take hold."""

    def next_graph_version(self) -> int:
        """The version that the next ``graph_update`` has to carry."""
        ...


class Agent(Protocol):
    """Takes a task to its end."""

    @property
    def name(self) -> str:
        """How clients ask for it."""
        ...

    async def run(self, task: Task) -> str:
        """Work; await ``task.point()`` between events. Returns the final answer; an exception fails the task."""
        ...
