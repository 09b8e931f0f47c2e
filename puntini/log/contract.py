"""What the log asks of a store. Every backend passes the one suite in ``tests/store/test_contract*.py``.

Two doors matter: ``append`` and ``read``. An append is one transaction: the new session, the events, the task's row and
the memory of the command all land, or none does. Only the store gives seqs, in that transaction, and it shows nothing
that is not committed. Everything here is called from the event loop's thread and answers on it.
"""

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from msgspec import Struct

from puntini.log.documents import Documents, Passages
from puntini.log.embedding import Embedder
from puntini.log.ends import Ends
from puntini.log.members import Members
from puntini.log.nodes import Nodes
from puntini.protocol.entries import Entry
from puntini.protocol.events import SessionStatus, TaskStatus

if TYPE_CHECKING:
    from puntini.log.queue import Queue

Fsync = Literal["normal", "full"]


class SessionRow(Struct, frozen=True, kw_only=True):
    """A session's record. ``floor`` and ``head`` are the log's bounds: events ``floor + 1 .. head`` can be read."""

    session_id: str
    owner: str
    title: str = ""
    agent: str = ""
    status: SessionStatus = "active"
    created_at: int
    updated_at: int
    floor: int = 0
    head: int = 0


class TaskRow(Struct, frozen=True, kw_only=True):
    """A task's record: what is needed to take it up again.

    ``first_seq`` is its first event, ``last_seq`` its end. What its agent said up to ``safe_seq`` stands whatever
    becomes of the attempt. ``steps`` and what was spent count all attempts,
    ``crashes`` those that died since something was last saved or, by an agent that goes by what it has said, said.
    """

    task_id: str
    session_id: str
    agent: str
    prompt: str
    status: TaskStatus
    attempt: int = 1
    max_steps: int = 50
    priority: int = 0
    steps: int = 0
    crashes: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    created_at: int
    updated_at: int
    first_seq: int = 0
    last_seq: int = 0
    safe_seq: int = 0

    @property
    def ended(self) -> bool:
        """Whether the task has had its end."""
        return self.status in ENDED


ENDED: frozenset[str] = frozenset({"completed", "failed", "cancelled"})


class Once(Struct, frozen=True):
    """Makes an append happen once: a second one with the same scope and key changes nothing for 24 hours."""

    scope: str
    key: str


class Fence(Struct, frozen=True):
    """An append that is only good while ``task_id`` is at this attempt and has not ended.

    With ``status``, only while it has that status too: of two who change a task that rests, the second is told.
    """

    task_id: str
    attempt: int
    status: TaskStatus | None = None


class Kept(Struct, frozen=True):
    """Something kept beside the events by its name: a checkpoint, a decision. No ``body`` forgets it.

    ``space`` is the session it goes with, or another name for what goes with none. An append whose ``new`` things are
    not all new is refused with KeptAlready: of two who keep the same, the second is told.
    """

    space: str
    kind: str
    key: str
    body: bytes | None
    new: bool = False


class GraphVersions(NamedTuple):
    """Graph versions that an append brings: up to ``last``, by a writer who knew of all up to ``after``.

    Where several processes write, a store refuses it with StaleGraph when a version after that was given by another.
    """

    after: int
    last: int


class Append(Struct, frozen=True, kw_only=True):
    """One transaction.

    ``create`` makes the session first (its id must be ``session_id``). ``task`` replaces the task's row; the store
    sets ``first_seq`` on a new row that brings entries (the first of them), and ``last_seq`` (the last of them) when
    the row's status is an end. ``safe`` makes this append's last event the row's ``safe_seq``. ``status`` and ``agent``
    change the session's. With ``at_rest`` a shared store raises TaskRunning when a task of the session has not ended.
    With ``once`` seen before, nothing is done and the first outcome is returned with
    ``repeated``.
    """

    session_id: str
    entries: Sequence[Entry] = ()
    create: SessionRow | None = None
    task: TaskRow | None = None
    safe: bool = False
    kept: Sequence[Kept] = ()
    versions: GraphVersions | None = None
    status: SessionStatus | None = None
    agent: str | None = None
    at_rest: bool = False
    fence: Fence | None = None
    once: Once | None = None
    at: int


