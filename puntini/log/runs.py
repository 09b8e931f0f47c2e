"""Runs: stretches of the log in memory, and the ready-made bytes that readers share."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from puntini.protocol import frames
from puntini.protocol.entries import Entry
from puntini.protocol.events import TASK_ENDS
from puntini.protocol.select import Selection

Framing = Literal["sse", "lines"]
LENSES_KEPT = 8
"""So many different views of one run are kept ready; readers with yet another lens pay for their own frames."""

ENTRY_BYTES = 200
"""About what an entry takes beside its line, and frames beside their bytes."""

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
    """Bytes that carry a reader on to the cursor ``upto``; ``ended`` when it is at the end of what it follows.

    ``count`` says how many events they hold.
    """

    data: bytes
    upto: int
    ended: bool = False
    count: int = 0


class Run:
    """Events after the cursor ``after`` up to ``upto``, in order; framed at most once for each lens.

    ``size`` is about what the run takes in memory; it grows with each lens whose frames are kept.
    """

    __slots__ = ("_framed", "after", "entries", "seqs", "session_id", "size", "upto")

    def __init__(self, session_id: str, after: int, upto: int, seqs: Sequence[int], entries: Sequence[Entry]) -> None:
        self.session_id = session_id
        self.after = after
        self.upto = upto
        self.seqs = seqs
        self.entries = entries
        self.size = sum(len(entry.line) + ENTRY_BYTES for entry in entries)
        self._framed: dict[Lens, Framed] = {}

    def framed(self, lens: Lens, epoch: str) -> Framed:
        """The whole run through a lens."""
        made = self._framed.get(lens)
        if made is None:
            made = self._frame(lens, epoch, self.events())
            if len(self._framed) < LENSES_KEPT:
                self._framed[lens] = made
                self.size += len(made.data) + ENTRY_BYTES
        return made

    def framed_after(self, cursor: int, lens: Lens, epoch: str) -> Framed:
        """What of the run comes after ``cursor``."""
        if cursor <= self.after:
            return self.framed(lens, epoch)
        return self._frame(lens, epoch, [numbered for numbered in self.events() if numbered[0] > cursor])

    def events(self) -> Iterable[tuple[int, Entry]]:
        """The events with their seqs."""
        return zip(self.seqs, self.entries, strict=True)

    def _frame(self, lens: Lens, epoch: str, numbered: Iterable[tuple[int, Entry]]) -> Framed:
        takes = lens.selection.takes
        chosen = list(numbered) if lens.selection.everything else [pair for pair in numbered if takes(pair[1])]
        data = FRAMERS[lens.framing](epoch, self.session_id, chosen)
        ended = bool(chosen) and lens.ends(chosen[-1][1])
        return Framed(data, self.upto, ended, len(chosen))
