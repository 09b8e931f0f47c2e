"""The queue of work on Postgres: leases on lanes, messages to tasks, duties; and calls, which are hints.

Each verb is one statement, so it happens as a whole or not at all, and a process that is frozen holds nobody's lock.
Rows are locked in the order of their keys, so that nodes do not deadlock. Times are the database's.
"""

from collections.abc import Callable, Sequence
from math import inf
from os import getpid

import anyio

from puntini.log.contract import TaskRow
from puntini.log.mint import new_id
from puntini.log.process import is_gone, place
from puntini.log.queue import VERBS, Figures, Message, Place
from puntini.store.postgres.database import Database
from puntini.store.postgres.hints import EVERYTHING, Hints
from puntini.store.postgres.lanes import BURY, CLAIM, FIELDS, RELEASE, RENEW, SILENT, TAKE, TASK
from puntini.store.postgres.pool import Row

TOPIC = "work"
POLL_SECONDS = 0.1
KEPT_SECONDS = 60

RECEIVE = """
WITH fresh AS (
    SELECT num FROM messages_to_tasks WHERE task = ANY(%s::text[]) AND NOT received
    ORDER BY num FOR NO KEY UPDATE),
told AS (
    UPDATE messages_to_tasks m SET received = true FROM fresh WHERE m.num = fresh.num AND NOT m.received
    RETURNING m.num, m.task, m.verb, m.body)
SELECT * FROM told UNION ALL
SELECT m.num, m.task, m.verb, m.body FROM messages_to_tasks m
WHERE m.task = ANY(%s::text[]) AND m.received AND m.verb IN ('pause', 'stop')
ORDER BY num
"""

DISCARD = """
WITH over AS (SELECT num FROM messages_to_tasks WHERE num = ANY(%s::int8[]) ORDER BY num FOR UPDATE)
DELETE FROM messages_to_tasks m USING over WHERE m.num = over.num
"""

# Who sent one sees to it within a second, unless it died.
UNHEEDED = """
SELECT m.num, m.task, m.verb, m.body FROM messages_to_tasks m JOIN tasks t ON t.id = m.task
WHERE m.verb IN ('pause', 'stop') AND t.status NOT IN ('running', 'completed', 'failed', 'cancelled')
    AND m.sent_at < clock_timestamp() - interval '1 s'
ORDER BY m.num LIMIT 1000
"""

# What a task has asked and what was decided are kept under the same key, the question until the task takes it in. It is
# looked at as text, for which there is no damage that would hide all the others.
ASKED_BY_IT = """starts_with(encode(a.body, 'escape'), '{"task_id":"' || t.id || '"')"""
EXPIRES_AT = """substring(encode(a.body, 'escape') from '^\\{"task_id":"[^"]*","expires_at":(\\d{1,18})[,}]')::bigint"""
NEGLECTED = f"""
SELECT {TASK} FROM tasks t JOIN sessions s ON s.num = t.session
WHERE t.status = 'waiting' AND EXISTS (
    SELECT FROM kept a JOIN kept d ON d.space = a.space AND d.kind = 'decision' AND d.key = a.key
    WHERE a.space = s.id AND a.kind = 'approval' AND {ASKED_BY_IT})
ORDER BY t.num LIMIT 1000
"""

OVERDUE = f"""
SELECT a.space, a.key FROM tasks t JOIN sessions s ON s.num = t.session JOIN kept a ON a.space = s.id
WHERE t.status IN ('waiting', 'running', 'paused') AND a.kind = 'approval'
    AND {ASKED_BY_IT} AND {EXPIRES_AT} BETWEEN 1 AND extract(epoch FROM clock_timestamp()) * 1000
    AND NOT EXISTS (SELECT FROM kept d WHERE d.space = a.space AND d.kind = 'decision' AND d.key = a.key)
LIMIT 1000
"""

SERVED = "SELECT FROM nodes n WHERE n.places > 0 AND n.until > clock_timestamp() AND t.agent = ANY(n.agents)"
UNSERVED = f"""
SELECT {TASK} FROM tasks t JOIN sessions s ON s.num = t.session
WHERE t.status = 'queued' AND t.updated_at < extract(epoch FROM clock_timestamp()) * 1000 - %s
    AND NOT EXISTS ({SERVED})
ORDER BY t.num LIMIT 1000
"""

