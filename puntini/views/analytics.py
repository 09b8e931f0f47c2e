"""What has ended, folded from the ends of tasks: of each task what it took and came to, in the order of time.

The fold does not depend on the order in which ends are taken in, nor on whether they were taken in as they came or read
later: it holds a set. Of more than ``most`` it holds the latest, by time and then by id.
"""

from bisect import insort
from collections.abc import Callable, Container, Iterable, Mapping
from sys import intern
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from puntini.protocol.events import TaskEndData

MOST = 200_000
"""Of each some 500 bytes are held."""
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
        # By hours, so that those that come late, or all from the latest on, find their place as quickly.
        self._hours: dict[int, list[Execution]] = {}
        self._by_id: dict[str, Execution] = {}
        self.left_out = False
        self.changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._by_id

    # Taking in.

    def take(self, found: Iterable[Execution]) -> None:
        """Executions that have come; those that are there already change nothing."""
        for each in found:
            if each.task_id not in self._by_id:
                self._by_id[each.task_id] = each
                insort(self._hours.setdefault(each.ended_at // HOUR_MS, []), each)
                self.changed.add(each.ended_at // HOUR_MS)
        while len(self) > self._most:
            self.left_out = True
            self._drop_first(len(self) - self._most)

    def _drop_first(self, most: int) -> None:
        hour = min(self._hours)
        for each in self._hours[hour][:most]:
            del self._by_id[each.task_id]
        self._put(hour, self._hours[hour][most:])

    def retain(self, task_ids: Container[str]) -> bool:
        """Only these are left; whether that took anything."""
        return self._leave(lambda each: each.task_id not in task_ids)

    def forget(self, sessions: Container[str]) -> None:
        """Sessions were deleted."""
        self._leave(lambda each: each.session_id in sessions)

    def _leave(self, leaves: Callable[[Execution], bool]) -> bool:
        leaving = [each for each in self._by_id.values() if leaves(each)]
        for each in leaving:
            del self._by_id[each.task_id]
        for hour in {each.ended_at // HOUR_MS for each in leaving}:
            self._put(hour, [each for each in self._hours[hour] if each.task_id in self._by_id])
        return bool(leaving)

    def _put(self, hour: int, of: list[Execution]) -> None:
        self.changed.add(hour)
        self._hours[hour] = of
        if not of:
            del self._hours[hour]

    def trim(self, floors: Mapping[str, int]) -> None:
        """Retention has removed events up to here from sessions."""
        trimmed = [each for each in self._by_id.values() if each.seq <= floors.get(each.session_id, 0)]
        for each in trimmed:
            self.unsay(each.task_id)

    def unsay(self, task_id: str) -> None:
        """Retention has removed a task's end."""
        before = self._by_id[task_id]
        after = before.unsaid()
        if before != after:
            hour = before.ended_at // HOUR_MS
            self._by_id[task_id] = after
            self._put(hour, [after if each is before else each for each in self._hours[hour]])

    # What there is.

    @property
    def since(self) -> int | None:
        """When the first of them ended."""
        return self._hours[min(self._hours)][0].ended_at if self._hours else None

    def between(self, start: int, end: int) -> list[Execution]:
        """Those that ended from ``start`` on and before ``end``, in the order of time."""
        hours = sorted(hour for hour in self._hours if start // HOUR_MS <= hour <= end // HOUR_MS)
        found: list[Execution] = []
        for hour in hours:
            of = self._hours[hour]
            inside = start <= hour * HOUR_MS and (hour + 1) * HOUR_MS <= end
            found += of if inside else (each for each in of if start <= each.ended_at < end)
        return found

    def hour(self, number: int) -> list[Execution]:
        """Those that ended in an hour, counted from 1970."""
        return list(self._hours.get(number, ()))
