"""The emitter: what is said while an append is under way goes into the next one, in order, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import msgspec
import pytest
from msgspec.structs import replace

from puntini.agent.emitter import ROOM_BYTES, Emitter
from puntini.errors import NotFound, StaleAttempt
from puntini.log.contract import Append, SessionRow, Store, TaskRow, Written
from puntini.protocol.entries import read_entry
from puntini.protocol.events import Debug, DebugData
from puntini.redaction import Redaction
from puntini.store.memory import MemoryStore
from tests.agent.actors import line
from tests.agent.stage import FailingStore, log_of, pass_on, until

pytestmark = pytest.mark.anyio
ROW = TaskRow(
    task_id="tsk_1", session_id="ses_1", agent="talker", prompt="talk", status="running", created_at=0, updated_at=0
)


class GatedStore(MemoryStore):
    """A memory store whose appends wait, when the gate is shut, until it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self._open = True
        self._held: list[tuple[Append, asyncio.Future[Written]]] = []

    def shut(self) -> None:
        """Commit nothing from now on."""
        self._open = False
        self.sizes.clear()

    def open(self) -> None:
        """Commit what waits, and what comes."""
        self._open = True
        for write, done in self._held:
            pass_on(super().submit(write), done)

    def submit(self, write: Append) -> asyncio.Future[Written]:
        """Commit, or wait at the gate."""
        self.sizes.append(len(write.entries))
        if self._open:
            return super().submit(write)
        done: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._held.append((write, done))
        return done


@asynccontextmanager
async def emitting(store: Store) -> AsyncIterator[Emitter]:
    """An emitter for a task that is running."""
    session = SessionRow(session_id=ROW.session_id, owner="ann", created_at=0, updated_at=0)
    await store.append(Append(session_id=ROW.session_id, create=session, task=ROW, at=0))
    emitter = Emitter(store, ROW)
    yield emitter
    emitter.close()


async def lines(store: Store) -> list[str]:
    """What the log holds."""
    return [event.data.message for event in await log_of(store, ROW.session_id) if isinstance(event, Debug)]


async def test_what_is_said_in_one_breath_is_one_append() -> None:
    store = GatedStore()
    async with emitting(store) as emitter:
        store.sizes.clear()  # the session's own append
        for number in range(100):
            emitter.emit(line(str(number)))
        await emitter.drained()
    assert store.sizes == [100]
    assert await lines(store) == [str(number) for number in range(100)]


async def test_what_is_said_during_an_append_is_in_the_next() -> None:
    store = GatedStore()
    async with held(store) as emitter:
        for number in range(5):
            emitter.emit(line(str(number)))
        store.open()
        await emitter.drained()
    assert store.sizes == [1, 5]
    assert await lines(store) == ["first", "0", "1", "2", "3", "4"]


async def has(found: list[int]) -> bool:
    """Whether there is anything yet."""
    return bool(found)


async def test_drained_waits_until_all_is_committed() -> None:
    store = GatedStore()
    async with emitting(store) as emitter:
        store.shut()
        emitter.emit(line("one"))
        with anyio.move_on_after(0.02) as waited:
            await emitter.drained()
        assert waited.cancelled_caught
        store.open()
        await emitter.drained()
        assert await lines(store) == ["one"]


async def test_drained_waits_for_what_came_during_an_append_too() -> None:
    store = GatedStore()
    async with held(store) as emitter:
        emitter.emit(line("second"))
        store.open()
        await emitter.drained()
        assert await lines(store) == ["first", "second"]


async def test_an_emitter_that_said_nothing_is_drained() -> None:
    async with emitting(MemoryStore()) as emitter:
        await emitter.drained()


async def test_room_is_there_until_so_many_wait() -> None:
    store = GatedStore()
    async with held(store) as emitter:
        for number in range(15):
            emitter.emit(line(str(number)))
        assert not await waits(emitter, 16)
        emitter.emit(line("one too many"))
        assert await waits(emitter, 16)
        store.open()
        await emitter.room(16)


async def test_room_counts_bytes_too() -> None:
    store = GatedStore()
    async with held(store) as emitter:
        assert not await waits(emitter, 1_000)
        emitter.emit(line("x" * ROOM_BYTES))
        assert await waits(emitter, 1_000)


