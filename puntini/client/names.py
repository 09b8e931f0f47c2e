"""What nodes and edges are called, so that people read names instead of ids."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

MOST = 10_000
ID_LETTERS = 8
FOLDED = 3
"""More like changes than this are one line."""
LINE_LETTERS = 100
SIGNS = {"add": "+", "update": "~", "remove": "-", "clear": "-"}

Data = Mapping[str, Any]


class Names:
    """The names that events have told so far; of more than ``most``, the newest."""

    def __init__(self, most: int = MOST) -> None:
        self._known: dict[str, str] = {}
        self._most = most

    def learn(self, event: Data) -> None:
        """Take in what an event says of nodes and edges."""
        data = event.get("data", {})
        match event.get("type"):
            case "graph_update":
                for op in data.get("delta", []):
                    self._take(op.get("node"), op.get("edge"))
            case "session_ready":
                graph = data.get("initial_graph", {})
                for node in graph.get("nodes", []):
                    self._take(node, None)
                for edge in graph.get("edges", []):
                    self._take(None, edge)

    def of(self, id_: str) -> str:
        """The name behind an id, or the beginning of the id."""
        return self._known.get(id_) or (id_ if len(id_) <= 2 * ID_LETTERS - 1 else f"{id_[:ID_LETTERS]}…")

    def read(self, word: str) -> str:
        """A word of a tool call: a name where it is an id that is known."""
        return self._known.get(word, word)

    def node(self, node: Data) -> str:
        """A node, as its label and name."""
        return f"{node['label']} {node.get('key') or self.of(str(node.get('id', '')))}".rstrip()

    def edge(self, edge: Data) -> str:
        """An edge, from name to name."""
        return f"{self.of(str(edge['source']))} -[{edge['label']}]-> {self.of(str(edge['target']))}"

    def _take(self, node: Data | None, edge: Data | None) -> None:
        if node is not None and node.get("key"):
            self._known[node["id"]] = str(node["key"])
        if edge is not None:
            self._known[edge["id"]] = self.edge(edge)
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]


def folded(sign: str, kind: str, described: list[str]) -> Iterable[str]:
    """Like changes: a line each, or one line for many."""
    if len(described) <= FOLDED:
        return [f"{sign} {each}" for each in described]
    line = f"{sign} {len(described)} {kind}s: {described[0]}"
    for each in described[1:]:
        if len(line) + len(each) > LINE_LETTERS:
            return [f"{line}, …"]
        line += f", {each}"
    return [line]


def alike(delta: Iterable[Data]) -> Iterable[tuple[str, str, list[Data]]]:
    """The operations of a graph update, those together that do the same: their sign, what they are about, and they."""
    for action, ops in groupby(delta, key=lambda op: str(op.get("action", ""))):
        verb, _, kind = action.partition("_")
        yield SIGNS.get(verb, ""), kind, list(ops)
