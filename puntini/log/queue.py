"""What workers on one database ask of it: whose turn it is, who has taken which task, and word from one to another.

A lane is a session's: at most one of its tasks runs. Whoever runs it holds the lane by a lease, which it renews; when
that is over, because its holder died or was cut off, the lane is anybody's. That decides turns, no more: what keeps a
log right is the fence of each append. An attempt that was taken over writes nothing, whatever it believes.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol, get_args

from msgspec import Struct

from puntini.log.contract import TaskRow

LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
SILENT_SECONDS = RENEW_SECONDS + 1.0
"""A node that did not renew for so long, and whose process is gone, need not be waited for."""
LOOK_SECONDS = 1.0
"""How often a worker with room looks for work, when it is not told of any."""
ORDERS_SECONDS = 0.25
"""How often a worker with jobs looks for orders to them, when it is not told of any."""

JANITOR_SECONDS = 2.0
"""How often one of the nodes looks for what a node that died has left half done."""

Verb = Literal["pause", "resume", "stop", "tell"]
VERBS: frozenset[str] = frozenset(get_args(Verb))


class Place(NamedTuple):
    """What a task that is about to be written finds in its session."""

    taken: bool
    """Whether the lane is now held for it."""
    busy: bool
    """Whether another task runs or waits there, or is about to."""
    waiting: int
    """How many tasks wait there."""


class Message(Struct, frozen=True):
    """An order to whoever runs a task, or something said to it (``body``)."""

    number: int
    task_id: str
    verb: Verb
    body: bytes = b""


class Figures(NamedTuple):
    """What all workers together have to do. ``oldest_seconds`` is how long the first in line has waited."""

    queued: int
    running: int
    oldest_seconds: float
    workers: int
    own: frozenset[str]
    """Those agents that workers were started with, so that the store does not know them."""
    unserved: frozenset[str]
    """Those that tasks wait for and no worker has."""


class Queue(Protocol):
    """One node's view of the work of all. ``node`` names it; every verb but ``close`` raises StoreUnavailable."""

    node: str

    # Turns.

    async def claim(self, agents: Sequence[str], most: int, *, left: bool = True) -> list[TaskRow]:
        """Take lanes whose turn it is, ``most`` at once; the tasks to be run in them, each by one of ``agents``.

        The more urgent go first, then those of users who have fewest running, then the oldest. A task that comes as
        ``running`` was left by a holder that is gone: it is to be taken up again. Without ``left`` there are none.
        When it raises, some may have been taken all the same: they are found among those that are ``mine``.
        """
        ...

    async def take(self, session_id: str, task_id: str, *, wanted: bool) -> Place:
        """Hold a session's lane for a task about to be written, if that is ``wanted`` and nothing is before it."""
        ...

    async def busy(self, session_id: str) -> bool:
        """Whether a task runs or waits in a session, or is about to."""
        ...

    async def renew(
        self, held: Sequence[tuple[str, str]], agents: Sequence[str], places: int, own: Sequence[str] = ()
    ) -> set[str]:
        """Go on holding lanes, (session, task) each; the tasks whose lanes are held still.

        It is the node's sign of life too, as one that runs as many as ``places`` tasks of these agents, of which it was
        started with its ``own``.
        """
        ...

    async def bury(self) -> int:
        """Let go of what nodes hold whose processes were on this machine and are gone; how many nodes those were.

        What can't be told for certain, as of another machine or container, is left alone: its time runs out.
        """
        ...

    async def leave(self) -> None:
        """Be no node any more, until the next renewal."""
        ...

    async def mine(self) -> list[tuple[str, str]]:
        """The lanes that this node holds, whether it knows of it or not: (session, task) each."""
        ...

    async def release(self, held: Sequence[tuple[str, str]]) -> None:
        """Let go of lanes, (session, task) each."""
        ...

    # Messages to whoever runs a task, wherever it is.

    async def send(self, task_id: str, verb: Verb, body: bytes = b"") -> int:
        """Leave a message for whoever runs a task now or takes it up next; its number."""
        ...

    async def receive(self, tasks: Sequence[str]) -> list[Message]:
        """The messages to tasks, in order: each once, but a pause or a stop again and again, until it is discarded."""
        ...

    async def answer(self, number: int, body: bytes) -> None:
        """Answer a message."""
        ...

    async def answered(self, number: int) -> bytes | None:
        """The answer to a message that was sent, once there is one; empty where the message was discarded."""
        ...

    async def withdraw(self, number: int) -> bool:
        """Take back a message that nobody has received; whether it was so."""
        ...

    async def pending(self, task_id: str) -> list[Message]:
        """The messages to a task that were not answered or discarded, received or not."""
        ...

    async def discard(self, numbers: Sequence[int]) -> None:
        """Forget messages: what they asked for has been done, or is out of date."""
        ...

    # What one node does for all.

    async def duty(self, name: str, seconds: float) -> bool:
        """Take on a duty for a while, or go on with it; False while another node has it."""
        ...

    async def resign(self, name: str) -> None:
        """Leave a duty to others."""
        ...

    async def neglected(self) -> list[TaskRow]:
        """Tasks that wait although all was decided that they were last seen to wait for."""
        ...

    async def unheeded(self) -> list[Message]:
        """Pauses and stops whose task came to rest before they were heard."""
        ...

    async def overdue(self) -> list[tuple[str, str]]:
        """Approvals whose time is over and on which nothing was decided: session and key."""
        ...

    async def unserved(self, seconds: float) -> list[TaskRow]:
        """Tasks that have waited so long for an agent that no worker has."""
        ...

    async def tidy(self) -> None:
        """Forget what is of no use to anybody any more."""
        ...

    async def figures(self) -> Figures:
        """What there is to do."""
        ...

    # Hints.

    def call(self) -> None:
        """Tell all nodes, soon. It is a hint and may be lost: they look by themselves too."""
        ...

    def watch(self, listener: Callable[[], None]) -> None:
        """Name who is told when a node calls, this one too. On the loop's thread."""
        ...

    async def listen(self) -> None:
        """Pass calls on. Runs until cancelled."""
        ...
