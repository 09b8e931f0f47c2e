"""What a ``task_retracted`` takes back: where a dead attempt has spoken in vain.

Void is what the task's agents said in the range that it names. Everybody else's words stand: those of other tasks, of
people, and the server's own.
"""

from bisect import bisect_right
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

    def __init__(self, retractions: Iterable[Retraction]) -> None:
        self._newest_first = sorted(set(retractions), reverse=True)
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        for each in sorted(self._newest_first, key=lambda each: each.first):
            _extend(self._ranges.setdefault(each.task_id, []), each.first, each.last)

    @property
    def newest(self) -> int:
        """Where the newest retraction stands; 0 without any."""
        return self._newest_first[0].at if self._newest_first else 0

    def covers(self, seq: int, entry: Entry) -> bool:
        """Whether an event is void."""
        ranges = self._ranges.get(entry.task_id)
        if ranges is None or entry.kind in SERVERS_OWN:
            return False
        place = bisect_right(ranges, seq, key=lambda each: each[0])
        return place > 0 and seq <= ranges[place - 1][1]

    def clean(self, seq: int) -> int:
        """The last place up to ``seq`` where nothing had been said that is void by now, and not yet was.

        What a fold saved there can be gone on from.
        """
        for each in self._newest_first:
            if each.first <= seq < each.at:
                seq = each.first - 1
        return seq


def _extend(ranges: list[tuple[int, int]], first: int, last: int) -> None:
    """Add a range that begins no sooner than the last one, and join the two where they meet."""
    if ranges and first <= ranges[-1][1] + 1:
        first, before = ranges.pop()
        last = max(last, before)
    ranges.append((first, last))
