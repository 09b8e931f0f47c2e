"""What nodes know of one another, in tables of their own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from puntini.log.nodes import Carried, Count, Heard, News
from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.pool import Connection

DEAD_SECONDS = 15
"""A node that was not seen for so long carries nothing."""
NEWS_MINUTES = 10
MOST_HEARD = 10_000
_marks = msgspec.json.Decoder(dict[str, str]).decode
FLOOR = "news_floor"
"""In `meta`: the highest number of a transaction whose news are forgotten."""

ADD = """
INSERT INTO counts AS c (kind, key, span, number)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (kind, key, span) DO UPDATE SET number = c.number + excluded.number
RETURNING kind, key, span, number"""
ASK = """
SELECT kind, key, span, COALESCE(number, 0)
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS asked (kind, key, span)
LEFT JOIN counts USING (kind, key, span)"""
MOST_COUNTED = """
SELECT kind, key, span, number FROM counts WHERE kind = %s AND span >= %s ORDER BY number DESC LIMIT %s"""
LIVE = """
INSERT INTO carriers (node) VALUES (%s)
ON CONFLICT (node) DO UPDATE SET seen = clock_timestamp() RETURNING xmax = 0"""
CARRY = """
INSERT INTO carried (node, username, streams) SELECT %s, * FROM unnest(%s::text[], %s::bigint[])
ON CONFLICT (username, node) DO UPDATE SET streams = excluded.streams"""
ELSEWHERE = """
SELECT username, sum(streams)::bigint FROM carried JOIN carriers USING (node)
WHERE username = ANY (%s) AND node <> %s AND seen > clock_timestamp() - make_interval(secs => %s::float8)
GROUP BY username"""
MARKED = """
WITH told AS (UPDATE carriers SET marks = %s WHERE node = %s AND marks <> %s)
SELECT marks FROM carriers WHERE node <> %s AND seen > clock_timestamp() - make_interval(secs => %s::float8)"""
WATCHING = """
INSERT INTO watched (session, at) SELECT each, %s FROM unnest(%s::text[]) AS each
ON CONFLICT (session) DO UPDATE SET at = GREATEST(watched.at, excluded.at)"""
HEAR = """
SELECT now.upto, now.floor, news.num, news.kind, news.key, news.value
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS upto,
             COALESCE((SELECT value FROM meta WHERE key = %s), '0')::bigint AS floor) AS now
LEFT JOIN news ON news.tx >= %s ORDER BY news.num LIMIT %s"""
FORGET_NEWS = """
WITH gone AS (DELETE FROM news WHERE at < clock_timestamp() - make_interval(mins => %s::int) RETURNING tx)
INSERT INTO meta (key, value) SELECT %s, max(tx)::text FROM gone HAVING count(*) > 0
ON CONFLICT (key) DO UPDATE SET value = GREATEST(meta.value::bigint, excluded.value::bigint)::text"""
FORGET_NODES = "DELETE FROM carriers WHERE seen < clock_timestamp() - make_interval(secs => %s::float8)"

# What somebody is just writing is not so old any more.
FORGET_CARRIED = """
WITH old AS (
    SELECT username, node FROM carried WHERE node NOT IN (SELECT node FROM carriers)
    ORDER BY username, node FOR UPDATE SKIP LOCKED)
