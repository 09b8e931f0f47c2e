"""How people and models name a node: by its id, its key, ``Label:key``, or its key in another case."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from puntini.protocol.graph import Node
from puntini.views.elements import quoted
from puntini.views.graph import GraphView

MOST_CANDIDATES = 5
NAMES_COMPARED = 500
"""Comparing names letter by letter is slow: so many of about the same length are."""
LENGTHS_APART = 2
LONGEST_COMPARED = 200
MOST_COLONS = 8


class Unresolved(LookupError):
    """A reference that names no node, or several. The message is a sentence with the nearest candidates."""

    def __init__(self, message: str, *, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.ambiguous = ambiguous


def resolve(view: GraphView, reference: str) -> Node:
    """The node that is meant. Raises Unresolved."""
    if node := view.node(reference):
        return node
    alike = _called(view, reference)
    for named in ([node for node in alike if node.key == reference], _by_label(view, reference), alike):
        if len(named) == 1:
            return named[0]
        if named:
            raise Unresolved(_ambiguous(reference, named), ambiguous=True)
    raise Unresolved(_unknown(view, reference))


def reference(view: GraphView, node: Node) -> str:
    """The most readable reference that names just this node."""
    key = node.key or ""
    for candidate in (key, f"{node.label}:{key}") if key else ():
        try:
            if resolve(view, candidate).id == node.id:
                return candidate
        except Unresolved:
            continue
    return node.id


def _called(view: GraphView, key: str) -> list[Node]:
    """The nodes that have this key in any case."""
    return [node for node_id in view.names.ids(key) if (node := view.node(node_id)) is not None]


def _by_label(view: GraphView, reference: str) -> list[Node]:
    """The node that ``Label:key`` names. A label may hold a colon, too: the shortest that fits is meant."""
    parts = reference.split(":", MOST_COLONS)
    for at in range(1, len(parts)):
        if node := view.keyed(":".join(parts[:at]), ":".join(parts[at:])):
            return [node]
    return []


def _ambiguous(reference: str, named: list[Node]) -> str:
    candidates = ", ".join(quoted(_long(node)) for node in named[:MOST_CANDIDATES])
    more = " and others" if len(named) > MOST_CANDIDATES else ""
    return f"{quoted(reference)} names several nodes: {candidates}{more}; say which one, or give its id."


def _long(node: Node) -> str:
    return f"{node.label}:{node.key}"


def _unknown(view: GraphView, reference: str) -> str:
    near = _nearest(view, reference) if len(reference) <= LONGEST_COMPARED else []
    hint = f"; did you mean {' or '.join(map(quoted, near))}?" if near else "; look at what there is first."
    return f"There is no node {quoted(reference)}{hint}"


def _nearest(view: GraphView, reference: str) -> list[str]:
    found = dict.fromkeys(islice(_overlapping(view, reference), MOST_CANDIDATES))
    return list(found) or list(dict.fromkeys(_alike(view, reference)))[:MOST_CANDIDATES]


def _overlapping(view: GraphView, reference: str) -> Iterator[str]:
    """Keys that hold what was asked for, or are held by it."""
    text = reference.casefold()
    yield from _keys(view, (name for name in view.names if text in name or (len(name) > 2 and name in text)))


def _alike(view: GraphView, reference: str) -> Iterator[str]:
    """Keys that are written much like what was asked for, with its label or without."""
    for text in dict.fromkeys((reference.casefold(), reference.casefold().rpartition(":")[2])):
        near = (name for name in view.names if abs(len(name) - len(text)) <= LENGTHS_APART)
        found = get_close_matches(text, islice(near, NAMES_COMPARED), n=MOST_CANDIDATES)
        yield from _keys(view, iter(found))


def _keys(view: GraphView, names: Iterator[str]) -> Iterator[str]:
    """The keys behind some names, as they are written."""
    nodes = (view.node(node_id) for name in names for node_id in view.names.ids(name))
    yield from (str(node.key) for node in nodes if node is not None)
