"""Lanes and their leases in SQL: whose turn it is, who may run what. Leases are locked in the order of sessions."""

from puntini.log.queue import LEASE_SECONDS, SILENT_SECONDS

LEASE = f"interval '{LEASE_SECONDS} s'"
FRESH = "interval '5 s'"
"""So long after a node's last renewal it may claim. What was held up on its way would come after an outage, when nobody
could renew, and take from others what nobody waits for any more."""
# While the server was away nobody could renew: whoever held a lane gets the time to do so.
VALID = f"(l.until > clock_timestamp() OR clock_timestamp() < pg_postmaster_start_time() + {LEASE})"
# A lane is held by a lease that is good, unless its task has come to rest or to its end. One that is yet to be written
# counts.
HELD = f"""{VALID} AND NOT EXISTS (
    SELECT FROM tasks o WHERE o.id = l.task AND o.status NOT IN ('queued', 'running'))"""

FIELDS = (
    *("task_id", "session_id", "agent", "prompt", "status", "attempt", "max_steps", "priority", "steps", "crashes"),
    *("input_tokens", "output_tokens", "cost_usd", "created_at", "updated_at", "first_seq", "last_seq", "safe_seq"),
)
TASK = """t.id, s.id, t.agent, t.prompt, t.status, t.attempt, t.max_steps, t.priority, t.steps, t.crashes,
    t.input_tokens, t.output_tokens, t.cost_usd, t.created_at, t.updated_at, t.first_seq, t.last_seq, t.safe_seq"""

CLAIM = f"""
WITH held AS MATERIALIZED (SELECT l.session FROM leases l WHERE {HELD}),
busy AS (SELECT s.owner, count(*) AS tasks FROM held JOIN sessions s ON s.id = held.session GROUP BY s.owner),
first AS (
    SELECT DISTINCT ON (t.session) t.session, t.num, t.id, t.agent, t.priority, t.status
    FROM tasks t WHERE t.status IN ('queued', 'running')
    ORDER BY t.session, t.status DESC, t.priority DESC, t.num),
free AS (
    SELECT s.id AS lane, f.*, coalesce(b.tasks, 0) + row_number() OVER (
        PARTITION BY s.owner ORDER BY f.priority DESC, f.num) AS turn
    FROM first f JOIN sessions s ON s.num = f.session LEFT JOIN busy b ON b.owner = s.owner
    WHERE f.agent = ANY(%s) AND (%s OR f.status = 'queued')
        AND NOT EXISTS (SELECT FROM held WHERE held.session = s.id)),
chosen AS (
    SELECT * FROM free WHERE clock_timestamp() < to_timestamp(%s::float8) - {LEASE} + {FRESH}
    ORDER BY priority DESC, turn, num LIMIT %s),
taken AS (
    INSERT INTO leases AS l (session, task, node, until)
    SELECT lane, id, %s, clock_timestamp() + {LEASE} FROM chosen ORDER BY lane
    ON CONFLICT (session) DO UPDATE SET task = excluded.task, node = excluded.node, until = excluded.until
    WHERE NOT ({HELD})
    RETURNING l.task)
SELECT {TASK} FROM taken JOIN chosen ON chosen.id = taken.task JOIN tasks t ON t.id = taken.task
    JOIN sessions s ON s.num = t.session
ORDER BY chosen.priority DESC, chosen.turn, chosen.num
"""

TAKE = f"""
WITH asked AS (SELECT %s::text AS session),
open AS (
    SELECT count(*) AS tasks, count(*) FILTER (WHERE t.status = 'queued') AS waiting
    FROM asked JOIN sessions s ON s.id = asked.session JOIN tasks t ON t.session = s.num
    WHERE t.status IN ('queued', 'running')),
held AS (SELECT FROM asked JOIN leases l ON l.session = asked.session WHERE {HELD}),
taken AS (
    INSERT INTO leases AS l (session, task, node, until)
    SELECT asked.session, %s, %s, clock_timestamp() + {LEASE} FROM asked, open WHERE %s AND open.tasks = 0
    ON CONFLICT (session) DO UPDATE SET task = excluded.task, node = excluded.node, until = excluded.until
    WHERE l.task = excluded.task OR NOT ({HELD})
    RETURNING l.task)
SELECT EXISTS (SELECT FROM taken), open.tasks > 0 OR EXISTS (SELECT FROM held), open.waiting FROM open
"""

RENEW = f"""
WITH alive AS (
    INSERT INTO nodes AS n (id, place, pid, agents, own, places, until)
    VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + {LEASE})
    ON CONFLICT (id) DO UPDATE
    SET agents = excluded.agents, own = excluded.own, places = excluded.places, until = excluded.until
    RETURNING n.until),
mine AS (
    SELECT l.session, l.task FROM leases l JOIN unnest(%s::text[], %s::text[]) AS a (session, task)
        ON l.session = a.session AND l.task = a.task
    WHERE l.node = %s ORDER BY l.session FOR NO KEY UPDATE OF l),
kept AS (
    UPDATE leases l SET until = clock_timestamp() + {LEASE}
    FROM mine WHERE l.session = mine.session AND l.task = mine.task AND l.node = %s
    RETURNING l.task)
SELECT extract(epoch FROM alive.until)::float8, (SELECT coalesce(array_agg(task), '{{}}') FROM kept) FROM alive
"""

RELEASE = """
WITH mine AS (
    SELECT l.session, l.task FROM leases l JOIN unnest(%s::text[], %s::text[]) AS a (session, task)
        ON l.session = a.session AND l.task = a.task
    WHERE l.node = %s ORDER BY l.session FOR UPDATE OF l)
DELETE FROM leases l USING mine WHERE l.session = mine.session AND l.task = mine.task AND l.node = %s
"""
SILENT = f"""
SELECT id, pid FROM nodes
WHERE place = %s AND until < clock_timestamp() + interval '{LEASE_SECONDS - SILENT_SECONDS} s'"""
BURY = """
WITH gone AS (SELECT unnest(%s::text[]) AS node),
theirs AS (
    SELECT l.session, l.node FROM leases l JOIN gone ON gone.node = l.node
    ORDER BY l.session FOR UPDATE OF l SKIP LOCKED),
lanes AS (DELETE FROM leases l USING theirs WHERE l.session = theirs.session AND l.node = theirs.node),
left_ AS (DELETE FROM duties USING gone WHERE duties.node = gone.node)
DELETE FROM nodes USING gone WHERE id = gone.node"""
