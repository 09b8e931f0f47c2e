"""The ends of tasks in the memory store, in the order of time."""

from bisect import bisect_left, insort
from collections.abc import Container, Iterator

from puntini.log.contract import TaskRow
from puntini.log.ends import PROMPT_TOLD, EndedTask, Place
from puntini.protocol.entries import Entry


class MemoryEnds:
    """Where ends stand."""

    def __init__(self) -> None:
        self._places: list[Place] = []

    def put(self, before: TaskRow | None, row: TaskRow) -> None:
        """A task's row was written."""
        if before is not None and before.ended:
            del self._places[bisect_left(self._places, _place(before))]
        if row.ended:
            insort(self._places, _place(row))

    def retain(self, task_ids: Container[str]) -> None:
        """Only these tasks are left."""
        self._places = [place for place in self._places if place.task_id in task_ids]

    def latest(self, limit: int, before: Place | None) -> Iterator[Place]:
        """So many before a place, the latest first."""
        end = len(self._places) if before is None else bisect_left(self._places, before)
        return reversed(self._places[max(0, end - limit) : end])


def told(row: TaskRow, owner: str, end: Entry | None) -> EndedTask:
    """A task that has ended, with its end."""
    return EndedTask(
        task_id=row.task_id,
        session_id=row.session_id,
        owner=owner,
        agent=row.agent,
        prompt=row.prompt[:PROMPT_TOLD],
        status=row.status,
        steps=row.steps,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=row.cost_usd,
        created_at=row.created_at,
        ended_at=row.updated_at,
        seq=row.last_seq,
        end=end,
    )


def _place(row: TaskRow) -> Place:
    return Place(row.updated_at, row.task_id)
