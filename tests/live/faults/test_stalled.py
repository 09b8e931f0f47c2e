"""Clients that open a stream and do not read cost a bounded amount of memory, delay nobody, and lose nothing."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import time

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.streams import FORMS, Form, plug, request
from tests.live.serving import Serving, serving, wait_for

pytestmark = pytest.mark.anyio

STALLED = 24
BUFFER = 4_096
RING = 1 << 20
PLAY = "play 2000 events every 1 ms of 4000 bytes"
PLAYED_BYTES = 2_000 * 4_000
DEADLINE_SECONDS = 1.5
NAGLE_SECONDS = 0.04
"""So long a kernel waits for the rest of an answer that was written in two pieces."""
A_STALLED_READER = 512 << 10
"""What one may cost: the transport's 64 KiB mark, one write of up to 64 KiB and an event, framing, the connection."""
BOUND = RING + 8 * (1 << 20) + STALLED * A_STALLED_READER
"""The session's ring, its joined frames and shared pages, and the readers."""
NODES = 12
NODE_BYTES = 1_000_000
MANY = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path, ring_bytes_per_session=RING, send_deadline_seconds=DEADLINE_SECONDS) as running:
        yield running


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Serving]:
    """A server that often has something to say to whoever is slow."""
    with serving(tmp_path, send_deadline_seconds=DEADLINE_SECONDS, ping_seconds=0.5) as running:
        yield running


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Serving]:
    """A server that waits for its clients longer than a test takes."""
    with serving(tmp_path, ring_bytes_per_session=RING, send_deadline_seconds=300) as running:
        yield running


def held(server: Serving, session_id: str, form: Form) -> Reader:
    """A reader that stops reading at the first thing it is told."""
    reader = Reader(server, session_id, [form], buffer=BUFFER)
    reader.hold()
    return reader


def mixed(server: Serving, session_id: str, count: int) -> list[Reader]:
    """Held readers over all transports."""
    return [held(server, session_id, FORMS[n % len(FORMS)]) for n in range(count)]


async def all_open(server: Serving, count: int) -> None:
    """Wait until the server knows of so many streams."""
    await run_sync(lambda: wait_for(lambda: stats(server)["open"] >= count, 20, f"{count} open streams"))


def stats(server: Serving) -> dict[str, int]:
    return dict(server.get("/v1/connections/stats"))


