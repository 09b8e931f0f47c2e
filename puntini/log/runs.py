"""Runs: stretches of the log in memory, and the ready-made bytes that readers share."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from puntini.protocol import frames
from puntini.protocol.entries import Entry
from puntini.protocol.events import TASK_ENDS
from puntini.protocol.select import Selection

Framing = Literal["sse", "lines"]
LENSES_KEPT = 8
"""So many different views of one run are kept ready; readers with yet another lens pay for their own frames."""

FRAMERS: dict[Framing, frames.Framer] = {"sse": frames.sse, "lines": frames.lines}


class Lens(Struct, frozen=True):
    """How a reader sees the log: in which frames, and which events. Readers with equal lenses share bytes."""

    framing: Framing
    selection: Selection = Selection()

    def ends(self, entry: Entry) -> bool:
        """Whether nothing can follow this entry for such a reader: the session closed, or its one task ended."""
        if entry.kind == "session_closed":
            return True
        return bool(self.selection.task_id) and entry.kind in TASK_ENDS and entry.task_id == self.selection.task_id


class Framed(Struct, frozen=True):
    """Bytes that carry a reader on to the cursor ``upto``; ``ended`` when it is at the end of what it follows."""

    data: bytes
    upto: int
    ended: bool = False


class Run:
    """Events after the cursor ``after`` up to ``upto``, in order; framed at most once for each lens."""

    __slots__ = ("_framed", "after", "events", "session_id", "size", "upto")

    def __init__(self, session_id: str, after: int, upto: int, events: Sequence[tuple[int, Entry]]) -> None:
        self.session_id = session_id
        self.after = after
        self.upto = upto
        self.events = events
        self.size = sum(len(entry.line) for _, entry in events)
        self._framed: dict[Lens, Framed] = {}

    def framed(self, lens: Lens, epoch: str) -> Framed:
        """The whole run through a lens."""
        made = self._framed.get(lens)
        if made is None:
            made = self._frame(lens, epoch, self.events)
            if len(self._framed) < LENSES_KEPT:
                self._framed[lens] = made
        return made

    def framed_after(self, cursor: int, lens: Lens, epoch: str) -> Framed:
        """What of the run comes after ``cursor``."""
        if cursor <= self.after:
            return self.framed(lens, epoch)
        return self._frame(lens, epoch, [numbered for numbered in self.events if numbered[0] > cursor])

    def _frame(self, lens: Lens, epoch: str, events: Sequence[tuple[int, Entry]]) -> Framed:
        if not lens.selection.everything:
            takes = lens.selection.takes
            events = [numbered for numbered in events if takes(numbered[1])]
        data = FRAMERS[lens.framing](epoch, self.session_id, events)
        ended = bool(events) and lens.ends(events[-1][1])
        return Framed(data, self.upto, ended)
