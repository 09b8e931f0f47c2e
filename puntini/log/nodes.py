"""What the processes on one database, its nodes, know of one another, beside what the store keeps for all of them.

Only a shared store has this. An embedded one has one process, which knows everything itself.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Count(NamedTuple):
    """How often something happened: of a kind, by whom, in which stretch of time."""

    kind: str
    key: str
    span: int
    number: int


class News(NamedTuple):
    """Something that others want to know. The store itself tells of what ended, was trimmed or is gone:

    ``ended`` of a task, ``trimmed`` of a session with its new floor, ``gone`` of a session.
    """

    kind: str
    key: str
    value: str = ""


class Heard(NamedTuple):
    """News, and where the next hearing begins. With ``missed`` there was more than is told: look at everything."""

    upto: int
    news: Sequence[News]
    missed: bool


class Carried(NamedTuple):
    """How many streams other nodes carry, of users who were asked for. Of one that is ``new`` nothing is known yet."""

    elsewhere: dict[str, int]
    new: bool


class Nodes(Protocol):
    """Counts, presence and news of all nodes. Each method raises StoreUnavailable."""

    async def count(self, counts: Sequence[Count]) -> list[Count]:
        """Add to counts, all in one; what each of them, named once, is now over all nodes. Adding 0 only asks."""
        ...

    async def counted(self, kind: str, key: str, since: int) -> dict[int, int]:
        """The counts of one key by their spans, from ``since`` on."""
        ...

    async def most_counted(self, kind: str, since: int, most: int) -> list[Count]:
        """The counts of a kind from the span ``since`` on, at most so many, the largest."""
        ...

    async def forget_counts(self, kind: str, before: int) -> None:
        """Forget the counts of spans before this one."""
        ...

    async def carry(self, node: str, changed: Mapping[str, int], asked: Sequence[str]) -> Carried:
        """Say that a node lives, and how many streams it carries of users for whom that has changed.

        One that has not said so for some seconds counts for nothing, and what it said before is forgotten then.
        """
        ...

    async def leave(self, node: str) -> None:
        """The node ends, and carries nothing any more."""
        ...

    async def marked(self, node: str, marks: Mapping[str, str]) -> list[Mapping[str, str]]:
        """Say by which settings a node that lives goes; those of the others. One without a name only asks."""
        ...

    async def watching(self, sessions: Sequence[str], at: int) -> None:
        """Streams of these sessions are open at ``at`` (ms)."""
        ...

    async def watched_at(self, session_id: str) -> int:
        """When a stream of a session was last told to be open (ms); 0 for never."""
        ...

    async def writable(self) -> None:
        """Raises while the store refuses writes: where it refused the last one, something is tried."""
        ...

    async def tell(self, news: Sequence[News]) -> None:
        """Tell all nodes, this one too."""
        ...

    async def hear(self, after: int) -> Heard:
        """What was told since a hearing; with 0, from now on. Some of it may come twice."""
        ...

    async def forget_watched(self, before: int) -> None:
        """Forget what was last watched before a time (ms)."""
        ...

    async def forget_old(self) -> None:
        """Forget news that everybody has heard by now, and nodes that are gone."""
        ...