@asynccontextmanager
async def held(store: GatedStore) -> AsyncIterator[Emitter]:
    """An emitter whose append is under way and does not come to an end before the gate opens."""
    async with emitting(store) as emitter:
        store.shut()
        emitter.emit(line("first"))
        await until(lambda: has(store.sizes), "the append to begin")
        yield emitter


async def waits(emitter: Emitter, most: int) -> bool:
    """Whether there is no room."""
    with anyio.move_on_after(0.02) as waited:
        await emitter.room(most)
    return waited.cancelled_caught


async def test_a_refused_append_is_told_at_the_next_point_and_at_the_end(store: Store) -> None:
    async with emitting(store) as emitter:
        await store.append(Append(session_id=ROW.session_id, task=replace(ROW, attempt=2), at=1))
        emitter.emit(line("too late"))
        with pytest.raises(StaleAttempt):
            await emitter.drained()
        with pytest.raises(StaleAttempt):
            await emitter.room(16)
    assert await lines(store) == []


async def test_who_waits_for_room_is_woken_by_a_refusal() -> None:
    store = GatedStore()
    async with held(store) as emitter:
        emitter.emit(line("second"))
        assert await waits(emitter, 1)
        await store.delete_session(ROW.session_id)
        store.open()
        with pytest.raises(NotFound):
            await emitter.room(1)


async def test_what_could_not_be_written_is_written_later_once_and_in_order() -> None:
    store = FailingStore()
    async with emitting(store) as emitter:
        store.writes = False
        emitter.emit(line("first"))
        await until(lambda: has([1] * store.refused), "an append to be refused")
        emitter.emit(line("second"))
        store.writes = True
        await emitter.drained()
        emitter.emit(line("third"))
        await emitter.drained()
    assert await lines(store) == ["first", "second", "third"]


async def test_a_closed_emitter_appends_nothing_more(store: Store) -> None:
    async with emitting(store) as emitter:
        emitter.emit(line("too late"))
        emitter.close()
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
    assert await lines(store) == []


async def test_a_stamped_event_names_its_own_agent_if_it_has_one() -> None:
    async with emitting(MemoryStore()) as emitter:
        own = emitter.stamp(Debug(agent="guest", data=line("hi").data))
        plain = emitter.stamp(line("hi"))
    assert b'"agent":"guest"' in own.line
    assert b'"agent":"talker"' in plain.line
    assert b'"task_id":"tsk_1"' in plain.line


async def test_when_it_is_closed_nobody_waits_for_what_is_not_written_any_more() -> None:
    store = GatedStore()
    async with emitting(store) as emitter:
        store.shut()
        emitter.emit(line("one"))
        await until(lambda: asyncio.sleep(0, store.sizes), "the first append")
        emitter.emit(line("two"))
        async with anyio.create_task_group() as waiting:
            for wait in (emitter.drained, lambda: emitter.room(1)):
                waiting.start_soon(told_that_it_is_over, wait)
            await anyio.lowlevel.checkpoint()
            emitter.close()
        emitter.emit(line("three"))
        await told_that_it_is_over(emitter.drained)
        assert store.sizes == [1]


async def told_that_it_is_over(wait: Callable[[], Awaitable[None]]) -> None:
    """Wait for an emitter that is closed meanwhile."""
    with pytest.raises(StaleAttempt, match="is over"):
        await wait()


@pytest.mark.parametrize("redacted", [True, False])
async def test_what_quotes_a_secret_is_kept_without_it(store: Store, redacted: bool) -> None:
    async with emitting(store) as emitter:
        kept = emitter.stamp(line("plain"))
        emitter = Emitter(store, ROW, redacted=Redaction(["hidden-secret"]) if redacted else None)
        details: dict[str, object] = {
            "headers": [{"authorization": "Bearer x"}],
            "text": "hidden-secret \u2028",
            "n": None,
        }
        said = Debug(data=DebugData(message="?token=abc&x=1", details=details))

        found = read_entry(emitter.stamp(said).line)

    event = msgspec.json.decode(found.line, type=Debug)
    assert (found.kind, event.task_id, event.attempt) == ("debug:debug", ROW.task_id, ROW.attempt)
    assert kept.kind == "debug:debug"
    assert event.data.message == ("?token=(secret)&x=1" if redacted else "?token=abc&x=1")
    assert event.data.details == (
        {"headers": [{"authorization": "(secret)"}], "text": "(secret) \u2028", "n": None} if redacted else details
    )
