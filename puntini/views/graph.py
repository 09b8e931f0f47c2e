"""The property graph, folded from the updates of agents and people alike."""

from collections.abc import Iterable, Sequence

from puntini.protocol.graph import Edge, Graph, GraphOp, Node
from puntini.views.changes import Change, Changes
from puntini.views.elements import Elements
from puntini.views.names import Names


class GraphView:
    """The graph as its updates left it.

    ``version`` is the highest seen: two writers' updates may come out of order, and when one is taken back its version
    is not given again.
    """

    def __init__(self, graph: Graph | None = None, *, overflowed: bool = False, changes: Iterable[Change] = ()) -> None:
        self.version = 0
        self.changes = Changes(changes)
        self._elements = Elements({}, {}, {}, {})
        if graph is not None:
            self._load(graph)
        self._elements.overflowed |= overflowed

    def _load(self, graph: Graph) -> None:
        self.version = graph.version
        for node in graph.nodes:
            self._elements.do(GraphOp("add_node", node=node))
        for edge in graph.edges:
            self._elements.do(GraphOp("add_edge", edge=edge))

    def apply(self, version: int, delta: Sequence[GraphOp], author: str = "") -> None:
        """Take in an update. What of it cannot apply is passed over."""
        self.version = max(self.version, version)
        for op in delta:
            for done in self._elements.do(op):
                self.changes.note(self.version, author, done)
            if op.action == "clear":
                self.changes.cleared(self.version, author)

    @property
    def overflowed(self) -> bool:
        """Whether the graph was full when more was to be added, so that it is not all that was said."""
        return self._elements.overflowed

    def graph(self) -> Graph:
        """The whole graph, for clients. It does not change when the view does."""
        return Graph(self.version, self.nodes(), self.edges())

    def check(self, delta: Sequence[GraphOp]) -> str | None:
        """Which operation can't apply and why (``delta[2]: there is no node `x```), or None when all can, in turn."""
        draft = self.draft()
        for at, op in enumerate(delta):
            if problem := draft.refusal(op):
                return f"delta[{at}]: {problem}"
            draft.do(op)
        return None

    def altering(self, delta: Sequence[GraphOp]) -> list[GraphOp]:
        """The operations that, each in its turn, change something or can't apply; not those that do nothing."""
        draft = self.draft()
        altering = []
        for op in delta:
            if draft.refusal(op) or draft.alters(op):
                altering.append(op)
                draft.do(op)
        return altering

    def draft(self) -> Elements:
        """A copy to try things on, which is good for as long as the view does not change."""
        return self._elements.draft()

    # Reading. Nothing of this copies the graph, but for the lists of all nodes and all edges.

    def nodes(self) -> list[Node]:
        """All nodes, in the order they came."""
        return list(self._elements.nodes.values())

    def edges(self) -> list[Edge]:
        """All edges, in the order they came."""
        return list(self._elements.edges.values())

    def size(self) -> tuple[int, int]:
        """How many nodes and edges there are."""
        return len(self._elements.nodes), len(self._elements.edges)

    def has_room(self, nodes: int, edges: int, size: int) -> bool:
        """Whether so many nodes and edges more, of ``size`` bytes together, can be added."""
        return self._elements.has_room(nodes, edges, size)

    def node(self, node_id: str) -> Node | None:
        """A node by its id."""
        return self._elements.nodes.get(node_id)

    def edge(self, edge_id: str) -> Edge | None:
        """An edge by its id."""
        return self._elements.edges.get(edge_id)

    def keyed(self, label: str, key: str) -> Node | None:
        """The node with this natural key."""
        holder = self._elements.holder(label, key)
        return None if holder is None else self._elements.nodes[holder]

    @property
    def names(self) -> Names:
        """The nodes' keys, whatever their case."""
        return self._elements.names

    def degree(self, node_id: str) -> int:
        """How many edges touch a node."""
        return len(self._elements.ties(node_id))

    def edges_of(self, node_id: str) -> Iterable[Edge]:
        """The edges that touch a node, in the order they were tied to it."""
        edges = self._elements.edges
        return (edges[edge_id] for edge_id in self._elements.ties(node_id))

    def edges_between(self, source: str, target: str) -> list[Edge]:
        """The edges that lead from one node to another."""
        fewer = min(source, target, key=self.degree)
        return [edge for edge in self.edges_of(fewer) if edge.source == source and edge.target == target]
