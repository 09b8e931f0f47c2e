"""Short words for what the store's tests say again and again."""

from typing import Any

from puntini.log.contract import Append, Fence, Once, Page, SessionRow, Store, TaskRow
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    Debug,
    DebugData,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskStarted,
    TaskStatus,
    Usage,
)

SESSION = "ses_1"
TASK = "tsk_1"
NOW = 1_000_000
"""When tests happen, in ms, unless they say otherwise."""


def said(text: str = "hello") -> Entry:
    """An event that holds a text."""
    return entry_of(Debug(data=DebugData(message=text)))


def many(count: int) -> list[Entry]:
    """Events that differ."""
    return [said(f"event {number}") for number in range(1, count + 1)]


def record(session_id: str = SESSION, *, at: int = NOW, **fields: Any) -> SessionRow:
    """A session's first record."""
    return SessionRow(session_id=session_id, owner="ana", created_at=at, updated_at=at, **fields)


def begin(session_id: str = SESSION, *entries: Entry, at: int = NOW, **fields: Any) -> Append:
    """An append that makes its session."""
    return Append(session_id=session_id, create=record(session_id, at=at), entries=entries, at=at, **fields)


def add(*entries: Entry, to: str = SESSION, at: int = NOW, **fields: Any) -> Append:
    """An append to a session that is there."""
    return Append(session_id=to, entries=entries, at=at, **fields)


def once(key: str, scope: str = SESSION) -> Once:
    """The name of a command."""
    return Once(scope, key)


def task(task_id: str = TASK, session_id: str = SESSION, status: TaskStatus = "running", **fields: Any) -> TaskRow:
    """A task's record."""
    values: dict[str, Any] = {"agent": "demo", "prompt": "do it", "created_at": NOW, "updated_at": NOW} | fields
    return TaskRow(task_id=task_id, session_id=session_id, status=status, **values)


def started(task_id: str = TASK) -> Entry:
    """A task's first event."""
    return entry_of(TaskStarted(task_id=task_id, attempt=1, data=TaskData(status="running")))


def completed(task_id: str = TASK) -> Entry:
    """A task's end."""
    return entry_of(TaskCompleted(task_id=task_id, attempt=1, data=TaskEndData(duration_seconds=1.0, usage=Usage())))


def start_task(task_id: str = TASK, **fields: Any) -> Append:
    """An append that begins a task."""
    return add(started(task_id), task=task(task_id), **fields)


def end_task(task_id: str = TASK, attempt: int = 1) -> Append:
    """An append that ends a task, as its attempt."""
    row = task(task_id, status="completed", attempt=attempt)
    return add(completed(task_id), task=row, fence=Fence(task_id, attempt))


def seqs(page: Page) -> list[int]:
    """The seqs of a page's events."""
    return [seq for seq, _ in page.events]


async def everything(store: Store, session_id: str = SESSION, after: int = 0) -> list[tuple[int, Entry]]:
    """All events after a cursor, page by page."""
    found: list[tuple[int, Entry]] = []
    while True:
        page = await store.read(session_id, after)
        found += page.events
        if page.upto >= page.head:
            return found
        after = page.upto
