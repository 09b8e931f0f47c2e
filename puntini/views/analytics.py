"""What has ended, folded from the ends of tasks: of each task what it took and came to, in the order of time.

The fold does not depend on the order in which ends are taken in, nor on whether they were taken in as they came or read
later: it holds a set. Of more than ``most`` it holds the latest, by time and then by id.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Container, Iterable, Mapping
from sys import intern
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from puntini.protocol.events import TaskEndData

MOST = 200_000
"""Of each some 400 bytes are held."""
HOUR_MS = 3_600_000
Outcome = Literal["completed", "failed", "cancelled"]


class Execution(Struct, frozen=True, array_like=True, order=True, gc=False):
    """What a task took and came to. ``seq`` is its end's.

    What only the end itself says is not known any more when retention has removed it: the size of the result, in bytes
    (only a completed task has one), and the reason of a failure.
    """

    ended_at: int
    task_id: str
    session_id: str
    user: str
    agent: str
    topic: str
    outcome: Outcome
    seq: int
    duration_ms: int
    steps: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    result_size: int | None = None
    reason: str = ""

    def said(self, end: TaskEndData, reason: Callable[[str], str]) -> "Execution":
        """The same with what its end says."""
        if self.outcome == "completed":
            return replace(self, result_size=len(end.final_answer.encode()))
        return replace(self, reason=intern(reason(end.error)))

    def unsaid(self) -> "Execution":
        """The same without what only its end says."""
        return replace(self, result_size=None, reason="")


def shared(each: Execution) -> Execution:
    """The same, with the texts that many have in common held once."""
    return replace(
        each,
        session_id=intern(each.session_id),
        user=intern(each.user),
        agent=intern(each.agent),
        topic=intern(each.topic),
        reason=intern(each.reason),
    )


class Executions:
    """The latest ``most`` executions. ``left_out`` tells that there were more, ``changed`` which hours are not the same
    as when it was last emptied."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sorted: list[Execution] = []
        self._by_id: dict[str, Execution] = {}
        self.left_out = False
        self.changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._by_id

    # Taking in.

    def take(self, found: Iterable[Execution]) -> None:
        """Executions that have come; those that are there already change nothing."""
        for each in found:
            if each.task_id not in self._by_id:
                self._by_id[each.task_id] = each
                insort(self._sorted, each)
                self._note(each)
        if (beyond := len(self._sorted) - self._most) > 0:
            self.left_out = True
            self._drop(self._sorted[:beyond])
            del self._sorted[:beyond]

    def retain(self, task_ids: Container[str]) -> None:
        """Only these are left."""
        self._leave(lambda each: each.task_id not in task_ids)

    def forget(self, sessions: Container[str]) -> bool:
        """Sessions were deleted; whether that took anything."""
        return self._leave(lambda each: each.session_id in sessions)

    def trim(self, floors: Mapping[str, int]) -> None:
        """Retention has removed events up to here from sessions."""
        for at, each in enumerate(self._sorted):
            if each.seq <= floors.get(each.session_id, 0):
                self._replace(at, each.unsaid())

    def unsay(self, task_id: str) -> None:
        """Retention has removed a task's end."""
        each = self._by_id[task_id]
        self._replace(bisect_left(self._sorted, each), each.unsaid())

    def _replace(self, at: int, each: Execution) -> None:
        if self._sorted[at] != each:
            self._sorted[at] = self._by_id[each.task_id] = each
            self._note(each)

    def _leave(self, leaves: Callable[[Execution], bool]) -> bool:
        leaving = [each for each in self._sorted if leaves(each)]
        if leaving:
            self._drop(leaving)
            self._sorted = [each for each in self._sorted if each.task_id in self._by_id]
        return bool(leaving)

    def _drop(self, leaving: Iterable[Execution]) -> None:
        for each in leaving:
            del self._by_id[each.task_id]
            self._note(each)

    def _note(self, each: Execution) -> None:
        self.changed.add(each.ended_at // HOUR_MS)

    # What there is.

    @property
    def since(self) -> int | None:
        """When the first of them ended."""
        return self._sorted[0].ended_at if self._sorted else None

    def between(self, start: int, end: int) -> list[Execution]:
        """Those that ended from ``start`` on and before ``end``, in the order of time."""
        return self._sorted[self._place(start) : self._place(end)]

    def hour(self, number: int) -> list[Execution]:
        """Those that ended in an hour, counted from 1970."""
        return self.between(number * HOUR_MS, (number + 1) * HOUR_MS)

    def _place(self, at: int) -> int:
        return bisect_left(self._sorted, at, key=_ended_at)


def _ended_at(each: Execution) -> int:
    return each.ended_at