FIGURES = f"""
SELECT count(*) FILTER (WHERE t.status = 'queued'), count(*) FILTER (WHERE t.status = 'running'),
    greatest(0, coalesce(extract(epoch FROM clock_timestamp())
        - min(t.updated_at) FILTER (WHERE t.status = 'queued') / 1000.0, 0))::float8,
    (SELECT count(*) FROM nodes n WHERE n.places > 0 AND n.until > clock_timestamp()),
    (SELECT coalesce(array_agg(DISTINCT agent), '{{}}') FROM nodes n, unnest(n.own) agent
        WHERE n.places > 0 AND n.until > clock_timestamp()),
    (SELECT coalesce(array_agg(missing.agent), '{{}}') FROM (
        SELECT DISTINCT t.agent FROM tasks t WHERE t.status = 'queued' AND NOT EXISTS ({SERVED}) LIMIT 20) missing)
FROM tasks t WHERE t.status IN ('queued', 'running')
"""

TIDY = f"""
WITH old AS (
    SELECT m.num FROM messages_to_tasks m
    WHERE m.sent_at < clock_timestamp() - interval '{KEPT_SECONDS} s' AND (m.verb IN ('tell', 'resume') OR NOT EXISTS (
        SELECT FROM tasks t WHERE t.id = m.task AND t.status NOT IN ('completed', 'failed', 'cancelled')))
    ORDER BY m.num FOR UPDATE SKIP LOCKED),
messages AS (DELETE FROM messages_to_tasks m USING old WHERE m.num = old.num),
gone AS (DELETE FROM nodes WHERE until < clock_timestamp() - interval '{KEPT_SECONDS} s'),
free AS (
    SELECT session FROM leases WHERE until < clock_timestamp() - interval '{KEPT_SECONDS} s'
    ORDER BY session FOR UPDATE SKIP LOCKED),
left_ AS (DELETE FROM leases l USING free WHERE l.session = free.session)
DELETE FROM duties WHERE until < clock_timestamp() - interval '{KEPT_SECONDS} s'
"""


