"""What a task took back: the stretches of the log that ``task_retracted`` makes void."""

from bisect import bisect_left, bisect_right

from puntini.protocol.events import TaskRetractedData
from puntini.protocol.ids import EventId, parse_cursor

Stretch = tuple[int, int]
"""Seqs, the first and the last."""


class Voids:
    """Stretches of seqs, apart from each other and in order."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __contains__(self, seq: int) -> bool:
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]

    def add(self, first: int, last: int) -> bool:
        """Make a stretch void; returns whether that is news. One that holds nothing is none."""
        if first > last:
            return False
        # Those that touch the new one are joined with it.
        start, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if start < end:
            if self._firsts[start] <= first and last <= self._lasts[start]:
                return False
            first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
        self._firsts[start:end] = [first]
        self._lasts[start:end] = [last]
        return True


def stretch(data: TaskRetractedData) -> Stretch | None:
    """The seqs that a retraction names; None when its ids are none.

    Their epoch does not matter: a log that began a new one has kept its seqs.
    """
    match parse_cursor(data.from_id, ""), parse_cursor(data.to_id, ""):
        case EventId(_, first), EventId(_, last):
            return first, last
        case _:
            return None
