"""What an edit to a session's graph puts into the log."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET

from puntini.errors import Conflict, Invalid, TooLarge
from puntini.log.keeper import Versions
from puntini.protocol.commands import GraphEditData
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.entries import Entry
from puntini.protocol.events import Debug, DebugData, GraphUpdate, GraphUpdateData
from puntini.protocol.graph import GraphConflict, GraphOp
from puntini.views.graph import GraphView
from puntini.views.merging import merge

EVENT_OPS = 1_000
EVENT_BYTES = 256 << 10
ELEMENT_BYTES = 1 << 20
DEEPEST = DEPTH_LIMIT - 3
"""An event wraps an operation in some levels of its own."""

_encoder = msgspec.json.Encoder()
_debug = msgspec.json.Decoder(Debug)


def edited(view: GraphView, data: GraphEditData, author: str, versions: Versions) -> list[GraphUpdate | Debug]:
    """The events of a ``graph_edit``: the update, merged with what others did since, and the conflicts there are.

    Raises Invalid or Conflict; then nothing is to be done.
    """
    if not data.delta:
        raise Invalid("data.delta: give at least one operation", path="data.delta")
    if data.base_version > view.version:
        raise Conflict(f"data.base_version: the graph is only at version {view.version}", path="data.base_version")
    delta, conflicts = merge(view, data.base_version, author, data.delta)
    if problem := view.check(delta):
        raise Conflict(f"data.{problem}", path="data.delta")
    versions.at_least(view.version)
    events: list[GraphUpdate | Debug] = [_update(delta, author, versions)] if delta else []
    return [*events, _told(conflicts, author, data.base_version)] if conflicts else events


def _update(delta: list[GraphOp], author: str, versions: Versions) -> GraphUpdate:
    return GraphUpdate(data=GraphUpdateData(version=versions.next(), delta=delta, author=author))


def _told(conflicts: list[GraphConflict], author: str, base_version: int) -> Debug:
    changes = "a change" if len(conflicts) == 1 else f"{len(conflicts)} changes"
    met = f"An edit by {author} on version {base_version} met {changes} that others had made since."
    details = {"conflicts": [msgspec.to_builtins(conflict) for conflict in conflicts]}
    return Debug(data=DebugData(message=met, level="info", details=details))


def conflicts_of(entry: Entry) -> list[GraphConflict]:
    """The conflicts that the last event of an edit tells of."""
    if entry.type != "debug":
        return []
    details = _debug.decode(entry.line).data.details
    return [] if details is UNSET else msgspec.convert(details.get("conflicts", []), list[GraphConflict])


def _bounded(op: GraphOp) -> int:
    """The size of an operation. Raises Invalid or TooLarge for one that no event can hold."""
    raw = _encoder.encode(op)
    if len(raw) > ELEMENT_BYTES:
        raise TooLarge(f"A node or an edge has at most {ELEMENT_BYTES} bytes as JSON.")
    if deeper_than(raw, DEEPEST):
        raise Invalid(f"Nest the values of properties at most {DEEPEST - 3} deep.")
    return len(raw)


def updates(delta: Sequence[GraphOp], author: str, versions: Versions) -> Iterator[GraphUpdate]:
    """A large change as updates of bearable size. Raises Invalid or TooLarge."""
    part: list[GraphOp] = []
    size = 0
    for op in delta:
        bytes_ = _bounded(op)
        if part and (len(part) == EVENT_OPS or size + bytes_ > EVENT_BYTES):
            yield _update(part, author, versions)
            part, size = [], 0
        part.append(op)
        size += bytes_
    if part:
        yield _update(part, author, versions)
