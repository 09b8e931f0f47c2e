"""Questions about the graph as a whole and about kinds of nodes."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from puntini.agent.models.offline.text.labels import noun, spoken
from puntini.agent.models.offline.text.phrases import counted, listed, properties_shown, sentence, shown
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import Found, found_in


class Find(Struct, frozen=True):
    """Find nodes by label, words or a property, and list or count them."""

    only_asks: ClassVar[bool] = True
    label: str = ""
    text: str = ""
    prop: str = ""
    value: Any = None
    counts: bool = False

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"{'Count' if self.counts else 'Find'} {self._sought(2)}",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing that has a name yet."""
        return ()

    def perform(self) -> Deed:
        """One call; where a kind is not found, its name may be a word of a node."""
        [result] = yield Ask("", (Asked("find_nodes", self._arguments()),))
        if result.failed:
            return [f"I could not look: {sentence(result.text)}"]
        nodes, total = found_in(result), _total(result)
        if self.counts:
            return [f"There {'is' if total == 1 else 'are'} {counted_kind(total, self._sought(1), self._sought(2))}."]
        if not nodes:
            return [f"I found no {self._sought(2)}."]
        more = f", the first {len(nodes)} of them" if total > len(nodes) else ""
        return [f"I found {counted_kind(total, self._sought(1), self._sought(2))}{more}:\n{node_list(nodes)}"]

    def _arguments(self) -> dict[str, Any]:
        wanted = {"label": self.label, "text": self.text, "property": self.prop}
        arguments: dict[str, Any] = {name: value for name, value in wanted.items() if value}
        if self.prop:
            arguments["value"] = self.value
        return arguments | ({"limit": 1} if self.counts else {})

    def _sought(self, count: int) -> str:
        kind = noun(self.label or "node", count)
        text = f' about "{self.text}"' if self.text else ""
        return f"{kind}{text}" + (f" with the {self.prop} {shown(self.value)}" if self.prop else "")


def _total(result: Result) -> int:
    total = result.data.get("total")
    return total if isinstance(total, int) else len(found_in(result))


def counted_kind(count: int, one: str, many: str) -> str:
    """``1 person``, ``2 people``, ``no people``."""
    return f"{count or 'no'} {one if count == 1 else many}"


def node_list(nodes: Sequence[Found]) -> str:
    """Nodes with their properties, a line each."""
    return "\n".join(f"- {node.told}{' with ' if node.props else ''}{properties_shown(node.props)}" for node in nodes)


class Overview(Struct, frozen=True):
    """What there is in the graph. ``part`` narrows it to one sentence."""

    only_asks: ClassVar[bool] = True
    part: Literal["all", "nodes", "edges", "labels", "relations"] = "all"

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Look at the whole graph",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in particular."""
        return ()

    def perform(self) -> Deed:
        """One call."""
        [result] = yield Ask("", (Asked("describe_graph", {}),))
        if result.failed:
            return [f"I could not look at the graph: {sentence(result.text)}"]
        return [overview(result.data, self.part)]


def overview(data: dict[str, Any], part: str = "all") -> str:
    """What ``describe_graph`` says, for people."""
    nodes, edges = (count if isinstance(count := data.get(name), int) else 0 for name in ("nodes", "edges"))
    labels = [f"{count} {noun(label, count)}" for label, count in _table(data, "labels")]
    relations = [f"{spoken(label)} ({count})" for label, count in _table(data, "relations")]
    if not nodes:
        return "The graph is empty. Say `create a project management graph`, or `add a person named Alice`."
    match part:
        case "nodes":
            return f"There are {counted(nodes, 'node')}: {listed(labels)}."
        case "edges":
            return f"There are {counted(edges, 'relation')}{': ' if relations else ''}{listed(relations)}."
        case "labels":
            return f"The kinds of nodes are: {listed(labels)}."
        case "relations":
            return f"The kinds of relations are: {listed(relations) or 'none yet'}."
        case _:
            joined = f" They are joined by {counted(edges, 'relation')}: {listed(relations)}." if relations else ""
            return f"The graph has {counted(nodes, 'node')}: {listed(labels)}.{joined}"


def _table(data: dict[str, Any], name: str) -> list[tuple[str, int]]:
    """Counts by label, the most frequent first."""
    table = data.get(name)
    if not isinstance(table, dict):
        return []
    counts = [(label, count) for label, count in table.items() if isinstance(count, int)]
    return sorted(counts, key=lambda each: (-each[1], each[0]))