class PostgresQueue:
    """See ``puntini.log.queue.Queue``."""

    def __init__(self, database: Database, hints: Hints) -> None:
        self.node = new_id("nod")
        self._place = place()
        self._database = database
        self._hints = hints
        self._listener: Callable[[], None] = lambda: None
        self._alive_until = inf
        """In seconds of the database's clock, as it said at the last renewal."""

    # Turns.

    async def claim(self, agents: Sequence[str], most: int, *, left: bool = True) -> list[TaskRow]:
        """Take lanes whose turn it is. Tried once: what was taken by a first try would not be told by a second."""
        found = await self._database.once(CLAIM, list(agents), left, self._alive_until, most, self.node)
        return [_task(row) for row in found]

    async def take(self, session_id: str, task_id: str, *, wanted: bool) -> Place:
        """Hold a lane for a task about to be written."""
        ((taken, busy, waiting),) = await self._database.rows(TAKE, session_id, task_id, self.node, wanted)
        return Place(taken, busy, waiting)

    async def busy(self, session_id: str) -> bool:
        """Whether a session has a task that runs or waits."""
        return (await self.take(session_id, "", wanted=False)).busy

    async def renew(
        self, held: Sequence[tuple[str, str]], agents: Sequence[str], places: int, own: Sequence[str] = ()
    ) -> set[str]:
        """Go on holding lanes."""
        node = (self.node, self._place, getpid(), list(agents), list(own), places)
        found = await self._database.rows(RENEW, *node, *_columns(held), self.node, self.node)
        ((self._alive_until, kept),) = found
        return set(kept)

    async def leave(self) -> None:
        """Be no node any more."""
        await self._database.rows("DELETE FROM nodes WHERE id = %s", self.node)

    async def mine(self) -> list[tuple[str, str]]:
        """The lanes that this node holds."""
        query = "SELECT session, task FROM leases WHERE node = %s"
        return [(session, task) for session, task in await self._database.rows(query, self.node)]

    async def bury(self) -> int:
        """Let go of what dead processes of this machine hold."""
        silent = await self._database.rows(SILENT, self._place) if self._place else []
        gone = [node for node, pid in silent if is_gone(pid)]
        if gone:
            await self._database.rows(BURY, gone)
            self.call()
        return len(gone)

    async def release(self, held: Sequence[tuple[str, str]]) -> None:
        """Let go of lanes."""
        await self._database.rows(RELEASE, *_columns(held), self.node, self.node)

    # Messages.

    async def send(self, task_id: str, verb: str, body: bytes = b"") -> int:
        """Leave a message."""
        ((number,),) = await self._database.once(
            "INSERT INTO messages_to_tasks (task, verb, body) VALUES (%s, %s, %s) RETURNING num", task_id, verb, body
        )
        self.call()
        return int(number)

    async def receive(self, tasks: Sequence[str]) -> list[Message]:
        """The messages to tasks."""
        return _messages(await self._database.once(RECEIVE, list(tasks), list(tasks)))

    async def answer(self, number: int, body: bytes) -> None:
        """Answer a message."""
        await self._database.rows("UPDATE messages_to_tasks SET answer = %s WHERE num = %s", body, number)
        self.call()

    async def answered(self, number: int) -> bytes | None:
        """The answer to a message."""
        found = await self._database.rows("SELECT answer FROM messages_to_tasks WHERE num = %s", number)
        if not found:
            return b""
        return None if found[0][0] is None else bytes(found[0][0])

    async def withdraw(self, number: int) -> bool:
        """Take a message back."""
        query = "DELETE FROM messages_to_tasks WHERE num = %s AND NOT received RETURNING num"
        return bool(await self._database.rows(query, number))

    async def pending(self, task_id: str) -> list[Message]:
        """The messages to a task."""
        query = "SELECT num, task, verb, body FROM messages_to_tasks WHERE task = %s AND answer IS NULL ORDER BY num"
        return _messages(await self._database.rows(query, task_id))

    async def discard(self, numbers: Sequence[int]) -> None:
        """Forget messages."""
        await self._database.rows(DISCARD, list(numbers))

    # Duties.

    async def duty(self, name: str, seconds: float) -> bool:
        """Take on a duty for a while."""
        query = """
        INSERT INTO duties AS d (name, node, until) VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
        ON CONFLICT (name) DO UPDATE SET node = excluded.node, until = excluded.until
        WHERE d.node = excluded.node OR d.until <= clock_timestamp() RETURNING name"""
        return bool(await self._database.rows(query, name, self.node, seconds))

    async def resign(self, name: str) -> None:
        """Leave a duty to others."""
        await self._database.rows("DELETE FROM duties WHERE name = %s AND node = %s", name, self.node)

    async def neglected(self) -> list[TaskRow]:
        """Tasks that wait for nothing."""
        return [_task(row) for row in await self._database.rows(NEGLECTED)]

    async def unheeded(self) -> list[Message]:
        """Orders to tasks that rest."""
        return _messages(await self._database.rows(UNHEEDED))

    async def overdue(self) -> list[tuple[str, str]]:
        """Approvals whose time is over."""
        return [(session, key) for session, key in await self._database.rows(OVERDUE)]

    async def unserved(self, seconds: float) -> list[TaskRow]:
        """Tasks without a worker for them."""
        return [_task(row) for row in await self._database.rows(UNSERVED, seconds * 1000)]

    async def tidy(self) -> None:
        """Forget what is out of date."""
        await self._database.rows(TIDY)

    async def figures(self) -> Figures:
        """What there is to do."""
        ((queued, running, oldest, workers, own, unserved),) = await self._database.rows(FIGURES)
        return Figures(queued, running, oldest, workers, frozenset(own), frozenset(unserved))

    # Calls.

    def call(self) -> None:
        """Tell all nodes."""
        self._listener()
        self._hints.tell(TOPIC, EVERYTHING)

    def watch(self, listener: Callable[[], None]) -> None:
        """Name who is told of calls."""
        self._listener = listener
        self._hints.hear(TOPIC, lambda _word: listener())

    async def listen(self) -> None:
        """Where nothing can be heard, those who look for something look often."""
        while True:
            await anyio.sleep(POLL_SECONDS)
            if not self._hints.listening:
                self._listener()


def _columns(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]


def _messages(rows: Sequence[Row]) -> list[Message]:
    # A node of a newer version may send what this one does not know.
    return [Message(number, task, verb, bytes(body)) for number, task, verb, body in rows if verb in VERBS]


def _task(row: Row) -> TaskRow:
    return TaskRow(**dict(zip(FIELDS, row, strict=True)))
