"""Which events a reader wants: by type, by debug level, by task."""

from msgspec import Struct

from puntini.errors import Invalid
from puntini.protocol.entries import Entry
from puntini.protocol.events import LEVELS, TASK_ENDS, ControlEvent, Level, LoggedEvent
from puntini.protocol.mistakes import suggestion

LOGGED_TYPES: frozenset[str] = frozenset(str(cls.__struct_config__.tag) for cls in LoggedEvent.__args__)
CONTROL_TYPES: frozenset[str] = frozenset(str(cls.__struct_config__.tag) for cls in ControlEvent.__args__)
ALWAYS = TASK_ENDS | {"session_closed", "task_retracted"}
"""Left out by no ``events``: what is over, and what of the rest is void."""


class Selection(Struct, frozen=True):
    """``kinds`` None means all; ``task_id`` empty means all tasks. Hashable, so that readers alike share frames."""

    kinds: frozenset[str] | None = None
    task_id: str = ""

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.kinds is None and not self.task_id

    def takes(self, entry: Entry) -> bool:
        """Whether the reader wants this entry."""
        if self.task_id and entry.task_id != self.task_id:
            return False
        return self.kinds is None or entry.kind in self.kinds


def select(events: str | None, level: str | None, task_id: str = "", *, debug: bool = True) -> Selection:
    """Read the ``events`` and ``level`` of a query. Raises Invalid for an unknown type or level.

    Control events belong to the connection: they may be named, and come whether they are named or not. Without
    ``debug`` there are no debug events, asked for or not.
    """
    threshold = _level(level) if level else "debug"
    types = _types(events or "") or LOGGED_TYPES
    if not debug:
        types -= {"debug"}
    if types == LOGGED_TYPES and threshold == "debug":
        return Selection(None, task_id)
    kinds = (types & LOGGED_TYPES | ALWAYS) - {"debug"}
    if "debug" in types:
        kinds |= {f"debug:{name}" for name in LEVELS[LEVELS.index(threshold) :]}
    return Selection(kinds, task_id)


def _types(events: str) -> frozenset[str]:
    types = frozenset(name.strip() for name in events.split(",") if name.strip())
    for name in sorted(types - LOGGED_TYPES - CONTROL_TYPES):
        known = sorted(LOGGED_TYPES | CONTROL_TYPES)
        raise Invalid(f"events: there is no event type `{name[:40]}`; {suggestion(name, known)}", path="events")
    return types


def _level(level: str) -> Level:
    for name in LEVELS:
        if name == level:
            return name
    raise Invalid(f"level: use one of {', '.join(LEVELS)}", path="level")
