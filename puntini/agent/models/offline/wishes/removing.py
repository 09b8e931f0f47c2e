"""Taking away: nodes (found first, removed then), relations, everything."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.labels import spoken
from puntini.agent.models.offline.text.phrases import counted, listed, sentence
from puntini.agent.models.offline.wishes.changing import changed_many
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import (
    MOST_NODES,
    Every,
    Found,
    Named,
    Which,
    bounded,
    doubts,
    expanded,
    look_up,
    none_of,
    settled,
    told,
    too_many,
)


class Remove(Struct, frozen=True):
    """Remove nodes and the relations at them."""

    only_asks: ClassVar[bool] = False
    which: tuple[Which, ...]

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Find and remove {listed([told(each) for each in self.which])}",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing: what is gone is not meant by "it"."""
        return ()

    def perform(self) -> Deed:
        """Find first, so that only what is meant beyond doubt is removed."""
        if refusal := too_many(each for each in self.which if isinstance(each, Named)):
            return [refusal]
        nodes, said = yield from self._meant()
        if not nodes:
            missing = [none_of(each) for each in self.which if isinstance(each, Every)]
            return said or [f"There are {listed(missing, joint='or')}, so nothing was removed."]
        calls = tuple(Asked("remove_node", {"node": node.id}) for node in nodes[:MOST_NODES])
        results = yield Ask(f"I found {listed([node.told for node in nodes])}, and remove that.", calls)
        return said + _removed(nodes, results) + bounded(len(nodes))

    def _meant(self) -> Generator[Ask, Sequence[Result], tuple[list[Found], list[str]]]:
        """The nodes, each once, and what there is to say of those that are not clear."""
        named = [each for each in self.which if isinstance(each, Named)]
        sets = yield from expanded(self.which)
        found = (yield from look_up(named)) if named else {}
        clear = {each.name: settled(each, found.get(each.name, ())) for each in named}
        said = doubts((each, found.get(each.name, ())) for each in named if clear[each.name] is None)
        nodes = [node for node in clear.values() if node] + [node for nodes in sets.values() for node in nodes]
        return list({node.id: node for node in nodes}.values()), said


def _removed(nodes: Sequence[Found], results: Sequence[Result]) -> list[str]:
    if len(results) > 1:
        return changed_many(results, [node.told for node in nodes], "I removed")
    [node], [result] = nodes[:1], results
    if result.failed:
        return [f"I could not remove {node.told}: {sentence(result.text)}"]
    edges = result.data.get("edges")
    with_edges = f" and {counted(edges, 'relation')} at it" if isinstance(edges, int) and edges else ""
    return [f"I removed {node.told}{with_edges}."]


class Pair(Struct, frozen=True):
    """Two nodes that shall no longer be related; ``label`` "" stands for any relation."""

    source: Named
    target: Named
    label: str = ""


class Disconnect(Struct, frozen=True):
    """Remove relations between two nodes."""

    only_asks: ClassVar[bool] = False
    pair: Pair

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Disconnect {self.pair.source.name} and {self.pair.target.name}",)

    @property
    def names(self) -> Sequence[str]:
        """Both."""
        return self.pair.source.name, self.pair.target.name

    def perform(self) -> Deed:
        """Disconnect; where a name is not understood, look it up and try once more."""
        [result] = yield Ask("", (self._call(self.pair.source.reference, self.pair.target.reference),))
        if not result.failed:
            return [self._done(result)]
        ends = (self.pair.source, self.pair.target)
        found = yield from look_up(ends, "That did not work, so I look up who is who.")
        nodes = [settled(end, found[end.name]) for end in ends]
        match nodes:
            case [Found() as source, Found() as target]:
                [again] = yield Ask("Now I know who is who.", (self._call(source.id, target.id),))
                return [f"I could not disconnect them: {sentence(again.text)}" if again.failed else self._done(again)]
            case _:
                return _doubts(ends, nodes, found)

    def _call(self, source: str, target: str) -> Asked:
        label = {"label": self.pair.label} if self.pair.label else {}
        return Asked("disconnect", {"source": source, "target": target} | label)

    def _done(self, result: Result) -> str:
        source, target = self.pair.source.name, self.pair.target.name
        kind = f" {spoken(self.pair.label)}" if self.pair.label else ""
        if result.data.get("removed") == []:
            return f"There was no{kind} relation from {source} to {target}."
        return f"I removed the{kind} relation from {source} to {target}."


def _doubts(ends: Iterable[Named], nodes: Iterable[Found | None], found: dict[str, list[Found]]) -> list[str]:
    return doubts((end, found[end.name]) for end, node in zip(ends, nodes, strict=True) if node is None)


class Clear(Struct, frozen=True):
    """Remove everything."""

    only_asks: ClassVar[bool] = False

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("Clear the graph",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing is left."""
        return ()

    def perform(self) -> Deed:
        """One call; a person may have to agree to it."""
        [result] = yield Ask("This removes every node and relation.", (Asked("clear_graph", {}),))
        if result.failed:
            return [f"The graph was not cleared: {sentence(result.text)}"]
        return [f"The graph is empty now{_was(result.data)}."]


def _was(data: dict[str, Any]) -> str:
    match data:
        case {"nodes": int(nodes), "edges": int(edges)}:
            return f"; {counted(nodes, 'node')} and {counted(edges, 'relation')} went"
        case _:
            return ""
