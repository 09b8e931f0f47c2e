"""Nodes and edges, and what each operation does to them.

What is said twice is said once: doing an operation again changes nothing more.
"""

from collections.abc import Collection, MutableMapping
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from puntini.protocol.graph import Edge, GraphOp, Node
from puntini.views.names import Names
from puntini.views.overlay import Overlay

MOST_NODES = 100_000
MOST_EDGES = 200_000
MOST_BYTES = 16 << 20
"""Of all nodes and edges together, as JSON."""
FULL_OF_NODES = f"a graph holds at most {MOST_NODES} nodes"
FULL_OF_EDGES = f"a graph holds at most {MOST_EDGES} edges"
FULL_OF_BYTES = f"a graph holds at most {MOST_BYTES >> 20} MiB as JSON"
QUOTED = 80

_encoder = msgspec.json.Encoder()

Props = dict[str, Any]
Ties = dict[str, None]
"""The ids of the edges that touch a node, in the order they were tied to it."""
Done = tuple[Node | Edge | None, Node | Edge | None]
"""What an element was before an operation, and after it; None where there was none."""


class Elements:
    """Nodes and edges by id, in the order they came.

    Adding and updating are one thing, "put": what is there is merged with what is given, and what is not there is made.

    - Properties merge by name; null removes one.
    - A node is known by its id, else by its natural key (label and key; a key that is empty is none). It keeps its id.
      Its label is replaced, its key where one is given, unless another node has that natural key already.
    - An edge whose ends are not there is passed over. With a node go its edges.
    - Beyond the bounds nothing is made or grows any more; ``overflowed`` tells, until ``clear``.
    """

    def __init__(
        self,
        nodes: MutableMapping[str, Node],
        edges: MutableMapping[str, Edge],
        keys: MutableMapping[tuple[str, str], str],
        touching: MutableMapping[str, Ties],
        size: int = 0,
    ) -> None:
        self.nodes = nodes
        self.edges = edges
        self.overflowed = False
        self._keys = keys
        self._touching = touching
        self._size = size
        self._names: Names | None = None

    def draft(self) -> "Elements":
        """A copy to try things on; making it costs nothing."""
        return Elements(
            Overlay(self.nodes),
            Overlay(self.edges),
            Overlay(self._keys),
            Overlay(self._touching, dict.copy),
            self._size,
        )

    def do(self, op: GraphOp) -> list[Done]:
        """Carry out an operation; one that is not complete, or cannot apply, changes nothing.

        Returns what became of each element, but of ``clear``, after which there is none.
        """
        match op.action:
            case "add_node" | "update_node" if op.node is not None:
                return self._put_node(op.node)
            case "add_edge" | "update_edge" if op.edge is not None:
                return self._put_edge(op.edge)
            case "remove_node" if op.id is not None:
                return self._remove_node(op.id)
            case "remove_edge" if op.id is not None:
                return self._remove_edge(op.id)
            case "clear":
                self._clear()
        return []

    # Reading.

    def ties(self, node_id: str) -> Collection[str]:
        """The ids of the edges that touch a node."""
        return self._touching.get(node_id, ())

    def holder(self, label: str, key: str) -> str | None:
        """The id of the node that has this natural key."""
        return self._keys.get((label, key))

    @property
    def size(self) -> int:
        """The bytes of all nodes and edges."""
        return self._size

    def has_room(self, nodes: int, edges: int, size: int) -> bool:
        """Whether so much more can be added."""
        fits = len(self.nodes) + nodes <= MOST_NODES and len(self.edges) + edges <= MOST_EDGES
        return fits and self._size + size <= MOST_BYTES

    @property
    def names(self) -> Names:
        """The nodes by their keys. It is made when it is first asked for, and kept from then on."""
        if self._names is None:
            self._names = Names(self.nodes.values())
        return self._names

    def alters(self, op: GraphOp) -> bool:
        """Whether an operation that can apply would change anything."""
        if op.node is not None:
            return _differ(*self._joined_node(op.node))
        if op.edge is not None:
            there = self.edges.get(op.edge.id)
            return _differ(there, _joined_edge(there, op.edge))
        if op.action == "clear":
            return bool(self.nodes) or self.overflowed
        return op.id in (self.nodes if op.action == "remove_node" else self.edges)

    # Nodes.

    def _put_node(self, node: Node) -> list[Done]:
        known, put = self._joined_node(node)
        growth = _growth(known, put)
        if self._full_of_nodes(known, growth):
            self.overflowed = True
            return []
        self._size += growth
        if known is not None and _natural(put) != _natural(known):
            self._keys.pop(_natural(known), None)
        self.nodes[put.id] = put
        if put.key:
            self._keys[_natural(put)] = put.id
        if self._names is not None:
            self._names.replace(known, put)
        return [(known, put)]

    def _joined_node(self, node: Node) -> tuple[Node | None, Node]:
        """The node that is known already, if any, and what there is to be in its place."""
        known = self.nodes.get(node.id)
        if known is None and (holder := self._keys.get(_natural(node))) is not None:
            known = self.nodes[holder]
        if known is None:
            return None, node if None not in node.props.values() else replace(node, props=_merged({}, node.props))
        props = _merged(known.props, node.props)
        renamed = Node(known.id, node.label, known.key if node.key is UNSET else node.key, props)
        taken = self._keys.get(_natural(renamed), known.id) != known.id
        return known, replace(known, props=props) if taken else renamed

    def _full_of_nodes(self, known: Node | None, growth: int) -> str | None:
        """Why there is no room, or None."""
        if known is None and len(self.nodes) >= MOST_NODES:
            return FULL_OF_NODES
        return self._full_of_bytes(growth)

    def _full_of_bytes(self, growth: int) -> str | None:
        return FULL_OF_BYTES if growth > 0 and self._size + growth > MOST_BYTES else None

    def _remove_node(self, node_id: str) -> list[Done]:
        node = self.nodes.pop(node_id, None)
        if node is None:
            return []
        self._size -= _size(node)
        self._keys.pop(_natural(node), None)
        if self._names is not None:
            self._names.replace(node, None)
        gone = [done for edge_id in list(self.ties(node_id)) for done in self._remove_edge(edge_id)]
        return [(node, None), *gone]

    # Edges.

    def _put_edge(self, edge: Edge) -> list[Done]:
        if edge.source not in self.nodes or edge.target not in self.nodes:
            return []
        known = self.edges.get(edge.id)
        put = _joined_edge(known, edge)
        growth = _growth(known, put)
        if self._full_of_edges(known, growth):
            self.overflowed = True
            return []
        self._size += growth
        if known is not None and _ends(known) != _ends(put):
            self._let_go(known)
        self.edges[edge.id] = put
        for end in _ends(put):
            self._touching.setdefault(end, {})[edge.id] = None
        return [(known, put)]

    def _full_of_edges(self, known: Edge | None, growth: int) -> str | None:
        """Why there is no room, or None."""
        if known is None and len(self.edges) >= MOST_EDGES:
            return FULL_OF_EDGES
        return self._full_of_bytes(growth)

    def _remove_edge(self, edge_id: str) -> list[Done]:
        edge = self.edges.pop(edge_id, None)
        if edge is None:
            return []
        self._size -= _size(edge)
        self._let_go(edge)
        return [(edge, None)]

    def _let_go(self, edge: Edge) -> None:
        for end in set(_ends(edge)):
            self._touching[end].pop(edge.id, None)
            if not self._touching[end]:
                del self._touching[end]

    def _clear(self) -> None:
        for part in (self.nodes, self.edges, self._keys, self._touching):
            part.clear()
        self._names = None
        self._size = 0
        self.overflowed = False

    # What people may not do.

    def refusal(self, op: GraphOp) -> str | None:
        """Why an operation would not do what it says, or None. Asked for people's edits, who want to be told."""
        if problem := op.problem():
            return problem
        if op.node is not None:
            return self._node_refusal(op.node, known=op.action == "update_node")
        if op.edge is not None:
            return self._edge_refusal(op.edge, known=op.action == "update_edge")
        if op.action == "remove_node" and op.id not in self.nodes:
            return f"there is no node {quoted(op.id)}"
        if op.action == "remove_edge" and op.id not in self.edges:
            return f"there is no edge {quoted(op.id)}"
        return None

    def _node_refusal(self, node: Node, *, known: bool) -> str | None:
        there = self.nodes.get(node.id)
        if there is None and known:
            return f"there is no node {quoted(node.id)}"
        if there is not None:
            renamed = replace(node, key=there.key) if node.key is UNSET else node
            holder = self._keys.get(_natural(renamed), node.id)
            if holder != node.id:
                return f"node {quoted(holder)} has this label and key"
        before, put = self._joined_node(node)
        return self._full_of_nodes(before, _growth(before, put))

    def _edge_refusal(self, edge: Edge, *, known: bool) -> str | None:
        there = self.edges.get(edge.id)
        if known and there is None:
            return f"there is no edge {quoted(edge.id)}"
        for end in (edge.source, edge.target):
            if end not in self.nodes:
                return f"there is no node {quoted(end)}"
        return self._full_of_edges(there, _growth(there, _joined_edge(there, edge)))


def _natural(node: Node) -> tuple[str, str]:
    """The natural key. One with an empty key is never in ``_keys``."""
    return (node.label, node.key or "")


def _ends(edge: Edge) -> tuple[str, str]:
    return (edge.source, edge.target)


def _joined_edge(known: Edge | None, edge: Edge) -> Edge:
    """What there is to be in place of the edge that is known already, if any."""
    return replace(edge, props=_merged(known.props if known else {}, edge.props))


def _size(element: Node | Edge) -> int:
    """What it takes in a list."""
    return len(_encoder.encode(element)) + 1


def _differ(known: Node | Edge | None, put: Node | Edge) -> bool:
    """As JSON, in which true is not 1."""
    return known is None or _encoder.encode(known) != _encoder.encode(put)


def _growth(known: Node | Edge | None, put: Node | Edge) -> int:
    return _size(put) - (_size(known) if known is not None else 0)


def _merged(props: Props, more: Props) -> Props:
    return {name: value for name, value in {**props, **more}.items() if value is not None}


def quoted(text: str | None) -> str:
    """An id or a key as sentences show it."""
    text = text or ""
    return f"`{text if len(text) <= QUOTED else text[:QUOTED] + '…'}`"
