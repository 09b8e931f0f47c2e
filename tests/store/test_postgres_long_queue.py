"""Thousands wait for their turn: looking for it takes longer, but not badly so."""

from statistics import median
from time import perf_counter

import pytest

from puntini.log.mint import new_id
from puntini.store.postgres.database import Database
from puntini.store.postgres.hints import Hints
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.queue import PostgresQueue

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
SHORT, LONG = 50, 5_000
LOOKS, TAKEN = 9, 4
MOST_SECONDS = 0.25
"""Some 25 ms, unless the machine is busy with others."""

FILL_SESSIONS = """INSERT INTO sessions (id, owner, title, agent, status, created_at, updated_at)
    SELECT 's' || n, 'user' || n %% 20, '', '', 'active', 0, 0 FROM generate_series(%s::int, %s::int) AS n"""
FILL_TASKS = """INSERT INTO tasks (id, session, agent, prompt, status, attempt, max_steps, priority, steps, crashes,
        input_tokens, output_tokens, created_at, updated_at, first_seq, last_seq, safe_seq)
    SELECT 't' || n, s.num, 'puntini', '', 'queued', 1, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM generate_series(%s::int, %s::int) AS n JOIN sessions s ON s.id = 's' || n"""


async def fill(database: Database, since: int, upto: int) -> None:
    """Tasks that wait, each in a session of its own."""
    for statement in (FILL_SESSIONS, FILL_TASKS):
        await database.rows(statement, since, upto)
    await database.rows("ANALYZE")


async def seconds_to_claim(queue: PostgresQueue) -> float:
    """How long a look takes that finds some."""
    took = []
    for _ in range(LOOKS):
        began = perf_counter()
        rows = await queue.claim(["puntini"], TAKEN)
        took.append(perf_counter() - began)
        assert len(rows) == TAKEN
        await queue.release([(row.session_id, row.task_id) for row in rows])
    return median(took)


async def test_a_claim_among_thousands_is_no_long_wait(database: str) -> None:
    opened = await Database.open(database)
    await ready(opened)
    queue = PostgresQueue(opened, Hints(opened, new_id("wrt")))
    await fill(opened, 1, SHORT)
    short = await seconds_to_claim(queue)
    await fill(opened, SHORT + 1, LONG)
    long = await seconds_to_claim(queue)
    print(f"of {SHORT}: {short * 1000:.1f} ms; of {LONG}: {long * 1000:.1f} ms")  # noqa: T201 - shown when it fails
    await opened.close()
    assert long < MOST_SECONDS
    assert long < short * LONG / SHORT, "it grows faster than what waits"
