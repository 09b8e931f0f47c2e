"""The lanes that this node holds, and the room it has for more tasks."""

from collections.abc import Iterable
from typing import NamedTuple

import anyio
import structlog

from puntini.errors import StoreUnavailable
from puntini.log.queue import Queue

log = structlog.get_logger("puntini.agent")


class Held(NamedTuple):
    """A lane that is held for a task; ``since`` is when it was asked for, or last renewed, by the loop's clock."""

    task_id: str
    since: float


class HeldLanes:
    """By session."""

    def __init__(self) -> None:
        self._lanes: dict[str, Held] = {}
        self.asked: set[tuple[str, str]] = set()
        """Those that are asked for, for tasks about to be written."""
        self.leaving: set[tuple[str, str]] = set()
        """Those that are about to be given back."""
        self.unsure = False
        """Whether there may be others that this node holds and does not know of: an answer was lost."""

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

    async def give_back(self, queue: Queue) -> None:
        """Let go of those that this node holds without knowing of it, if there may be any. Raises StoreUnavailable."""
        if not self.unsure:
            return
        self.unsure, before = False, self._known()
        try:
            # What is taken or let go of meanwhile is known before or after.
            if unknown := set(await queue.mine()) - before - self._known():
                await queue.release(list(unknown))
                log.info("lanes are given back: the answer was lost when they were taken", lanes=len(unknown))
        except StoreUnavailable:
            self.unsure = True
            raise

    def _known(self) -> set[tuple[str, str]]:
        return {*self.all(), *self.leaving, *self.asked}
