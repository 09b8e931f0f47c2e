"""Appends that a lock of somebody else's holds up: they wait beside the others, those of a session in their order.

Plain Python: it knows who waits, whose turn it is to be tried, and who has waited enough. Times are of a steady clock.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from puntini.log.contract import Append, Written
from puntini.store.postgres.pool import WAIT_SECONDS

GROUP = 4_096
GROUP_BYTES = 8 << 20
LOOK_SECONDS = 0.05
"""Between two looks at a session that is held up."""
LONGEST_SECONDS = 1.0
"""The same after tries that failed, and where nothing waits: what comes next shall not hold up all others once more."""

Accepted = tuple[Append, "asyncio.Future[Written]", float]
"""An append, who waits for it, and when it was handed in."""


class _Held:
    """A session that is held up; ``doubtful`` once it was tried in vain, alone or with others.

    While something of it is tried, ``back`` is where that goes if it comes back: before all that was not taken.
    """

    __slots__ = ("back", "doubtful", "due", "head", "pause", "until", "waiting")

    def __init__(self, now: float) -> None:
        self.waiting: list[Accepted] = []
        self.until = now + WAIT_SECONDS
        self.pause = LOOK_SECONDS
        self.due = now
        self.back: int | None = None
        self.doubtful = False
        self.head = 0
        """As far as its log went when its row was last seen to be locked."""


class Aside:
    """The sessions that are held up."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._held

    @property
    def waiting(self) -> int:
        """How many appends wait."""
        return sum(len(held.waiting) for held in self._held.values())

    @property
    def next_look(self) -> float | None:
        """When to look again, if at all."""
        return min((held.due for held in self._held.values()), default=None)

    def put(self, accepted: Iterable[Accepted], now: float) -> None:
        """Let appends wait, each behind those of its session; what was tried goes back to its place."""
        for one in accepted:
            held = self._held.setdefault(one[0].session_id, _Held(now))
            if held.back is not None:
                held.waiting.insert(held.back, one)
                held.back += 1
                continue
            if not held.waiting:
                held.until = max(held.until, now + WAIT_SECONDS)
                held.due = min(held.due, now + held.pause)
            held.waiting.append(one)

    def due(self, now: float) -> list[str]:
        """The sessions to be looked at."""
        return [session_id for session_id, held in self._held.items() if held.due <= now]

    def overdue(self, now: float) -> list[Accepted]:
        """What has waited enough. Of a session it is all that waits: nothing shall go before what is refused."""
        over = [held for held in self._held.values() if held.until <= now]
        return [one for held in over for one in self._emptied(held)]

    def clear(self) -> list[Accepted]:
        """Let nothing wait any more; what did."""
        return [one for held in self._held.values() for one in self._emptied(held)]

    def _emptied(self, held: _Held) -> list[Accepted]:
        waiting, held.waiting = held.waiting, []
        return waiting

    def locked(self, heads: Mapping[str, int], now: float) -> set[str]:
        """Their rows are not free, and their logs go so far; returns which of them are looked at a little later.

        The others were written since the look before: somebody or other always has their rows, each for a moment, so
        that one has to stand in line for them.
        """
        later = set()
        for name, head in heads.items():
            held = self._held[name]
            contended = bool(held.waiting) and 0 < held.head < head
            held.head = head
            if not contended:
                held.due = now + (LOOK_SECONDS if held.waiting else LONGEST_SECONDS)
                later.add(name)
        return later

    def turns(self, session_ids: Iterable[str]) -> list[list[str]]:
        """In which groups those are tried whose rows are free, until one fails: the doubtful in groups that grow."""
        names = list(session_ids)
        fresh = [name for name in names if not self._held[name].doubtful]
        doubtful = [name for name in names if self._held[name].doubtful]
        groups, size = [fresh] if fresh else [], 1
        while doubtful:
            groups.append(doubtful[:size])
            doubtful, size = doubtful[size:], 2 * size
        return groups

    def take(self, session_ids: Iterable[str]) -> list[Accepted]:
        """What is to be tried now: not too much of what waits first. Each session is told ``tried`` after it."""
        waiting = [one for name in session_ids for one in self._held[name].waiting]
        taken = waiting[: portion(waiting)]
        for name, count in Counter(append.session_id for append, _, _ in taken).items():
            del self._held[name].waiting[:count]
            self._held[name].back = 0
        return taken

    def tried(self, session_ids: Iterable[str], again: Collection[str], now: float) -> None:
        """What was taken of these sessions is done, but for those that were put here ``again``."""
        for name in session_ids:
            held = self._held[name]
            taken, held.back = held.back is not None, None
            if name in again:
                held.doubtful, held.pause = True, min(2 * held.pause, LONGEST_SECONDS)
                held.due = now + held.pause
            elif held.waiting:
                held.until = now + WAIT_SECONDS if taken else held.until
            else:
                del self._held[name]


def portion(accepted: Sequence[Accepted]) -> int:
    """How many of these appends make a group: not too many, not too large."""
    size = 0
    for count, (append, _, _) in enumerate(accepted[:GROUP], 1):
        size += sum(len(entry.line) for entry in append.entries)
        if size >= GROUP_BYTES:
            return count
    return min(len(accepted), GROUP)
