"""What was changed of a graph of late, by whom, and what it was before: so that edits made meanwhile can be merged."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from puntini.protocol.graph import Edge, Node
from puntini.views.elements import Done
from puntini.views.patch import same

MOST_CHANGES = 256
MOST_BEFORE = 200
"""A value whose JSON is longer is not remembered: only that it was changed."""
REMOVED = "removed"
EVERYTHING = ""
"""Stands for all elements, when a graph was cleared."""

_encoder = msgspec.json.Encoder()


class Change(Struct, frozen=True, omit_defaults=True):
    """At ``version`` the ``field`` of an element was changed. ``before`` None: it was not there; UNSET: not known."""

    version: int
    author: str
    element: str
    field: str
    before: Any | UnsetType = UNSET


class Changes:
    """The newest changes to things that were there; what is added is no change. A fold like all else of a view."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._changes = deque(changes, maxlen=MOST_CHANGES)

    def cleared(self, version: int, author: str) -> None:
        """Everything went."""
        self._changes.append(Change(version, author, EVERYTHING, REMOVED))

    def note(self, version: int, author: str, done: Done) -> None:
        """Something became of an element."""
        before, after = done
        if before is not None and after is None:
            self._changes.append(Change(version, author, before.id, REMOVED))
        elif before is not None and after is not None:
            self._changes.extend(
                Change(version, author, before.id, field, _kept(was)) for field, was in _changed(before, after)
            )

    def since(self, version: int) -> list[Change]:
        """What was changed after this version, as far as it is remembered, oldest first."""
        found: list[Change] = []
        for change in reversed(self._changes):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]

    def save(self) -> list[Change]:
        """All of them, oldest first."""
        return list(self._changes)


def fields(element: Node | Edge) -> dict[str, Any]:
    """An element's fields by name, each property as ``props.<name>``; what is not there is not in it."""
    own: dict[str, Any] = {"label": element.label}
    match element:
        case Node(key=str(key)):
            own["key"] = key
        case Edge():
            own |= {"source": element.source, "target": element.target}
    return own | {f"props.{name}": value for name, value in element.props.items()}


def _changed(before: Node | Edge, after: Node | Edge) -> Iterator[tuple[str, Any]]:
    """The fields that differ, with what they were."""
    was, now = fields(before), fields(after)
    yield from ((name, was.get(name)) for name in was | now if not same(was.get(name), now.get(name)))


def _kept(value: Any) -> Any | UnsetType:
    return value if len(_encoder.encode(value)) <= MOST_BEFORE else UNSET
