"""Questions about one node, what is around it, and the way from one to another."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.labels import noun, spoken, spoken_of_many
from puntini.agent.models.offline.text.phrases import article, listed, properties_shown, sentence, shown
from puntini.agent.models.offline.wishes.building import relation_told
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import Found, Named, doubt, doubts, found_in, look_up, settled


class Edge(Struct, frozen=True):
    """A relation that is there, its ends by name."""

    label: str
    source: str
    target: str


class Around(Struct, frozen=True):
    """What is related to a node. With ``relations``, only by these; ``outgoing`` says at which end of them it stands.

    ``inverse`` are relations that say the same the other way round. ``other`` asks whether just that node is there.
    """

    only_asks: ClassVar[bool] = True
    node: Named
    relation: str = ""
    outgoing: bool | None = None
    inverse: str = ""
    kind: str = ""
    other: str = ""

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Look around {self.node.name}",)

    @property
    def names(self) -> Sequence[str]:
        """The node."""
        return (self.node.name,)

    def perform(self) -> Deed:
        """Look around it; where its name is not understood, look it up and try once more."""
        [result] = yield Ask("", (_around(self.node.reference),))
        node = self.node
        if result.failed:
            found = (yield from look_up([node], f"That did not work, so I look for {node.name}."))[node.name]
            match = settled(node, found)
            if match is None:
                return [doubt(node, found)]
            [result] = yield Ask(f"I found {match.told}.", (_around(match.id),))
            if result.failed:
                return [f"I could not look around {match.told}: {sentence(result.text)}"]
        return [self._told(list(edges_in(result)), {each.name: each for each in found_in(result)})]

    def _told(self, edges: Sequence[Edge], nodes: dict[str, Found]) -> str:
        name = next((each for each in nodes if each.lower() == self.node.name.lower()), self.node.name)
        if self.relation:
            return self._answer(name, edges, nodes)
        if self.kind:
            kin = [node.name for node in nodes.values() if node.label == self.kind and node.name != name]
            return sentence(f"Around {name} there are {listed(kin) or f'no {noun(self.kind, 2)}'}")
        if not edges:
            return f"{name} is not connected to anything yet."
        lines = [relation_told(edge.source, edge.label, edge.target) for edge in edges]
        return "\n".join([f"Around {name} there is:", *(f"- {line}" for line in lines)])

    def _answer(self, name: str, edges: Sequence[Edge], nodes: dict[str, Found]) -> str:
        others = list(dict.fromkeys(self._others(name, edges)))
        if self.kind:
            others = [other for other in others if other not in nodes or nodes[other].label == self.kind]
        if self.other:
            return self._yes_or_no(name, [other.lower() for other in others])
        verb = spoken(self.relation)
        if not others:
            missing = f"{name} {verb}" if self.outgoing else f"{verb} {name}"
            return f'The graph says nothing about "{missing}".'
        if self.outgoing:
            return sentence(f"{name} {verb} {listed(others)}")
        return sentence(f"{listed(others)} {verb if len(others) == 1 else spoken_of_many(verb)} {name}")

    def _others(self, name: str, edges: Sequence[Edge]) -> Iterator[str]:
        for edge in edges:
            if edge.label == self.relation:
                subject, thing = edge.source, edge.target
            elif edge.label == self.inverse:
                subject, thing = edge.target, edge.source
            else:
                continue
            if name == (subject if self.outgoing else thing):
                yield thing if self.outgoing else subject

    def _yes_or_no(self, name: str, others: Sequence[str]) -> str:
        told = relation_told(name, self.relation, self.other)
        return f"Yes: {told}." if self.other.lower() in others else f'No, the graph does not say "{told}".'


def _around(reference: str) -> Asked:
    return Asked("neighbourhood", {"node": reference})


def edges_in(result: Result) -> Iterator[Edge]:
    """The relations that a result lists, with the names of the nodes that it lists."""
    names = {node.id: node.name for node in found_in(result)}
    for row in result.rows("edges"):
        source, target = str(row.get("source", "")), str(row.get("target", ""))
        yield Edge(str(row.get("label", "")), names.get(source, source), names.get(target, target))


class About(Struct, frozen=True):
    """Who or what something is, from the graph or else from the documents. ``prop`` asks for just that."""

    only_asks: ClassVar[bool] = True
    node: Named
    prop: str = ""

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Look {self.node.name} up",)

    @property
    def names(self) -> Sequence[str]:
        """The node."""
        return (self.node.name,)

    def perform(self) -> Deed:
        """Look it up; then look around it, or ask the documents where the graph does not know it."""
        found = (yield from look_up([self.node], f"I look for {self.node.name} in the graph."))[self.node.name]
        node = settled(self.node, found)
        if node is None:
            return [doubt(self.node, found)] if found or self.prop else (yield from self._documents())
        if self.prop:
            return [_property_told(node, self.prop)]
        [result] = yield Ask(f"{node.told} is there; I look around it.", (_around(node.id),))
        return [about(node, () if result.failed else list(edges_in(result)))]

    def _documents(self) -> Deed:
        name = self.node.name
        thought = "The graph does not know it; perhaps the documents do."
        [result] = yield Ask(thought, (Asked("search_knowledge", {"query": name}),))
        if result.failed:
            return [doubt(self.node, ())]
        passages = passages_in(result)
        if not passages:
            return [f'Neither the graph nor the documents say anything about "{name}".']
        return [f'The graph does not know "{name}", but the documents say:\n' + "\n".join(passages)]


def _property_told(node: Found, wanted: str) -> str:
    value = next((value for name, value in node.props.items() if name.lower() == wanted.lower()), None)
    spaced = wanted.replace("_", " ")
    if value is not None:
        return f"The {spaced} of {node.name} is {shown(value)}."
    known = f" It has {properties_shown(node.props)}." if node.props else ""
    return f"The graph does not know the {spaced} of {node.name}.{known}"


def about(node: Found, edges: Sequence[Edge]) -> str:
    """All that is known of a node, in sentences."""
    said = [f"{node.name} is {article(noun(node.label))}." if node.label else f"{node.name} is there."]
    if node.props:
        said.append(f"It has {properties_shown(node.props)}.")
    said += [sentence(relation_told(edge.source, edge.label, edge.target)) for edge in edges[:12]]
    return " ".join(said)


def passages_in(result: Result, most: int = 5) -> list[str]:
    """The passages that a search of the documents brought, a line each."""
    rows: list[Any] = next((value for value in result.data.values() if isinstance(value, list)), [])
    found = [row for row in rows if isinstance(row, dict) and isinstance(row.get("text"), str)]
    return [f"- {row.get('title') or 'A document'}: {shown_passage(row['text'])}" for row in found[:most]]


def shown_passage(text: str) -> str:
    """A passage on one line, and not all of it."""
    joined = " ".join(text.split())
    return joined if len(joined) <= 240 else joined[:239].rstrip() + "…"


class Path(Struct, frozen=True):
    """The way from one node to another."""

    only_asks: ClassVar[bool] = True
    source: Named
    target: Named

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Find a path from {self.source.name} to {self.target.name}",)

    @property
    def names(self) -> Sequence[str]:
        """Both ends."""
        return self.source.name, self.target.name

    def perform(self) -> Deed:
        """Ask for it; where a name is not understood, look it up and try once more."""
        [result] = yield Ask("", (_path(self.source.reference, self.target.reference),))
        if result.failed:
            ends = (self.source, self.target)
            found = yield from look_up(ends, "That did not work, so I look up who is who.")
            nodes = [settled(end, found[end.name]) for end in ends]
            if not (nodes[0] and nodes[1]):
                return doubts((end, found[end.name]) for end, node in zip(ends, nodes, strict=True) if node is None)
            [result] = yield Ask("Now I know who is who.", (_path(nodes[0].id, nodes[1].id),))
        return [self._told(result)]

    def _told(self, result: Result) -> str:
        if result.failed:
            return f"I could not look for a path: {sentence(result.text)}"
        path = result.data.get("path")
        steps = [_step(step) for step in path] if isinstance(path, list) else []
        if not steps:
            return f"There is no path from {self.source.name} to {self.target.name}."
        count = len(steps) - 1
        return f"There is a path of {count} step{'' if count == 1 else 's'}: {' → '.join(steps)}."


def _path(source: str, target: str) -> Asked:
    return Asked("find_path", {"source": source, "target": target})


def _step(step: Any) -> str:
    return str(step.get("key") or step.get("id")) if isinstance(step, dict) else str(step)
