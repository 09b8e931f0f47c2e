"""Where a graph was compiled to stop for a person: ``interrupt_before`` and ``interrupt_after``."""

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.pregel import Pregel
from langgraph.types import StateSnapshot

from puntini.agent.graphs.holding import AFTER

ALL = "*"
Nodes = str | Sequence[str]
Graph = Pregel[Any, Any, Any, Any]


class Breakpoints:
    """A graph's breakpoints, with those of the subgraphs in its nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.inside = any(_has_any(inner) for _, inner in graph.get_subgraphs(recurse=True))
        """Whether subgraphs have some."""

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return self.inside or _has_any(self._graph)

    def may_hold(self, state: StateSnapshot) -> bool:
        """Whether one may be what holds a graph that an earlier attempt left, its subgraphs' states with it.

        LangGraph can't tell a breakpoint from a crash, and would run past it. After a step of a subgraph that stops
        after some nodes nobody can tell: then a person is asked, if for nothing.
        """
        return _may_hold(self._graph, state)


def _may_hold(graph: Graph, state: StateSnapshot) -> bool:
    metadata: Mapping[str, Any] = {**(state.metadata or {})}
    after = metadata.get(AFTER, ALL if metadata.get("step", 0) > 0 else ())
    if _meet(state.next, graph.interrupt_before_nodes) or _meet(after, graph.interrupt_after_nodes):
        return True
    inner = dict(graph.get_subgraphs())
    return any(
        isinstance(task.state, StateSnapshot) and _may_hold(sub, task.state)
        for task in state.tasks
        if isinstance(sub := inner.get(task.name), Pregel)
    )


def _has_any(graph: object) -> bool:
    return isinstance(graph, Pregel) and bool(graph.interrupt_before_nodes or graph.interrupt_after_nodes)


def _meet(names: Nodes, stops: Nodes) -> bool:
    """Whether one of these nodes is one to stop at."""
    if not names or not stops:
        return False
    return names == ALL or stops == ALL or not set(names).isdisjoint(stops)
