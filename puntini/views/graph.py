"""The property graph, folded from its updates. The same updates make the same graph, and twice the same as once."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from puntini.protocol.graph import Edge, Graph, GraphOp, Node

MOST_NODES = 100_000
MOST_EDGES = 200_000


class GraphState(Struct):
    """What is saved of a graph."""

    version: int = 0
    nodes: list[Node] = []
    edges: list[Edge] = []


class GraphView:
    """Nodes and edges in the order they came.

    Agents' updates that cannot apply are passed over; ``check`` is for people's.
    """

    def __init__(self) -> None:
        self.version = 0
        self._nodes: dict[str, Node] = {}
        self._edges: dict[str, Edge] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._touching: dict[str, dict[str, None]] = {}

    def apply(self, version: int, delta: Sequence[GraphOp]) -> None:
        """Take in an update."""
        self.version = max(self.version, version)
        for op in delta:
            self._op(op)

    def graph(self) -> Graph:
        """The whole graph, for clients."""
        return Graph(version=self.version, nodes=list(self._nodes.values()), edges=list(self._edges.values()))

    def _op(self, op: GraphOp) -> None:
        match op.action:
            case "add_node" | "update_node" if op.node is not None:
                self._put_node(op.node, renames=op.action == "update_node")
            case "remove_node" if op.id is not None:
                self._remove_node(op.id)
            case "add_edge" | "update_edge" if op.edge is not None:
                self._put_edge(op.edge)
            case "remove_edge" if op.id is not None:
                self._remove_edge(op.id)
            case "clear":
                for part in (self._nodes, self._edges, self._keys, self._touching):
                    part.clear()

    # Nodes.

    def _put_node(self, node: Node, *, renames: bool) -> None:
        known = self._nodes.get(node.id) or self._nodes.get(self._keys.get(_natural(node), ""))
        if known is None:
            if len(self._nodes) < MOST_NODES:
                self._set_node(replace(node, props=_merged({}, node.props)))
            return
        label, key = (node.label, node.key) if renames else (known.label, known.key)
        self._keys.pop(_natural(known), None)
        self._set_node(
            Node(
                id=known.id, label=label, key=known.key if key is UNSET else key, props=_merged(known.props, node.props)
            )
        )

    def _set_node(self, node: Node) -> None:
        self._nodes[node.id] = node
        if node.key is not UNSET:
            self._keys.setdefault(_natural(node), node.id)

    def _remove_node(self, node_id: str) -> None:
        node = self._nodes.pop(node_id, None)
        if node is None:
            return
        if self._keys.get(_natural(node)) == node_id:
            del self._keys[_natural(node)]
        for edge_id in list(self._touching.pop(node_id, ())):
            self._remove_edge(edge_id)

    # Edges.

    def _put_edge(self, edge: Edge) -> None:
        if edge.source not in self._nodes or edge.target not in self._nodes:
            return
        known = self._edges.get(edge.id)
        if known is None and len(self._edges) >= MOST_EDGES:
            return
        if known is not None:
            self._let_go(known)
        props = _merged(known.props if known else {}, edge.props)
        self._edges[edge.id] = replace(edge, props=props)
        for end in (edge.source, edge.target):
            self._touching.setdefault(end, {})[edge.id] = None

    def _remove_edge(self, edge_id: str) -> None:
        edge = self._edges.pop(edge_id, None)
        if edge is not None:
            self._let_go(edge)

    def _let_go(self, edge: Edge) -> None:
        for end in (edge.source, edge.target):
            if edges := self._touching.get(end):
                edges.pop(edge.id, None)

    # People's edits.

    def check(self, delta: Sequence[GraphOp]) -> str | None:
        """Which operation can't apply and why (``delta[2]: there is no node `x```), or None when all can."""
        nodes, edges = dict.fromkeys(self._nodes), dict.fromkeys(self._edges)
        for at, op in enumerate(delta):
            if problem := op.problem() or _misfit(op, nodes, edges):
                return f"delta[{at}]: {problem}"
        return None

    # Saving.

    def save(self) -> GraphState:
        """Everything there is to it."""
        return GraphState(self.version, list(self._nodes.values()), list(self._edges.values()))

    @classmethod
    def load(cls, state: GraphState) -> "GraphView":
        """The inverse of ``save``."""
        view = cls()
        view.version = state.version
        for node in state.nodes:
            view._set_node(node)
        for edge in state.edges:
            view._put_edge(edge)
        return view


def _misfit(op: GraphOp, nodes: dict[str, None], edges: dict[str, None]) -> str | None:
    """Why an operation can't apply to these ids; if it can, they are changed as it would."""
    match op.action:
        case "add_node" if op.node is not None:
            nodes[op.node.id] = None
            return f"a graph holds at most {MOST_NODES} nodes" if len(nodes) > MOST_NODES else None
        case "update_node" if op.node is not None:
            return None if op.node.id in nodes else f"there is no node `{op.node.id}`"
        case "remove_node":
            return None if nodes.pop(op.id or "", False) is None else f"there is no node `{op.id}`"
        case "add_edge" | "update_edge" if op.edge is not None:
            if op.action == "update_edge" and op.edge.id not in edges:
                return f"there is no edge `{op.edge.id}`"
            edges[op.edge.id] = None
            missing = [end for end in (op.edge.source, op.edge.target) if end not in nodes]
            if missing:
                return f"there is no node `{missing[0]}`"
            return f"a graph holds at most {MOST_EDGES} edges" if len(edges) > MOST_EDGES else None
        case "remove_edge":
            return None if edges.pop(op.id or "", False) is None else f"there is no edge `{op.id}`"
        case _:
            nodes.clear()
            edges.clear()
            return None


def _natural(node: Node) -> tuple[str, str]:
    return (node.label, "" if node.key is UNSET else str(node.key))


def _merged(props: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Properties merge by name; null removes one."""
    return {name: value for name, value in {**props, **more}.items() if value is not None}
