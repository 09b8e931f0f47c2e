"""Relating nodes to one another. What a sentence states may bring nodes along; what a command names has to be there."""

from collections.abc import Generator, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.phrases import listed, sentence
from puntini.agent.models.offline.wishes.building import added, relation_told
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import (
    Every,
    Found,
    Named,
    Which,
    bounded,
    doubts,
    expanded,
    is_missing,
    look_up,
    none_of,
    settled,
    told,
    too_many,
)

RELATED = "RELATED_TO"
MOST_LINES = 100
Nodes = dict[str, list[Found]]


class Line(Struct, frozen=True):
    """An edge to be. ``kinds`` are the labels that its ends have if they have to be added."""

    source: Which
    target: Which
    label: str = RELATED
    props: dict[str, Any] = {}
    kinds: tuple[str, str] = ("Thing", "Thing")

    @property
    def ends(self) -> tuple[Which, Which]:
        """Both nodes."""
        return self.source, self.target


class Ready(Struct, frozen=True):
    """A line between two nodes that the tools can be told."""

    source: str
    target: str
    line: Line

    @property
    def arguments(self) -> dict[str, Any]:
        """It as the tools want it."""
        wanted: dict[str, Any] = {"source": self.source, "target": self.target, "label": self.line.label}
        return wanted | ({"props": self.line.props} if self.line.props else {})


class Link(Struct, frozen=True):
    """Relate nodes. ``stated``: it was said as a fact, so that nodes which are missing are added."""

    only_asks: ClassVar[bool] = False
    lines: tuple[Line, ...]
    stated: bool = False

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Connect: {listed([_told(line) for line in self.lines], 4)}",)

    @property
    def names(self) -> Sequence[str]:
        """The ends that have names."""
        ends = [end.name for line in self.lines for end in line.ends if isinstance(end, Named)]
        return tuple(dict.fromkeys(ends))

    def perform(self) -> Deed:
        """Connect; where a name is not understood, look it up and try once more."""
        sets = yield from expanded(end for line in self.lines for end in line.ends)
        ready = [each for line in self.lines for each in _ready(line, sets)]
        if len(ready) > MOST_LINES:
            return [f"That would be {len(ready):,} relations; I make at most {MOST_LINES} at once."]
        if not ready:
            return [f"There is nothing to connect: there are {listed([none_of(each) for each in sets], joint='or')}."]
        result = yield from _connect("", ready)
        if not result.failed:
            return [_connected(ready), *bounded(max(map(len, sets.values()), default=0))]
        if not (named := self._named()):
            return [f"I could not connect them: {sentence(result.text)}"]
        if refusal := too_many(named):
            return [f"I could not connect them: {sentence(result.text)} {refusal}"]
        found = yield from look_up(named, "That did not work, so I look up who is who.")
        return (yield from self._mend(found, result))

    def _named(self) -> list[Named]:
        return [end for line in self.lines for end in line.ends if isinstance(end, Named)]

    def _mend(self, found: Nodes, first: Result) -> Deed:
        """Connect what is clear, after adding what a statement brings along; say what is not."""
        said: list[str] = []
        if self.stated and (missing := self._missing(found)):
            said.append((yield from _add(missing)))
            found = found | {name: [Found(f"{label}:{name}", label, name, {})] for name, label in missing.items()}
        unclear = [each for each in self._named() if each.name in found and not settled(each, found[each.name])]
        ready = [clear for line in self.lines if (clear := _settled(line, found))]
        said += doubts((each, found[each.name]) for each in unclear)
        if not ready:
            return said or [f"I could not connect them: {sentence(first.text)}"]
        result = yield from _connect("Now I know who is who and connect them.", ready)
        said.append(f"I could not connect them: {sentence(result.text)}" if result.failed else _connected(ready))
        return said

    def _missing(self, found: Nodes) -> dict[str, str]:
        """The names that nothing bears, with the labels they should have."""
        return {
            end.name: end.label or kind
            for line in self.lines
            for end, kind in zip(line.ends, line.kinds, strict=True)
            if isinstance(end, Named) and end.name in found and is_missing(end, found[end.name])
        }


def _told(line: Line) -> str:
    return relation_told(told(line.source), line.label, told(line.target))


def _ready(line: Line, sets: dict[Every, list[Found]]) -> list[Ready]:
    sources, targets = ([_reference(end)] if isinstance(end, Named) else _ids(end, sets) for end in line.ends)
    return [Ready(source, target, line) for source in sources for target in targets if source != target]


def _reference(end: Named) -> str:
    return end.reference


def _ids(end: Every, sets: dict[Every, list[Found]]) -> list[str]:
    return [node.id for node in sets.get(end, ())]


def _settled(line: Line, found: Nodes) -> Ready | None:
    ends = [settled(end, found.get(end.name, ())) for end in line.ends if isinstance(end, Named)]
    match ends:
        case [Found() as source, Found() as target]:
            return Ready(source.id, target.id, line)
        case _:
            return None


def _connect(thought: str, ready: Sequence[Ready]) -> Generator[Ask, Sequence[Result], Result]:
    if len(ready) == 1:
        call = Asked("connect", ready[0].arguments)
    else:
        call = Asked("add_edges", {"edges": [each.arguments for each in ready]})
    [result] = yield Ask(thought, (call,))
    return result


def _add(missing: dict[str, str]) -> Generator[Ask, Sequence[Result], str]:
    nodes = [{"label": label, "key": name} for name, label in missing.items()]
    thought = f"There is no {listed(list(missing), joint='and no')} yet, so I add what the sentence speaks of."
    [result] = yield Ask(thought, (Asked("add_nodes", {"nodes": nodes}),))
    if result.failed:
        return f"I could not add {listed(list(missing))}: {sentence(result.text)}"
    return added(result, [(label, name) for name, label in missing.items()])


def _connected(ready: Sequence[Ready]) -> str:
    lines = list(dict.fromkeys(_told(each.line) for each in ready))
    if len(lines) < len(ready):
        return f"I connected them with {len(ready)} relations: {listed(lines, 4)}."
    return sentence(f"I connected them: {listed(lines)}" if len(lines) > 1 else f"Now {lines[0]}")
