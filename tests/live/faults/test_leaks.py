"""What was opened and closed again is gone: counts come back, and memory does not grow with what has been."""

import time
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.databases import databases
from tests.live.faults.reader import Reader
from tests.live.faults.streams import FORMS
from tests.live.serving import Serving, wait_for

pytestmark = pytest.mark.anyio

STREAMS = 2_000
AT_ONCE = 250
ROUNDS = 4
GROWTH = 2_600
"""Bytes a stream, of which an open one takes 15 to 30 kB: what the allocator keeps in pieces, but no stream."""
TIDY_SECONDS = 12.0
"""What only the collector finds must be gone by then."""
SESSIONS = 150
GROWTH_OF_SESSIONS = 4 << 20
EVENTS = 50
STORE_BYTES = 512 << 10
"""A sixth of what was said in all of them."""


def stats(server: Serving) -> dict[str, Any]:
    """What the server counts."""
    return dict(server.get("/v1/connections/stats"))


async def open_and_close(server: Serving, session: str, count: int, after: str = "earliest") -> None:
    """Open streams of all kinds, some at a time, and leave them rudely."""
    for _ in range(count // AT_ONCE):
        readers = [Reader(server, session, [FORMS[n % 3]], after=after) for n in range(AT_ONCE)]
        async with anyio.create_task_group() as tasks:
            for reader in readers:
                tasks.start_soon(reader.read_once)
            with anyio.fail_after(20):
                while not all(reader.opened for reader in readers):
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        await run_sync(lambda: wait_for(lambda: stats(server)["open"] == 0, 10, "the end of all streams"))


async def test_two_thousand_streams_leave_nothing_behind(server: Serving) -> None:
    session = await run_sync(server.create)
    await run_sync(lambda: server.finish(server.play(session, f"play {EVENTS} events")))
    opened = (await run_sync(stats, server))["opened"]
    rounds = await rounds_until_steady(server, session, STREAMS, "earliest")
    seen = await run_sync(stats, server)
    assert seen["opened"] - opened == rounds * STREAMS
    assert (seen["open"], seen["by_transport"], seen["sessions"]) == (0, {}, 0)


async def rounds_until_steady(server: Serving, session: str, count: int, after: str) -> int:
    """Open and close streams until a round leaves nothing. A leak grows in every round, what the allocator keeps
    because more were alive at a time than ever before grows once."""
    await open_and_close(server, session, count, after)
    for rounds in range(1, ROUNDS):
        size = server.memory + count * GROWTH
        await open_and_close(server, session, count, after)
        if await run_sync(shrinks_to, server, size):
            return rounds + 1
    pytest.fail(f"each of {ROUNDS} rounds grew the server by more than {count * GROWTH >> 10} KiB")


def shrinks_to(server: Serving, size: int) -> bool:
    """Wait until the server takes no more memory than this, if it comes to that."""
    until = time.monotonic() + TIDY_SECONDS
    while server.memory >= size:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("count", [STREAMS // 2, pytest.param(STREAMS, marks=pytest.mark.slow)])
async def test_streams_that_are_left_while_events_come_leave_nothing_behind(server: Serving, count: int) -> None:
    session = await run_sync(server.create)
    task = await run_sync(server.play, session, "play 100000 events every 5 ms")
    await rounds_until_steady(server, session, count, "now")
    await run_sync(lambda: server.command(session, "control", task_id=task, action="stop"))


def live_and_die(server: Serving, count: int) -> None:
    """Create sessions, have something said in each, read it, delete them."""
    for _ in range(count):
        session = server.create()
        server.finish(server.play(session, f"play {EVENTS} events"))
        assert server.get(f"/v1/sessions/{session}/graph")["nodes"]
        assert len(server.events(session)) > EVENTS
        assert server.ask("DELETE", f"/v1/sessions/{session}").status_code == 204


def test_sessions_that_are_deleted_leave_nothing_behind(server: Serving) -> None:
    live_and_die(server, SESSIONS // 3)
    before = server.memory
    live_and_die(server, SESSIONS)
    assert server.get("/v1/sessions/stats") == {"total": 0, "active": 0, "closed": 0}
    assert server.get("/v1/sessions") == {"items": [], "total": 0}
    assert server.memory - before < GROWTH_OF_SESSIONS, f"grew by {server.memory - before >> 10} KiB"
    server.stop()
    if not databases.server:
        assert (server.directory / "puntini.db").stat().st_size < STORE_BYTES, (
            "the room of what was deleted is used again"
        )
