"""A long history costs no more than a short one: what is done all the time does not grow with what has been said."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from puntini.log.contract import Snapshot
from puntini.store.sqlite import admin
from puntini.store.sqlite.store import SqliteStore
from tests.store.making import SESSION, add, begin, many, said, seqs

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]

SHORT, LONG = 10_000, 1_000_000
AN_APPEND = 10
TIMES = 30
MORE_THAN = 5.0
"""How many times as long the long one may take; ``SLACK`` is what a busy machine may add."""
SLACK = 0.005
BODY = b"[%s]" % b",".join([b"0"] * 5_000)
CHECK_SECONDS = 120
CHECK_BYTES = 64 << 20


async def write(path: Path, events: int) -> Path:
    """A store with one session of so many events, a row an append."""
    store = await SqliteStore.open(str(path))
    await store.append(begin())
    entries = many(AN_APPEND)
    for _ in range(events // AN_APPEND):
        await store.append(add(*entries))
    await store.close()
    return path


async def median(action: Callable[[], Awaitable[object]]) -> float:
    """How long it takes, in seconds."""
    times: list[float] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def measure(path: Path, events: int) -> dict[str, float]:
    """How long each of the things takes that happen all the time."""

    async def reopen() -> None:
        await (await SqliteStore.open(str(path))).close()

    opening = await median(reopen)
    store = await SqliteStore.open(str(path))

    async def tail() -> None:
        assert seqs(await store.read(SESSION, events - 25)) == list(range(events - 24, events + 1))

    async def save_and_load() -> None:
        await store.save_snapshot(SESSION, Snapshot(events, BODY))
        assert await store.snapshot(SESSION, events) is not None

    found = {
        "open": opening,
        "read the tail": await median(tail),
        "bounds": await median(lambda: store.bounds(SESSION)),
        "session": await median(lambda: store.session(SESSION)),
        "snapshot": await median(save_and_load),
        "append": await median(lambda: store.append(add(said()))),
    }
    await store.close()
    return found


CHECKING = """
import resource, sys
from pathlib import Path
from puntini.store.sqlite import admin
assert admin.check(Path(sys.argv[1])) == []
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def memory_to_check(path: Path) -> int:
    """The most memory that a process takes to check a file. Raises when it takes too long."""
    command = [sys.executable, "-c", CHECKING, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, timeout=CHECK_SECONDS).stdout)


async def test_a_million_events_cost_no_more_than_ten_thousand(tmp_path: Path) -> None:
    short = await measure(await write(tmp_path / "short.db", SHORT), SHORT)
    long = await measure(await write(tmp_path / "long.db", LONG), LONG)
    print(short, long, sep="\n")  # noqa: T201 - shown when the test fails

    assert {what: took for what, took in long.items() if took > short[what] * MORE_THAN + SLACK} == {}

    assert admin.figures(tmp_path / "long.db").events >= LONG
    small, large = [await asyncio.to_thread(memory_to_check, tmp_path / name) for name in ("short.db", "long.db")]
    assert large - small < CHECK_BYTES
