import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
import pytest

from puntini.errors import NotFound
from puntini.log.feed import CHUNK, Feed
from puntini.log.hub import Hub
from puntini.log.reader import Reader
from puntini.log.runs import Lens
from puntini.protocol.select import select
from tests.log.logbook import (
    SESSION,
    RecordingStore,
    everything,
    holding,
    hub_on,
    remark,
    seqs_of,
    thought,
    thoughts,
    until,
)

pytestmark = pytest.mark.anyio

LINES = Lens("lines")
PER_SESSION = 40_000


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def hub(store: RecordingStore) -> AsyncIterator[Hub]:
    async with hub_on(store, ring_bytes=PER_SESSION * 2, per_session=PER_SESSION) as hub:
        await store.say()
        yield hub


async def shown(reader: Reader) -> list[int]:
    """Everything that is pending, by seq."""
    found = []
    while reader.behind():
        found += seqs_of(await reader.take())
    return found


def shown_from_the_ring(feed: Feed, cursor: int, lens: Lens = LINES) -> list[int]:
    framed = feed.framed(cursor, lens)
    assert framed is not None, f"the ring begins at {feed.base}"
    return seqs_of(framed.data)


async def test_what_is_published_is_served_from_the_ring(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        await store.say(*thoughts(3))

        assert shown_from_the_ring(feed, 0) == [1, 2, 3]
        assert shown_from_the_ring(feed, 2) == [3]
        assert store.reads_after == []


async def test_the_ring_begins_where_the_feed_was_opened(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(5))

    async with hub.feed(SESSION) as feed:
        await store.say(thought())

        assert holding(feed) == (5, 6)
        assert feed.framed(4, LINES) is None


async def test_a_cursor_at_the_head_gets_nothing_and_stays(hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        framed = feed.framed(0, LINES)

    assert framed is not None
    assert (framed.data, framed.upto) == (b"", 0)


async def test_one_write_holds_about_a_chunk(store: RecordingStore) -> None:
    async with hub_on(store) as hub:
        await store.say()
        async with hub.feed(SESSION) as feed:
            for entry in thoughts(100, size=4_000):
                await store.say(entry)

            framed = feed.framed(0, LINES)

    assert framed is not None
    assert CHUNK <= len(framed.data) <= CHUNK + 5_000
    assert seqs_of(framed.data)[-1] == framed.upto < 100


async def test_a_session_never_keeps_more_than_its_ring_may_hold(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        for entry in thoughts(100, size=1_000):
            await store.say(entry)
            assert feed.size <= PER_SESSION

        assert 1 < 100 - feed.base < 100
        assert hub.stats["ring_bytes"] == feed.size


async def test_the_largest_ring_gives_way_first(store: RecordingStore) -> None:
    async with hub_on(store, ring_bytes=20_000, per_session=1 << 20) as hub:
        for name in ("large", "small"):
            await store.say(session_id=name)
        async with hub.feed("large") as large, hub.feed("small") as small:
            await store.say(*thoughts(1, size=500), session_id="small")
            for entry in thoughts(40, size=500):
                await store.say(entry, session_id="large")

            assert holding(small) == (0, 1)
            assert large.base > 0
            assert hub.stats["ring_bytes"] == large.size + small.size <= 20_000


async def test_all_rings_together_stay_within_the_process_bound(store: RecordingStore) -> None:
    names = [f"ses_{number}" for number in range(10)]
    async with hub_on(store, ring_bytes=30_000, per_session=1 << 20) as hub, AsyncExitStack() as stack:
        for name in names:
            await store.say(session_id=name)
        feeds = [await stack.enter_async_context(hub.feed(name)) for name in names]

        for turn in range(200):
            await store.say(thought(size=700), session_id=names[turn % 10])
            assert hub.stats["ring_bytes"] == sum(feed.size for feed in feeds) <= 30_000


def held(feed: Feed) -> int:
    """What a feed really keeps in memory of its ring: lines, frames and joined frames."""
    lines = sum(len(entry.line) for run in feed._ring for entry in run.entries)
    frames = {id(made.data): len(made.data) for run in feed._ring for made in run._framed.values()}
    joined = {id(made.data): len(made.data) for made in feed._joined.values()}
    return lines + sum((frames | joined).values())


async def test_frames_for_many_kinds_of_readers_count_too(store: RecordingStore) -> None:
    names = ("one", "other")
    kinds = ("reasoning", "reasoning,step", "reasoning,debug", "reasoning,error")
    lenses = [Lens(framing, select(kind, None)) for framing in ("sse", "lines") for kind in kinds]
    async with hub_on(store, ring_bytes=250_000, per_session=150_000) as hub, AsyncExitStack() as stack:
        for name in names:
            await store.say(session_id=name)
        feeds = [await stack.enter_async_context(hub.feed(name)) for name in names]
        for turn in range(100):
            await store.say(thought(size=400), session_id=names[turn % 2])
            for feed in feeds:
                for lens in lenses:
                    for cursor in (feed.base, feed.head - 5):
                        feed.framed(cursor, lens)
                assert held(feed) <= feed.size <= 150_000
            assert hub.stats["ring_bytes"] == sum(feed.size for feed in feeds) <= 250_000

        assert all(feed.head - feed.base > 3 for feed in feeds), "something is still kept"


async def test_a_reader_that_fell_off_the_ring_goes_on_from_the_store(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        reader = Reader(feed, LINES, 0)
        for entry in thoughts(100, size=1_000):
            await store.say(entry)

        assert await shown(reader) == everything(100)
        assert 0 < len(store.reads_after) < 10


async def test_a_missed_commit_empties_the_ring_and_is_read_from_the_store(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        reader = Reader(feed, LINES, 0)
        await store.say(thought("seen"))
        store.deaf = True
        await store.say(thought("missed"))
        store.deaf = False
        await store.say(thought("after the hole"))

        assert holding(feed) == (2, 3)
        assert await shown(reader) == [1, 2, 3]
        assert store.reads_after == [0]


async def test_a_thousand_readers_at_one_cursor_cost_one_store_read(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(50))
    async with hub.feed(SESSION) as feed:
        readers = [Reader(feed, LINES, 0) for _ in range(1_000)]

        taken = await asyncio.gather(*(reader.take() for reader in readers))

    assert store.reads_after == [0]
    assert seqs_of(taken[0]) == everything(50)
    assert all(data is taken[0] for data in taken)


async def test_readers_in_step_are_sent_the_same_bytes_object(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        for entry in thoughts(5):
            await store.say(entry)

        taken = [await Reader(feed, LINES, 2).take() for _ in range(10)]

    assert seqs_of(taken[0]) == [3, 4, 5]
    assert all(data is taken[0] for data in taken)


async def test_readers_with_different_lenses_do_not_share(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        await store.say(thought(), remark("info"))

        assert shown_from_the_ring(feed, 0, Lens("lines", select("debug", None))) == [2]
        assert shown_from_the_ring(feed, 0, Lens("lines", select("reasoning", None))) == [1]


async def test_what_was_joined_before_is_not_served_for_what_came_since(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed:
        await store.say(thought())
        before = shown_from_the_ring(feed, 0)
        await store.say(thought())

        assert (before, shown_from_the_ring(feed, 0)) == ([1], [1, 2])


async def test_one_wake_serves_all_that_was_appended_meanwhile(store: RecordingStore, hub: Hub) -> None:
    takes: list[list[int]] = []

    async def follow(reader: Reader) -> None:
        while reader.cursor < 50:
            await reader.wait()
            takes.append(seqs_of(await reader.take()))

    async with hub.feed(SESSION) as feed, anyio.create_task_group() as tasks:
        tasks.start_soon(follow, Reader(feed, LINES, 0))
        await anyio.wait_all_tasks_blocked()
        for entry in thoughts(50):
            await store.say(entry)

    assert takes == [everything(50)]


async def test_a_stall_puts_the_next_wake_off_for_a_moment_only(store: RecordingStore, hub: Hub) -> None:
    async with hub.feed(SESSION) as feed, anyio.create_task_group() as tasks:
        reader = Reader(feed, LINES, 0)

        async def stall() -> None:
            await reader.wait()
            time.sleep(0.8)  # noqa: ASYNC251 - the loop itself stands still

        tasks.start_soon(stall)
        await anyio.wait_all_tasks_blocked()
        await store.say(thought())
        await anyio.wait_all_tasks_blocked()
        reader.cursor = feed.head
        began = anyio.current_time()
        tasks.start_soon(reader.wait)
        await anyio.wait_all_tasks_blocked()
        await store.say(thought())

    assert anyio.current_time() - began < 0.6


async def test_a_failed_read_is_told_to_all_who_wait_and_asked_again_by_the_next(
    store: RecordingStore, hub: Hub
) -> None:
    async with hub.feed(SESSION) as feed:
        await store.say(thought(), session_id="another")
        await store.delete_session(SESSION)
        outcomes = await asyncio.gather(*(feed.stored(0) for _ in range(3)), return_exceptions=True)
        await store.say(thought())

        assert [type(outcome) for outcome in outcomes] == [NotFound] * 3
        assert (await feed.stored(0)).upto == 1


async def test_a_reader_that_gives_up_does_not_spoil_the_read_for_others(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(3))
    async with hub.feed(SESSION) as feed:
        store.open.clear()
        impatient, patient = (asyncio.ensure_future(Reader(feed, LINES, 0).take()) for _ in range(2))
        await until(lambda: store.reads_after)
        impatient.cancel()
        store.open.set()

        assert seqs_of(await patient) == [1, 2, 3]
    assert store.reads_after == [0]


async def test_what_was_read_for_many_is_let_go_of_when_they_rest(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(3))
    async with hub.feed(SESSION) as feed:
        await feed.stored(0)
        feed.rest()
        await feed.stored(0)

    assert store.reads_after == [0, 0]
