"""Counts, presence and news on a real Postgres: right whoever commits when, and without waiting for one another."""

from collections.abc import AsyncIterator

import anyio
import psycopg
import pytest
from anyio.lowlevel import checkpoint

from puntini.log.nodes import Carried, Count, News
from puntini.store.open import open_store
from puntini.store.postgres.database import Database
from puntini.store.postgres.nodes import MOST_HEARD, PostgresNodes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pair(database: str) -> AsyncIterator[tuple[PostgresNodes, PostgresNodes]]:
    """What two processes know of one another."""
    await (await open_store(database)).close()  # which makes the schema
    opened = [await Database.open(database) for _ in range(2)]
    yield PostgresNodes(opened[0], checkpoint), PostgresNodes(opened[1], checkpoint)
    for each in opened:
        await each.close()


Pair = tuple[PostgresNodes, PostgresNodes]


async def test_counts_are_sums_over_all_nodes(pair: Pair) -> None:
    a, b = pair
    assert await a.count([Count("address", "192.0.2.1", 7, 3), Count("address", "192.0.2.2", 7, 0)]) == [
        Count("address", "192.0.2.1", 7, 3),
        Count("address", "192.0.2.2", 7, 0),
    ]
    assert await b.count([Count("address", "192.0.2.1", 7, 2)]) == [Count("address", "192.0.2.1", 7, 5)]
    await b.count([Count("address", "192.0.2.1", 8, 1), Count("credential", "192.0.2.1", 8, 9)])

    assert await a.counted("address", "192.0.2.1", 7) == {7: 5, 8: 1}
    await a.forget_counts("address", 8)
    assert await b.counted("address", "192.0.2.1", 0) == {8: 1}
    assert await b.counted("credential", "192.0.2.1", 0) == {8: 9}


async def test_nodes_that_count_many_keys_at_once_do_not_stand_in_each_other_s_way(pair: Pair) -> None:
    keys = [f"key:{number}" for number in range(200)]

    async def count(nodes: PostgresNodes, order: list[str]) -> None:
        for _ in range(10):
            await nodes.count([Count("credential", key, 1, 1) for key in order])

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count, pair[0], keys)
            tasks.start_soon(count, pair[1], keys[::-1])

    assert {each.number for each in await pair[0].count([Count("credential", key, 1, 0) for key in keys])} == {20}


async def test_streams_count_elsewhere_until_their_node_leaves(pair: Pair) -> None:
    a, b = pair
    assert await a.carry("a", {"ann": 2, "bob": 1}, ["ann"]) == Carried({}, new=True)
    assert await b.carry("b", {"ann": 5}, ["ann", "bob", "eve"]) == Carried({"ann": 2, "bob": 1}, new=True)
    assert await a.carry("a", {"bob": 0}, ["ann", "bob"]) == Carried({"ann": 5}, new=False)

    await b.leave("b")

    assert await a.carry("a", {}, ["ann"]) == Carried({}, new=False)


async def test_streams_of_a_node_that_is_silent_do_not_count_and_it_says_all_anew(pair: Pair, database: str) -> None:
    a, b = pair
    await a.carry("a", {"ann": 2}, [])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE carriers SET seen = seen - interval '1 minute'")

    assert (await b.carry("b", {}, ["ann"])).elsewhere == {}
    await b.forget_old()

    assert (await a.carry("a", {}, [])).new
    assert (await b.carry("b", {}, ["ann"])).elsewhere == {}, "what it said before is forgotten"


async def test_a_session_was_watched_when_it_was_last_said(pair: Pair) -> None:
    a, b = pair
    await a.watching(["ses_1", "ses_2"], 1_000)
    await b.watching(["ses_1"], 2_000)
    await a.watching(["ses_1"], 1_500)
    await a.forget_watched(1_500)

    assert [await b.watched_at(f"ses_{number}") for number in (1, 2, 3)] == [2_000, 0, 0]


async def test_news_are_heard_from_the_first_hearing_on_also_one_s_own(pair: Pair) -> None:
    a, b = pair
    await a.tell([News("word", "before")])
    upto = (await b.hear(0)).upto
    await a.tell([News("word", "1"), News("other", "2", "x")])
    await b.tell([News("word", "3")])

    heard = await b.hear(upto)

    assert heard.news == [News("word", "1"), News("other", "2", "x"), News("word", "3")]
    assert not heard.missed
    assert (await b.hear(heard.upto)).news == []


async def test_what_was_told_first_and_committed_last_is_heard_once(pair: Pair, database: str) -> None:
    a, b = pair
    upto = (await b.hear(0)).upto
    with psycopg.connect(database) as slow:
        slow.execute("INSERT INTO news (kind, key) VALUES ('word', 'slow')")
        await a.tell([News("word", "quick")])
        first = await b.hear(upto)
        again = await b.hear(first.upto)
        slow.commit()
    last = await b.hear(again.upto)

    assert [[each.key for each in heard.news] for heard in (first, again, last)] == [["quick"], [], ["slow"]]
    assert (await b.hear(last.upto)).news == []


async def test_whoever_could_not_hear_for_long_or_too_much_is_told_that_something_was_missed(
    pair: Pair, database: str
) -> None:
    a, b = pair
    upto = (await b.hear(0)).upto
    await a.tell([News("word", "1")])
    late = (await a.hear(0)).upto
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE news SET at = at - interval '1 hour'")
    await a.forget_old()

    assert (await b.hear(upto)).missed
    assert not (await a.hear(late)).missed

    await a.tell([News("word", str(number)) for number in range(MOST_HEARD + 1)])
    assert (await b.hear(late)).missed


async def test_a_database_that_was_restored_elsewhere_does_not_miss_news_for_ever(database: str) -> None:
    await (await open_store(database)).close()
    with psycopg.connect(database, autocommit=True) as connection:  # as a server says that counts its transactions anew
        connection.execute("UPDATE meta SET value = 'another' WHERE key = 'server'")
        connection.execute("DELETE FROM meta WHERE key = 'news_floor'")
        connection.execute("INSERT INTO meta VALUES ('news_floor', '9000000000')")
        connection.execute("INSERT INTO news (tx, kind, key) VALUES (9000000001, 'word', 'old')")
    store = await open_store(database)
    nodes = store.nodes
    assert nodes is not None

    upto = (await nodes.hear(0)).upto
    await nodes.tell([News("word", "new")])

    assert (await nodes.hear(upto))[1:] == ([News("word", "new")], False)
    await store.close()


async def test_a_node_s_marks_are_known_to_the_others_as_long_as_it_lives(pair: Pair, database: str) -> None:
    a, b = pair
    for name, nodes in (("a", a), ("b", b)):
        await nodes.carry(name, {}, [])
    assert await a.marked("a", {"days": "7"}) == [{}]
    assert await b.marked("b", {"days": "8"}) == [{"days": "7"}]
    assert await a.marked("a", {"days": "7"}) == [{"days": "8"}]
    assert sorted(each["days"] for each in await a.marked("", {})) == ["7", "8"]

    await b.leave("b")
    assert await a.marked("a", {"days": "7"}) == []
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE carriers SET seen = seen - interval '1 minute'")
    assert await b.marked("", {}) == []
