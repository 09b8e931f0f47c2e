"""Wishes that make a graph grow: nodes, relations, and whole graphs from templates."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.templates import Template
from puntini.agent.models.offline.text.labels import noun, spoken
from puntini.agent.models.offline.text.phrases import article, counted, listed, sentence
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result

UNKNOWN = "Thing"
"""The label of what was named without a label."""


class Item(Struct, frozen=True):
    """A node to add."""

    label: str
    name: str
    props: dict[str, Any] = {}

    @property
    def arguments(self) -> dict[str, Any]:
        """It as the tools want it."""
        wanted: dict[str, Any] = {"label": self.label, "key": self.name}
        return wanted | ({"props": self.props} if self.props else {})


class AddNodes(Struct, frozen=True):
    """Add nodes, or bring them up to date if they are there."""

    only_asks: ClassVar[bool] = False
    items: tuple[Item, ...]

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Add {kinds_told((item.label, item.name) for item in self.items)}",)

    @property
    def names(self) -> Sequence[str]:
        """The new nodes."""
        return tuple(item.name for item in self.items)

    def perform(self) -> Deed:
        """One call for all."""
        [result] = yield Ask("", (Asked("add_nodes", {"nodes": [item.arguments for item in self.items]}),))
        if result.failed:
            return [f"I could not add {listed(self.names)}: {sentence(result.text)}"]
        return [added(result, [(item.label, item.name) for item in self.items])]


def kinds_told(nodes: Iterable[tuple[str, str]]) -> str:
    """Nodes, given as label and name, for people: ``the people Alice and Bob and the task Design``."""
    parts = []
    for label, group in groupby(nodes, key=lambda node: node[0]):
        names = [name for _, name in group]
        parts.append(f"the {noun(label, len(names))} {listed(names, 6)}")
    return listed(parts, 6)


def added(result: Result, wanted: Sequence[tuple[str, str]]) -> str:
    """Say which nodes came new and which were there."""
    there = {
        (str(row.get("label")), str(row.get("key"))) for row in result.rows("nodes") if row.get("created") is False
    }
    new = [node for node in wanted if node not in there]
    old = [name for label, name in wanted if (label, name) in there]
    said = [sentence(f"I added {kinds_told(new)}")] if new else []
    if nameless := [name for label, name in new if label == UNKNOWN]:
        said.append(f"You did not say what {nameless[0]} is; say for example `{nameless[0]} is a person`.")
    if old:
        said.append(f"{listed(old)} {'was' if len(old) == 1 else 'were'} there already.")
    return " ".join(said)


class Draw(Struct, frozen=True):
    """Build a whole graph from a template. ``subject`` is what it is about, where that was said."""

    only_asks: ClassVar[bool] = False
    template: Template
    subject: str = ""

    @property
    def steps(self) -> Sequence[str]:
        """A step for each part, and one for the relations."""
        return (*(part.step for part in self.template.parts), "Connect everything")

    @property
    def names(self) -> Sequence[str]:
        """The node in the middle."""
        return (self.subject or self.template.parts[0].nodes[0].key,)

    def perform(self) -> Deed:
        """Part by part, then the relations."""
        count, problem = 0, ""
        for part in self.template.parts:
            items = [Item(node.label, self._key(node.key), node.props).arguments for node in part.nodes]
            [result] = yield Ask(sentence(part.step), (Asked("add_nodes", {"nodes": items}),))
            if result.failed:
                problem = result.text
                break
            count += len(items)
        else:
            edges = list(self._edges())
            [result] = yield Ask("The nodes are there; I connect them.", (Asked("add_edges", {"edges": edges}),))
            if not result.failed:
                return self._told(count, len(edges))
            problem = result.text
        return [f"The {self.template.what} is not complete, {counted(count, 'node')} are there: {sentence(problem)}"]

    def _edges(self) -> Iterable[dict[str, Any]]:
        labels = {node.key: node.label for part in self.template.parts for node in part.nodes}
        for source, relation, *targets in self.template.edges:
            for target in targets:
                ends = [f"{labels[key]}:{self._key(key)}" for key in (source, target)]
                yield {"source": ends[0], "target": ends[1], "label": relation}

    def _key(self, key: str) -> str:
        return self.subject if self.subject and key == self.template.title else key

    def _told(self, nodes: int, edges: int) -> list[str]:
        about = f" for {self.subject}" if self.subject else ""
        labels = [(node.label, node.key) for part in self.template.parts for node in part.nodes]
        kinds = {label: sum(each == label for each, _ in labels) for label, _ in labels}
        told = listed([f"{count} {noun(label, count)}" for label, count in kinds.items()])
        size = f"{counted(nodes, 'node')} and {counted(edges, 'relation')}"
        more = listed([f"`{word}`" for word in self.template.next], joint="or")
        drawn = f"I drew {article(self.template.what)}{about}: {size}, with {told}. {self.template.note}"
        return [drawn, f"You could go on with {more}."]


def relation_told(source: str, relation: str, target: str) -> str:
    """An edge, for people."""
    return f"{source} {spoken(relation)} {target}"
