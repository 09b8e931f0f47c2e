"""Rows that somebody else holds: the appends that need them wait, in order, and all others go on."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import psycopg
import pytest

from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Kept, Store, Written
from puntini.store.open import open_store
from tests.postgres import Postgres
from tests.store.making import NOW, SESSION, add, begin, end_task, everything, once, said, start_task

pytestmark = pytest.mark.anyio
OTHER = "ses_other"


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await open_store(database)
    await opened.append(begin(SESSION))
    await opened.append(begin(OTHER))
    yield opened
    await opened.close()


@pytest.fixture
async def holder(database: str) -> AsyncIterator[psycopg.Connection]:
    """Somebody who takes locks, and keeps them until it commits or leaves."""
    with psycopg.connect(database) as connection:
        yield connection


def hold(holder: psycopg.Connection, *session_ids: str) -> None:
    """Lock the rows of sessions."""
    holder.execute("SELECT FROM sessions WHERE id = ANY(%s) FOR UPDATE", [list(session_ids)])


async def texts(store: Store, session_id: str = SESSION) -> list[bytes]:
    return [entry.line for _, entry in await everything(store, session_id)]


def lines(*names: str) -> list[bytes]:
    return [said(name).line for name in names]


async def test_a_session_that_is_held_holds_up_no_other(store: Store, holder: psycopg.Connection) -> None:
    hold(holder, SESSION)
    waiting = store.submit(add(said("held up")))
    for number in range(20):
        await store.append(add(said(str(number)), to=OTHER))
    assert not waiting.done()

    holder.commit()

    assert (await waiting).last == 1


async def test_what_was_held_up_is_written_in_order(store: Store, holder: psycopg.Connection) -> None:
    hold(holder, SESSION)
    names = [str(number) for number in range(30)]
    waiting = []
    for name in names:
        waiting.append(store.submit(add(said(name))))
        if name in {"10", "20"}:
            await store.append(add(said(), to=OTHER))

    holder.commit()

    written = await asyncio.gather(*waiting)
    assert [each.first for each in written] == list(range(1, 31))
    assert await texts(store) == lines(*names)


@pytest.mark.slow
async def test_what_waited_long_is_refused_all_together(store: Store, holder: psycopg.Connection) -> None:
    hold(holder, SESSION)
    waiting = [store.submit(add(said("first")))]
    await store.append(add(said(), to=OTHER))
    waiting.append(store.submit(add(said("second"))))
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, StoreUnavailable) for each in refused] == [True, True]

    again = store.submit(add(said("third")))
    await store.append(add(said(), to=OTHER))
    holder.commit()

    assert (await again).first == 1
    assert await texts(store) == lines("third")


@pytest.mark.slow
async def test_where_nothing_can_be_written_all_is_refused(store: Store, holder: psycopg.Connection) -> None:
    holder.execute("LOCK TABLE events")
    waiting = [store.submit(add(said(), to=name)) for name in (SESSION, OTHER)]
    with anyio.fail_after(20):
        refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, StoreUnavailable) for each in refused] == [True, True]

    holder.commit()

    assert (await store.append(add(said()))).first == 1


async def test_the_row_of_a_task_may_be_the_one_that_is_held(store: Store, holder: psycopg.Connection) -> None:
    await store.append(start_task())
    holder.execute("SELECT FROM tasks FOR UPDATE")
    waiting = store.submit(end_task())
    await store.append(add(said(), to=OTHER))
    assert not waiting.done()

    holder.commit()

    assert (await waiting).first == 2
    ended = await store.task("tsk_1")
    assert ended is not None
    assert ended.status == "completed"


@pytest.mark.slow
async def test_what_is_kept_may_be_held(store: Store, holder: psycopg.Connection) -> None:
    await store.keep([Kept(SESSION, "kind", "key", b"old")])
    holder.execute("SELECT FROM kept FOR UPDATE")
    waiting = store.submit(add(said("keeps"), kept=(Kept(SESSION, "kind", "key", b"new"),)))
    behind = store.submit(add(said("behind")))
    await store.append(add(said(), to=OTHER))

    holder.commit()

    await asyncio.gather(waiting, behind)
    assert await texts(store) == lines("keeps", "behind")
    assert await store.kept(SESSION, "kind", "key") == b"new"


@pytest.mark.slow
async def test_a_command_that_another_is_about_to_do_waits_for_its_end(
    store: Store, holder: psycopg.Connection
) -> None:
    holder.execute(
        "INSERT INTO outcomes SELECT %s, 'c1', num, 7, 7, '', %s FROM sessions WHERE id = %s", [OTHER, NOW, OTHER]
    )
    waiting = store.submit(add(said(), to=OTHER, once=once("c1", OTHER)))
    await store.append(add(said()))
    assert not waiting.done()

    holder.commit()

    assert await waiting == Written(OTHER, 7, 7, "", repeated=True)


async def test_a_store_that_is_closed_answers_what_is_held_up(database: str, holder: psycopg.Connection) -> None:
    closing = await open_store(database)
    await closing.append(begin(SESSION))
    hold(holder, SESSION)
    waiting = closing.submit(add(said()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(closing.close)
        await anyio.lowlevel.checkpoint()
        holder.commit()

    assert (await waiting).first == 1


SLOW_COMMITS = """CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slowly()"""


@pytest.mark.slow
async def test_nodes_that_all_write_to_one_session_all_get_their_turns(postgres_server: Postgres) -> None:
    dsn = postgres_server.database()
    stores = [await open_store(dsn) for _ in range(4)]
    await stores[0].append(begin(SESSION))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SLOW_COMMITS)
    until = time.monotonic() + 8.0

    async def write(store: Store) -> None:
        while time.monotonic() < until:
            await store.append(add(said()))

    with psycopg.connect(dsn) as holder:
        hold(holder, SESSION)
        async with anyio.create_task_group() as tasks:
            for each in stores:
                tasks.start_soon(write, each)
            await anyio.sleep(0.5)  # all of them are held up
            holder.commit()
    for each in stores:
        await each.close()
    postgres_server.drop(dsn)


class Play:
    """Many append while somebody locks this and that for a while; each writes down what was answered, in order."""

    def __init__(self, store: Store, seconds: float) -> None:
        seed = int(os.environ.get("PUNTINI_SEED", random.randrange(1 << 32)))
        print(f"PUNTINI_SEED={seed}")  # noqa: T201 - shown where the test fails, to be played again
        self._chance = random.Random(seed)
        self._store = store
        self._until = time.monotonic() + seconds
        self.acknowledged: dict[str, list[bytes]] = {f"ses_{number}": [] for number in range(10, 18)}

    async def run(self, dsn: str) -> None:
        for name in self.acknowledged:
            await self._store.append(begin(name))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._lock, dsn)
            for name in self.acknowledged:
                tasks.start_soon(self._write, name)

    async def _write(self, name: str) -> None:
        count = 0
        while time.monotonic() < self._until:
            burst = [f"{name} {count + number}" for number in range(self._chance.randint(1, 4))]
            count += len(burst)
            futures = [self._store.submit(self._append(name, text)) for text in burst]
            results = await asyncio.gather(*futures, return_exceptions=True)
            for text, result in zip(burst, results, strict=True):
                assert isinstance(result, Written | StoreUnavailable)
                if isinstance(result, Written):
                    self.acknowledged[name].append(said(text).line)
            await anyio.sleep(self._chance.uniform(0, 0.02))

    def _append(self, name: str, text: str) -> Append:
        kept = (Kept(name, "kind", "key", text.encode()),) if self._chance.random() < 0.3 else ()
        return add(said(text), to=name, kept=kept)

    async def _lock(self, dsn: str) -> None:
        async with await psycopg.AsyncConnection.connect(dsn) as holder:
            while time.monotonic() < self._until:
                chosen = self._chance.sample(list(self.acknowledged), self._chance.randint(1, 3))
                table, column = self._chance.choice([("sessions", "id"), ("kept", "space")])
                query = f"SELECT FROM {table} WHERE {column} = ANY(%s) ORDER BY {column} FOR UPDATE"
                await holder.execute(query.encode(), [chosen])
                await anyio.sleep(self._chance.choice([0.01, 0.1, 0.4, 0.8]))
                await holder.commit()
                await anyio.sleep(self._chance.uniform(0, 0.2))


async def play(store: Store, dsn: str, seconds: float) -> None:
    played = Play(store, seconds)
    await played.run(dsn)
    for name, acknowledged in played.acknowledged.items():
        assert await texts(store, name) == acknowledged
        assert acknowledged


async def test_whoever_locks_whatever_each_session_keeps_its_order(store: Store, database: str) -> None:
    await play(store, database, 1.0)


@pytest.mark.slow
async def test_whoever_locks_whatever_each_session_keeps_its_order_for_long(store: Store, database: str) -> None:
    await play(store, database, 30.0)
