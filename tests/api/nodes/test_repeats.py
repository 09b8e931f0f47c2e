"""A command that is repeated at another node while the first is under way, however long that takes."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import anyio
import psycopg
import pytest

from puntini.api import repeats as module
from puntini.api.repeats import Repeats
from puntini.errors import Conflict, Unavailable
from puntini.log.contract import Append, Once, SessionRow, Store, Written
from puntini.store.open import open_store
from tests.api.nodes.pairs import eventually

pytestmark = pytest.mark.anyio
KEY = Once("command ses_1", "c1")
ROW = SessionRow(session_id="ses_1", owner="ann", created_at=0, updated_at=0)
LONG_OVER = "SELECT clock_timestamp() > %s::timestamptz + interval '1 s'"


class Node(NamedTuple):
    """A store, and what keeps its commands from being done twice."""

    store: Store
    repeats: Repeats


class Slow:
    """Work that has begun and is not done before it is told to be."""

    def __init__(self, node: Node) -> None:
        self.begun, self.go_on, self.left = anyio.Event(), anyio.Event(), anyio.Event()
        self._node = node

    async def __call__(self) -> Written:
        """Work."""
        self.begun.set()
        try:
            await self.go_on.wait()
        finally:
            self.left.set()
        return await self._node.store.append(Append(session_id="ses_1", create=ROW, once=KEY, at=0))


@pytest.fixture
async def nodes(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Node, Node]]:
    """Two of them, which hold a duty for a second."""
    monkeypatch.setattr(module, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.1)
    stores = [await open_store(database) for _ in range(2)]
    yield Node(stores[0], Repeats(stores[0])), Node(stores[1], Repeats(stores[1]))
    for store in stores:
        await store.close()


def asked(dsn: str, query: str, *values: object) -> object:
    """What the database says."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode(), values).fetchone()
        return row[0] if row else None


async def test_a_repeat_elsewhere_waits_for_work_that_takes_longer_than_a_duty_is_held(
    database: str, nodes: tuple[Node, Node]
) -> None:
    here, there = nodes
    first, second = Slow(here), Slow(there)
    written: list[Written] = []

    async def once(node: Node, work: Slow) -> None:
        written.append(await node.repeats.once(KEY, work))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(once, here, first)
        await first.begun.wait()
        until = asked(database, "SELECT until FROM duties")
        tasks.start_soon(once, there, second)

        async def long_over() -> bool:
            return bool(asked(database, LONG_OVER, until))

        await eventually(long_over)
        assert not second.begun.is_set()
        first.go_on.set()

    assert sorted(each.repeated for each in written) == [False, True]
    assert not second.begun.is_set()
    assert asked(database, "SELECT count(*) FROM duties WHERE starts_with(name, 'command')") == 0


async def test_who_has_lost_the_duty_stops_and_says_so(database: str, nodes: tuple[Node, Node]) -> None:
    work = Slow(nodes[0])
    async with anyio.create_task_group() as tasks:

        async def lose() -> None:
            await work.begun.wait()
            asked(database, "UPDATE duties SET node = 'other', until = 'infinity' RETURNING 1")

        tasks.start_soon(lose)
        with pytest.raises(Unavailable, match="is being carried out just now"):
            await nodes[0].repeats.once(KEY, work)

    assert await nodes[0].store.outcome(KEY) is None


async def test_who_can_not_tell_whether_it_has_the_duty_stops_when_its_time_is_over(
    database: str, nodes: tuple[Node, Node]
) -> None:
    work = Slow(nodes[0])
    async with anyio.create_task_group() as tasks:

        async def hold_up() -> None:
            await work.begun.wait()
            with psycopg.connect(database) as holder:
                holder.execute("SELECT FROM duties FOR UPDATE")
                with anyio.fail_after(4):  # less than a question may take
                    await work.left.wait()

        tasks.start_soon(hold_up)
        with pytest.raises(Unavailable, match="is being carried out just now"):
            await nodes[0].repeats.once(KEY, work)


async def test_what_the_work_was_refused_is_told_as_it_is(nodes: tuple[Node, Node]) -> None:
    async def refused() -> Written:
        raise Conflict("Something else runs.")

    with pytest.raises(Conflict, match="Something else runs"):
        await nodes[0].repeats.once(KEY, refused)
