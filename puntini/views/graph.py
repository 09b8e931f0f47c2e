"""The property graph, folded from the updates of agents and people alike."""

from collections.abc import Sequence

from puntini.protocol.graph import Graph, GraphOp
from puntini.views.elements import Elements


class GraphView:
    """The graph as its updates left it.

    ``version`` is the highest seen: two writers' updates may come out of order, and when one is taken back its version
    is not given again.
    """

    def __init__(self, graph: Graph | None = None, *, overflowed: bool = False) -> None:
        self.version = 0
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

    def apply(self, version: int, delta: Sequence[GraphOp]) -> None:
        """Take in an update. What of it cannot apply is passed over."""
        self.version = max(self.version, version)
        for op in delta:
            self._elements.do(op)

    @property
    def overflowed(self) -> bool:
        """Whether the graph was full when more was to be added, so that it is not all that was said."""
        return self._elements.overflowed

    def graph(self) -> Graph:
        """The whole graph, for clients. It does not change when the view does."""
        return Graph(self.version, list(self._elements.nodes.values()), list(self._elements.edges.values()))

    def check(self, delta: Sequence[GraphOp]) -> str | None:
        """Which operation can't apply and why (``delta[2]: there is no node `x```), or None when all can, in turn."""
        draft = self._elements.draft()
        for at, op in enumerate(delta):
            if problem := draft.refusal(op):
                return f"delta[{at}]: {problem}"
            draft.do(op)
        return None
