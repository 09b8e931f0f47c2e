"""The queue of work on a real Postgres: whose turn it is, who holds a lane, and messages from node to node."""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import anyio
import psycopg
import pytest

from puntini.errors import StoreUnavailable
from puntini.log.contract import TaskRow
from puntini.log.mint import new_id
from puntini.log.process import is_gone, place
from puntini.log.queue import LEASE_SECONDS, SILENT_SECONDS, Place
from puntini.store.postgres.database import Database
from puntini.store.postgres.hints import Hints
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.queue import PostgresQueue
from tests.log.logbook import until
from tests.postgres import Postgres
from tests.proxy import proxy

pytestmark = pytest.mark.anyio
ANY = ["puntini"]
STARTED = "CREATE OR REPLACE FUNCTION public.pg_postmaster_start_time() RETURNS timestamptz RETURN {}"
"""Found before the system's own, so that a test can say since when the server is there."""

LATER = """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz
    RETURN pg_catalog.clock_timestamp() + interval '6 s'"""


@pytest.fixture
async def opened(database: str) -> AsyncIterator[Database]:
    """An empty database whose server has been there for a while."""
    opened = await Database.open(f"{database}?options=-csearch_path%3Dpublic,pg_catalog")
    await ready(opened)
    await opened.rows(STARTED.format("'-infinity'::timestamptz"))
    yield opened
    await opened.close()


class Book:
    """Sessions and tasks, written by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def task(
        self, task: str, session: str, *, owner: str = "ann", priority: int = 0, status: str = "queued", agent: str = ""
    ) -> None:
        """A task in a session, which is made for the first."""
        await self._database.rows(
            """INSERT INTO sessions (id, owner, title, agent, status, created_at, updated_at)
            VALUES (%s, %s, '', '', 'active', 0, 0) ON CONFLICT DO NOTHING""",
            session,
            owner,
        )
        await self._database.rows(
            """INSERT INTO tasks (id, session, agent, prompt, status, attempt, max_steps, priority, steps, crashes,
                input_tokens, output_tokens, created_at, updated_at, first_seq, last_seq, safe_seq)
            SELECT %s, num, %s, '', %s, 1, 50, %s, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM sessions WHERE id = %s""",
            task,
            agent or "puntini",
            status,
            priority,
            session,
        )

    async def becomes(self, task: str, status: str) -> None:
        """A task's status changes."""
        await self._database.rows("UPDATE tasks SET status = %s WHERE id = %s", status, task)

    async def runs_out(self, node: PostgresQueue) -> None:
        """A node was not heard of for longer than a lease."""
        await self._database.rows("UPDATE leases SET until = '-infinity' WHERE node = %s", node.node)
        await self._database.rows("UPDATE nodes SET until = '-infinity' WHERE id = %s", node.node)


@pytest.fixture
def book(opened: Database) -> Book:
    """What the tests write in."""
    return Book(opened)


@pytest.fixture
def here(opened: Database) -> PostgresQueue:
    """One node."""
    return made(opened)


@pytest.fixture
def there(opened: Database) -> PostgresQueue:
    """Another node."""
    return made(opened)


def made(database: Database) -> PostgresQueue:
    """A node."""
    return PostgresQueue(database, Hints(database, new_id("wrt")))


def names(rows: list[TaskRow]) -> list[str]:
    return [row.task_id for row in rows]


# Turns.


