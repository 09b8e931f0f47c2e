"""A carrier whose store goes away; what it does on a good day is in the tests of the transports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from puntini.auth.principals import LOCAL
from puntini.errors import StoreUnavailable
from puntini.log.feed import Feed
from puntini.log.hub import Hub
from puntini.protocol.events import Gap, GapData
from puntini.transport.carrier import Carrier
from puntini.transport.connections import Connection, Connections
from puntini.transport.opening import Opening
from puntini.transport.request import StreamRequest
from puntini.transport.words import LINES, SSE, Words
from tests.log.logbook import SESSION, RecordingStore, hub_on, seqs_of, thought, thoughts, until

pytestmark = pytest.mark.anyio


class Reopening:
    """Opens anew at the head; raises StoreUnavailable the first ``failures`` times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.asked: list[str] = []

    async def expired(self, session_id: str, feed: Feed, cursor: int, task_id: str = "") -> Opening:
        self.asked.append(f"{session_id} {cursor} {task_id}")
        if len(self.asked) <= self.failures:
            raise StoreUnavailable("The disk is away.")
        gap = Gap(data=GapData(requested="e.0", resumed_at=f"{feed.epoch}.{feed.head}", reason="expired"))
        return Opening(session_id, feed.epoch, feed.head, feed.head, gap=gap)


class Carried:
    """A stream that writes into a list."""

    def __init__(self, feed: Feed, reopening: Reopening, words: Words) -> None:
        self.written: list[bytes] = []
        connections = Connections(ping_seconds=15, send_deadline=30, lifetime=0, most=1)
        self.connection: Connection = connections.open("sse", SESSION, LOCAL)
        request, opening = StreamRequest(session_id=SESSION), Opening(SESSION, feed.epoch, 0, feed.head)
        self.carrier = Carrier(request, opening, feed, self.connection, words, self._write, reopening)

    async def _write(self, data: bytes) -> None:
        self.written.append(data)

    @property
    def said(self) -> bytes:
        return b"".join(self.written)

    def ping(self) -> None:
        """What the sweeper does to a quiet stream."""
        self.connection.ping_due = True
        self.carrier.reader.poke()


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def hub(store: RecordingStore) -> AsyncIterator[Hub]:
    async with hub_on(store) as hub:
        await store.say(*thoughts(5))
        yield hub


@asynccontextmanager
async def carried(hub: Hub, reopening: Reopening | None = None, words: Words = LINES) -> AsyncIterator[Carried]:
    """A running stream from the first event on, ended as if its client had left."""
    async with hub.feed(SESSION) as feed, anyio.create_task_group() as tasks:
        stream = Carried(feed, reopening or Reopening(), words)
        tasks.start_soon(stream.carrier.run)
        yield stream
        stream.connection.gone()


async def test_while_the_store_is_away_pings_go_on_and_then_the_events(store: RecordingStore, hub: Hub) -> None:
    store.broken = True
    async with carried(hub, words=SSE) as stream:
        await until(lambda: store.reads_after)
        await anyio.wait_all_tasks_blocked()
        stream.ping()
        await until(lambda: b": ping" in stream.said)
        store.broken = False
        stream.carrier.reader.poke()
        await until(lambda: b"event: live" in stream.said)

        assert seqs_of(stream.said) == [1, 2, 3, 4, 5]


async def test_while_the_store_is_away_a_client_may_leave(store: RecordingStore, hub: Hub) -> None:
    store.broken = True
    with anyio.fail_after(20):
        async with carried(hub):
            await until(lambda: store.reads_after)
            await anyio.wait_all_tasks_blocked()


async def test_a_gap_that_cannot_be_told_now_is_told_later(store: RecordingStore, hub: Hub) -> None:
    await store.trim(SESSION, 3)
    reopening = Reopening(failures=1)

    async with carried(hub, reopening) as stream:
        await until(lambda: reopening.asked)
        await anyio.wait_all_tasks_blocked()
        stream.carrier.reader.poke()
        await until(lambda: b'"live"' in stream.said)
        await store.say(thought())
        await until(lambda: seqs_of(stream.said) == [6])

    assert reopening.asked == [f"{SESSION} 0 "] * 2
    assert stream.said.index(b'"gap"') < stream.said.index(b'"live"')
