"""The schema's steps, whose life a database has, whose clock is gone by, and what its texts may be."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.errors import Misconfigured
from puntini.figures import figures
from puntini.log import mint
from puntini.log.contract import Append, Kept, Store
from puntini.store.open import open_store
from puntini.store.postgres import clock, migrations
from puntini.store.postgres.adapters import escaped, unescaped
from puntini.store.postgres.database import Database
from puntini.store.postgres.migrations import Step, migrate, ready, steps
from tests.postgres import Postgres
from tests.store.making import NOW, SESSION, add, begin, once, record, said, task

pytestmark = pytest.mark.anyio


@pytest.fixture
async def opened(bare: str) -> AsyncIterator[Database]:
    database = await Database.open(bare)
    yield database
    await database.close()


# Steps.

OURS = steps()[-1].number


def step(above: int, works_with: int) -> Step:
    """A step of a program to come."""
    number = OURS + above
    return Step(number, "invented", works_with, f"CREATE TABLE invented_{number} (x int)")


async def taken(database: Database) -> list[int]:
    return [number for (number,) in await database.rows("SELECT number FROM steps ORDER BY number")]


async def test_an_empty_database_takes_all_steps_once_however_many_start_at_the_same_time(bare: str) -> None:
    nodes = await asyncio.gather(*[open_store(bare) for _ in range(3)])

    assert len({node.epoch for node in nodes}) == 1
    with psycopg.connect(bare) as connection:
        rows = connection.execute("SELECT number, name FROM steps ORDER BY number").fetchall()
    assert rows == [(each.number, each.name) for each in steps()]
    for node in nodes:
        await node.close()


async def test_an_older_schema_is_not_touched_by_a_start_and_brought_up_to_date_by_a_word(opened: Database) -> None:
    await ready(opened)
    newer = [*steps(), step(1, OURS)]

    with pytest.raises(Misconfigured, match=f"has number {OURS}, this program needs {OURS + 1}; run `puntini store"):
        await ready(opened, newer)
    assert await migrate(opened, newer) == newer[-1:]
    await ready(opened, newer)

    assert await migrate(opened, newer) == []


async def test_a_program_of_one_version_back_goes_on_and_one_that_is_too_old_is_refused(opened: Database) -> None:
    await migrate(opened, [*steps(), step(1, OURS)])
    await ready(opened)
    assert await migrate(opened) == []

    await migrate(opened, [*steps(), step(1, OURS), step(2, OURS + 1)])

    for refused in (ready, migrate):
        with pytest.raises(Misconfigured, match=f"this program knows {OURS} and is too old"):
            await refused(opened)


async def test_steps_are_taken_all_or_none(opened: Database) -> None:
    await migrate(opened)
    broken = step(2, OURS)._replace(statements="CREATE TABLE")

    with pytest.raises(Exception, match="database"):
        await migrate(opened, [*steps(), step(1, OURS), broken])

    assert await taken(opened) == [each.number for each in steps()]


def test_each_step_says_what_works_after_it() -> None:
    numbers = [each.number for each in steps()]

    assert numbers == sorted(set(numbers))
    assert all(each.works_with <= each.number for each in steps())
    assert migrations.steps() is not migrations.steps()


# Whose life it is.


async def epoch_of(dsn: str) -> str:
    store = await open_store(dsn)
    await store.close()
    return store.epoch


async def test_an_epoch_goes_on_until_the_data_are_somewhere_else(postgres_server: Postgres, bare: str) -> None:
    first = await epoch_of(bare)
    assert await epoch_of(bare) == first

    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute("CREATE TABLE copy AS TABLE meta")
        connection.execute("DROP TABLE meta")
        connection.execute("ALTER TABLE copy RENAME TO meta")
        connection.execute("ALTER TABLE meta ADD PRIMARY KEY (key)")

    assert await epoch_of(bare) != first


async def test_a_role_without_privileges_is_enough(postgres_server: Postgres, bare: str) -> None:
    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO plain")
    try:
        store = await open_store(bare.replace("puntini@", "plain@"))
        await store.append(begin(SESSION, said()))
        assert (await store.bounds(SESSION)).head == 1
        await store.close()
    finally:
        with psycopg.connect(bare, autocommit=True) as connection:
            connection.execute("DROP OWNED BY plain")
            connection.execute("DROP ROLE plain")


# The clock.


@pytest.fixture
def own_clock() -> Iterator[None]:
    """What is done to the clock ends with the test."""
    yield
    mint.share_clock(0)
    for _ in range(2_000 // mint.SLOWLY_MS):
        mint.share_clock(0)


def ahead_ms() -> int:
    """How far what is gone by is ahead of this machine's clock."""
    return round((mint.now_ms() - time.time() * 1000) / 10) * 10


