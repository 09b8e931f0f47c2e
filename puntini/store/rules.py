"""What every store decides alike."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from puntini.errors import Conflict, KeptAlready, NotFound, SessionClosed, StaleAttempt, StaleGraph, TaskRunning
from puntini.log.contract import Append, Bounds, Fence, GraphVersions, Kept, Listener, TaskRow
from puntini.protocol.entries import Entry
from puntini.protocol.events import SessionStatus

MOST_SNAPSHOTS = 64


def missing(session_id: str) -> NotFound:
    """There is no such session."""
    return NotFound(f"There is no session `{session_id}`.")


def missing_document(document_id: str) -> NotFound:
    """There is no such document."""
    return NotFound(f"There is no document `{document_id}`.")


def taken_document(document_id: str) -> Conflict:
    """A document to be added is there already."""
    return Conflict(f"There is a document `{document_id}` already.")


def check_reach(bounds: Bounds, to: int) -> None:
    """Raises NotFound when a log can't be looked at as it was after ``to``."""
    if to > bounds.head:
        raise NotFound("The log does not reach forward to that id.")
    if to < bounds.floor:
        raise NotFound("The log does not reach back to that id.")


def too_many(snapshots: list[int], saved: int) -> list[int]:
    """Which of a session's snapshots to drop when one was ``saved``: beyond the bound, the one missed least.

    That is the one that leaves the smallest gap for its age: the past gets coarser. The first stays, for it may be what
    the log's floor stands on; so does the newest, and the one just saved, for which somebody had a reason.
    """
    if len(snapshots) <= MOST_SNAPSHOTS:
        return []
    newest = snapshots[-1]
    inner = [at for at in range(1, len(snapshots) - 1) if snapshots[at] != saved]
    least = min(inner, key=lambda at: (snapshots[at + 1] - snapshots[at - 1]) / (newest - snapshots[at]))
    return [snapshots[least]]


def taken(session_id: str) -> Conflict:
    """A session to be made is there already."""
    return Conflict(f"There is a session `{session_id}` already.")


def kept_already(item: Kept) -> KeptAlready:
    """Something that was to be new is there."""
    return KeptAlready(f"There is a {item.kind} under that name already.")


def check_open(session_id: str, tasks: Iterable[TaskRow]) -> None:
    """Raises TaskRunning when a session is to be at rest and one of its ``tasks`` has not ended."""
    if any(row.session_id == session_id and not row.ended for row in tasks):
        raise TaskRunning("A task of the session has begun meanwhile; stop it first.")


def check_versions(versions: GraphVersions, version: int) -> None:
    """Raises StaleGraph when a graph has a version that its writer did not know of."""
    if version > versions.after:
        raise StaleGraph("The graph was changed by another meanwhile; look at it and try again.", version=version)


def closed() -> SessionClosed:
    """The session takes nothing more."""
    return SessionClosed("The session is closed; create another.")


def check_fence(fence: Fence, task: TaskRow | None) -> None:
    """Raises StaleAttempt when the task is gone, has ended, or is at another attempt or status than the fence's."""
    if task is None or task.ended or task.attempt != fence.attempt:
        raise StaleAttempt("The task has ended, or another attempt has taken it over.")
    if fence.status not in {None, task.status}:
        raise StaleAttempt(f"The task is {task.status} by now, not {fence.status}.")


def check_append(write: Append, status: SessionStatus | None, task: TaskRow | None) -> None:
    """Raises what an append is refused with: ``status`` is its session's, None of none; ``task`` is the fence's."""
    if write.create and status is not None:
        raise taken(write.session_id)
    known = write.create.status if write.create else status
    if known is None:
        raise missing(write.session_id)
    if known == "closed" and write.entries:
        raise closed()
    if write.fence is not None:
        check_fence(write.fence, task)


def placed(row: TaskRow, known: TaskRow | None, first: int, last: int, *, safe: bool) -> TaskRow:
    """A task's row with its place in the log: its first event when new, its last when it ends, how far it is safe."""
    start = first if last >= first else 0
    first_seq, safe_seq = (start, 0) if known is None else (known.first_seq, known.safe_seq)
    return replace(row, first_seq=first_seq, last_seq=last if row.ended else 0, safe_seq=last if safe else safe_seq)


def both(listener: Listener, other: Listener | None) -> Listener:
    """One who tells two, or the first alone."""
    if other is None:
        return listener

    def told(session_id: str, first: int, entries: Sequence[Entry]) -> None:
        listener(session_id, first, entries)
        other(session_id, first, entries)

    return told
