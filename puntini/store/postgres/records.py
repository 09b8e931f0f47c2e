"""What is kept beside the events: sessions, tasks, members, commands, things by name, snapshots."""

from collections.abc import Sequence
from typing import NamedTuple

from puntini.log.contract import Kept, Once, SessionRow, Snapshot, TaskRow, Written
from puntini.log.members import Member, MemberRole
from puntini.protocol.events import SessionStatus, TaskStatus
from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.flush import OUTCOMES, keep
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.rows import SESSION_COLUMNS, TASKS, Row, session_of, task_of
from puntini.store.rules import missing, too_many

BEYOND = "\U0010ffff"
"""Comes after every key."""


class PostgresRecords:
    """See ``puntini.log.contract.Records``: the part of the store that keeps them."""

    _database: Database

    # Sessions.

    async def session(self, session_id: str) -> SessionRow | None:
        """One session."""
        rows = await self._database.rows(f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = %s", session_id)
        return session_of(rows[0]) if rows else None

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
        conditions = {"s.status = %s": status, "s.updated_at < %s": idle_before, _OF_USER.format("s.num"): user}
        where, values = _where(conditions)
        [(total,)] = await self._database.rows(f"SELECT count(*) FROM sessions s WHERE {where}", *values)
        rows = await self._database.rows(
            f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE {where} ORDER BY s.num DESC LIMIT %s OFFSET %s",
            *values,
            limit,
            offset,
        )
        return [session_of(row) for row in rows], total

    async def amend(
        self, session_id: str, *, at: int, title: str | None = None, agent: str | None = None
    ) -> SessionRow:
        """Change a session's record."""
        rows = await self._database.rows(_AMEND, title, agent, at, session_id)
        if not rows:
            raise missing(session_id)
        return session_of(rows[0])

    # Tasks.

    async def task(self, task_id: str) -> TaskRow | None:
        """One task."""
        rows = await self._database.rows(f"{TASKS} WHERE t.id = %s", task_id)
        return task_of(rows[0]) if rows else None

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
        where, values = TaskFilter(session_id, open_only, status, agent, user).where()
        order = f"ORDER BY t.num {'DESC' if last else 'ASC'}"
        # Which they are is found in an index alone; rows, which are long, are read of those on the page only.
        nums = f"SELECT t.num FROM tasks t WHERE {where} {order} LIMIT %s OFFSET %s"
        rows = await self._database.rows(f"{TASKS} WHERE t.num IN ({nums}) {order}", *values, limit, offset)
        return [task_of(row) for row in rows]

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
        where, values = TaskFilter(session_id, open_only, status, agent, user).where()
        [(count,)] = await self._database.rows(f"SELECT count(*) FROM tasks t WHERE {where}", *values)
        return int(count)

    # Members.

    async def members(self, session_id: str) -> list[Member]:
        """With whom a session is shared."""
        rows = await self._database.rows(_MEMBERS, session_id)
        if not rows:
            raise missing(session_id)
        return [Member(session_id, user, role) for user, role in rows if user is not None]

    async def share(self, session_id: str, user: str, role: MemberRole | None) -> bool:
        """Give a role, or take it away."""

        async def work(connection: Connection) -> bool:
            num = await locked(connection, session_id)
            if role is None:
                changed = await execute(connection, _UNSHARE, user, num)
            else:
                changed = await execute(connection, _SHARE, user, num, role)
            return bool(changed)

        return await self._database.change(work)

    async def role(self, session_id: str, user: str) -> MemberRole | None:
        """What a user is in a session."""
        rows = await self._database.rows(_ROLE, user, user, session_id)
        return rows[0][0] if rows else None

    # Commands.

    async def outcome(self, once: Once) -> Written | None:
        """What a command did."""
        rows = await self._database.rows(OUTCOMES, [once.scope], [once.key])
        return Written(*rows[0][2:])._replace(repeated=True) if rows else None

    async def forget(self, *, outcomes_before: int) -> int:
        """Drop old outcomes, some at a time."""
        count = 0
        while rows := await self._database.rows(_FORGET, outcomes_before, FORGOTTEN_AT_ONCE):
            count += len(rows)
        return count

    # Things by name.

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep or forget things."""

        async def work(connection: Connection) -> None:
            await keep(connection, {(item.space, item.kind, item.key): item.body for item in items})

        await self._database.change(work)

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep or forget one thing if nobody was quicker."""
        place = (item.space, item.kind, item.key)
        match old, item.body:
            case None, None:
                return await self.kept(*place) is None
            case None, body:
                return bool(await self._database.once(_PUT, *place, body))
            case _, None:
                return bool(await self._database.once(_TAKE, *place, old))
            case _, body:
                return bool(await self._database.once(_CHANGE, body, *place, old))

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        rows = await self._database.rows(_KEPT, space, kind, key)
        return rows[0][0] if rows else None

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them."""
        sql = f"""SELECT key, body FROM kept WHERE space = %s AND kind = %s AND key >= %s AND key < %s AND key < %s
            ORDER BY key {"DESC" if last else "ASC"} LIMIT %s"""
        rows = await self._database.rows(sql, space, kind, prefix, prefix + BEYOND, before or BEYOND, limit)
        return [(key, body) for key, body in rows]

    # Snapshots.

    async def save_snapshot(self, session_id: str, snapshot: Snapshot) -> None:
        """Keep a snapshot."""

        async def work(connection: Connection) -> None:
            rows = await execute(connection, _SNAPSHOT_OF, session_id, snapshot.seq)
            if rows:
                await _save_snapshot(connection, rows[0][0], snapshot)

        await self._database.change(work)

    async def snapshot(self, session_id: str, at_most: int) -> Snapshot | None:
        """The newest snapshot that is not too new."""
        rows = await self._database.rows(_SNAPSHOT, session_id, at_most)
        return Snapshot(*rows[0]) if rows else None


class TaskFilter(NamedTuple):
    """Which tasks a list is about."""

    session_id: str | None = None
    open_only: bool = False
    status: TaskStatus | None = None
    agent: str | None = None
    user: str | None = None

    def where(self) -> tuple[str, list[str | int]]:
        """The same as a condition and its values."""
        conditions: dict[str, str | int | None] = {
            "t.session = (SELECT num FROM sessions WHERE id = %s)": self.session_id,
            "t.status = %s": self.status,
            "t.agent = %s": self.agent,
            _OF_USER.format("t.session"): self.user,
        }
        where, values = _where(conditions)
        return (f"{where} AND {_OPEN}" if self.open_only else where), values


def _where(conditions: dict[str, str | int | None]) -> tuple[str, list[str | int]]:
    """Those conditions that have a value, and the values, each as often as its condition names it."""
    given = {condition: value for condition, value in conditions.items() if value is not None}
    values = [value for condition, value in given.items() for _ in range(condition.count("%s"))]
    return " AND ".join(given) or "true", values


async def locked(connection: Connection, session_id: str) -> int:
    """Take a session's row until the transaction ends; its number. Raises NotFound."""
    rows = await execute(connection, "SELECT num FROM sessions WHERE id = %s FOR NO KEY UPDATE", session_id)
    if not rows:
        raise missing(session_id)
    return int(rows[0][0])


async def _save_snapshot(connection: Connection, num: int, snapshot: Snapshot) -> None:
    await execute(connection, _SAVE, num, snapshot.seq, snapshot.body)
    kept: list[Row] = await execute(connection, "SELECT seq FROM snapshots WHERE session = %s ORDER BY seq", num)
    if drop := too_many([seq for (seq,) in kept], snapshot.seq):
        await execute(connection, "DELETE FROM snapshots WHERE session = %s AND seq = ANY(%s::int8[])", num, drop)


FORGOTTEN_AT_ONCE = 5_000
_OF_USER = '{} IN (SELECT num FROM sessions WHERE owner = %s UNION ALL SELECT session FROM members WHERE "user" = %s)'
_OPEN = "t.status NOT IN ('completed', 'failed', 'cancelled')"
_AMEND = f"""UPDATE sessions s SET title = coalesce(%s, title), agent = coalesce(%s, agent),
    updated_at = greatest(updated_at, %s) WHERE id = %s RETURNING {SESSION_COLUMNS}"""
_MEMBERS = """SELECT m."user", m.role FROM sessions s LEFT JOIN members m ON m.session = s.num WHERE s.id = %s
    ORDER BY m."user" """
_SHARE = """INSERT INTO members AS m VALUES (%s, %s, %s)
    ON CONFLICT ("user", session) DO UPDATE SET role = excluded.role WHERE m.role <> excluded.role RETURNING 1"""
_UNSHARE = 'DELETE FROM members WHERE "user" = %s AND session = %s RETURNING 1'
_ROLE = """SELECT CASE WHEN s.owner = %s THEN 'owner' ELSE
    (SELECT m.role FROM members m WHERE m."user" = %s AND m.session = s.num) END FROM sessions s WHERE s.id = %s"""
# Two nodes that forget at once do not wait for each other.
_FORGET = """DELETE FROM outcomes WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM outcomes WHERE at < %s LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING 1"""
_KEPT = "SELECT body FROM kept WHERE space = %s AND kind = %s AND key = %s"
_PUT = "INSERT INTO kept VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
_TAKE = "DELETE FROM kept WHERE space = %s AND kind = %s AND key = %s AND body = %s RETURNING 1"
_CHANGE = "UPDATE kept SET body = %s WHERE space = %s AND kind = %s AND key = %s AND body = %s RETURNING 1"
_SNAPSHOT_OF = "SELECT num FROM sessions WHERE id = %s AND floor <= %s FOR NO KEY UPDATE"
_SAVE = """INSERT INTO snapshots VALUES (%s, %s, %s)
    ON CONFLICT (session, seq) DO UPDATE SET body = excluded.body"""
_SNAPSHOT = """SELECT p.seq, p.body FROM snapshots p JOIN sessions s ON s.num = p.session
    WHERE s.id = %s AND p.seq <= %s ORDER BY p.seq DESC LIMIT 1"""
