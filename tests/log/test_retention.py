from collections.abc import AsyncIterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.errors import NotFound
from puntini.log.contract import Append, TaskRow
from puntini.log.hub import Hub
from puntini.log.keeper import Keeper
from puntini.log.mint import now_ms
from puntini.log.reader import Lost, Reader
from puntini.log.retention import DAY_MS, ROUND_SECONDS, Retention
from puntini.log.runs import Lens
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import LoggedEvent, TaskStatus
from puntini.views.session import SessionView
from tests.log.logbook import (
    SESSION,
    RecordingStore,
    hub_on,
    piece,
    seqs_of,
    task_end,
    thought,
    thoughts,
    until,
    whole,
)
from tests.views.said import asked, fold
from tests.views.said import whole as answered
from tests.views.strategies import graphs, states, task_ids, tasks

pytestmark = pytest.mark.anyio

KEEP = 4_000
LINES = Lens("lines")
settled: st.SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(asked, st.uuids().map(str), st.text("ab", max_size=4), task=task_ids),
    st.builds(answered, st.uuids().map(str), st.text("ab", max_size=4), task=task_ids),
    tasks,
    graphs,
    states,
)
"""What can be said without pieces of messages."""


class Kept:
    """A store under retention."""

    def __init__(
        self,
        hub: Hub,
        store: RecordingStore,
        *,
        days: float = 0,
        keep_bytes: int = 0,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self.store = store
        self.hub = hub
        self.keeper = Keeper(store, SessionView, SessionView.decode)
        self.retention = Retention(
            store, self.keeper, hub, days=days, keep_bytes=keep_bytes, round_seconds=round_seconds
        )
        hub.also(self.retention.committed)

    async def left(self) -> list[int]:
        """The seqs that can still be read."""
        return [seq for seq, _ in (await self.store.read(SESSION, 0, max_bytes=1 << 40)).events]

    async def size(self) -> int:
        """The bytes that are kept."""
        return sum(len(entry.line) for _, entry in (await self.store.read(SESSION, 0, max_bytes=1 << 40)).events)

    async def floor(self) -> int:
        return (await self.store.bounds(SESSION)).floor

    async def begin(self, task_id: str) -> None:
        await self._task(task_id, "running", thought("begin", task=task_id))

    async def end(self, task_id: str) -> None:
        await self._task(task_id, "completed", task_end(task_id))

    async def _task(self, task_id: str, status: TaskStatus, entry: Entry) -> None:
        row = TaskRow(
            task_id=task_id,
            session_id=SESSION,
            agent="dot",
            prompt="go",
            status=status,
            created_at=1,
            updated_at=1,
        )
        await self.store.append(Append(session_id=SESSION, entries=[entry], task=row, at=now_ms()))


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def hub(store: RecordingStore) -> AsyncIterator[Hub]:
    async with hub_on(store) as hub:
        await store.say()
        yield hub


@pytest.fixture
def kept(hub: Hub, store: RecordingStore) -> Kept:
    return Kept(hub, store, keep_bytes=KEEP)


# What goes, and in which order.


async def test_a_session_within_its_limits_is_left_alone(store: RecordingStore, kept: Kept) -> None:
    await store.say(piece("m", "a"), whole("m", "a"), *thoughts(3))

    await kept.retention.apply(SESSION)

    assert await kept.left() == [1, 2, 3, 4, 5]


async def test_superseded_pieces_go_first(store: RecordingStore, kept: Kept) -> None:
    await store.say(thought())
    await store.say(*(piece("m", "word " * 40, 200 * at) for at in range(20)), whole("m", "word"))

    await kept.retention.apply(SESSION)

    assert await kept.left() == [1, 22]
    assert await kept.floor() == 0


async def test_pieces_of_a_message_that_is_not_whole_stay(store: RecordingStore, kept: Kept) -> None:
    await store.say(*(piece("m", "word " * 40, 200 * at) for at in range(12)))
    await store.say(*(piece("n", "word " * 40, 200 * at) for at in range(12)), whole("n", "word"))

    await kept.retention.apply(SESSION)

    assert await kept.left() == [*range(1, 13), 25]


async def test_then_the_oldest_go_until_the_rest_fits(store: RecordingStore, kept: Kept) -> None:
    await store.say(*thoughts(40, size=200))

    await kept.retention.apply(SESSION)

    left = await kept.left()
    assert KEEP * 0.8 < await kept.size() < KEEP
    assert left == list(range(left[0], 41))
    assert await kept.floor() == left[0] - 1


async def test_what_is_older_than_its_days_goes(hub: Hub, store: RecordingStore) -> None:
    kept = Kept(hub, store, days=2)
    await store.say(*thoughts(3), at=now_ms() - 3 * DAY_MS)
    await store.say(*thoughts(3), at=now_ms() - DAY_MS)

    await kept.retention.apply(SESSION)

    assert await kept.left() == [4, 5, 6]


async def test_without_limits_everything_stays(hub: Hub, store: RecordingStore) -> None:
    kept = Kept(hub, store)
    await store.say(*thoughts(10, size=50_000), at=1)

    await kept.retention.apply(SESSION)

    assert len(await kept.left()) == 10


async def test_a_second_look_changes_nothing(store: RecordingStore, kept: Kept) -> None:
    await store.say(*thoughts(40, size=200))
    await kept.retention.apply(SESSION)
    before = await kept.left()

    await kept.retention.apply(SESSION)

    assert await kept.left() == before


async def test_retention_of_a_session_that_is_not_there_says_so(kept: Kept) -> None:
    with pytest.raises(NotFound):
        await kept.retention.apply("nobody")


# What stays right.


@given(st.lists(settled, min_size=1, max_size=40), st.integers(1, 3_000))
async def test_every_view_from_the_floor_on_stays_right(said: list[LoggedEvent], keep_bytes: int) -> None:
    store = RecordingStore()
    async with hub_on(store) as hub:
        kept = Kept(hub, store, keep_bytes=keep_bytes)
        await store.say(*(entry_of(event) for event in said))

        await kept.retention.apply(SESSION)

        for seq in range(await kept.floor(), len(said) + 1):
            assert (await kept.keeper.view_at(SESSION, seq)).encode() == fold(said[:seq]).encode()
        fresh = Keeper(store, SessionView, SessionView.decode)
        assert (await fresh.view(SESSION)).encode() == fold(said).encode()


async def test_a_message_whose_pieces_went_is_still_told_whole(store: RecordingStore, kept: Kept) -> None:
    await store.say(*(piece("m", "word " * 40, 200 * at) for at in range(40)), whole("m", "all of it"))

    await kept.retention.apply(SESSION)

    view = await kept.keeper.view(SESSION)
    assert [message.content for message in view.messages(limit=5)] == ["all of it"]


@pytest.mark.parametrize("keep_bytes", [1, KEEP])
async def test_what_an_open_task_has_said_stays(hub: Hub, store: RecordingStore, keep_bytes: int) -> None:
    kept = Kept(hub, store, keep_bytes=keep_bytes)
    await store.say(*thoughts(5, size=200))
    await kept.begin("t1")
    await store.say(*(thought(str(at), task="t1", size=200) for at in range(40)))
    await store.say(piece("m", "a"), whole("m", "a"))

    await kept.retention.apply(SESSION)

    assert await kept.left() == list(range(6, 49))


async def test_what_a_task_said_may_go_when_it_has_ended(store: RecordingStore, kept: Kept) -> None:
    await kept.begin("t1")
    await store.say(*(thought(str(at), task="t1", size=200) for at in range(40)))
    await kept.end("t1")

    await kept.retention.apply(SESSION)

    assert await kept.size() < KEEP


async def test_a_reader_that_is_overtaken_is_lost_and_others_are_not(
    hub: Hub, store: RecordingStore, kept: Kept
) -> None:
    await store.say(*thoughts(40, size=200))
    async with hub.feed(SESSION) as feed:
        await kept.retention.apply(SESSION)
        floor = await kept.floor()

        with pytest.raises(Lost):
            await Reader(feed, LINES, floor - 1).take()
        assert seqs_of(await Reader(feed, LINES, floor).take()) == await kept.left()


# When it looks.


async def test_a_session_that_grew_is_looked_at_soon(store: RecordingStore, kept: Kept) -> None:
    async with anyio.create_task_group() as looking:
        looking.start_soon(kept.retention.sweep)
        await anyio.wait_all_tasks_blocked()
        await store.say(*thoughts(40, size=200))
        await until(lambda: SESSION in store.trimmed)
        looking.cancel_scope.cancel()

    assert await kept.size() < KEEP


async def test_the_sweep_goes_on_after_a_session_was_deleted_in_front_of_it(store: RecordingStore, kept: Kept) -> None:
    async with anyio.create_task_group() as looking:
        looking.start_soon(kept.retention.sweep)
        await anyio.wait_all_tasks_blocked()
        await store.say(*thoughts(40, size=200), session_id="deleted")
        await store.delete_session("deleted")
        await anyio.wait_all_tasks_blocked()
        await store.say(*thoughts(40, size=200))
        await until(lambda: SESSION in store.trimmed)
        looking.cancel_scope.cancel()

    assert await kept.size() < KEEP


async def test_a_session_that_always_grows_does_not_put_off_the_round_over_all(hub: Hub, store: RecordingStore) -> None:
    kept = Kept(hub, store, days=2, keep_bytes=KEEP, round_seconds=0.1)
    await store.say(*thoughts(3), session_id="old", at=now_ms() - 3 * DAY_MS)
    async with anyio.create_task_group() as looking:
        looking.start_soon(kept.retention.sweep)
        with anyio.fail_after(20):
            while "old" not in store.trimmed:
                await store.say(*thoughts(3, size=200), at=now_ms())
                await anyio.sleep(0.01)
        looking.cancel_scope.cancel()

    assert SESSION in store.trimmed


async def test_a_session_that_is_damaged_does_not_hold_up_the_others(
    store: RecordingStore, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = Entry("graph_update", "", b'{"type":"graph_update","data":{"version":"one"' + b" " * KEEP)
    await store.say(damaged, *thoughts(40, size=200), session_id="damaged")
    async with anyio.create_task_group() as looking:
        looking.start_soon(kept.retention.sweep)
        await store.say(damaged, session_id="damaged")
        await store.say(*thoughts(40, size=200))
        await until(lambda: SESSION in store.trimmed)
        looking.cancel_scope.cancel()

    assert "damaged" not in store.trimmed
    assert "session_id=damaged" in capsys.readouterr().out