DELETE FROM carried c USING old WHERE (c.username, c.node) = (old.username, old.node)"""
FORGET_COUNTS = """
WITH old AS (SELECT ctid FROM counts WHERE kind = %s AND span < %s FOR UPDATE SKIP LOCKED)
DELETE FROM counts c USING old WHERE c.ctid = old.ctid"""
FORGET_WATCHED = """
WITH old AS (SELECT session FROM watched WHERE at < %s FOR UPDATE SKIP LOCKED)
DELETE FROM watched w USING old WHERE w.session = old.session"""


class PostgresNodes:
    """See ``puntini.log.nodes.Nodes``. Rows are written in the order of their keys, so that nodes do not deadlock."""

    def __init__(self, database: Database, writable: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._writable = writable
        self._heard: frozenset[int] = frozenset()

    async def count(self, counts: Sequence[Count]) -> list[Count]:
        """Add to counts."""
        found: list[Count] = []
        if more := sorted(each for each in counts if each.number):
            found += map(Count._make, await self._database.once(ADD, *_columns(more)))
        if same := [each for each in counts if not each.number]:
            found += map(Count._make, await self._database.rows(ASK, *_columns(same)[:3]))
        return found

    async def counted(self, kind: str, key: str, since: int) -> dict[int, int]:
        """The counts of one key."""
        query = "SELECT span, number FROM counts WHERE kind = %s AND key = %s AND span >= %s"
        return {int(span): int(number) for span, number in await self._database.rows(query, kind, key, since)}

    async def most_counted(self, kind: str, since: int, most: int) -> list[Count]:
        """The largest counts."""
        return [Count(*row) for row in await self._database.rows(MOST_COUNTED, kind, since, most)]

    async def forget_counts(self, kind: str, before: int) -> None:
        """Forget old counts."""
        await self._database.rows(FORGET_COUNTS, kind, before)

    async def carry(self, node: str, changed: Mapping[str, int], asked: Sequence[str]) -> Carried:
        """Say what a node carries."""

        async def work(connection: Connection) -> Carried:
            [(new,)] = await execute(connection, LIVE, node)
            if changed:
                users = sorted(changed)
                await execute(connection, CARRY, node, users, [changed[user] for user in users])
                await execute(connection, "DELETE FROM carried WHERE node = %s AND streams <= 0", node)
            rows = await execute(connection, ELSEWHERE, list(asked), node, DEAD_SECONDS) if asked else []
            return Carried(dict(rows), new)

        return await self._database.change(work)

    async def leave(self, node: str) -> None:
        """Forget what a node carries."""

        async def work(connection: Connection) -> None:
            await execute(connection, "DELETE FROM carried WHERE node = %s", node)
            await execute(connection, "DELETE FROM carriers WHERE node = %s", node)

        await self._database.change(work)

    async def marked(self, node: str, marks: Mapping[str, str]) -> list[Mapping[str, str]]:
        """Say by which settings a node goes."""
        told = msgspec.json.encode(marks).decode()
        rows = await self._database.rows(MARKED, told, node, told, node, DEAD_SECONDS)
        return [_marks(each) for (each,) in rows]

    async def watching(self, sessions: Sequence[str], at: int) -> None:
        """Streams of these sessions are open."""
        if sessions:
            await self._database.rows(WATCHING, at, sorted(set(sessions)))

    async def watched_at(self, session_id: str) -> int:
        """When a session was last watched."""
        rows = await self._database.rows("SELECT at FROM watched WHERE session = %s", session_id)
        return int(rows[0][0]) if rows else 0

    async def writable(self) -> None:
        """Raises while writes are refused."""
        await self._writable()

    async def tell(self, news: Sequence[News]) -> None:
        """Tell all nodes."""
        kinds, keys, values = (list(each) for each in zip(*news, strict=True))
        query = "INSERT INTO news (kind, key, value) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])"
        await self._database.once(query, kinds, keys, values)

    async def hear(self, after: int) -> Heard:
        """What was told by transactions that were not over at the hearing before.

        What has a lower number than every transaction that still runs is heard for the last time.
        """
        rows = await self._database.rows(HEAR, FLOOR, after or (1 << 62), MOST_HEARD + 1)
        upto, floor = rows[0][:2]
        found = {num: News(kind, key, value) for _, _, num, kind, key, value in rows if num is not None}
        news = [each for num, each in found.items() if num not in self._heard]
        self._heard = frozenset(found)
        return Heard(upto, news, bool(after) and (after <= floor or len(found) > MOST_HEARD))

    async def forget_watched(self, before: int) -> None:
        """Forget what was watched long ago."""
        await self._database.rows(FORGET_WATCHED, before)

    async def forget_old(self) -> None:
        """Forget what is over."""
        await self._database.rows(FORGET_NEWS, NEWS_MINUTES, FLOOR)
        await self._database.rows(FORGET_NODES, DEAD_SECONDS)
        await self._database.rows(FORGET_CARRIED)


def _columns(counts: Sequence[Count]) -> list[list[str | int]]:
    return [list(each) for each in zip(*counts, strict=True)]
