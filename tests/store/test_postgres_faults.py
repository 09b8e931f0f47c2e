"""What the Postgres store does when connections break and the server dies: nothing acknowledged is lost or repeated."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psycopg
import pytest
from psycopg import sql

from puntini.errors import StoreUnavailable
from puntini.log.contract import Store
from puntini.store.open import open_store
from puntini.store.postgres.database import CONNECTIONS, LEAST_SECONDS, Lost
from puntini.store.postgres.pool import WAIT_SECONDS
from tests.log.logbook import until
from tests.postgres import Postgres, postgres
from tests.proxy import proxy
from tests.store.making import SESSION, add, begin, everything, said

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("postgres_faults")]

Harm = Callable[[random.Random, str], Awaitable[None]]
"""Something that is done to a server, and to one of its databases."""
SESSIONS = [f"ses_{number}" for number in range(4)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of these tests' own, which they may kill."""
    with postgres() as started:
        yield started


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Store]:
    store = await open_store(dsn)
    try:
        yield store
    finally:
        await store.close()


class Flood:
    """Writers that append as fast as they can, each text once; what was answered to each is written down."""

    def __init__(self, store: Store, name: str, seed: int) -> None:
        self._store = store
        self._name = name
        self._random = random.Random(f"{seed} {name}")
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self.slowest_refusal = 0.0

    async def run(self, number: int, until_at: float) -> None:
        count = 0
        while time.monotonic() < until_at:
            count += 1
            text, session_id = f"{self._name} {number} {count}", self._random.choice(SESSIONS)
            began = time.monotonic()
            try:
                await self._store.append(add(said(text), to=session_id))
                self.acknowledged.add(text)
            except StoreUnavailable:
                self.refused.add(text)
                self.slowest_refusal = max(self.slowest_refusal, time.monotonic() - began)
                await anyio.sleep(0.02)


async def flood(server: Postgres, seconds: float, harm: Harm) -> None:
    """Two nodes are flooded while harm is done again and again; then the log is compared with what was answered."""
    seed = int(os.environ.get("PUNTINI_SEED", random.randrange(1 << 32)))
    print(f"PUNTINI_SEED={seed}")  # noqa: T201 - shown where the test fails, to be played again
    chance = random.Random(seed)
    dsn = server.database()
    async with opened(dsn) as here, opened(dsn) as there:
        for session_id in SESSIONS:
            await here.append(begin(session_id))
        floods = [Flood(here, "here", seed), Flood(there, "there", seed)]
        end = time.monotonic() + seconds
        async with anyio.create_task_group() as tasks:
            for each in floods:
                for number in range(6):
                    tasks.start_soon(each.run, number, end)
            while time.monotonic() < end - 0.5:
                await anyio.sleep(chance.uniform(0.005, 0.3))
                await harm(chance, dsn)
        await until_back(here)
        await compare(here, floods)
    server.drop(dsn)


async def until_back(store: Store) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            await store.bounds(SESSIONS[0])
        except StoreUnavailable:
            assert time.monotonic() < deadline, "the store is not back"
            await anyio.sleep(0.05)
        else:
            return


async def compare(store: Store, floods: list[Flood]) -> None:
    found: list[str] = []
    for session_id in SESSIONS:
        events = await everything(store, session_id)
        assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
        found += [entry.line.decode().partition('"message":"')[2].partition('"')[0] for _, entry in events]
    acknowledged = set[str]().union(*(each.acknowledged for each in floods))
    refused = set[str]().union(*(each.refused for each in floods))
    print(f"{len(acknowledged)} acknowledged, {len(refused)} refused")  # noqa: T201
    assert len(found) == len(set(found)), "something is there twice"
    assert set(found) == acknowledged, "what was answered is not what is there"
    assert not refused & set(found)
    assert acknowledged


def cut_a_connection(server: Postgres) -> Harm:
    async def cut(chance: random.Random, _dsn: str) -> None:
        def work() -> None:
            with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
                rows = operator.execute(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'puntini' ORDER BY pid"
                ).fetchall()
                for (pid,) in chance.sample(rows, min(len(rows), 3)):
                    operator.execute("SELECT pg_terminate_backend(%s)", (pid,))

        await asyncio.to_thread(work)

    return cut


def lock_or_cut(server: Postgres) -> Harm:
    """Cut connections, some of them while rows are locked, which is over with the connection that locks them."""
    cut = cut_a_connection(server)

    async def harm(chance: random.Random, dsn: str) -> None:
        async with await psycopg.AsyncConnection.connect(dsn) as holder:
            chosen = chance.sample(SESSIONS, 2)
            await holder.execute("SELECT FROM sessions WHERE id = ANY(%s) ORDER BY num FOR UPDATE", [chosen])
            await anyio.sleep(chance.uniform(0, 0.5))
            if chance.random() < 0.5:
                await cut(chance, dsn)
            await anyio.sleep(chance.uniform(0, 0.2))

    return harm


def kill_the_server(server: Postgres) -> Harm:
    async def kill(chance: random.Random, _dsn: str) -> None:
        await asyncio.to_thread(server.kill)
        await anyio.sleep(chance.uniform(0, 0.3))
        await asyncio.to_thread(server.start)

    return kill


async def test_connections_may_break_at_any_moment(server: Postgres) -> None:
    await flood(server, 2.5, cut_a_connection(server))


