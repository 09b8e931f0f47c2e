"""Brings a graph from elsewhere into a session's: what has to be done, so that doing it again does nothing more."""

from collections.abc import Iterator
from itertools import count, islice

from msgspec.structs import replace

from puntini.errors import Conflict, Invalid
from puntini.protocol.graph import Edge, Graph, GraphOp, Node
from puntini.views.elements import quoted
from puntini.views.graph import GraphView

SLICE = 250
MOST_TRIES = 100
"""An id that another thing has gets a number; so many are tried."""


class Importing:
    """Finds out what to do, slice by slice; ``delta`` is good for a view in which it ``still_fits``.

    A node of the same label and key, or of the same id and label, is the same node; an edge of the same id, label and
    ends the same edge; and these are merged. An id that is another thing's is made another by a number behind it.
    ``instead`` clears the graph first.
    """

    def __init__(self, view: GraphView, graph: Graph, *, instead: bool) -> None:
        self.delta: list[GraphOp] = []
        self._graph = graph
        self._draft = view.draft()
        self._ids: dict[str, str] = {}
        self._instead = instead
        # What was found where something was put, and what edges need besides.
        self._nodes: dict[str, Node | None] = {}
        self._edges: dict[str, Edge | None] = {}
        self._ends: set[str] = set()
        if instead:
            self._do(GraphOp("clear"), "")
        self._size = self._draft.size

    def __iter__(self) -> Iterator[None]:
        """Go on, and stop between two slices. Raises Invalid for what is no graph, Conflict for what does not fit."""
        for at, node in enumerate(self._graph.nodes):
            self._place_node(node, f"nodes[{at}]")
            if at % SLICE == 0:
                yield
        for at, edge in enumerate(self._graph.edges):
            self._place_edge(edge, f"edges[{at}]")
            if at % SLICE == 0:
                yield

    def _place_node(self, node: Node, path: str) -> None:
        if node.id in self._ids:
            raise Invalid(f"{path}: there are two nodes with the id {quoted(node.id)}", path=path)
        holder = self._draft.holder(node.label, node.key) if node.key else None
        node_id = holder or self._free_node_id(node, path)
        self._ids[node.id] = node_id
        self._nodes.setdefault(node_id, self._draft.nodes.get(node_id))
        self._do(GraphOp("add_node", node=replace(node, id=node_id)), path)

    def _free_node_id(self, node: Node, path: str) -> str:
        for node_id in _candidates(node.id):
            there = self._draft.nodes.get(node_id)
            if there is None or (node_id not in self._nodes and _same(there, node)):
                return node_id
        raise _taken(node.id, path)

    def _place_edge(self, edge: Edge, path: str) -> None:
        ends = replace(edge, source=self._end(edge.source, path), target=self._end(edge.target, path))
        for edge_id in _candidates(edge.id):
            placed = replace(ends, id=edge_id)
            there = self._draft.edges.get(edge_id)
            if there is None or replace(there, props=placed.props) == placed:
                self._edges.setdefault(edge_id, there)
                self._do(GraphOp("add_edge", edge=placed), path)
                return
        raise _taken(edge.id, path)

    def _end(self, node_id: str, path: str) -> str:
        """The node that an edge's end means: one that comes with it, else one that is there."""
        found = self._ids.get(node_id) or (node_id if node_id in self._draft.nodes else None)
        if found is None:
            raise Invalid(f"{path}: there is no node {quoted(node_id)}", path=path)
        self._ends.add(found)
        return found

    def still_fits(self, view: GraphView) -> bool:
        """Whether what is to be done is the same in a view that may have changed since, where it matters."""
        if self._instead:
            return self.delta[:1] == [GraphOp("clear")] or not view.size()[0]
        return (
            all(view.node(node_id) == found for node_id, found in self._nodes.items())
            and all(view.edge(edge_id) == found for edge_id, found in self._edges.items())
            and all(end in self._nodes or view.node(end) for end in self._ends)
            and all(_unclaimed(view, op.node) for op in self.delta if op.node is not None)
            and view.has_room(len(self._nodes), len(self._edges), max(0, self._draft.size - self._size))
        )

    def _do(self, op: GraphOp, path: str) -> None:
        if problem := self._draft.refusal(op):
            raise Conflict(f"{path}: {problem}", path=path)
        if self._draft.alters(op):
            self._draft.do(op)
            self.delta.append(op)


def _same(there: Node, node: Node) -> bool:
    """Whether two nodes of one id may be the same thing."""
    return there.label == node.label and (not there.key or not node.key or there.key == node.key)


def _unclaimed(view: GraphView, node: Node) -> bool:
    """Whether no other node has its label and key."""
    holder = view.keyed(node.label, node.key) if node.key else None
    return holder is None or holder.id == node.id


def _candidates(wanted: str) -> Iterator[str]:
    yield wanted
    yield from (f"{wanted}-{number}" for number in islice(count(2), MOST_TRIES))


def _taken(wanted: str, path: str) -> Conflict:
    return Conflict(f"{path}: too many other things are called {quoted(wanted)}; give it another id", path=path)
