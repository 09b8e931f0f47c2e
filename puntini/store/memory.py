"""The memory store: the contract in plain Python. For tests and for trying things out; a restart forgets everything."""

from asyncio import Future, get_running_loop
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import Any

from anyio import sleep_forever
from msgspec.structs import replace

from puntini.errors import PuntiniError
from puntini.log.contract import (
    Append,
    Bounds,
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
from puntini.log.mint import new_epoch
from puntini.protocol.entries import Entry
from puntini.protocol.events import SessionStatus, TaskStatus
from puntini.store.memory_documents import MemoryDocuments
from puntini.store.memory_ends import MemoryEnds, told
from puntini.store.rules import both, check_fence, check_reach, closed, kept_already, missing, placed, taken, too_many


class Log:
    """One session."""

    def __init__(self, row: SessionRow) -> None:
        self.row = row
        self.seqs: list[int] = []
        self.entries: list[Entry] = []
        self.times: list[int] = []
        self.snapshots: dict[int, Snapshot] = {}
        self.members: dict[str, MemberRole] = {}

    def role(self, user: str) -> MemberRole | None:
        """What a user is in it."""
        return "owner" if self.row.owner == user else self.members.get(user)

    def at(self, seq: int) -> Entry | None:
        """One event."""
        at = bisect_left(self.seqs, seq)
        return self.entries[at] if self.seqs[at : at + 1] == [seq] else None

    def until(self, seq: int) -> "Log":
        """Its events up to ``seq``, with what was made of them, as another's."""
        copy, end = Log(self.row), bisect_right(self.seqs, seq)
        copy.seqs, copy.entries, copy.times = self.seqs[:end], self.entries[:end], self.times[:end]
        copy.snapshots = {at: snapshot for at, snapshot in self.snapshots.items() if at <= seq}
        return copy

    def drop(self, start: int, end: int) -> None:
        """Forget the events at these positions."""
        del self.seqs[start:end], self.entries[start:end], self.times[start:end]


class MemoryStore(MemoryDocuments):
    """See ``puntini.log.contract.Store``."""

    kind = "memory"
    shared = False
    nodes = None
    queue = None

    def __init__(self) -> None:
        super().__init__()
        self.epoch = new_epoch()
        self.stats: dict[str, Any] = {"appends": 0, "events": 0, "commits": 0, "reads": 0}
        self._listener: Listener = lambda *_: None
        self._sessions: dict[str, Log] = {}
        self._tasks: dict[str, TaskRow] = {}
        self._ends = MemoryEnds()
        self._outcomes: dict[Once, tuple[Written, int]] = {}
        self._things: dict[tuple[str, str], dict[str, bytes]] = {}

    # The log.

    def watch(self, listener: Listener, moved: Moved | None = None, wrote: Listener | None = None) -> None:
        """Name the listener."""
        self._listener = both(listener, wrote)

    def follow(self, session_id: str) -> None:
        """Nobody else writes."""

    def unfollow(self, session_id: str) -> None:
        """Nobody else writes."""

    def submit(self, write: Append) -> Future[Written]:
        """Commit at once."""
        future: Future[Written] = get_running_loop().create_future()
        try:
            future.set_result(self._commit(write))
        except PuntiniError as error:
            future.set_exception(error)
            future.exception()  # nobody may be waiting; that is not worth a warning
        return future

    async def append(self, write: Append) -> Written:
        """Commit."""
        return await self.submit(write)

    def _commit(self, write: Append, begun: Log | None = None) -> Written:
        """Carry a write out. A session that it makes may have ``begun``."""
        if write.once is not None and write.once in self._outcomes:
            return self._outcomes[write.once][0]._replace(repeated=True)
        kept = self._admit(write, begun)
        first = kept.row.head + 1
        last = kept.row.head + len(write.entries)
        kept.seqs.extend(range(first, last + 1))
        kept.entries.extend(write.entries)
        kept.times.extend([write.at] * len(write.entries))
        agent = kept.row.agent if write.agent is None else write.agent
        kept.row = replace(kept.row, head=last, status=write.status or kept.row.status, agent=agent)
        if write.entries or write.status or write.agent is not None:
            kept.row = replace(kept.row, updated_at=max(write.at, kept.row.updated_at))
        self._sessions[write.session_id] = kept
        if write.task is not None:
            known = self._tasks.get(write.task.task_id)
            row = self._tasks[write.task.task_id] = placed(write.task, known, first, last, safe=write.safe)
            self._ends.put(known, row)
        self._put(write.kept)
        written = Written(write.session_id, first, last, write.task.task_id if write.task else "")
        if write.once is not None:
            self._outcomes[write.once] = (written, write.at)
        self.stats["appends"] += 1
        self.stats["commits"] += 1
        self.stats["events"] += len(write.entries)
        if write.entries:
            self._listener(write.session_id, first, write.entries)
        return written

    def _admit(self, write: Append, begun: Log | None) -> Log:
        kept = self._sessions.get(write.session_id)
        if write.create:
            if kept is not None:
                raise taken(write.session_id)
            kept = begun or Log(write.create)
            kept.row = write.create
        if kept is None:
            raise missing(write.session_id)
        if kept.row.status == "closed" and write.entries:
            raise closed()
        if write.fence is not None:
            check_fence(write.fence, self._tasks.get(write.fence.task_id))
        for item in write.kept:
            if item.new and item.key in self._things.get((item.space, item.kind), {}):
                raise kept_already(item)
        return kept

    def _kept(self, session_id: str) -> Log:
        kept = self._sessions.get(session_id)
        if kept is None:
            raise missing(session_id)
        return kept

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Events after a cursor."""
        self.stats["reads"] += 1
        kept = self._kept(session_id)
        row = kept.row
        end = row.head if to is None else min(to, row.head)
        events: list[tuple[int, Entry]] = []
        size = 0
        for at in range(bisect_right(kept.seqs, after), bisect_right(kept.seqs, end)):
            if size >= max_bytes:
                return Page(events, events[-1][0], row.floor, row.head)
            events.append((kept.seqs[at], kept.entries[at]))
            size += len(kept.entries[at].line)
        return Page(events, max(after, end), row.floor, row.head)

    async def bounds(self, session_id: str) -> Bounds:
        """The session's bounds."""
        row = self._kept(session_id).row
        return Bounds(row.floor, row.head)

    async def trim(self, session_id: str, to: int) -> None:
        """Move the floor."""
        kept = self._kept(session_id)
        floor = max(kept.row.floor, min(to, kept.row.head))
        kept.drop(0, bisect_right(kept.seqs, floor))
        kept.row = replace(kept.row, floor=floor)
        kept.snapshots = {seq: snapshot for seq, snapshot in kept.snapshots.items() if seq >= floor}

    async def erase(self, session_id: str, seqs: Sequence[int]) -> None:
        """Make holes."""
        kept = self._kept(session_id)
        for seq in seqs:
            at = bisect_right(kept.seqs, seq) - 1
            if at >= 0 and kept.seqs[at] == seq:
                kept.drop(at, at + 1)

    async def fork(self, source: str, to: int, write: Append) -> Written:
        """Copy, then append."""
        if write.once is not None and write.once in self._outcomes:
            return self._outcomes[write.once][0]._replace(repeated=True)
        kept = self._kept(source)
        check_reach(await self.bounds(source), to)
        assert write.create is not None
        row = replace(write.create, floor=kept.row.floor, head=to)
        return self._commit(replace(write, create=row), kept.until(to))

    async def horizon(self, session_id: str, *, before: int, keep_bytes: int) -> int:
        """Where too old or too much begins, looking back."""
        kept = self._kept(session_id)
        size = 0
        for at in reversed(range(len(kept.seqs))):
            size += len(kept.entries[at].line)
            if size > keep_bytes or kept.times[at] < before:
                return kept.seqs[at]
        return kept.row.floor

    # The records.

    async def session(self, session_id: str) -> SessionRow | None:
        """One session."""
        kept = self._sessions.get(session_id)
        return kept.row if kept else None

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
        rows = [
            kept.row
            for kept in reversed(self._sessions.values())
            if status in {None, kept.row.status}
            and (idle_before is None or kept.row.updated_at < idle_before)
            and (user is None or kept.role(user))
        ]
        return rows[offset : offset + limit], len(rows)

    async def amend(
        self, session_id: str, *, at: int, title: str | None = None, agent: str | None = None
    ) -> SessionRow:
        """Change a session's record."""
        kept = self._kept(session_id)
        row = kept.row
        kept.row = replace(
            row,
            updated_at=max(at, row.updated_at),
            title=row.title if title is None else title,
            agent=row.agent if agent is None else agent,
        )
        return kept.row

    async def delete_session(self, session_id: str) -> None:
        """Remove a session."""
        self._kept(session_id)
        del self._sessions[session_id]
        self._tasks = {key: row for key, row in self._tasks.items() if row.session_id != session_id}
        self._ends.retain(self._tasks)
        self._things = {place: things for place, things in self._things.items() if place[0] != session_id}
        self._outcomes = {once: kept for once, kept in self._outcomes.items() if kept[0].session_id != session_id}

    async def task(self, task_id: str) -> TaskRow | None:
        """One task."""
        return self._tasks.get(task_id)

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
        found = self._wanted(session_id, open_only, status, agent, user, last=last)
        return list(islice(found, offset, None if limit is None else offset + limit))

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
        return sum(1 for _ in self._wanted(session_id, open_only, status, agent, user))

    def _wanted(
        self,
        session_id: str | None,
        open_only: bool,
        status: TaskStatus | None,
        agent: str | None,
        user: str | None,
        *,
        last: bool = False,
    ) -> Iterator[TaskRow]:
        rows = self._tasks.values()
        return (
            row
            for row in (reversed(rows) if last else rows)
            if (session_id is None or row.session_id == session_id)
            and (status is None or row.status == status)
            and (agent is None or row.agent == agent)
            and (user is None or self._kept(row.session_id).role(user))
            and not (open_only and row.ended)
        )

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Tasks that have ended, the latest first."""
        return [self._ending(place, known) for place in self._ends.latest(limit, before)]

    def _ending(self, place: Place, known: Container[str]) -> Ending:
        row = self._tasks[place.task_id]
        log = self._sessions[row.session_id]
        readable = row.last_seq > log.row.floor
        return Ending(place, readable, None if row.task_id in known else told(row, log.row.owner, log.at(row.last_seq)))

    async def members(self, session_id: str) -> list[Member]:
        """With whom a session is shared."""
        members = self._kept(session_id).members
        return [Member(session_id, user, members[user]) for user in sorted(members, key=str.encode)]

    async def share(self, session_id: str, user: str, role: MemberRole | None) -> bool:
        """Give a role, or take it away."""
        members = self._kept(session_id).members
        before = members.get(user)
        if role is None:
            members.pop(user, None)
        else:
            members[user] = role
        return before != role

    async def role(self, session_id: str, user: str) -> MemberRole | None:
        """What a user is in a session."""
        kept = self._sessions.get(session_id)
        return kept.role(user) if kept else None

    async def outcome(self, once: Once) -> Written | None:
        """What a command did."""
        kept = self._outcomes.get(once)
        return kept[0]._replace(repeated=True) if kept else None

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep or forget things."""
        self._put(items)

    def _put(self, items: Sequence[Kept]) -> None:
        for item in items:
            things = self._things.setdefault((item.space, item.kind), {})
            if item.body is None:
                things.pop(item.key, None)
            else:
                things[item.key] = item.body

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep or forget one thing if nobody was quicker."""
        if await self.kept(item.space, item.kind, item.key) != old:
            return False
        self._put([item])
        return True

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        return self._things.get((space, kind), {}).get(key)

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them."""
        things = self._things.get((space, kind), {})
        keys = [key for key in things if key.startswith(prefix) and (not before or key < before)]
        return [(key, things[key]) for key in sorted(keys, key=str.encode, reverse=last)[:limit]]

    async def save_snapshot(self, session_id: str, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        kept = self._sessions.get(session_id)
        if kept and snapshot.seq >= kept.row.floor:
            kept.snapshots[snapshot.seq] = snapshot
            for seq in too_many(sorted(kept.snapshots), snapshot.seq):
                del kept.snapshots[seq]

    async def snapshot(self, session_id: str, at_most: int) -> Snapshot | None:
        """The newest snapshot that is not too new."""
        kept = self._sessions.get(session_id)
        seqs = [seq for seq in kept.snapshots if seq <= at_most] if kept else []
        return kept.snapshots[max(seqs)] if kept and seqs else None

    async def forget(self, *, outcomes_before: int) -> int:
        """Drop old outcomes."""
        old = [once for once, (_, at) in self._outcomes.items() if at < outcomes_before]
        for once in old:
            del self._outcomes[once]
        return len(old)

    async def lost(self) -> None:
        """Never."""
        await sleep_forever()

    async def close(self) -> None:
        """Nothing to put away."""
