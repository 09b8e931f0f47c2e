"""The ends of tasks, in the order of time: what a fold over all sessions reads."""

from collections.abc import Container
from typing import NamedTuple, Protocol

from msgspec import Struct

from puntini.protocol.entries import Entry
from puntini.protocol.events import TaskStatus

PROMPT_TOLD = 1_000
"""So many characters of a prompt are told with an end."""


class EndedTask(Struct, frozen=True, kw_only=True):
    """A task's record as its end left it, and the end itself; None when retention has removed it."""

    task_id: str
    session_id: str
    owner: str
    agent: str
    prompt: str
    status: TaskStatus
    steps: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    created_at: int
    ended_at: int
    seq: int
    end: Entry | None


class Place(NamedTuple):
    """Where a task's end stands among all ends."""

    ended_at: int
    task_id: str


class Ending(NamedTuple):
    """A task that has ended; ``readable`` while the log has its end. ``told`` is None of a task that was known."""

    place: Place
    readable: bool
    told: EndedTask | None


class Ends(Protocol):
    """What a store tells of ends."""

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Tasks that have ended, the latest first: up to ``limit`` of them that ended before a place.

        Of those that are ``known`` by their ids only the place is told, which costs much less.
        """
        ...
