from collections.abc import AsyncIterator

import anyio
import pytest

from puntini.errors import NotFound
from puntini.log.feed import Feed
from puntini.log.hub import Hub
from puntini.log.reader import Lost, Reader
from puntini.log.runs import Lens
from puntini.protocol.select import Selection, select
from tests.log.logbook import (
    SESSION,
    RecordingStore,
    hub_on,
    remark,
    seqs_of,
    session_end,
    task_end,
    thought,
    thoughts,
)

pytestmark = pytest.mark.anyio

LINES = Lens("lines")


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def hub(store: RecordingStore) -> AsyncIterator[Hub]:
    async with hub_on(store) as hub:
        await store.say(*thoughts(5))
        yield hub


@pytest.fixture
async def feed(hub: Hub) -> AsyncIterator[Feed]:
    async with hub.feed(SESSION) as feed:
        yield feed


async def test_taking_moves_the_cursor_past_what_was_taken(feed: Feed) -> None:
    reader = Reader(feed, LINES, 2)

    assert seqs_of(await reader.take()) == [3, 4, 5]
    assert reader.cursor == 5
    assert not reader.behind()


async def test_a_reader_at_the_head_takes_nothing(feed: Feed) -> None:
    reader = Reader(feed, LINES, 5)

    assert await reader.take() == b""
    assert reader.cursor == 5


async def test_what_a_lens_hides_is_passed_without_bytes(store: RecordingStore, feed: Feed) -> None:
    reader = Reader(feed, Lens("lines", select("debug", None)), 5)
    await store.say(thought(), thought())

    assert await reader.take() == b""
    assert reader.cursor == 7


async def test_a_reader_that_stops_in_the_middle_of_a_stored_run_gets_the_rest_only(
    store: RecordingStore, feed: Feed
) -> None:
    await Reader(feed, LINES, 0).take()

    assert seqs_of(await Reader(feed, LINES, 3).take()) == [4, 5]


async def test_waiting_ends_with_the_next_event(store: RecordingStore, feed: Feed) -> None:
    reader = Reader(feed, LINES, 5)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.wait)
        await anyio.wait_all_tasks_blocked()
        await store.say(thought())

    assert reader.behind()


async def test_waiting_ends_at_once_when_something_is_there(feed: Feed) -> None:
    with anyio.fail_after(20):
        await Reader(feed, LINES, 4).wait()


async def test_a_poke_ends_the_wait_though_nothing_came(feed: Feed) -> None:
    reader = Reader(feed, LINES, 5)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.wait)
        await anyio.wait_all_tasks_blocked()
        reader.poke()

    assert not reader.behind()


async def test_a_poke_to_nobody_is_harmless(feed: Feed) -> None:
    Reader(feed, LINES, 5).poke()


async def test_a_reader_that_retention_overtook_is_lost(store: RecordingStore, hub: Hub, feed: Feed) -> None:
    await store.trim(SESSION, 3)
    hub.trimmed(SESSION, 3)

    with pytest.raises(Lost):
        await Reader(feed, LINES, 2).take()


async def test_a_reader_at_the_floor_has_lost_nothing(store: RecordingStore, hub: Hub, feed: Feed) -> None:
    await store.trim(SESSION, 3)
    hub.trimmed(SESSION, 3)

    assert seqs_of(await Reader(feed, LINES, 3).take()) == [4, 5]


async def test_a_floor_that_moved_unheard_of_is_noticed_on_reading(store: RecordingStore, feed: Feed) -> None:
    await store.trim(SESSION, 3)

    with pytest.raises(Lost):
        await Reader(feed, LINES, 2).take()


async def test_a_reader_whose_cursor_the_ring_still_serves_is_not_lost(
    store: RecordingStore, hub: Hub, feed: Feed
) -> None:
    await store.say(*thoughts(3))
    await store.trim(SESSION, 7)
    hub.trimmed(SESSION, 7)

    assert seqs_of(await Reader(feed, LINES, 5).take()) == [6, 7, 8]


async def test_taking_from_a_deleted_session_says_so(store: RecordingStore, hub: Hub, feed: Feed) -> None:
    await store.delete_session(SESSION)
    hub.forget(SESSION)

    with pytest.raises(NotFound):
        await Reader(feed, LINES, 5).take()


async def test_a_reader_that_waits_learns_that_its_session_was_deleted(hub: Hub, feed: Feed) -> None:
    reader = Reader(feed, LINES, 5)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.wait)
        await anyio.wait_all_tasks_blocked()
        hub.forget(SESSION)

    assert reader.behind(), "it must come and take, and be told"


async def test_a_session_end_ends_its_readers(store: RecordingStore, feed: Feed) -> None:
    reader = Reader(feed, Lens("lines", select("debug", None)), 5)
    await store.say(thought(), session_end())

    assert seqs_of(await reader.take()) == [7]
    assert reader.ended
    assert not reader.behind()


async def test_a_task_end_ends_only_the_readers_of_the_task(store: RecordingStore, feed: Feed) -> None:
    one, all_of_it = Reader(feed, Lens("lines", Selection(task_id="t1")), 5), Reader(feed, LINES, 5)
    await store.say(remark("info", task="t1"), task_end("t1"), thought(task="t2"))

    assert seqs_of(await one.take()) == [6, 7]
    assert seqs_of(await all_of_it.take()) == [6, 7, 8]
    assert (one.ended, all_of_it.ended) == (True, False)


async def test_while_the_store_is_away_a_reader_stays_where_it_is(store: RecordingStore, feed: Feed) -> None:
    reader = Reader(feed, LINES, 0)
    store.broken = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.take)
        await anyio.wait_all_tasks_blocked()
        reader.poke()
    store.broken = False

    assert reader.cursor == 0
    assert seqs_of(await reader.take()) == [1, 2, 3, 4, 5]


async def test_a_pause_ends_by_itself(feed: Feed) -> None:
    with anyio.fail_after(20):
        await Reader(feed, LINES, 0).pause(0.01)
