"""The SQLite store: one file, one writer thread with group commit, a few reader threads."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import apsw
import structlog
from anyio import CancelScope, sleep_forever

from puntini.errors import StoreUnavailable
from puntini.log.contract import (
    Append,
    Bounds,
    Fsync,
    Kept,
    Listener,
    Moved,
    Once,
    Page,
    SessionRow,
    Snapshot,
    TaskRow,
    Written,
)
from puntini.log.ends import Ending, Place
from puntini.log.members import Member, MemberRole
from puntini.protocol.events import SessionStatus, TaskStatus
from puntini.store.rules import both, missing, too_many
from puntini.store.sqlite import files, reads
from puntini.store.sqlite.documents import SqliteDocuments, remove_unfinished
from puntini.store.sqlite.ends import ends
from puntini.store.sqlite.forks import Copy
from puntini.store.sqlite.slices import SLICE_ROWS, remove_below, remove_doomed, remove_doomed_all
from puntini.store.sqlite.workers import Readers, Writer
from puntini.store.sqlite.writes import keep, outcome, swap

T = TypeVar("T")
READERS = 2
CHECKPOINT_PAGES = 2_000
CHECKPOINT_WAITS_MS = 50
"""For slow readers, and appends wait with it; it comes again soon."""
RESTART_PAGES = 8_000
WAL_BYTES = 256 << 20
LOG = structlog.get_logger("puntini.store")


class SqliteStore(SqliteDocuments):
    """See ``puntini.log.contract.Store``. Made by ``open``."""

    kind = "sqlite"
    shared = False
    nodes = None
    queue = None

    def __init__(self, path: Path, epoch: str, lock: IO[str], durability: Fsync) -> None:
        self.epoch = epoch
        self._path = path
        self._lock = lock
        connection = files.connect(path, write=True)
        connection.pragma("synchronous", "FULL" if durability == "full" else "NORMAL")
        connection.wal_autocheckpoint(0)
        # A change that reads first could not begin to write while a checkpoint restarts the log, and would not wait.
        connection.transaction_mode = "IMMEDIATE"
        self._writer = Writer(connection, self._committed)
        self._readers = Readers([files.connect(path, write=False) for _ in range(READERS)])
        checkpoints = files.connect(path, write=True)
        checkpoints.set_busy_timeout(CHECKPOINT_WAITS_MS)
        self._checkpoints = Readers([checkpoints])
        self._checkpointed_pages = 0
        self._checkpointing: Future[None] | None = None
        self._reads = 0

    @classmethod
    async def open(cls, name: str, *, durability: Fsync = "normal") -> Self:
        """Open a file, or make it. Raises Misconfigured with a sentence."""
        path = await asyncio.to_thread(Path(name).absolute)
        await asyncio.to_thread(files.check_kind, path)
        lock = await asyncio.to_thread(files.lock, path)
        try:
            epoch = await asyncio.to_thread(_prepare, path, durability)
            store = cls(path, epoch, lock, durability)
        except BaseException:
            lock.close()
            raise
        try:
            await store._writer.change(remove_doomed_all)
            await store._writer.change(remove_unfinished)
        except BaseException:
            await store.close()
            raise
        return store

    async def lost(self) -> None:
        """Never: the file is locked."""
        await sleep_forever()

    async def close(self) -> None:
        """Finish, mark the file as cleanly closed, let go of it."""
        with suppress(StoreUnavailable):  # a full disk: it counts as not closed, and that loses nothing
            await self._writer.close(partial(files.set_meta, clean="1"))
        if self._checkpointing is not None:
            await asyncio.wait([self._checkpointing])
        await self._readers.close()
        await self._checkpoints.close()
        self._lock.close()

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since the start."""
        return {**self._writer.stats, "reads": self._reads}

    # The log.

    def watch(self, listener: Listener, moved: Moved | None = None, wrote: Listener | None = None) -> None:
        """Name the listener."""
        self._writer.listener = both(listener, wrote)

    def follow(self, session_id: str) -> None:
        """Nobody else writes."""

    def unfollow(self, session_id: str) -> None:
        """Nobody else writes."""

    def submit(self, write: Append) -> Future[Written]:
        """Hand in an append."""
        return self._writer.submit(write)

    async def append(self, write: Append) -> Written:
        """Append. The commit goes on when the caller gives up."""
        return await self._writer.submit(write)

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Events after a cursor."""
        self._reads += 1
        return await self._ask(reads.page, session_id, after, max_bytes, to)

    async def bounds(self, session_id: str) -> Bounds:
        """The session's bounds."""
        return (await self._ask(reads.place, session_id))[1]

    async def trim(self, session_id: str, to: int) -> None:
        """Move the floor at once; remove what is below it some rows at a time, so that appends go on in between."""
        num, floor = await self._writer.change(partial(_trim, session_id=session_id, to=to))
        while await self._writer.change(partial(remove_below, num=num, floor=floor)):
            pass

    async def erase(self, session_id: str, seqs: Sequence[int]) -> None:
        """Make holes, some at a time."""
        wanted = sorted(seqs)
        for start in range(0, len(wanted), SLICE_ROWS):
            await self._writer.change(partial(_erase, session_id=session_id, seqs=wanted[start : start + SLICE_ROWS]))

    async def fork(self, source: str, to: int, write: Append) -> Written:
        """Copy some rows at a time under a number that is doomed, then show them."""
        copy = Copy(source, to, write)
        try:
            written = await self._writer.copy(copy.step, write)
        except BaseException:  # a cancellation too: nothing half copied stays
            with suppress(StoreUnavailable):  # what is left then, the next start removes
                await self._undo(copy)
            raise
        if written.repeated:
            await self._undo(copy)
        return written

    async def _undo(self, copy: Copy) -> None:
        with CancelScope(shield=True):
            while await self._writer.change(copy.undo):
                pass

    async def horizon(self, session_id: str, *, before: int, keep_bytes: int) -> int:
        """Up to where events are too old or too many."""
        return await self._ask(reads.horizon, session_id, before, keep_bytes)

    # The records.

    async def session(self, session_id: str) -> SessionRow | None:
        """One session."""
        return await self._ask(reads.session, session_id)

    async def sessions(
        self,
        *,
        limit: int,
        offset: int,
        status: SessionStatus | None = None,
        idle_before: int | None = None,
        user: str | None = None,
    ) -> tuple[list[SessionRow], int]:
        """Sessions, the newest first."""
        return await self._ask(reads.sessions, limit, offset, status, idle_before, user)

    async def amend(
        self, session_id: str, *, at: int, title: str | None = None, agent: str | None = None
    ) -> SessionRow:
        """Change a session's record."""
        return await self._writer.change(partial(_amend, session_id=session_id, at=at, title=title, agent=agent))

    async def delete_session(self, session_id: str) -> None:
        """Remove a session at once, and its events some at a time."""
        num = await self._writer.change(partial(_delete, session_id=session_id, forget=self._writer.forget))
        while await self._writer.change(partial(remove_doomed, num=num)):
            pass

    async def task(self, task_id: str) -> TaskRow | None:
        """One task."""
        return await self._ask(reads.task, task_id)

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
        """Tasks in the order of their making, or the other way round."""
        wanted = reads.TaskFilter(session_id, open_only, status, agent, user)
        return await self._ask(reads.tasks, wanted, limit, offset, last)

    async def count_tasks(
        self,
        *,
        session_id: str | None = None,
        open_only: bool = False,
        status: TaskStatus | None = None,
        agent: str | None = None,
        user: str | None = None,
    ) -> int:
        """How many tasks there are."""
        return await self._ask(reads.count_tasks, reads.TaskFilter(session_id, open_only, status, agent, user))

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Tasks that have ended, the latest first."""
        return await self._ask(ends, limit, before, known)

    async def members(self, session_id: str) -> list[Member]:
        """With whom a session is shared."""
        return await self._ask(reads.members, session_id)

    async def share(self, session_id: str, user: str, role: MemberRole | None) -> bool:
        """Give a role, or take it away."""
        return await self._writer.change(partial(_share, session_id=session_id, user=user, role=role))

    async def role(self, session_id: str, user: str) -> MemberRole | None:
        """What a user is in a session."""
        return await self._ask(reads.role, session_id, user)

    async def outcome(self, once: Once) -> Written | None:
        """What a command did."""
        return await self._ask(outcome, once)

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep or forget things."""
        await self._writer.change(partial(_keep, items=items))

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep or forget one thing if nobody was quicker."""
        return await self._writer.change(partial(swap, item=item, old=old))

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        return await self._ask(reads.kept, space, kind, key)

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them."""
        return await self._ask(reads.kept_all, space, kind, prefix, before, limit, last)

    async def save_snapshot(self, session_id: str, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        await self._writer.change(partial(_save_snapshot, session_id=session_id, snapshot=snapshot))

    async def snapshot(self, session_id: str, at_most: int) -> Snapshot | None:
        """The newest snapshot that is not too new."""
        return await self._ask(reads.snapshot, session_id, at_most)

    async def forget(self, *, outcomes_before: int) -> int:
        """Drop old outcomes."""
        return await self._writer.change(partial(_forget, before=outcomes_before))

    async def _ask(self, question: Callable[..., T], *values: Any) -> T:
        return await self._readers.ask(lambda connection: question(connection, *values))

    # Checkpoints: on a connection of their own, so that their waiting for the disk holds no append up.

    def _committed(self, wal_pages: int) -> None:
        if wal_pages < self._checkpointed_pages:  # what was in it is in the file now: it has begun anew
            self._checkpointed_pages = 0
        if wal_pages - self._checkpointed_pages > CHECKPOINT_PAGES and self._checkpointing is None:
            self._checkpointed_pages = wal_pages
            self._checkpointing = self._checkpoints.start(partial(_checkpoint, wal=self._wal))
            self._checkpointing.add_done_callback(self._checkpoint_done)

    def _checkpoint_done(self, _done: Future[None]) -> None:
        self._checkpointing = None

    @property
    def _wal(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")


def _prepare(path: Path, durability: Fsync) -> str:
    """Make the file if there is none, check it, begin its use."""
    if not path.exists():
        files.create(path)
        files.sync_directory(path)
    connection = files.connect(path, write=True)
    try:
        files.verify(connection, path)
        try:
            files.add_missing(connection)
            boot = files.boot_id()
            if doubt := files.doubt(connection, boot):
                LOG.warning("a new epoch begins, and clients with older ids are told of a gap", reason=doubt)
            return files.begin(connection, durability, boot)
        except apsw.Error as error:
            raise files.unusable(path, error) from None
    finally:
        connection.close()


def _checkpoint(connection: apsw.Connection, *, wal: Path) -> None:
    """Move the log's pages into the file. Under constant writing that never ends by itself, so a long one begins anew.

    Appends wait while what came meanwhile is moved: little, for most was moved before. Cutting the file takes long, so
    that is done only when a slow reader let it grow large.
    """
    pages, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    if pages > RESTART_PAGES:
        large = wal.stat().st_size > WAL_BYTES
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE if large else apsw.SQLITE_CHECKPOINT_RESTART)


# Changes: each runs on the writer thread and keeps its own transaction.


def _num(connection: apsw.Connection, session_id: str) -> int:
    row = connection.execute("SELECT num FROM sessions WHERE id = ?", (session_id,)).fetchone()
    if row is None:
        raise missing(session_id)
    return int(row[0])


def _amend(
    connection: apsw.Connection, *, session_id: str, at: int, title: str | None, agent: str | None
) -> SessionRow:
    _num(connection, session_id)
    connection.execute(
        """UPDATE sessions SET title = ifnull(?, title), agent = ifnull(?, agent), updated_at = max(updated_at, ?)
        WHERE id = ?""",
        (title, agent, at, session_id),
    )
    row = reads.session(connection, session_id)
    assert row is not None
    return row


def _trim(connection: apsw.Connection, *, session_id: str, to: int) -> tuple[int, int]:
    num, bounds = reads.place(connection, session_id)
    floor = max(bounds.floor, min(to, bounds.head))
    with connection:
        # The newest row's time is the session's; it is kept, for that row may go.
        connection.execute(
            """UPDATE sessions SET floor = ?, updated_at = max(updated_at, ifnull(
            (SELECT at FROM events WHERE session = ? ORDER BY first DESC LIMIT 1), 0)) WHERE num = ?""",
            (floor, num, num),
        )
        connection.execute("DELETE FROM snapshots WHERE session = ? AND seq < ?", (num, floor))
    return num, floor


def _erase(connection: apsw.Connection, *, session_id: str, seqs: Sequence[int]) -> None:
    num = _num(connection, session_id)
    with connection:
        for row, lines in groupby(seqs, key=lambda seq: _row_of(connection, num, seq)):
            if row is not None:
                _blank(connection, row, list(lines))


def _row_of(connection: apsw.Connection, num: int, seq: int) -> int | None:
    row = connection.execute(
        "SELECT num, last FROM events WHERE session = ? AND first <= ? ORDER BY first DESC LIMIT 1", (num, seq)
    ).fetchone()
    return int(row[0]) if row and row[1] >= seq else None


def _blank(connection: apsw.Connection, row: int, seqs: list[int]) -> None:
    first, body = connection.execute("SELECT first, body FROM events WHERE num = ?", (row,)).fetchone()  # type: ignore[misc]
    lines = body.split(b"\n")
    for seq in seqs:
        lines[seq - first] = b""
    size = sum(map(len, lines))
    connection.execute("UPDATE events SET body = ?, size = ? WHERE num = ?", (b"\n".join(lines), size, row))


def _delete(connection: apsw.Connection, *, session_id: str, forget: Callable[[str], None]) -> int:
    num = _num(connection, session_id)
    with connection:
        connection.execute("INSERT INTO doomed VALUES (?)", (num,))
        for table in ("tasks", "outcomes", "snapshots", "members"):
            connection.execute(f"DELETE FROM {table} WHERE session = ?", (num,))
        connection.execute("DELETE FROM kept WHERE space = ?", (session_id,))
        connection.execute("DELETE FROM sessions WHERE num = ?", (num,))
    forget(session_id)
    return num


def _keep(connection: apsw.Connection, *, items: Sequence[Kept]) -> None:
    with connection:
        keep(connection, {(item.space, item.kind, item.key): item.body for item in items})


def _share(connection: apsw.Connection, *, session_id: str, user: str, role: MemberRole | None) -> bool:
    num = _num(connection, session_id)
    if role is None:
        connection.execute("DELETE FROM members WHERE user = ? AND session = ?", (user, num))
    else:
        connection.execute(_MEMBER, (user, num, role))
    return bool(connection.changes())


_MEMBER = """INSERT INTO members VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET role = excluded.role WHERE role <> excluded.role"""


def _save_snapshot(connection: apsw.Connection, *, session_id: str, snapshot: Snapshot) -> None:
    row = connection.execute(
        "SELECT num FROM sessions WHERE id = ? AND floor <= ?", (session_id, snapshot.seq)
    ).fetchone()
    if row is None:
        return
    with connection:
        connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (row[0], snapshot.seq, snapshot.body))
        kept = connection.execute("SELECT seq FROM snapshots WHERE session = ? ORDER BY seq", row)
        for seq in too_many([int(str(seq)) for (seq,) in kept], snapshot.seq):
            connection.execute("DELETE FROM snapshots WHERE session = ? AND seq = ?", (row[0], seq))


def _forget(connection: apsw.Connection, *, before: int) -> int:
    connection.execute("DELETE FROM outcomes WHERE at < ?", (before,))
    return int(connection.changes())