class Written(NamedTuple):
    """What an append did: the seqs it was given (first > last when it brought no events)."""

    session_id: str
    first: int
    last: int
    task_id: str = ""
    repeated: bool = False


class Page(NamedTuple):
    """Events after a cursor, in order. ``upto`` is where the next read goes on: at or past the last event's seq.

    Seqs may have holes (erased pieces). ``floor`` and ``head`` are the bounds at the time of reading.
    """

    events: list[tuple[int, Entry]]
    upto: int
    floor: int
    head: int


class Bounds(NamedTuple):
    """Events ``floor + 1 .. head`` can be read."""

    floor: int
    head: int


class Snapshot(NamedTuple):
    """What a fold had made of a session's log up to and with ``seq``."""

    seq: int
    body: bytes


Listener = Callable[[str, int, Sequence[Entry]], None]
"""Told of each commit: session, the first entry's seq, the entries. On the loop's thread, in log order per session."""

Moved = Callable[[str, int | None], None]
"""Told what another process did to a session that is followed: its floor's new place, or None for its end."""


class EventLog(Protocol):
    """The log proper."""

    @property
    def epoch(self) -> str:
        """The log's life, part of every id."""
        ...

    def watch(self, listener: Listener, moved: Moved | None = None, wrote: Listener | None = None) -> None:
        """Name who listens. ``listener`` is called after the commit and before the append's future is done.

        Where other processes write too, it is told of all that this one commits, and of what they commit to sessions
        that are followed. Between what it is told of there may be holes: they are to be read. ``wrote`` is told of
        each commit of this process, and of no other's.
        """
        ...

    def follow(self, session_id: str) -> None:
        """Tell of other processes' commits to a session too, until it is unfollowed as often as it was followed."""
        ...

    def unfollow(self, session_id: str) -> None:
        """The inverse of ``follow``."""
        ...

    def submit(self, write: Append) -> Future[Written]:
        """Hand in an append and return at once; what is handed in first is committed first.

        The future raises NotFound (no such session), Conflict (one to be created is there), SessionClosed (closed and
        entries given; a fence does not help), StaleAttempt (fence), StoreUnavailable (nothing was written).
        """
        ...

    async def append(self, write: Append) -> Written:
        """``submit``, awaited. Giving up the wait does not undo the append."""
        ...

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Events with seq > ``after`` (and <= ``to``), at least one if there is one, else about ``max_bytes`` of lines.

        Reading below the floor starts at the floor: compare ``page.floor`` with ``after`` to notice. Raises NotFound.
        """
        ...

    async def bounds(self, session_id: str) -> Bounds:
        """The session's bounds. Raises NotFound."""
        ...

    async def trim(self, session_id: str, to: int) -> None:
        """Forget events up to and with seq ``to`` and snapshots older than ``to``; the floor never moves back."""
        ...

    async def erase(self, session_id: str, seqs: Sequence[int]) -> None:
        """Forget single events without moving the floor: they become holes."""
        ...

    async def fork(self, source: str, to: int, write: Append) -> Written:
        """Make a session of which the beginning is another's: its events up to and with ``to``, under the same seqs.

        Its holes, its floor and its snapshots up to there are copied too; ``write`` makes the session (``create``), and
        its entries come after what is copied. It is there as a whole or not at all, and appends go on meanwhile.
        Raises NotFound (no such source, or ``to`` is not in its log), Conflict, and what an append raises.
        """
        ...

    async def horizon(self, session_id: str, *, before: int, keep_bytes: int) -> int:
        """The seq up to which events are too old (written before ``before``, ms) or too many (beyond ``keep_bytes``).

        It is the floor when nothing is.
        """
        ...


