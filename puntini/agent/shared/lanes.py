"""The lanes that this node holds, and the room it has for more tasks."""

from collections.abc import Iterable
from typing import NamedTuple

import anyio


class Held(NamedTuple):
    """A lane that is held for a task; ``since`` is when it was asked for, or last renewed, by the loop's clock."""

    task_id: str
    since: float


class HeldLanes:
    """By session."""

    def __init__(self) -> None:
        self._lanes: dict[str, Held] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, session_id: str, task_id: str, since: float) -> None:
        """A lane was taken."""
        self._lanes[session_id] = Held(task_id, since)

    def remove(self, session_id: str, task_id: str) -> bool:
        """A lane is held no longer for a task; whether it was."""
        held = self._lanes.get(session_id)
        if held is None or held.task_id != task_id:
            return False
        del self._lanes[session_id]
        return True

    def age(self, session_id: str, task_id: str) -> float:
        """For how many seconds a lane was not renewed; for ever if it is not held for that task."""
        held = self._lanes.get(session_id)
        if held is None or held.task_id != task_id:
            return float("inf")
        return anyio.current_time() - held.since

    def all(self) -> list[tuple[str, str]]:
        """Session and task of each."""
        return [(session_id, held.task_id) for session_id, held in self._lanes.items()]

    def renewed(self, asked: Iterable[tuple[str, str]], kept: set[str], since: float) -> list[tuple[str, str]]:
        """Those that were asked for and not ``kept`` are lost: they are told, and held no longer."""
        lost = []
        for session_id, task_id in asked:
            if task_id in kept:
                if self.age(session_id, task_id) != float("inf"):
                    self.add(session_id, task_id, since)
            elif self.remove(session_id, task_id):
                lost.append((session_id, task_id))
        return lost
