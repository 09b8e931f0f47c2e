"""Daily partitions: made when they are needed, looked into only where events are, dropped when nobody reads in them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from puntini.log.contract import Append
from puntini.store.postgres.reads import ROWS
from puntini.store.postgres.store import PostgresStore
from tests.store.making import SESSION, add, begin, everything, many, record, said

pytestmark = pytest.mark.anyio

OTHER = "ses_other"


@pytest.fixture
async def node(bare: str) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(bare)
    yield opened
    await opened.close()


def ask(dsn: str, query: str) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def days(dsn: str) -> list[int]:
    """The days that have a partition, by how long ago they are."""
    rows = ask(dsn, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass")
    [(today,)] = ask(dsn, "SELECT extract(epoch FROM now())::int8 / 86400")
    return sorted(today - int(name.removeprefix("events_")) for (name,) in rows)


def age(dsn: str, by: int = 1) -> None:
    """Make everything that is there so many days older."""
    [(today,)] = ask(dsn, "SELECT extract(epoch FROM now())::int8 / 86400")
    there = [today - ago for ago in days(dsn)]
    apart = [
        f"""ALTER TABLE events DETACH PARTITION events_{day}; ALTER TABLE events_{day} RENAME TO old_{day};
        UPDATE old_{day} SET day = day - {by}"""
        for day in there
    ]
    together = [
        f"""ALTER TABLE old_{day} RENAME TO events_{day - by};
        ALTER TABLE events ATTACH PARTITION events_{day - by} FOR VALUES FROM ({day - by}) TO ({day - by + 1})"""
        for day in there
    ]
    older = [f"UPDATE {table} SET day = -day; UPDATE {table} SET day = -day - {by}" for table in ("spans", "doomed")]
    ask(dsn, "; ".join([*apart, *together, *older, f"UPDATE sessions SET day = day - {by} WHERE day > 0"]))


async def live(node: PostgresStore, dsn: str, days: int) -> None:
    """A session that says two things on each of some days, the last of them today."""
    await node.append(begin())
    for left in reversed(range(days)):
        await node.append(add(said(f"{left} days ago"), said("too")))
        if left:
            await asyncio.to_thread(age, dsn)


async def test_partitions_are_made_ahead_of_time(node: PostgresStore, bare: str) -> None:
    assert days(bare) == [-2, -1, 0]


async def test_a_partition_that_is_missing_is_made_on_the_way_by_whoever_needs_it(
    node: PostgresStore, bare: str
) -> None:
    other = await PostgresStore.open(bare)
    for session_id in (SESSION, OTHER):
        await node.append(begin(session_id))
    await asyncio.to_thread(age, bare, 9)

    written = await asyncio.gather(
        *[node.append(add(said())) for _ in range(3)], *[other.append(add(said(), to=OTHER)) for _ in range(3)]
    )

    assert [each.first for each in written] == [1, 2, 3, 1, 2, 3]
    assert days(bare) == [-2, -1, 0, 7, 8, 9]
    await other.close()


async def test_a_log_goes_over_days_without_a_seam(node: PostgresStore, bare: str) -> None:
    await live(node, bare, 12)

    assert [seq for seq, _ in await everything(node)] == list(range(1, 25))
    assert [seq for seq, _ in (await node.read(SESSION, 3, to=6)).events] == [4, 5, 6]
    assert (await node.read(SESSION, 11, max_bytes=1)).upto == 12
    assert await node.horizon(SESSION, before=0, keep_bytes=1) == 24
    assert await node.horizon(SESSION, before=0, keep_bytes=1 << 40) == 0


async def test_a_read_touches_the_partitions_with_its_events_only(node: PostgresStore, bare: str) -> None:
    await live(node, bare, 6)
    [(num, day)] = ask(bare, "SELECT num, day FROM sessions")
    plan = ROWS
    for value in (num, [day], num, [day], 1, 99, num, [day], 99, 65_536):
        plan = plan.replace("%s", f"'{{{value[0]}}}'" if isinstance(value, list) else str(value), 1)

    lines = [line for (line,) in ask(bare, f"EXPLAIN {plan}")]

    assert any(f"events_{day}" in line for line in lines)
    assert not [line for line in lines if "events_" in line and f"events_{day}" not in line]


async def test_what_was_trimmed_on_old_days_goes_with_their_partitions(node: PostgresStore, bare: str) -> None:
    await live(node, bare, 8)
    await node.append(begin(OTHER, said()))

    await node.trim(SESSION, 7)
    await node.tidy()

    assert days(bare) == [-2, -1, 0, 1, 2, 3, 4]
    assert [seq for seq, _ in await everything(node)] == list(range(8, 17))


async def test_a_day_on_which_anybody_reads_is_kept(node: PostgresStore, bare: str) -> None:
    await node.append(begin(OTHER, *many(3)))
    await live(node, bare, 8)

    await node.trim(SESSION, 16)
    await node.tidy()

    assert days(bare)[-1] == 7
    assert await everything(node, OTHER) == list(enumerate(many(3), 1))
    await node.delete_session(OTHER)
    await node.tidy()
    assert days(bare) == [-2, -1, 0, 1, 2]


async def test_a_log_of_which_nothing_is_left_goes_on_and_holds_no_day(node: PostgresStore, bare: str) -> None:
    await node.append(begin(SESSION, *many(3)))
    await asyncio.to_thread(age, bare, 9)

    await node.trim(SESSION, 3)
    await node.tidy()

    assert max(days(bare)) < 9
    assert (await node.append(add(said("next")))).first == 4
    assert await everything(node) == [(4, said("next"))]


async def test_what_is_left_over_of_a_trim_is_removed_where_the_day_stays(node: PostgresStore, bare: str) -> None:
    await node.append(begin(OTHER, said()))
    await live(node, bare, 5)
    await node.trim(SESSION, 10)
    assert ask(bare, "SELECT count(*) FROM events WHERE first < 5 AND last > 1") != [(0,)]

    ask(bare, "UPDATE doomed SET since = now() - interval '1 day'")
    await node.tidy()

    assert ask(bare, "SELECT count(*) FROM doomed") == [(0,)]
    assert ask(bare, "SELECT count(*) FROM events") == [(1,)]


async def test_a_fork_has_its_events_on_the_days_of_the_other(node: PostgresStore, bare: str) -> None:
    await live(node, bare, 5)

    await node.fork(SESSION, 7, Append(session_id=OTHER, create=record(OTHER), entries=[said("on")], at=1))
    await node.delete_session(SESSION)
    await node.tidy()

    assert [seq for seq, _ in await everything(node, OTHER)] == list(range(1, 9))
    assert (await node.append(add(said(), to=OTHER))).first == 9


async def test_a_clock_that_was_set_back_over_midnight_does_no_harm(node: PostgresStore, bare: str) -> None:
    await node.append(begin(SESSION, *many(2)))
    await asyncio.to_thread(age, bare, -1)

    await node.append(add(*many(2)))

    assert [seq for seq, _ in await everything(node)] == [1, 2, 3, 4]


async def test_a_partition_in_use_is_dropped_later_and_holds_up_nobody(node: PostgresStore, bare: str) -> None:
    await live(node, bare, 5)
    await node.trim(SESSION, 6)
    with psycopg.connect(bare) as reader:
        reader.execute("SELECT FROM events WHERE session = 0 LIMIT 1")

        began = time.monotonic()
        await node.tidy()  # no error: what else there is to tidy up is done

        assert 4 in days(bare)
        assert time.monotonic() - began < 2

    await node.tidy()

    assert 4 not in days(bare)
    assert len(await everything(node, after=6)) == 4
