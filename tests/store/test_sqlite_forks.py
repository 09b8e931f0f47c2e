"""Forks in SQLite: copied in slices, and whole or not there whatever happens meanwhile."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from puntini.errors import NotFound
from puntini.log.contract import Append, Snapshot
from puntini.store.sqlite import admin
from puntini.store.sqlite.store import SqliteStore
from tests.store.children import child
from tests.store.making import NOW, SESSION, add, begin, everything, many, record, said

pytestmark = pytest.mark.anyio

FORK = "ses_fork"
ROWS = 1_000
FORKED = Append(session_id=FORK, create=record(FORK), entries=[said("behind")], at=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store with a session of many rows, of two events each."""
    opened = await SqliteStore.open(str(path))
    await opened.append(begin())
    for _ in range(ROWS):
        await opened.append(add(*many(2)))  # those that are handed in together make one row
    yield opened
    await opened.close()


def left(path: Path) -> Sequence[object]:
    """What a file holds of sessions that are not there."""
    connection = apsw.Connection(str(path))
    found = connection.execute(
        """SELECT session FROM doomed UNION SELECT session FROM events WHERE session NOT IN (SELECT num FROM sessions)
        UNION SELECT session FROM snapshots WHERE session NOT IN (SELECT num FROM sessions)"""
    ).fetchall()
    connection.close()
    return found


async def test_appends_go_on_while_a_session_is_copied(store: SqliteStore) -> None:
    head = (await store.bounds(SESSION)).head
    fork = asyncio.ensure_future(store.fork(SESSION, head, FORKED))
    appended = 0
    while not fork.done():
        await store.append(add(said("meanwhile")))
        appended += await store.session(FORK) is None

    assert appended >= 3, "there is a turn for others after each slice"
    assert (await store.bounds(FORK)).head == head + 1
    assert await everything(store, FORK) == [*(await everything(store))[:head], (head + 1, said("behind"))]


async def test_a_fork_that_is_given_up_leaves_nothing(store: SqliteStore, path: Path) -> None:
    await store.save_snapshot(SESSION, Snapshot(10, b"{}"))
    fork = asyncio.ensure_future(store.fork(SESSION, ROWS, FORKED))
    await store.append(add(said("meanwhile")))
    fork.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fork

    assert await store.session(FORK) is None
    await store.fork(SESSION, ROWS, FORKED)
    assert left(path) == []
    assert admin.check(path) == []


async def test_a_fork_that_is_given_up_at_any_moment_is_there_whole_or_not_at_all(
    store: SqliteStore, path: Path
) -> None:
    there = 0
    for turns in range(0, 60, 3):
        write = Append(session_id=f"ses_f{turns}", create=record(f"ses_f{turns}"), at=NOW)
        fork = asyncio.ensure_future(store.fork(SESSION, ROWS, write))
        for _ in range(turns):
            await store.keep([])
        fork.cancel()
        with suppress(asyncio.CancelledError):
            await fork
        if await store.session(write.session_id):
            there += 1
            assert len(await everything(store, write.session_id)) == ROWS

    assert there < 20
    assert left(path) == []
    assert admin.check(path) == []


async def test_a_session_that_is_deleted_while_it_is_copied_is_not_found(store: SqliteStore, path: Path) -> None:
    fork = asyncio.ensure_future(store.fork(SESSION, ROWS, FORKED))
    await store.append(add(said("meanwhile")))
    await store.delete_session(SESSION)

    with pytest.raises(NotFound):
        await fork
    assert left(path) == []


@pytest.mark.parametrize("floor", [50, 1_001, 1_990])
async def test_what_is_trimmed_while_it_is_copied_leaves_no_gap(store: SqliteStore, path: Path, floor: int) -> None:
    for seq in (40, floor):
        await store.save_snapshot(SESSION, Snapshot(seq, b"%d" % seq))
    whole = await everything(store)
    fork = asyncio.ensure_future(store.fork(SESSION, 1_995, FORKED))
    await store.append(add(said("meanwhile")))
    await store.trim(SESSION, floor)
    await fork

    assert await store.bounds(FORK) == (floor, 1_996)
    assert (await everything(store, FORK))[:-1] == whole[floor:1_995]
    assert await store.snapshot(FORK, floor) == Snapshot(floor, b"%d" % floor)
    assert admin.check(path) == []


async def test_what_is_trimmed_beyond_its_end_while_it_is_copied_is_not_found(store: SqliteStore, path: Path) -> None:
    fork = asyncio.ensure_future(store.fork(SESSION, 1_900, FORKED))
    await store.append(add(said("meanwhile")))
    await store.trim(SESSION, 1_950)

    with pytest.raises(NotFound, match="does not reach back"):
        await fork
    assert left(path) == []


async def test_rows_that_are_large_make_small_slices(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin())
    for _ in range(12):
        await store.append(add(said("x" * 300_000), said("y" * 300_000)))
    fork = asyncio.ensure_future(store.fork(SESSION, 23, FORKED))
    appended = 0
    while not fork.done():
        await store.append(add(said("meanwhile")))
        appended += 1

    assert appended >= 3
    assert await everything(store, FORK) == [*(await everything(store))[:23], (24, said("behind"))]
    await store.close()


FORKING = """
    async def main():
        store = await open_store(sys.argv[1])
        number = 0
        while True:
            number += 1
            row = record(f"ses_f{number}")
            print(number, flush=True)
            write = Append(session_id=row.session_id, create=row, entries=[said("end")], at=NOW)
            await store.fork(SESSION, 2_000, write)
    asyncio.run(main())
"""


async def test_a_fork_that_is_killed_is_there_whole_or_not_at_all(store: SqliteStore, path: Path) -> None:
    whole = (await everything(store))[:2_000]
    await store.close()
    chance = random.Random(7)

    for _ in range(3):
        with child(FORKING, given=[path]) as process:
            assert process.stdout is not None
            begun = [process.stdout.readline() for _ in range(chance.randrange(1, 4))]
            await asyncio.sleep(chance.random() / 50)  # not to wait for something: to die at any moment
            process.send_signal(signal.SIGKILL)
        assert begun[-1].strip()
        assert admin.check(path) == [], "what is half done is nobody's fault"

        again = await SqliteStore.open(str(path))
        rows, _ = await again.sessions(limit=100, offset=0)
        for row in rows:
            if row.session_id != SESSION:
                assert await everything(again, row.session_id) == [*whole, (2_001, said("end"))]
                await again.delete_session(row.session_id)
        await again.close()
        assert left(path) == []
        assert admin.check(path) == []