async def test_a_task_is_claimed_once(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("t1", "s1")
    (row,) = await here.claim(ANY, 10)
    assert (row.task_id, row.session_id, row.status, row.attempt) == ("t1", "s1", "queued", 1)
    assert await there.claim(ANY, 10) == []
    assert await here.claim(ANY, 10) == []


async def test_nodes_that_look_together_share_the_work(book: Book, opened: Database) -> None:
    nodes = [made(opened) for _ in range(4)]
    for number in range(20):
        await book.task(f"t{number}", f"s{number}", owner=f"u{number % 3}")
    got: list[str] = []

    async def look(node: PostgresQueue) -> None:
        for _ in range(10):
            got.extend(names(await node.claim(ANY, 2)))

    async with anyio.create_task_group() as tasks:
        for node in nodes:
            tasks.start_soon(look, node)
    assert sorted(got) == sorted(f"t{number}" for number in range(20))


async def test_in_a_session_one_task_runs_at_a_time_by_priority_and_then_age(book: Book, here: PostgresQueue) -> None:
    await book.task("old", "s")
    await book.task("older", "s")
    await book.task("urgent", "s", priority=5)
    order = []
    for _ in range(3):
        (row,) = await here.claim(ANY, 10)
        order.append(row.task_id)
        await book.becomes(row.task_id, "running")
        assert await here.claim(ANY, 10) == []
        await book.becomes(row.task_id, "completed")
    assert order == ["urgent", "old", "older"]


async def test_the_more_urgent_go_first_then_users_with_fewer_tasks_then_the_oldest(
    book: Book, here: PostgresQueue
) -> None:
    for number in range(4):
        await book.task(f"ann{number}", f"a{number}", owner="ann")
    await book.task("bob0", "b0", owner="bob")
    await book.task("bob1", "b1", owner="bob")
    await book.task("cyd0", "c0", owner="cyd", priority=1)
    assert names(await here.claim(ANY, 3)) == ["cyd0", "ann0", "bob0"]
    assert names(await here.claim(ANY, 10)) == ["ann1", "bob1", "ann2", "ann3"]


async def test_users_whose_tasks_run_let_others_go_first(book: Book, here: PostgresQueue) -> None:
    for number in range(3):
        await book.task(f"ann{number}", f"a{number}", owner="ann")
    await here.claim(ANY, 2)
    await book.task("bob0", "b0", owner="bob")
    assert names(await here.claim(ANY, 1)) == ["bob0"]


async def test_only_tasks_of_agents_that_a_worker_has(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("heavy", "s1", agent="gpu")
    await book.task("light", "s1")
    assert await here.claim(ANY, 10) == [], "it is not its turn: another goes before it in its session"
    assert names(await there.claim(["gpu"], 10)) == ["heavy"]


async def test_a_claim_that_was_held_up_on_its_way_takes_nothing(
    book: Book, here: PostgresQueue, opened: Database
) -> None:
    await book.task("t", "s")
    await here.renew([], ANY, 1)
    await opened.rows(LATER)
    try:
        assert await here.claim(ANY, 10) == [], "as after an outage, in which nobody could renew"
        await here.renew([], ANY, 1)
        assert names(await here.claim(ANY, 10)) == ["t"]
    finally:
        await opened.rows("DROP FUNCTION public.clock_timestamp()")


async def test_times_are_understood_however_the_database_writes_them(database: str, book: Book) -> None:
    # In this zone times end with what is Moscow's name to who reads them.
    odd = await Database.open(f"{database}?options=-cDateStyle%3DSQL%20-cTimeZone%3DMSK5")
    queue = made(odd)
    await book.task("t", "s")
    await queue.renew([], ANY, 1)
    assert names(await queue.claim(ANY, 1)) == ["t"]
    await odd.close()


async def test_what_a_dead_worker_left_is_anybody_s(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await book.becomes("t", "running")
    await book.task("next", "s", priority=9)
    assert await there.claim(ANY, 1) == []
    await book.runs_out(here)
    assert await there.claim(ANY, 10, left=False) == [], "nor is what comes behind it"
    (row,) = await there.claim(ANY, 10)
    assert (row.task_id, row.status) == ("t", "running")
    assert await here.renew([("s", "t")], ANY, 1) == set()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


async def test_nobody_waits_for_a_process_of_this_machine_that_is_gone(
    book: Book, opened: Database, here: PostgresQueue, there: PostgresQueue, process: subprocess.Popen[bytes]
) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await here.renew([("s", "t")], ANY, 1)
    await there.renew([], ANY, 1)

    async def bury(*, silent: float, at: str = "", pid: int = process.pid) -> int:
        """What is buried when ``here`` was that process, at that place, and has not renewed for so long."""
        query = """UPDATE nodes SET until = clock_timestamp() + make_interval(secs => %s), pid = %s,
            place = CASE %s WHEN '' THEN place ELSE %s END WHERE id = %s"""
        await opened.rows(query, LEASE_SECONDS - silent, pid, at, at, here.node)
        return await there.bury()

    before = place()
    assert before
    assert await bury(silent=SILENT_SECONDS + 1) == 0, "it lives"
    process.kill()
    process.wait()
    assert await bury(silent=0) == 0, "it was heard of just now"
    assert await bury(silent=SILENT_SECONDS + 1, at="elsewhere") == 0, "that is another machine, or a container"
    assert await there.claim(ANY, 1) == []

    assert await bury(silent=SILENT_SECONDS + 1, at=before) == 1
    assert names(await there.claim(ANY, 1)) == ["t"]
    assert await there.bury() == 0
    assert (await there.figures()).workers == 1


def test_processes_of_others_are_not_taken_for_gone() -> None:
    assert not is_gone(1)


async def test_a_lease_that_is_renewed_in_time_holds(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await book.runs_out(here)
    assert await here.renew([("s", "t"), ("x", "y")], ANY, 1) == {"t"}
    assert await there.claim(ANY, 1) == []


async def test_who_had_no_chance_to_renew_keeps_its_lanes(
    book: Book, opened: Database, here: PostgresQueue, there: PostgresQueue
) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await book.runs_out(here)
    await opened.rows(STARTED.format("now()"))
    assert await there.claim(ANY, 1) == []


async def test_a_lane_that_is_given_back_is_free_at_once(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await there.release([("s", "t")])
    assert await there.claim(ANY, 1) == [], "only who holds it gives it back"
    await here.release([("s", "t")])
    assert names(await there.claim(ANY, 1)) == ["t"]


async def test_leases_are_locked_in_the_order_of_their_sessions(database: str, book: Book, here: PostgresQueue) -> None:
    lanes = [(f"s{number}", f"t{number}") for number in range(3)]
    for session, task in lanes:
        await book.task(task, session)
    await here.claim(ANY, 3)
    free = "SELECT session FROM leases ORDER BY session FOR UPDATE SKIP LOCKED"
    waits = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"

    for verb in (lambda: here.renew(lanes[::-1], ANY, 1), lambda: here.release(lanes[::-1])):
        with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as other:
            holder.execute("SELECT FROM leases WHERE session = 's1' FOR UPDATE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(verb)
                await until(lambda: other.execute(waits, [holder.info.backend_pid]).fetchone() == (1,), 20)
                assert other.execute(free).fetchall() == [("s2",)], "the first is locked, the last not yet"
                holder.rollback()


@pytest.mark.parametrize("reach", [True, False], ids=["it was done", "it was not"])
async def test_a_claim_of_which_the_answer_is_lost_can_be_given_back(
    postgres_server: Postgres, database: str, book: Book, there: PostgresQueue, reach: bool
) -> None:
    await book.task("t", "s")
    async with proxy(postgres_server.port) as wire:
        cut_off = await Database.open(database.replace(str(postgres_server.port), str(wire.port)))
        node = made(cut_off)
        wire.cut_at(b"the unlucky one", reach=reach)

        with pytest.raises(StoreUnavailable):
            await node.claim([*ANY, "the unlucky one"], 1)

        assert wire.cuts == 1
        await until_told(node.mine, [("s", "t")] if reach else [])
        await node.release(await node.mine())
        assert names(await there.claim(ANY, 1)) == ["t"]
        await cut_off.close()


async def until_told(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until this is the answer: what was sent before a cut may be done a little later."""
    with anyio.fail_after(20):
        while await ask() != wanted:
            await anyio.sleep(0.01)


# Tasks about to be written.


async def test_a_free_lane_is_held_for_a_task_about_to_be_written(
    book: Book, here: PostgresQueue, there: PostgresQueue
) -> None:
    assert await here.take("s", "t", wanted=True) == Place(taken=True, busy=False, waiting=0)
    assert await there.take("s", "u", wanted=True) == Place(taken=False, busy=True, waiting=0)
    await book.task("t", "s", status="running")
    assert await there.claim(ANY, 1) == []
    assert await there.busy("s")


async def test_who_comes_to_a_session_with_tasks_waits(book: Book, here: PostgresQueue) -> None:
    await book.task("t", "s")
    assert await here.take("s", "u", wanted=True) == Place(taken=False, busy=True, waiting=1)


async def test_a_lane_that_is_not_wanted_stays_free(here: PostgresQueue, there: PostgresQueue) -> None:
    assert await here.take("s", "t", wanted=False) == Place(taken=False, busy=False, waiting=0)
    assert (await there.take("s", "u", wanted=True)).taken


async def test_a_task_that_rests_holds_no_lane(book: Book, here: PostgresQueue, there: PostgresQueue) -> None:
    await book.task("t", "s")
    await here.claim(ANY, 1)
    await book.becomes("t", "waiting")
    assert not await there.busy("s")
    assert (await there.take("s", "u", wanted=True)).taken


# Messages.


async def test_a_message_is_received_once(here: PostgresQueue, there: PostgresQueue) -> None:
    number = await there.send("t", "tell", b"hello")
    (message,) = await here.receive(["t", "u"])
    assert (message.number, message.task_id, message.verb, message.body) == (number, "t", "tell", b"hello")
    assert await here.receive(["t"]) == []
    assert not await there.withdraw(number)
    await here.answer(number, b"heard")
    assert await there.answered(number) == b"heard"


async def test_what_nobody_has_received_can_be_taken_back(here: PostgresQueue, there: PostgresQueue) -> None:
    number = await there.send("t", "tell", b"hello")
    assert await there.withdraw(number)
    assert await here.receive(["t"]) == []


async def test_a_stop_is_told_until_it_is_discarded(here: PostgresQueue, there: PostgresQueue) -> None:
    await there.send("t", "tell")
    number = await there.send("t", "stop")
    assert [message.verb for message in await here.receive(["t"])] == ["tell", "stop"]
    assert [message.verb for message in await here.receive(["t"])] == ["stop"]
    await there.discard([number])
    assert await there.receive(["t"]) == []


# Duties, figures, calls.


async def test_a_duty_is_one_node_s_until_it_resigns(here: PostgresQueue, there: PostgresQueue) -> None:
    assert await here.duty("janitor", 60)
    assert await here.duty("janitor", 60)
    assert not await there.duty("janitor", 60)
    await here.resign("janitor")
    assert await there.duty("janitor", 0)
    assert await here.duty("janitor", 60), "the other's time was over"


async def test_figures_tell_what_waits_and_for_whom(book: Book, here: PostgresQueue) -> None:
    await here.renew([], [*ANY, "created"], 10, ANY)
    await book.task("t1", "s1")
    await book.task("t2", "s2", status="running")
    await book.task("t3", "s3", agent="gpu")
    figures = await here.figures()
    assert (figures.queued, figures.running, figures.workers) == (2, 1, 1)
    assert (figures.own, figures.unserved) == (frozenset({"puntini"}), frozenset({"gpu"}))
    assert figures.oldest_seconds > 0
    assert names(await here.unserved(1)) == ["t3"]


async def test_a_call_reaches_every_node(opened: Database) -> None:
    hints = [Hints(opened, name) for name in ("here", "there")]
    here, there = (PostgresQueue(opened, each) for each in hints)
    heard = [anyio.Event(), anyio.Event()]
    here.watch(lambda: heard[0].set())
    there.watch(lambda: heard[1].set())
    async with anyio.create_task_group() as tasks:
        for each in hints:
            tasks.start_soon(each.send)
            tasks.start_soon(each.listen)
        with anyio.fail_after(20):
            await heard[1].wait()  # it listens now, which may have come too late for a call
            heard[1] = anyio.Event()
            here.call()
            await heard[0].wait()
            await heard[1].wait()
        tasks.cancel_scope.cancel()


async def test_who_hears_nothing_looks_often(here: PostgresQueue) -> None:
    looks = anyio.Event()
    here.watch(looks.set)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.listen)
        with anyio.fail_after(5):
            await looks.wait()
        tasks.cancel_scope.cancel()