class Watched(Reader):
    """A healthy reader that also notes how late each event reached it."""

    def __init__(self, server: Serving, session_id: str, form: Form) -> None:
        super().__init__(server, session_id, [form])
        self.late: list[float] = []

    def _take(self, body: bytes) -> None:
        super()._take(body)
        _, _, rest = body.partition(b'"timestamp":"')
        if rest:
            said = datetime.strptime(rest[:23].decode(), "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
            self.late.append(time() - said.timestamp())


async def play(server: Serving, session_id: str) -> int:
    """Have the agent say megabytes; returns the log's head afterwards."""
    task_id = await run_sync(server.play, session_id, PLAY)
    await run_sync(server.finish, task_id)
    return int((await run_sync(server.get, f"/v1/sessions/{session_id}"))["cursor"].rpartition(".")[2])


async def test_memory_stays_bounded_whatever_stalled_readers_do_not_read(patient: Serving) -> None:
    async with anyio.create_task_group() as tasks:
        await play(patient, await run_sync(patient.create))
        session = await run_sync(patient.create)
        before = patient.memory
        for reader in mixed(patient, session, STALLED):
            tasks.start_soon(reader.run)
        await all_open(patient, STALLED)
        await play(patient, session)
        grown = patient.memory - before
        assert (await run_sync(stats, patient))["open"] == STALLED, "they are all still held"
        tasks.cancel_scope.cancel()
    assert grown < BOUND < PLAYED_BYTES * STALLED / 8, f"grew by {grown >> 10} KiB"


async def test_stalled_readers_delay_nobody(patient: Serving) -> None:
    session = await run_sync(patient.create)
    async with anyio.create_task_group() as tasks:
        healthy = [Watched(patient, session, form) for form in FORMS]
        for reader in [*healthy, *mixed(patient, session, STALLED)]:
            tasks.start_soon(reader.run)
        await all_open(patient, STALLED + len(healthy))
        head = await play(patient, session)
        await caught_up(healthy, head)
        tasks.cancel_scope.cancel()
    for reader in healthy:
        assert reader.ids == list(range(1, head + 1))
        assert reader.opened == 1, "it was never cut off"
        assert median(reader.late) < 0.25
        assert max(reader.late) < 2.0


@pytest.mark.parametrize("form", FORMS)
async def test_a_stalled_reader_is_cut_off_and_goes_on_by_id_without_loss(server: Serving, form: Form) -> None:
    session = await run_sync(server.create)
    async with anyio.create_task_group() as tasks:
        readers = [held(server, session, form) for _ in range(3)]
        for reader in readers:
            tasks.start_soon(reader.run)
        await all_open(server, len(readers))
        head = await play(server, session)
        await run_sync(lambda: wait_for(lambda: stats(server)["aborted"] == 3, DEADLINE_SECONDS + 5, "the cut"))
        assert (await run_sync(stats, server))["open"] == 0
        for reader in readers:
            reader.going.set()
        await caught_up(readers, head)
        tasks.cancel_scope.cancel()
    for reader in readers:
        assert reader.opened > 1
        assert reader.ids == list(range(1, head + 1))
        assert reader.events == readers[0].events


async def test_a_reader_that_is_only_slow_is_not_cut_off(server: Serving) -> None:
    session = await run_sync(server.create)
    async with anyio.create_task_group() as tasks:
        slow = Reader(server, session, ["sse"], buffer=BUFFER)
        tasks.start_soon(slow.run)
        await all_open(server, 1)
        head = await play(server, session)
        for _ in range(6):
            slow.hold()
            await anyio.sleep(DEADLINE_SECONDS / 4)
            slow.going.set()
            await anyio.sleep(0.02)
        await caught_up([slow], head)
        tasks.cancel_scope.cancel()
    assert slow.ids == list(range(1, head + 1))
    assert (await run_sync(stats, server))["aborted"] == 0


def draw(server: Serving) -> str:
    """A session whose snapshot takes 12 MB; returns its id."""
    session = server.create()
    for number in range(NODES):
        node = {"id": f"n{number}", "label": "L", "props": {"text": "x" * NODE_BYTES}}
        server.command(session, "graph_edit", base_version=0, delta=[{"action": "add_node", "node": node}])
    return session


def opening_of(server: Serving, session_id: str, form: Form | None) -> bytes:
    """A request of a session's snapshot, as a stream or, with None, as a page."""
    if form == "websocket":
        head = (
            f"GET /v1/sessions/{session_id}/stream HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n"
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: puntini.v1\r\n\r\n"
        )
        return head.encode()
    accept = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", None: "application/json"}[form]
    return request(server.port, session_id, accept, "").replace(b"?after=", b"")


async def sipped(server: Serving, session_id: str, form: Form | None) -> AsyncIterator[bytes]:
    """What a client gets that reads some 3 MB a second, evenly."""
    sock = await plug(server.port, 65_536)
    with sock:
        sock.sendall(opening_of(server, session_id, form))
        while True:
            await anyio.wait_readable(sock)
            got = sock.recv(80_000)
            if not got:
                return
            yield got
            await anyio.sleep(0.02)


@pytest.mark.parametrize("form", [*FORMS, None])
async def test_a_slow_steady_reader_of_a_large_snapshot_gets_through(hasty: Serving, form: Form | None) -> None:
    session = await run_sync(draw, hasty)
    began, size, tail = time(), 0, b""
    async with aclosing(sipped(hasty, session, form)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            size += len(piece)
            tail = tail[-200:] + piece
            if b'"live"' in tail:
                break

    assert b'"live"' in tail, "it was cut off"
    assert size > NODES * NODE_BYTES
    assert time() - began > 2 * DEADLINE_SECONDS
    assert (await run_sync(stats, hasty))["aborted"] == 0


async def test_many_stalled_readers_of_one_large_snapshot_cost_one_copy(patient: Serving) -> None:
    session = await run_sync(draw, patient)
    await run_sync(patient.get, f"/v1/sessions/{session}/graph")
    before = patient.memory
    held_open = []
    try:
        for number in range(MANY):
            sock = await plug(patient.port, BUFFER)
            held_open.append(sock)
            sock.sendall(opening_of(patient, session, [*FORMS, None][number % 4]))
        await all_open(patient, MANY)
        await run_sync(patient.get, "/v1/health")
        grown = patient.memory - before
    finally:
        for sock in held_open:
            sock.close()
    copies = 5 * NODES * NODE_BYTES
    assert grown < copies + MANY * A_STALLED_READER < MANY * NODES * NODE_BYTES / 4, f"grew by {grown >> 10} KiB"


async def test_who_does_not_read_what_the_server_has_buffered_is_cut_off_in_time(tmp_path: Path) -> None:
    with serving(tmp_path, send_deadline_seconds=DEADLINE_SECONDS, ping_seconds=60) as server:
        session = await run_sync(server.create)
        sock = await plug(server.port, BUFFER)
        with sock:
            sock.sendall(opening_of(server, session, "sse"))
            await all_open(server, 1)
            # More than the kernel takes, and less than makes the server's write wait.
            await run_sync(server.play, session, "play 110 events of 2000 bytes")
            await run_sync(lambda: wait_for(lambda: stats(server)["aborted"] == 1, DEADLINE_SECONDS + 3, "the cut"))


def test_answers_over_an_open_connection_are_not_held_back(server: Serving) -> None:
    session = server.create()
    took: list[float] = []
    for _ in range(30):
        began = time()
        server.get(f"/v1/sessions/{session}")
        took.append(time() - began)
    assert median(took) < NAGLE_SECONDS / 2
