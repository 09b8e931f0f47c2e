"""Errands beside the graph: sums, the time, documents and files."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.phrases import cut, sentence
from puntini.agent.models.offline.wishes.around import passages_in
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result

MOST_SHOWN = 1_500


class Errand(Struct, frozen=True):
    """One call of one tool, the outcome of which is the answer. ``lead`` introduces it."""

    only_asks: ClassVar[bool] = True
    step: str
    tool: str
    arguments: dict[str, Any]
    lead: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (self.step,)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in the graph."""
        return ()

    def perform(self) -> Deed:
        """One call."""
        [result] = yield Ask("", (Asked(self.tool, self.arguments),))
        if result.failed:
            return [f"That did not work: {sentence(result.text)}"]
        said = gist(result)
        return [f"{self.lead}:\n```\n{said}\n```" if "\n" in said else sentence(f"{self.lead} {said}")]


class OwnCall(Struct, frozen=True):
    """A call of a tool of which no rule knows what it does. What it returns is quoted as it is."""

    only_asks: ClassVar[bool] = False
    tool: str
    arguments: dict[str, Any]

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f"Call {self.tool}",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing that is known to be in the graph."""
        return ()

    def perform(self) -> Deed:
        """One call."""
        [result] = yield Ask("", (Asked(self.tool, self.arguments),))
        if result.failed:
            return [f"`{self.tool}` was not done: {sentence(result.text)}"]
        return [f"`{self.tool}` returned:\n```\n{cut(result.text.strip(), MOST_SHOWN) or 'nothing'}\n```"]


def gist(result: Result) -> str:
    """What a result says in short: its one value, the lines that it lists, or its text."""
    if (time := result.data.get("time")) and (weekday := result.data.get("weekday")):
        return f"{time} ({weekday})"
    match list(result.data.values()):
        case []:
            return cut(result.text.strip(), MOST_SHOWN) or "nothing"
        case [list(rows), *_]:
            return cut("\n".join(_row(row) for row in rows), MOST_SHOWN) or "nothing"
        case values:
            wanted = (result.data.get(name) for name in ("result", "value", "text", "time", "now", "content"))
            return cut(str(next((value for value in wanted if value is not None), values[0])), MOST_SHOWN)


def _row(row: object) -> str:
    match row:
        case dict():
            return "  ".join(str(value) for value in row.values() if not isinstance(value, dict | list))
        case _:
            return str(row)


class Knowledge(Struct, frozen=True):
    """Ask the documents."""

    only_asks: ClassVar[bool] = True
    query: str

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return (f'Search the documents for "{cut(self.query, 60)}"',)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in the graph."""
        return ()

    def perform(self) -> Deed:
        """One call; the passages are quoted, not retold."""
        [result] = yield Ask("", (Asked("search_knowledge", {"query": self.query}),))
        if result.failed:
            return [f"I could not search the documents: {sentence(result.text)}"]
        passages = passages_in(result)
        if not passages:
            return [f'The documents say nothing about "{cut(self.query, 80)}".']
        return [f'About "{cut(self.query, 80)}" the documents say:\n' + "\n".join(passages)]
