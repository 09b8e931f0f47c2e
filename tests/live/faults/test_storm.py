"""Everybody comes back at once: after a restart, and while others are being served."""

from collections.abc import Sequence

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.streams import FORMS
from tests.live.serving import Serving

pytestmark = pytest.mark.anyio

READERS = 1_000
MISSED = 100
RETURNING = 300
STAYING = 50
LAG_SECONDS = 2.0


def stats(server: Serving) -> dict[str, int]:
    """What the server counts."""
    return dict(server.get("/v1/connections/stats"))


def told(server: Serving, session: str, count: int) -> str:
    """Have so many events said; returns the session's cursor."""
    server.finish(server.play(session, f"play {count} events"))
    return str(server.get(f"/v1/sessions/{session}")["cursor"])


def seqs(after: str, upto: str) -> list[int]:
    """What lies between two cursors."""
    first, last = (int(cursor.rpartition(".")[2]) for cursor in (after, upto))
    return list(range(first + 1, last + 1))


async def test_a_thousand_readers_that_return_after_a_restart_cost_one_read(server: Serving) -> None:
    session = await run_sync(server.create)
    left_at = await run_sync(told, server, session, 1_000)
    head = await run_sync(told, server, session, MISSED)
    await run_sync(server.restart)
    readers = [Reader(server, session, [FORMS[n % 3]], after=left_at) for n in range(READERS)]
    missed = seqs(left_at, head)
    async with anyio.create_task_group() as tasks:
        for reader in readers:
            tasks.start_soon(reader.run)
        await caught_up(readers, missed[-1])
        seen = await run_sync(stats, server)
        tasks.cancel_scope.cancel()
    assert seen["open"] == READERS
    assert seen["store_reads"] == 1
    assert all(reader.ids == missed for reader in readers)
    assert [reader.opened for reader in readers] == [1] * READERS, "each was served at its first try"


async def test_readers_that_return_far_behind_share_their_reads(server: Serving) -> None:
    session = await run_sync(server.create)
    left_at = await run_sync(told, server, session, 1)
    head = await run_sync(told, server, session, 4_000)
    await run_sync(server.restart)
    readers = [Reader(server, session, [FORMS[n % 3]], after=left_at) for n in range(100)]
    missed = seqs(left_at, head)
    async with anyio.create_task_group() as tasks:
        for reader in readers:
            tasks.start_soon(reader.run)
        await caught_up(readers, missed[-1])
        seen = await run_sync(stats, server)
        tasks.cancel_scope.cancel()
    pages = sum(map(len, readers[0].events)) / 65_536
    assert seen["store_reads"] < 10 * pages, "a hundred readers without sharing would need a hundred times the pages"
    assert all(reader.ids == missed for reader in readers)


async def test_three_hundred_readers_return_while_others_are_being_served(server: Serving) -> None:
    session = await run_sync(server.create)
    left_at = await run_sync(told, server, session, 500)
    staying = [Reader(server, session, [FORMS[n % 3]], after=left_at) for n in range(STAYING)]
    returning = [Reader(server, session, [FORMS[n % 3]], after=left_at) for n in range(RETURNING)]
    async with anyio.create_task_group() as tasks:
        start(tasks, staying)
        task = await run_sync(server.play, session, "play 300 events every 10 ms")
        await caught_up(staying, 550)
        start(tasks, returning)
        with anyio.fail_after(LAG_SECONDS):
            await caught_up(returning, staying[0].cursor)
        await run_sync(server.finish, task)
        head = (await run_sync(server.get, f"/v1/sessions/{session}"))["cursor"]
        await caught_up([*staying, *returning], seqs(left_at, head)[-1])
        tasks.cancel_scope.cancel()
    for reader in [*staying, *returning]:
        assert reader.ids == seqs(left_at, head)
        assert reader.opened == 1


def start(tasks: anyio.abc.TaskGroup, readers: Sequence[Reader]) -> None:
    """All at once."""
    for reader in readers:
        tasks.start_soon(reader.run)
