"""Graph updates that were given their versions, but are to come behind what others gave meanwhile."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from puntini.log.contract import GraphVersions
from puntini.log.keeper import Versions
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import GraphUpdate

_graph_update = msgspec.json.Decoder(GraphUpdate).decode


def renumbered(entries: Sequence[Entry], versions: Versions, known: int) -> tuple[list[Entry], GraphVersions]:
    """The same entries with versions behind ``known`` and all that this process has given, and which these are."""
    versions.at_least(known)
    before = versions.issued
    following = [_following(entry, versions) if entry.kind == "graph_update" else entry for entry in entries]
    return following, GraphVersions(before, versions.issued)


def _following(entry: Entry, versions: Versions) -> Entry:
    event = _graph_update(entry.line)
    return entry_of(replace(event, data=replace(event.data, version=versions.next())))
