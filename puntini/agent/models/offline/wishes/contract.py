"""What was understood: a wish knows how it is told as a plan, and which calls it takes."""

from collections.abc import Generator, Sequence
from typing import Any, ClassVar, Protocol

from msgspec import Struct


class Asked(Struct, frozen=True):
    """A tool to call."""

    tool: str
    arguments: dict[str, Any]


class Ask(Struct, frozen=True):
    """One round: what the model thinks, and the calls that it waits for."""

    thought: str
    calls: tuple[Asked, ...]


class Result(Struct, frozen=True):
    """What came of a call. ``data`` is what its text says as JSON, where that is an object."""

    failed: bool
    text: str
    data: dict[str, Any]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects that are listed under a name."""
        found = self.data.get(name)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


# Yields rounds, is sent the results of each call in turn, and returns what there is to say, paragraph by paragraph.
# It must depend on nothing but its wish and the results: it is run from the beginning for every response.
Deed = Generator[Ask, Sequence[Result], list[str]]


class Wish(Protocol):
    """One thing that somebody wants."""

    only_asks: ClassVar[bool]
    """Whether it changes nothing, so that it may go beside others that change nothing."""

    @property
    def steps(self) -> Sequence[str]:
        """Its part of a plan, for people."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The things it speaks of, so that "it" and "them" can mean them later."""
        ...

    def perform(self) -> Deed:
        """Do it."""
        ...
