"""What a ``task_retracted`` takes back: where a dead attempt has spoken in vain.

Void is what the task's agents said in the range that it names. Everybody else's words stand: those of other tasks, of
people, and the server's own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from puntini.protocol.entries import Entry
from puntini.protocol.events import SERVERS_OWN, TaskRetracted
from puntini.protocol.ids import EventId, parse_cursor

RETRACTED = "task_retracted"

_decoder = msgspec.json.Decoder(TaskRetracted)


class Retraction(NamedTuple):
    """Since the event ``at``, what the agents of ``task_id`` said from ``first`` to ``last`` is void."""

    at: int
    task_id: str
    first: int
    last: int


def read_retraction(seq: int, entry: Entry) -> Retraction | None:
    """What an event takes back; None for any other event, and for one that takes back nothing."""
    if entry.kind != RETRACTED or not entry.task_id:
        return None
    data = _decoder.decode(entry.line).data
    match parse_cursor(data.from_id, ""), parse_cursor(data.to_id, ""):
        # An epoch is the log's life, and a seq stays what it is when another begins.
        case EventId(seq=first), EventId(seq=last) if 0 < first <= last and first < seq:
            return Retraction(seq, entry.task_id, first, min(last, seq - 1))
        case _:
            return None


class Void:
    """What some retractions take back together."""

    def __init__(self, retractions: Iterable[Retraction] = ()) -> None:
        self._known: list[Retraction] = []
        self._ranges: dict[str, Ranges] = {}
        for each in retractions:
            self.add(each)

    def add(self, retraction: Retraction) -> bool:
        """Learn of one more; returns whether it makes anything void that was not."""
        place = bisect_left(self._known, retraction)
        if self._known[place : place + 1] == [retraction]:
            return False
        self._known.insert(place, retraction)
        return self._ranges.setdefault(retraction.task_id, Ranges()).add(retraction.first, retraction.last)

    @property
    def newest(self) -> int:
        """Where the newest retraction stands; 0 without any."""
        return self._known[-1].at if self._known else 0

    def covers(self, seq: int, entry: Entry) -> bool:
        """Whether an event is void."""
        ranges = self._ranges.get(entry.task_id)
        return ranges is not None and entry.kind not in SERVERS_OWN and seq in ranges

    def clean(self, seq: int) -> int:
        """The last place up to ``seq`` where nothing had been said that is void by now, and not yet was.

        What a fold saved there can be gone on from.
        """
        for each in reversed(self._known):
            if each.first <= seq < each.at:
                seq = each.first - 1
        return seq


class Ranges:
    """A set of seqs, as ranges apart from each other and in order."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __contains__(self, seq: int) -> bool:
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]

    def add(self, first: int, last: int) -> bool:
        """Take a range in; returns whether that is news."""
        # Those that touch the new one are joined with it.
        start, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if start < end:
            if self._firsts[start] <= first and last <= self._lasts[start]:
                return False
            first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
        self._firsts[start:end] = [first]
        self._lasts[start:end] = [last]
        return True
