"""Questions about a graph: which nodes are like this, what is around one, how two hang together, what there is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from puntini.protocol.graph import Edge, Node
from puntini.views.graph import GraphView

SLICE = 2_000
"""So many nodes are looked at in one go; between two slices others may have their turn."""
MOST_TIES = 20_000
"""So many edges are looked at for a neighbourhood, and for a path."""
EDGES_A_NODE = 10
LABELS_SHOWN = 100

_encoder = msgspec.json.Encoder()


# Finding.


class Wanted(Struct, frozen=True):
    """What a node must have, all that is given of it. Texts and values are compared without regard to case.

    ``text`` is looked for in id, label, key and the values of properties. A property must be there and, with a
    ``value``, have it; a ``value`` alone may be any property's. Values are compared as JSON writes them: 3 is ``"3"``.
    """

    label: str | None = None
    text: str | None = None
    property: str | None = None
    value: Any | UnsetType = UNSET


class Search:
    """Looks through nodes, which may change meanwhile in the graph they are from: run it to its end, slice by slice."""

    def __init__(self, nodes: Sequence[Node], wanted: Wanted, limit: int) -> None:
        self._nodes = nodes
        self._limit = limit
        self._label = None if wanted.label is None else wanted.label.casefold()
        self._text = None if wanted.text is None else wanted.text.casefold()
        self._property = wanted.property
        self._value = UNSET if wanted.value is UNSET else as_text(wanted.value).casefold()
        self._ranked: tuple[list[Node], ...] = ([], [], [], [])
        self.total = 0

    def __iter__(self) -> Iterator[None]:
        """Look on; stops between two slices."""
        for start in range(0, len(self._nodes), SLICE):
            for node in self._nodes[start : start + SLICE]:
                self._look_at(node)
            yield

    @property
    def found(self) -> list[Node]:
        """The best so far: those whose key is the text, then begins with it, holds it, then all others."""
        return list(islice(chain(*self._ranked), self._limit))

    def _look_at(self, node: Node) -> None:
        if self._label is not None and node.label.casefold() != self._label:
            return
        if not self._has_property(node.props):
            return
        rank = 0 if self._text is None else _rank(node, self._text)
        if rank is None:
            return
        self.total += 1
        if len(self._ranked[rank]) < self._limit:
            self._ranked[rank].append(node)

    def _has_property(self, props: dict[str, Any]) -> bool:
        if self._property is not None and self._property not in props:
            return False
        if self._value is UNSET:
            return True
        values = props.values() if self._property is None else (props[self._property],)
        return any(as_text(value).casefold() == self._value for value in values)


def _rank(node: Node, text: str) -> int | None:
    key = (node.key or "").casefold()
    if text in key:
        return 0 if key == text else 1 if key.startswith(text) else 2
    if text in node.label.casefold() or text in node.id.casefold():
        return 3
    return 3 if any(text in as_text(value).casefold() for value in node.props.values()) else None


def as_text(value: Any) -> str:
    """A value as people write it: a text as it is, all else as JSON, and a whole number without its point."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _encoder.encode(value).decode()


# What is around a node.


class Neighbourhood(Struct, frozen=True):
    """Nodes, the nearest first, and the edges between them. ``complete`` says that nothing was left out."""

    nodes: list[Node]
    edges: list[Edge]
    complete: bool


def neighbourhood(view: GraphView, node: Node, depth: int, limit: int) -> Neighbourhood:
    """A node and what can be reached from it over ``depth`` edges in either direction, at most ``limit`` nodes."""
    found: dict[str, Node] = {node.id: node}
    ring, complete, ties = [node.id], True, MOST_TIES
    for _ in range(depth):
        edges = list(islice(chain.from_iterable(map(view.edges_of, ring)), ties + 1))
        complete = complete and len(edges) <= ties
        ties -= len(edges)
        ends = dict.fromkeys(end for edge in edges for end in (edge.source, edge.target) if end not in found)
        ring = list(islice(ends, max(0, limit - len(found))))
        complete = complete and len(ring) == len(ends)
        found |= {each.id: each for end in ring if (each := view.node(end)) is not None}
    between, all_of_them = _between(view, found, limit * EDGES_A_NODE)
    return Neighbourhood(list(found.values()), between, complete and all_of_them)


def _between(view: GraphView, nodes: Iterable[str], limit: int) -> tuple[list[Edge], bool]:
    """The edges between some nodes, each once, and whether these are all."""
    inside = set(nodes)
    ties = list(islice(chain.from_iterable(map(view.edges_of, nodes)), MOST_TIES + 1))
    edges = list({edge.id: edge for edge in ties if edge.source in inside and edge.target in inside}.values())
    return edges[:limit], len(ties) <= MOST_TIES and len(edges) <= limit


# How two nodes hang together.


class Path(Struct, frozen=True):
    """The nodes on the way, and the edges between them; ``forward`` says which are followed the way they point."""

    nodes: list[Node]
    edges: list[Edge]
    forward: list[bool]


class TooFar(LookupError):
    """No path was found among so many edges that it is not looked for any longer."""

    message = f"No path was found among the nearest {MOST_TIES} edges; there may be a longer one."


Came = dict[str, tuple[str, Edge] | None]
"""How each node was reached: from which other, over which edge."""


def shortest_path(view: GraphView, source: Node, target: Node) -> Path | None:
    """A path with the fewest edges, in whichever direction they point; None when there is none. Raises TooFar."""
    here: Came = {source.id: None}
    there: Came = {target.id: None}
    if source.id == target.id:
        return Path([source], [], [])
    from_here, from_there = [source.id], [target.id]
    while from_here and from_there:
        if len(from_here) <= len(from_there):
            from_here, met = _step(view, from_here, here, there)
        else:
            from_there, met = _step(view, from_there, there, here)
        if met is not None:
            return _joined(view, met, here, there)
        if len(here) + len(there) > MOST_TIES:
            raise TooFar
    return None


def _step(view: GraphView, ring: list[str], came: Came, other: Came) -> tuple[list[str], str | None]:
    """Go one edge further from one side. Returns the next ring, and where the other side was met."""
    reached: list[str] = []
    for at in ring:
        for edge in view.edges_of(at):
            end = edge.target if edge.source == at else edge.source
            if end in came:
                continue
            came[end] = (at, edge)
            if end in other:
                return reached, end
            reached.append(end)
    return reached, None


def _joined(view: GraphView, met: str, here: Came, there: Came) -> Path:
    """The path from one side to where the two met, and on to the other."""
    before, after = list(_back(met, here))[::-1], list(_back(met, there))
    ids = [*(at for at, _ in before), met, *(at for at, _ in after)]
    edges = [edge for _, edge in (*before, *after)]
    forward = [edge.source == at for at, edge in zip(ids, edges, strict=False)]
    return Path([node for at in ids if (node := view.node(at)) is not None], edges, forward)


def _back(at: str, came: Came) -> Iterator[tuple[str, Edge]]:
    while (step := came[at]) is not None:
        yield step
        at = step[0]


# What is there.


class Description(NamedTuple):
    """How many nodes and edges of which label there are, the most frequent first, at most ``LABELS_SHOWN`` of each."""

    version: int
    nodes: int
    edges: int
    labels: dict[str, int]
    relations: dict[str, int]


def describe(view: GraphView) -> Description:
    """Count."""
    labels = Counter(node.label for node in view.nodes())
    relations = Counter(edge.label for edge in view.edges())
    shown = (dict(counter.most_common(LABELS_SHOWN)) for counter in (labels, relations))
    return Description(view.version, *view.size(), *shown)
