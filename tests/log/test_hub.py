import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from random import Random

import anyio
import anyio.lowlevel
import pytest

from puntini.errors import NotFound
from puntini.log.hub import IDLE_SECONDS, Hub
from puntini.log.reader import Reader
from puntini.log.runs import Lens
from tests.log.logbook import SESSION, RecordingStore, everything, hub_on, seqs_of, thought, thoughts

pytestmark = pytest.mark.anyio

LINES = Lens("lines")


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def hub(store: RecordingStore) -> AsyncIterator[Hub]:
    async with hub_on(store) as hub:
        yield hub


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


# Whose feeds there are.


async def test_all_readers_of_a_session_share_one_feed(store: RecordingStore, hub: Hub) -> None:
    await store.say()

    async with hub.feed(SESSION) as one, hub.feed(SESSION) as other:
        assert one is other
        assert hub.stats["feeds"] == 1


async def test_a_session_that_nobody_reads_has_no_feed(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(10))

    assert hub.stats == {"feeds": 0, "ring_bytes": 0, "store_reads": 0}


async def test_there_is_no_feed_of_a_session_that_is_not_there(hub: Hub) -> None:
    with pytest.raises(NotFound):
        await hub.attach("nobody")

    assert hub.stats["feeds"] == 0


async def test_many_who_ask_at_once_for_a_session_that_is_not_there_leave_no_feed(hub: Hub) -> None:
    outcomes = await asyncio.gather(*(hub.attach("nobody") for _ in range(5)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [NotFound] * 5
    assert hub.stats["feeds"] == 0


async def test_who_gives_up_while_a_feed_is_opened_leaves_none(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    store.open.clear()

    with anyio.move_on_after(0.01):
        await hub.attach(SESSION)

    assert hub.stats["feeds"] == 0


async def test_a_feed_is_kept_a_little_for_those_who_come_back(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    async with hub.feed(SESSION) as feed:
        pass

    hub.free_idle(later(IDLE_SECONDS - 1))

    async with hub.feed(SESSION) as again:
        assert again is feed


async def test_a_feed_that_nobody_reads_is_freed(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    async with hub.feed(SESSION):
        await store.say(*thoughts(10))

    hub.free_idle(later(IDLE_SECONDS + 1))

    assert hub.stats["feeds"] == hub.stats["ring_bytes"] == 0


async def test_a_feed_with_a_quiet_reader_is_not_freed(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    async with hub.feed(SESSION) as feed:
        hub.free_idle(later(IDLE_SECONDS * 100))
        await store.say(thought())

        assert feed.head == 1


async def test_a_feed_that_was_freed_and_opened_again_sees_what_came_between(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    async with hub.feed(SESSION):
        pass
    hub.free_idle(later(IDLE_SECONDS + 1))
    await store.say(*thoughts(3))

    async with hub.feed(SESSION) as feed:
        assert seqs_of(await Reader(feed, LINES, 0).take()) == [1, 2, 3]


async def test_a_deleted_session_gives_its_memory_back(store: RecordingStore, hub: Hub) -> None:
    await store.say()
    async with hub.feed(SESSION) as feed:
        await store.say(*thoughts(10))
        hub.forget(SESSION)

        assert feed.gone
        assert hub.stats["feeds"] == hub.stats["ring_bytes"] == 0


async def test_full_rings_are_emptied_by_a_tenth_at_a_time(store: RecordingStore) -> None:
    names = [f"ses_{number}" for number in range(20)]
    sizes = []
    async with hub_on(store, ring_bytes=100_000) as hub, AsyncExitStack() as stack:
        for name in names:
            await store.say(session_id=name)
            await stack.enter_async_context(hub.feed(name))
        for turn in range(600):
            await store.say(thought(size=500), session_id=names[turn % 20])
            sizes.append(hub.stats["ring_bytes"])

    freed = [size for before, size in pairwise(sizes) if size < before]
    assert 5 < len(freed) < 60
    assert all(30_000 < size <= 90_000 for size in freed), "room for many, but no more than needed"


# What they are told.


async def test_a_feed_is_registered_before_the_head_is_read(store: RecordingStore, hub: Hub) -> None:
    await store.say(*thoughts(2))
    store.open.clear()
    opening = asyncio.ensure_future(hub.attach(SESSION))
    await anyio.wait_all_tasks_blocked()
    await store.say(thought("while the head is being read"))
    store.open.set()

    feed = await opening

    assert feed.head == 3
    framed = feed.framed(2, LINES)
    assert framed is not None
    assert seqs_of(framed.data) == [3]
    hub.detach(feed)


async def test_others_who_listen_hear_every_commit(store: RecordingStore, hub: Hub) -> None:
    heard: list[tuple[str, int, int]] = []
    hub.also(lambda session_id, first, entries: heard.append((session_id, first, len(entries))))

    await store.say(*thoughts(2))
    await store.say(thought(), session_id="another")

    assert heard == [(SESSION, 1, 2), ("another", 1, 1)]


# Nothing is lost, repeated or out of order, whatever happens in between.


class Storm:
    """A log being written, readers that come and go, rings that shrink and notices that are lost, by a seed."""

    EVENTS = 120
    READERS = 8

    def __init__(self, seed: int, store: RecordingStore, hub: Hub) -> None:
        self.random = Random(seed)
        self.store = store
        self.hub = hub
        self.seen: list[list[int]] = []

    async def breathe(self) -> None:
        for _ in range(self.random.randrange(4)):
            await anyio.lowlevel.checkpoint()

    async def write(self) -> None:
        left = self.EVENTS
        while left:
            count = self.random.randint(1, min(left, 5))
            left -= count
            self.store.deaf = bool(left) and self.random.random() < 0.1
            await self.store.say(*thoughts(count, size=self.random.choice([100, 2_000])))
            await self.breathe()

    async def read(self) -> None:
        await self.breathe()
        cursor = 0
        seen: list[int] = []
        while cursor < self.EVENTS:
            async with self.hub.feed(SESSION) as feed:
                reader = Reader(feed, LINES, cursor)
                for _ in range(self.random.randint(1, 20)):
                    await self.step(reader, seen)
                cursor = reader.cursor
        self.seen.append(seen)

    async def step(self, reader: Reader, seen: list[int]) -> None:
        if reader.behind():
            seen += seqs_of(await reader.take())
        elif reader.cursor < self.EVENTS:
            await reader.wait()
        await self.breathe()
        if self.random.random() < 0.1:
            reader.feed.shrink(self.random.choice([0, 1_000, 20_000]))
        if self.random.random() < 0.05:
            self.hub.free_idle(later(0))

    async def blow(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.write)
            for _ in range(self.READERS):
                tasks.start_soon(self.read)


@pytest.mark.parametrize("seed", range(40))
async def test_every_reader_sees_every_event_once_and_in_order(seed: int, store: RecordingStore) -> None:
    await store.say()
    async with hub_on(store, ring_bytes=30_000, per_session=15_000) as hub:
        storm = Storm(seed, store, hub)
        with anyio.fail_after(20):
            await storm.blow()

    assert storm.seen == [everything(Storm.EVENTS)] * Storm.READERS
