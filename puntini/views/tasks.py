"""The life of tasks: a table of transitions, folded from their events."""

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
    UserPrompt,
)

TaskEvent = TaskStarted | TaskProgress | TaskPaused | TaskResumed | TaskCompleted | TaskFailed | TaskCancelled
MOST_OPEN = 1_000

OPEN: frozenset[TaskStatus] = frozenset({"queued", "running", "waiting", "paused"})
TRANSITIONS: dict[type[TaskEvent], tuple[frozenset[TaskStatus], frozenset[TaskStatus]]] = {
    TaskProgress: (frozenset({"queued", "running", "waiting"}), frozenset({"running", "waiting"})),
    TaskPaused: (frozenset({"queued", "running", "waiting"}), frozenset({"paused"})),
    TaskResumed: (OPEN, frozenset({"queued", "running"})),
}
"""From which statuses an event leads on, and to which; a start comes from nowhere, an end from everywhere."""


class OpenTasks:
    """The tasks that have not ended. What an event of an ended or unknown task says changes nothing."""

    def __init__(self, tasks: list[TaskView] | None = None) -> None:
        self._tasks = {task.task_id: task for task in tasks or []}
        self._prompts: dict[str, str] = {}

    def asked(self, event: UserPrompt) -> None:
        """A prompt comes just before its task's start."""
        self._prompts = {event.task_id: event.data.prompt} if event.task_id else {}

    def apply(self, event: TaskEvent) -> None:
        """Take an event of a task in."""
        if isinstance(event, TaskStarted):
            self._start(event)
        elif isinstance(event, TaskCompleted | TaskFailed | TaskCancelled):
            self._tasks.pop(event.task_id, None)
        else:
            self._move(event)

    def _start(self, event: TaskStarted) -> None:
        if event.task_id in self._tasks or len(self._tasks) >= MOST_OPEN:
            return
        self._tasks[event.task_id] = TaskView(
            task_id=event.task_id,
            status=event.data.status,
            prompt=self._prompts.pop(event.task_id, ""),
            agent=event.agent,
            attempt=event.attempt,
            started_at=event.timestamp,
        )

    def _move(self, event: TaskProgress | TaskPaused | TaskResumed) -> None:
        task = self._tasks.get(event.task_id)
        origins, targets = TRANSITIONS[type(event)]
        if task is None or task.status not in origins or event.data.status not in targets:
            return
        progress = task.progress if event.data.progress is None else event.data.progress
        self._tasks[event.task_id] = replace(
            task, status=event.data.status, attempt=max(task.attempt, event.attempt), progress=progress
        )

    def list(self) -> list[TaskView]:
        """The tasks in the order they began."""
        return [*self._tasks.values()]

    @property
    def prompts(self) -> dict[str, str]:
        """A prompt whose task has not begun."""
        return dict(self._prompts)

    def expect(self, prompts: dict[str, str]) -> None:
        """Go on from a saved ``prompts``."""
        self._prompts = dict(prompts)
