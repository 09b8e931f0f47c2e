"""Changing nodes that are there: their names, labels and properties."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.labels import noun
from puntini.agent.models.offline.text.phrases import article, counted, listed, sentence, shown
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import (
    MOST_NODES,
    Every,
    Named,
    Which,
    bounded,
    doubt,
    expanded,
    is_missing,
    look_up,
    none_of,
    settled,
    told,
)


class Change(Struct, frozen=True):
    """Rename a node, relabel it, set properties, or remove those that are None. ``stated``: add it if it is missing."""

    only_asks: ClassVar[bool] = False
    which: Which
    key: str = ""
    label: str = ""
    props: dict[str, Any] = {}
    stated: bool = False

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Change {told(self.which)}: {listed(self._changes())}",)

    @property
    def names(self) -> Sequence[str]:
        """The node, by its new name if it gets one."""
        name = self.key or (self.which.name if isinstance(self.which, Named) else "")
        return (name,) if name else ()

    def perform(self) -> Deed:
        """Change one node, or each of a kind."""
        match self.which:
            case Named():
                return (yield from self._change_one(self.which))
            case Every():
                return (yield from self._change_all(self.which))

    def _change_one(self, which: Named) -> Deed:
        [result] = yield Ask("", (self._call(which.reference),))
        if not result.failed:
            return [self._done(which.name)]
        found = (yield from look_up([which], f"That did not work, so I look for {which.name}."))[which.name]
        node = settled(which, found)
        if node is None:
            if self.stated and self.label and is_missing(which, found):
                return (yield from self._add(which))
            return [doubt(which, found)]
        [again] = yield Ask(f"I found {node.told} and try again with its id.", (self._call(node.id),))
        return [f"I could not change {node.told}: {sentence(again.text)}" if again.failed else self._done(node.name)]

    def _change_all(self, which: Every) -> Deed:
        nodes = (yield from expanded([which])).get(which, [])
        if not nodes:
            return [f"There are {none_of(which)}, so nothing was changed."]
        results = yield Ask(
            f"There are {len(nodes)}; I change each.", tuple(self._call(node.id) for node in nodes[:MOST_NODES])
        )
        return [
            f"For each: {listed(self._changes())}.",
            *changed_many(results, [node.told for node in nodes], "I changed"),
            *bounded(len(nodes)),
        ]

    def _add(self, which: Named) -> Deed:
        node = {"label": self.label, "key": which.name} | ({"props": self.props} if self.props else {})
        [result] = yield Ask(f"{which.name} is not there yet, so I add it.", (Asked("add_nodes", {"nodes": [node]}),))
        if result.failed:
            return [f"I could not add {which.name}: {sentence(result.text)}"]
        return [sentence(f"I added the {noun(self.label)} {which.name}")]

    def _call(self, reference: str) -> Asked:
        wanted = {"key": self.key, "label": self.label, "props": self.props}
        return Asked("update_node", {"node": reference} | {name: value for name, value in wanted.items() if value})

    def _changes(self) -> list[str]:
        said = [f"call it {self.key}"] if self.key else []
        if self.label:
            said.append(f"make it {article(noun(self.label))}")
        for name, value in self.props.items():
            said.append(f"remove its {name}" if value is None else f"set {name} to {shown(value)}")
        return said

    def _done(self, name: str) -> str:
        said = [f"is called {self.key} now"] if self.key else []
        if self.label:
            said.append(f"is {article(noun(self.label))} now")
        for prop, value in self.props.items():
            prop = prop.replace("_", " ")
            said.append(f"has no {prop} any more" if value is None else f"has the {prop} {shown(value)} now")
        return sentence(f"{name} {listed(said)}")


def changed_many(results: Sequence[Result], names: Sequence[str], doing: str) -> list[str]:
    """Say for which of several nodes it went well, and why it did not for the others."""
    well = [name for name, result in zip(names, results, strict=False) if not result.failed]
    failures = [result for result in results if result.failed]
    said = [f"{doing} {counted(len(well), 'node')}: {listed(well)}."] if well else []
    if failures:
        said.append(f"For {counted(len(failures), 'node')} it failed: {sentence(failures[0].text)}")
    return said
