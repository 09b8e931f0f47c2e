"""The tasks that have not ended, folded from the events of their lives."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from puntini.protocol.events import (
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStarted,
    TaskStatus,
    TaskView,
)

Change = TaskProgress | TaskPaused | TaskResumed
End = TaskCompleted | TaskFailed | TaskCancelled
Statuses = frozenset[TaskStatus]

MOST_OPEN = 1_000
"""Tasks that start beyond this are not shown."""
PROMPT_SHOWN = 2_000
"""So many characters of its prompt are shown with a task; the message has all of it."""

_BEGUN: Statuses = frozenset({"queued", "running"})
_AT_WORK: Statuses = frozenset({"running", "waiting"})
_PAUSED: Statuses = frozenset({"paused"})

STARTS: Statuses = _BEGUN
CHANGES: Mapping[TaskStatus, Mapping[type[Change], Statuses]] = {
    "queued": {TaskProgress: _BEGUN, TaskPaused: _PAUSED, TaskResumed: _BEGUN},
    "running": {TaskProgress: _AT_WORK, TaskPaused: _PAUSED, TaskResumed: _BEGUN},
    "waiting": {TaskProgress: _AT_WORK, TaskPaused: _PAUSED, TaskResumed: _BEGUN},
    "paused": {TaskResumed: _BEGUN},
}
"""From each status: which event may lead to which. What is not here changes nothing; an end ends from anywhere.

A running task is resumed when the server that ran it died.
"""


class OpenTasks:
    """Open tasks in the order they were accepted. Events of a task that is not open change nothing.

    A task's ended life is not remembered: the log refuses what comes after an end, so a start is always the first.
    """

    def __init__(self, tasks: Iterable[TaskView] = ()) -> None:
        self._tasks = {task.task_id: task for task in tasks}

    def start(self, event: TaskStarted, prompt: str) -> None:
        """A task was accepted."""
        full = len(self._tasks) >= MOST_OPEN
        if full or event.task_id in self._tasks or event.data.status not in STARTS:
            return
        self._tasks[event.task_id] = TaskView(
            task_id=event.task_id,
            status=event.data.status,
            prompt=prompt if len(prompt) <= PROMPT_SHOWN else f"{prompt[:PROMPT_SHOWN]}…",
            agent=event.agent,
            attempt=event.attempt,
            progress=event.data.progress,
            started_at=event.timestamp,
        )

    def change(self, event: Change) -> None:
        """A task goes on, comes to rest or is taken up again."""
        task = self._tasks.get(event.task_id)
        data = event.data
        if task is None or data.status not in CHANGES[task.status].get(type(event), ()):
            return
        self._tasks[event.task_id] = replace(
            task,
            status=data.status,
            attempt=max(task.attempt, event.attempt),
            progress=task.progress if data.progress is None else data.progress,
        )

    def end(self, event: End) -> None:
        """A task has ended."""
        self._tasks.pop(event.task_id, None)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._tasks

    def open(self) -> list[TaskView]:
        """The tasks, oldest first."""
        return list(self._tasks.values())
