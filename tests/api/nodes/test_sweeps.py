"""What is looked after for all is looked after by one node, and what others do is respected."""

import anyio
import psycopg
import pytest

from tests.api.nodes.pairs import Pair, eventually, pair_on

pytestmark = pytest.mark.anyio


async def test_a_session_that_is_watched_at_another_node_is_not_closed_as_idle(database: str) -> None:
    async with pair_on(database, session_idle_seconds=1.0) as pair:
        watched, other = [await pair.a.create() for _ in range(2)]
        async with pair.b.stream(f"/v1/sessions/{watched}/stream") as wire:
            await wire.until("event: live")

            async def closed() -> bool:
                return bool((await pair.a.get(f"/v1/sessions/{other}"))["status"] == "closed")

            await eventually(closed)
            await anyio.sleep(0.6)  # two more rounds
            assert (await pair.a.get(f"/v1/sessions/{watched}"))["status"] == "active"


async def test_a_turn_is_one_node_s_until_it_asks_no_more(pair: Pair, database: str) -> None:
    a, b = (life.parts.turns.of("counting", 60) for life in pair)
    assert [await a(), await b(), await a()] == [True, False, True]

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE duties SET until = now() WHERE name = 'counting'")

    assert [await b(), await a()] == [True, False]


async def test_a_node_that_ends_leaves_its_turns_to_others(pair: Pair) -> None:
    first, second = (life.parts.turns for life in pair)
    assert [await first.of("counting", 60)(), await second.of("reckoning", 60)()] == [True, True]

    await first.leave()

    assert await second.of("counting", 60)()
    await first.leave()
    assert not await first.of("reckoning", 60)(), "it leaves none but its own"


async def test_of_two_who_ask_for_a_free_turn_at_once_one_gets_it(pair: Pair) -> None:
    got: list[bool] = []

    async def ask(number: int) -> None:
        got.append(await pair[number].parts.turns.of("counting", 60)())

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(ask, number)

    assert sorted(got) == [False, True]


async def test_entries_that_two_nodes_note_in_one_millisecond_are_all_kept_in_their_order(pair: Pair) -> None:
    for api in pair:
        api.parts.entrance.audit._clock = lambda: 1_800_000_000_000
    for number in range(100):
        pair[number % 2].parts.entrance.audit.note({"type": "http", "headers": []}, "login", of=str(number))
    for api in pair:
        await api.parts.entrance.audit.flush()

    found = [each for each in (await pair.a.parts.entrance.audit.find(limit=1_000)).items if each.what == "login"]

    for number in range(2):
        assert [int(each.of) for each in found if int(each.of) % 2 == number] == list(range(98 + number, -1, -2))


async def test_each_node_says_its_name(database: str) -> None:
    async with pair_on(database, node="blue") as pair:
        assert (await pair.a.get("/v1/status"))["node"] == "blue"
        assert (await pair.b.get("/v1/connections/stats"))["node"] == "blue"


async def test_what_grows_is_looked_after_by_the_node_that_writes_it(pair: Pair) -> None:
    session = await pair.a.create()
    async with pair.b.stream(f"/v1/sessions/{session}/stream") as wire:
        await wire.until("event: live")
        await pair.a.played(session)
        await wire.until("event: task_completed")

    assert pair.a.parts.keeper._grown[session] >= 20
    assert session not in pair.b.parts.keeper._grown