class Shelf(Protocol):
    """Where things are kept by name."""

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep or forget things outside of an append, all or none."""
        ...

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        ...

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them, in the order of the keys, or with ``last`` the other way round.

        Only those that begin with ``prefix`` and, where given, come before ``before``.
        """
        ...


class Ledger(Shelf, Protocol):
    """A shelf where several may change one thing, and none undoes what another did."""

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep or forget one thing if ``old`` is what is kept in its place now, None for nothing; whether it was so.

        Of two who go by the same ``old``, one is told that it was not.
        """
        ...


class Records(Ledger, Members, Ends, Protocol):
    """What is kept beside the events."""

    async def session(self, session_id: str) -> SessionRow | None:
        """One session, with its bounds; ``updated_at`` is the time of its last append or change."""
        ...

    async def sessions(
        self,
        *,
        limit: int,
        offset: int,
        status: SessionStatus | None = None,
        idle_before: int | None = None,
        user: str | None = None,
    ) -> tuple[list[SessionRow], int]:
        """Sessions, the newest first, and how many there are.

        Only those not updated since ``idle_before`` (ms), and those that ``user`` owns or is a member of.
        """
        ...

    async def amend(
        self, session_id: str, *, at: int, title: str | None = None, agent: str | None = None
    ) -> SessionRow:
        """Change a session's record. Raises NotFound."""
        ...

    async def delete_session(self, session_id: str) -> None:
        """Remove a session with all that belongs to it, its members too. Raises NotFound."""
        ...

    async def task(self, task_id: str) -> TaskRow | None:
        """One task."""
        ...

    async def tasks(
        self,
        *,
        session_id: str | None = None,
        open_only: bool = False,
        status: TaskStatus | None = None,
        agent: str | None = None,
        user: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        last: bool = False,
    ) -> list[TaskRow]:
        """Tasks in the order of their making, or with ``last`` the other way round.

        Those for which all that is given holds: all of them, or ``limit`` after the first ``offset``. Those of a
        ``user`` are in the sessions that the user owns or is a member of.
        """
        ...

    async def count_tasks(
        self,
        *,
        session_id: str | None = None,
        open_only: bool = False,
        status: TaskStatus | None = None,
        agent: str | None = None,
        user: str | None = None,
    ) -> int:
        """How many tasks ``tasks`` has in all."""
        ...

    async def outcome(self, once: Once) -> Written | None:
        """What the append with this ``once`` did, if it happened."""
        ...

    async def save_snapshot(self, session_id: str, snapshot: Snapshot) -> None:
        """Keep a snapshot; a second one at the same seq replaces the first.

        What is below the floor, or of a deleted session, is skipped. Of many, some between the oldest and the newest
        are forgotten.
        """
        ...

    async def snapshot(self, session_id: str, at_most: int) -> Snapshot | None:
        """The newest snapshot with seq <= ``at_most``."""
        ...

    async def forget(self, *, outcomes_before: int) -> int:
        """Drop the memory of commands older than this (ms); returns how many."""
        ...


class Store(EventLog, Records, Documents, Passages, Protocol):
    """One database: log, records and documents. ``embedder`` is what makes vectors for searches, where there is one."""

    embedder: Embedder | None

    @property
    def kind(self) -> str:
        """What it is, in a word, as metrics and ``/v1/status`` name it."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes may use the same database at the same time."""
        ...

    @property
    def nodes(self) -> Nodes | None:
        """What the processes that share it know of one another; None where it is not shared."""
        ...

    @property
    def queue(self) -> "Queue | None":
        """The work of all who share the database; None where nobody does."""
        ...

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since the start: appends, events, commits, reads; and what the backend adds."""
        ...

    async def lost(self) -> None:
        """Wait until this process can't go on with the store: another is in its place, which may lack what was told.

        For most stores that never comes.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go of everything."""
        ...