@pytest.mark.usefixtures("own_clock")
def test_a_clock_that_is_far_away_is_gone_by_at_once_and_a_near_one_bit_by_bit() -> None:
    mint.share_clock(40)
    assert ahead_ms() == 0
    mint.share_clock(3_600_000)
    assert ahead_ms() == 3_600_000
    mint.share_clock(3_600_100)
    assert 3_600_010 <= ahead_ms() <= 3_600_030
    mint.share_clock(-5_000)
    assert ahead_ms() == -5_000


@pytest.mark.usefixtures("own_clock")
async def test_the_databases_clock_is_gone_by(opened: Database) -> None:
    assert abs(await clock.measure(opened)) < 50

    await clock.go_by(opened)

    assert ahead_ms() == 0
    assert abs(opened.ahead_ms) < 50


# Texts.

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\1\2"), max_size=8)


@given(texts, texts)
def test_any_text_comes_back_as_it_was_and_sorts_as_before(one: str, other: str) -> None:
    assert unescaped(escaped(one)) == one
    assert "\0" not in escaped(one)
    assert (escaped(one).encode() < escaped(other).encode()) == (one.encode() < other.encode())
    assert escaped(one + other).startswith(escaped(one))


ODD = "a\0b\1\1c\1\2\u2028 \\ ' % %s \U0001f600"


async def test_odd_texts_are_kept_as_they_are(store: Store) -> None:
    row = record(title=ODD, agent=ODD)
    await store.append(Append(session_id=SESSION, create=row, task=task(prompt=ODD, agent=ODD), at=NOW))
    await store.keep([Kept(ODD, ODD, ODD, ODD.encode()), Kept(ODD, ODD, ODD + "\0", b"2"), Kept(ODD, ODD, "b", b"3")])
    await store.append(add(once=once(ODD, ODD)))

    assert await store.session(SESSION) == row
    assert (await store.tasks())[0].prompt == ODD
    assert [key for key, _ in await store.kept_all(ODD, ODD, prefix=ODD)] == [ODD, ODD + "\0"]
    assert await store.kept(ODD, ODD, ODD) == ODD.encode()
    assert await store.outcome(once(ODD, ODD)) is not None
    assert await store.count_tasks(agent=ODD) == 1


async def test_a_value_that_can_t_be_kept_is_refused_alone(store: Store, session: str) -> None:
    futures = [
        store.submit(add(said("first"))),
        store.submit(add(said("never"), task=task(prompt="\ud800"))),
        store.submit(add(said("never"), task=task(max_steps=1 << 70))),
        store.submit(add(said("second"))),
    ]

    results = await asyncio.gather(*futures, return_exceptions=True)

    if type(store).__name__ != "MemoryStore":
        assert [isinstance(result, Exception) for result in results] == [False, True, True, False]
        assert (await store.bounds(session)).head == 2


# What is told to operators.


async def test_appends_and_commits_are_timed_and_the_clock_is_told(database: str) -> None:
    store = await open_store(database)
    appends, commits = sum(figures.appends.buckets), sum(figures.commits.buckets)

    await store.append(begin())
    await store.append(add(said()))

    assert sum(figures.appends.buckets) == appends + 2
    assert sum(figures.commits.buckets) >= commits + 2
    assert abs(store.stats["clock_offset_ms"]) < 50
    await store.close()