async def test_the_server_may_die_at_any_moment(server: Postgres) -> None:
    await flood(server, 2.0, kill_the_server(server))


@pytest.mark.slow
async def test_connections_may_break_at_any_moment_for_long(server: Postgres) -> None:
    await flood(server, 20.0, cut_a_connection(server))


@pytest.mark.slow
async def test_the_server_may_die_at_any_moment_for_long(server: Postgres) -> None:
    await flood(server, 30.0, kill_the_server(server))


@pytest.mark.slow
async def test_connections_may_break_while_rows_are_locked(server: Postgres) -> None:
    await flood(server, 15.0, lock_or_cut(server))


async def test_while_the_server_is_away_all_is_refused_at_once_and_goes_on_when_it_is_back(server: Postgres) -> None:
    dsn = server.database()
    async with opened(dsn) as store:
        await store.append(begin(SESSION, said("before")))
        await asyncio.to_thread(server.stop)
        try:
            began = time.monotonic()
            results = await asyncio.gather(
                store.append(add(said("refused"))),
                store.read(SESSION, 0),
                store.session(SESSION),
                store.trim(SESSION, 1),
                store.fork(SESSION, 1, begin("ses_fork")),
                return_exceptions=True,
            )
            assert [type(result) for result in results] == [StoreUnavailable] * 5
            assert time.monotonic() - began < 5
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await store.append(add(said("refused")))
            assert time.monotonic() - began < 0.5
        finally:
            await asyncio.to_thread(server.start)

        await until_written(store)

        assert [entry for _, entry in await everything(store)] == [said("before"), said("after")]


async def until_written(store: Store) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            await store.append(add(said("after")))
        except StoreUnavailable:
            assert time.monotonic() < deadline, "the store is not back"
            await anyio.sleep(0.02)
        else:
            return


@pytest.mark.parametrize("reach", [True, False], ids=["it was committed", "it was not"])
async def test_an_append_of_which_the_answer_is_lost_is_there_once(server: Postgres, reach: bool) -> None:
    dsn = server.database()
    async with proxy(server.port) as wire, opened(dsn.replace(str(server.port), str(wire.port))) as store:
        await store.append(begin(SESSION, said("first")))
        wire.cut_at(b"the unlucky one", reach=reach)

        written = await store.append(add(said("the unlucky one")))

        assert wire.cuts == 1
        assert written.first == 2
        assert [entry for _, entry in await everything(store)] == [said("first"), said("the unlucky one")]
        assert (await store.append(add(said()))).first == 3


@pytest.mark.slow
async def test_a_server_that_says_nothing_holds_nobody_for_long(server: Postgres) -> None:
    dsn = server.database()
    async with opened(dsn) as store:
        await store.append(begin(SESSION))
        server.process.send_signal(signal.SIGSTOP)
        stopped = [int(pid) for pid in children(server.process.pid)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await store.read(SESSION, 0)
            assert time.monotonic() - began < WAIT_SECONDS + LEAST_SECONDS
        finally:
            for pid in (*stopped, server.process.pid):
                os.kill(pid, signal.SIGCONT)
        await until_written(store)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


async def test_what_was_accepted_before_the_server_died_is_answered_one_way_or_the_other(server: Postgres) -> None:
    dsn = server.database()
    async with opened(dsn) as store:
        await store.append(begin(SESSION))
        futures = [store.submit(add(said(str(number)))) for number in range(500)]
        await anyio.sleep(0.005)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

        await until(lambda: all(future.done() for future in futures), 10)

        await until_back_of(store)
        there = {entry.line for _, entry in await everything(store)}
        for number, future in enumerate(futures):
            assert (said(str(number)).line in there) == (future.exception() is None)


async def until_back_of(store: Store) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            await store.bounds(SESSION)
            return
        except StoreUnavailable:
            await anyio.sleep(0.05)
    pytest.fail("the store is not back")


async def test_a_server_that_takes_no_writes_for_a_while_is_written_to_as_soon_as_it_does(server: Postgres) -> None:
    dsn = server.database()
    name = sql.Identifier(dsn.rpartition("/")[2])
    async with opened(dsn) as store:
        await store.append(begin())
        server.execute("postgres", sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'puntini'"
            )

        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                await store.append(add(said("refused")))
        server.execute("postgres", sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))

        await until_written(store)
    server.drop(dsn)


async def test_what_waits_for_a_lock_and_is_given_up_is_not_left_waiting_in_the_server(server: Postgres) -> None:
    dsn = server.database()
    async with opened(dsn) as store:
        await store.append(begin())
        with psycopg.connect(dsn) as holder:
            holder.execute("LOCK TABLE kept")
            pid = holder.info.backend_pid
            began = time.monotonic()
            asked = [store.kept("space", "kind", "key") for _ in range(2 * CONNECTIONS)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(answer) for answer in answers} <= {StoreUnavailable, Lost}
            assert time.monotonic() - began < 2 * WAIT_SECONDS - LEAST_SECONDS, "a question was asked twice"
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"

            def left() -> bool:
                with psycopg.connect(server.dsn("postgres"), autocommit=True) as operator:
                    return operator.execute(waiting, [pid]).fetchone() == (0,)

            await until(left)
    server.drop(dsn)
