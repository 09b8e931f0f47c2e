"""Whether what a store holds of a session is sound: what its rows say about one another, wherever they are kept."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, get_args

import msgspec

from puntini.log.contract import ENDED, Bounds
from puntini.protocol.events import (
    LoggedEvent,
    SessionStatus,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskStatus,
)

Decode = Callable[[bytes], object]
"""Reads a snapshot's body, and raises ValueError (as msgspec does) when it can't."""
EventRow = tuple[int, int, int, bytes]
"""The first seq, the last, the size of the lines without what joins them, the lines."""
Saved = tuple[int, bytes]
Outcome = tuple[str, int, int, str]
"""A command's key, the first and last seq that it wrote, the task that it began."""

_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much a store holds. ``events`` counts erased ones too, ``bytes`` what it takes on the disk."""

    epoch: str
    sessions: int
    tasks: int
    events: int
    bytes: int


class Task(NamedTuple):
    """What a task's row says of the log."""

    id: str
    status: str
    first: int
    last: int


class End(NamedTuple):
    """What the log says of a task's end."""

    seq: int
    status: str


class Held(Protocol):
    """What a store holds of one session."""

    def events(self) -> Iterable[EventRow]:
        """The rows of its log, in order."""
        ...

    def tasks(self) -> Iterable[Task]:
        """Its tasks."""
        ...

    def snapshots(self) -> Iterable[Saved]:
        """Its snapshots: where they are, and their bodies."""
        ...

    def outcomes(self) -> Iterable[Outcome]:
        """The commands that are remembered."""
        ...


def session_faults(session_id: str, status: str, bounds: Bounds, held: Held, decode: Decode) -> Iterator[str]:
    """One sentence for each fault of a session."""
    if status not in get_args(SessionStatus):
        yield f"Session {session_id}: the status {status!r} is not known."
    for fault in _Session(held, bounds).faults(decode):
        yield f"Session {session_id}: {fault}."


class _Session:
    """One session, looked at in order: its log, then what points into it."""

    def __init__(self, held: Held, bounds: Bounds) -> None:
        self._held = held
        self._bounds = bounds
        self._tasks = {task.id: task for task in held.tasks()}
        self._first_of = {task.first: task for task in self._tasks.values()}
        self._ends: dict[str, End] = {}

    def faults(self, decode_snapshot: Decode) -> Iterator[str]:
        """What is wrong, without the session's name and a full stop."""
        yield from self._log()
        for task in self._tasks.values():
            yield from (f"task {task.id} {fault}" for fault in self._task(task))
        yield from self._snapshots(decode_snapshot)
        yield from self._outcomes()

    # The log.

    def _log(self) -> Iterator[str]:
        expected = self._bounds.floor + 1
        began = False
        for first, last, size, body in self._held.events():
            if first > expected:
                yield f"events {expected} to {first - 1} are missing"
            elif began and first < expected:
                yield f"event {first} is there twice"
            began, expected = True, last + 1
            yield from self._row(first, last, size, body)
        if expected <= self._bounds.head:
            yield f"events {expected} to {self._bounds.head} are missing"
        elif expected > self._bounds.head + 1:
            yield f"events {self._bounds.head + 1} to {expected - 1} are behind the last seq that was given"

    def _row(self, first: int, last: int, size: int, body: bytes) -> Iterator[str]:
        lines = body.split(b"\n")
        if len(lines) != last - first + 1:
            yield f"the row of events {first} to {last} holds {len(lines)}"
            return
        if sum(map(len, lines)) != size:
            yield f"the row of events {first} to {last} has another size than it says"
        for seq, line in enumerate(lines, first):
            if line:  # an empty one was erased
                yield from self._event(seq, line)

    def _event(self, seq: int, line: bytes) -> Iterable[str]:
        try:
            event = _logged.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return [f"event {seq} can't be read: {error}"]
        began = self._first_of.get(seq)
        if began is not None and event.task_id != began.id:
            return [f"task {began.id} begins at event {seq}, which is not its own"]
        if isinstance(event, TaskCompleted | TaskFailed | TaskCancelled):
            return self._end(event.task_id, End(seq, type(event).__name__.removeprefix("Task").lower()))
        return ()

    def _end(self, task_id: str, end: End) -> Iterable[str]:
        before = self._ends.setdefault(task_id, end)
        return () if before == end else [f"task {task_id} ends twice, at events {before.seq} and {end.seq}"]

    # What points into it.

    def _task(self, task: Task) -> Iterator[str]:
        end = self._ends.get(task.id)
        if task.status not in get_args(TaskStatus):
            yield f"has a status that is not known, {task.status!r}"
        if not 0 <= task.first <= self._bounds.head:
            yield f"begins at event {task.first}, which is not in the log"
        if task.status not in ENDED:
            if end is not None or task.last:
                yield f"is {task.status}, but ends at event {end.seq if end else task.last}"
        elif not 0 < task.last <= self._bounds.head:
            yield f"is {task.status} at event {task.last}, which is not in the log"
        elif task.last > self._bounds.floor and end != (task.last, task.status):
            yield f"is {task.status} at event {task.last}, but the log has {_told(end)}"

    def _snapshots(self, decode: Decode) -> Iterator[str]:
        for seq, body in self._held.snapshots():
            if not self._bounds.floor <= seq <= self._bounds.head:
                yield f"a snapshot is at event {seq}, which is not in the log"
            try:
                decode(body)
            except (ValueError, TypeError) as error:
                yield f"the snapshot at event {seq} can't be read: {error}"

    def _outcomes(self) -> Iterator[str]:
        for key, first, last, task_id in self._held.outcomes():
            if not (1 <= first <= last + 1 and last <= self._bounds.head):
                yield f"command {key!r} wrote events {first} to {last}, which are not in the log"
            if task_id and task_id not in self._tasks:
                yield f"command {key!r} began task {task_id}, which does not exist"


def _told(end: End | None) -> str:
    return f"{end.status} at event {end.seq}" if end else "no end"
