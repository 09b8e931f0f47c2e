"""The ends of tasks, in the order of time: what a fold over all sessions reads."""

from collections.abc import Container
from typing import NamedTuple, Protocol

import structlog
from msgspec import Struct

from puntini.protocol.entries import Entry, read_entry
from puntini.protocol.events import TaskStatus

LOG = structlog.get_logger("puntini.log")
PROMPT_TOLD = 1_000
"""So many characters of a prompt are told with an end."""


class EndedTask(Struct, frozen=True, kw_only=True):
    """A task's record as its end left it, and the end itself; None when retention has removed it, or it is damaged."""

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


def read_end(task_id: str, line: bytes | None) -> Entry | None:
    """A task's end from its stored line. One that is damaged is passed over, for the task's record says the same."""
    try:
        return read_entry(line) if line else None
    except ValueError as error:
        LOG.error("the end of a task is damaged in the log", task_id=task_id, reason=str(error))
        return None
