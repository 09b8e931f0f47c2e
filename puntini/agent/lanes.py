"""Lanes: one task at a time in a session, in order; so many in all; the more urgent first. Decides, does nothing."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from puntini.agent.rota import Start, check_waiting
from puntini.log.contract import TaskRow


class Lanes:
    """Who runs, who waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[int, dict[str, deque[TaskRow]]] = {}
        """By priority, then by session."""
        self._count: Counter[str] = Counter()
        """How many wait in each session."""
        self.waiting = 0
        """How many wait in all."""
        self._running: dict[str, str] = {}
        self._reserved: Counter[str] = Counter()
        self._promised: set[str] = set()
        """Sessions for whose next task room is kept: it was told that it begins at once."""
        self._held: list[str] = []

    def busy(self, session_id: str) -> bool:
        """Whether a task runs, waits or is about to in this session."""
        return session_id in self._running or session_id in self._count or session_id in self._reserved

    @contextmanager
    def reserve(self, session_id: str) -> Iterator[Start]:
        """Hold a place while its task is being written; gives what the task starts with.

        A task that is to start with ``running`` has its place kept for it. Raises TooMany when too many wait already.
        """
        check_waiting(self._count.get(session_id, 0) + self._reserved[session_id])
        at_once = not self.busy(session_id) and self._has_room(session_id)
        if at_once:
            self._promised.add(session_id)
        self._reserved[session_id] += 1
        try:
            yield "running" if at_once else "queued"
        finally:
            if at_once:
                self._promised.discard(session_id)
            self._reserved[session_id] -= 1
            if not self._reserved[session_id]:
                del self._reserved[session_id]

    def _has_room(self, session_id: str) -> bool:
        """Whether a task of this session may begin, as far as others go: those that run, and those to be kept room."""
        return len(self._running) + len(self._promised - {session_id}) < self._most

    def add(self, row: TaskRow) -> None:
        """Queue a task."""
        self._waiting.setdefault(row.priority, {}).setdefault(row.session_id, deque()).append(row)
        self._count[row.session_id] += 1
        self.waiting += 1

    def hold(self, task_id: str) -> None:
        """Let a task not begin until it is freed as often as it was held."""
        self._held.append(task_id)

    def free(self, task_id: str) -> None:
        """The inverse of ``hold``."""
        self._held.remove(task_id)

    def remove(self, task_id: str) -> TaskRow | None:
        """Take a waiting task out."""
        for rank in self._waiting.values():
            for rows in rank.values():
                for row in rows:
                    if row.task_id == task_id:
                        rows.remove(row)
                        self._left(row)
                        return row
        return None

    def _left(self, row: TaskRow) -> None:
        """A task waits no longer: nothing empty stays behind."""
        rank = self._waiting[row.priority]
        if not rank[row.session_id]:
            del rank[row.session_id]
        if not rank:
            del self._waiting[row.priority]
        self.waiting -= 1
        self._count[row.session_id] -= 1
        if not self._count[row.session_id]:
            del self._count[row.session_id]

    def next(self) -> TaskRow | None:
        """The next task that may run now; it counts as running from here on."""
        if len(self._running) >= self._most:
            return None
        for priority in sorted(self._waiting, reverse=True):
            rank = self._waiting[priority]
            for session_id, rows in rank.items():
                if self._may_begin(session_id, rows[0]):
                    row = rows.popleft()
                    # To the back of the line: sessions take turns.
                    rank[session_id] = rank.pop(session_id)
                    self._left(row)
                    self._running[session_id] = row.task_id
                    self._promised.discard(session_id)
                    return row
        return None

    def _may_begin(self, session_id: str, row: TaskRow) -> bool:
        return session_id not in self._running and row.task_id not in self._held and self._has_room(session_id)

    def done(self, session_id: str) -> None:
        """The session's running task has left."""
        del self._running[session_id]

    @property
    def counts(self) -> dict[str, int]:
        """How many run and wait."""
        return {"running": len(self._running), "queued": self.waiting}
