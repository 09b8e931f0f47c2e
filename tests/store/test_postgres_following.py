"""Two stores on one database: what one commits, the other hears once, in order and soon."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from statistics import median

import anyio
import anyio.lowlevel
import psycopg
import pytest

from puntini.log.contract import Store
from puntini.protocol.entries import Entry
from puntini.store.open import open_store
from tests.log.logbook import until
from tests.store.making import SESSION, add, begin, many, said

pytestmark = pytest.mark.anyio


class Ear:
    """What a store's listener was told."""

    def __init__(self, store: Store) -> None:
        self.seqs: list[int] = []
        self.entries: list[Entry] = []
        self.heard_at: dict[int, float] = {}
        self.moves: list[tuple[str, int | None]] = []
        store.watch(self._told, lambda *move: self.moves.append(move))

    def _told(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        seqs = range(first, first + len(entries))
        self.seqs += seqs
        self.entries += entries
        self.heard_at |= dict.fromkeys(seqs, time.perf_counter())


@pytest.fixture(params=["hints", "poll only"])
async def pair(request: pytest.FixtureRequest, database: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two nodes; a session is there, and the second follows it."""
    listen = request.param == "hints"
    here, there = await open_store(database, listen=listen), await open_store(database, listen=listen)
    await here.append(begin())
    there.follow(SESSION)
    await there.bounds(SESSION)
    if listen:
        await until(lambda: there.hints.listening)  # type: ignore[attr-defined]
    yield here, there
    await here.close()
    await there.close()


async def test_what_one_commits_the_other_hears_once_and_in_order(pair: tuple[Store, Store]) -> None:
    here, there = pair
    ear = Ear(there)
    entries = many(300)

    for start in range(0, 300, 3):
        here.submit(add(*entries[start : start + 3]))
        await anyio.lowlevel.checkpoint()

    await until(lambda: len(ear.seqs) >= 300)
    assert ear.seqs == list(range(1, 301))
    assert ear.entries == entries


async def test_it_is_heard_within_milliseconds(pair: tuple[Store, Store]) -> None:
    here, there = pair
    ear = Ear(there)
    said_at: dict[int, float] = {}

    for _ in range(60):
        at = time.perf_counter()
        written = await here.append(add(said()))
        said_at[written.first] = at
        await until(lambda seq=written.first: seq in ear.heard_at)  # type: ignore[misc]

    took = sorted(ear.heard_at[seq] - at for seq, at in said_at.items())
    print(f"heard after {1000 * median(took):.1f} ms, at most {1000 * took[-1]:.1f} ms")  # noqa: T201
    assert median(took) < 0.05


async def test_two_who_write_to_one_session_hear_each_other_in_the_order_of_the_log(pair: tuple[Store, Store]) -> None:
    here, there = pair
    here.follow(SESSION)
    await here.bounds(SESSION)
    ears = Ear(here), Ear(there)

    async def write(store: Store) -> None:
        for _ in range(50):
            await store.append(add(said()))

    await asyncio.gather(write(here), write(there))

    for ear in ears:
        await until(lambda ear=ear: len(ear.seqs) >= 100)  # type: ignore[misc]
        assert ear.seqs == list(range(1, 101))


async def test_what_is_erased_is_a_hole_that_the_seqs_show(pair: tuple[Store, Store]) -> None:
    here, there = pair
    there.unfollow(SESSION)
    await here.append(add(*many(6)))
    await here.erase(SESSION, [2, 3, 5])
    ear = Ear(there)

    there.follow(SESSION)
    await there.bounds(SESSION)
    await here.append(add(said()))

    await until(lambda: ear.seqs)
    assert ear.seqs == [7]


async def test_a_trim_and_a_deletion_are_told(pair: tuple[Store, Store]) -> None:
    here, there = pair
    ear = Ear(there)
    await here.append(add(*many(5)))

    await here.trim(SESSION, 3)
    await until(lambda: ear.moves == [(SESSION, 3)])
    await here.delete_session(SESSION)
    await until(lambda: len(ear.moves) == 2)

    assert ear.moves == [(SESSION, 3), (SESSION, None)]


async def test_what_is_not_followed_any_more_is_not_heard(pair: tuple[Store, Store]) -> None:
    here, there = pair
    await here.append(begin("ses_2"))
    there.follow("ses_2")
    await there.bounds("ses_2")
    ear = Ear(there)

    there.unfollow(SESSION)
    await here.append(add(said("unheard")))
    await here.append(add(said("heard"), to="ses_2"))

    await until(lambda: ear.entries)
    assert ear.entries == [said("heard")]


async def test_a_session_that_is_followed_twice_is_heard_until_it_was_unfollowed_twice(
    pair: tuple[Store, Store],
) -> None:
    here, there = pair
    there.follow(SESSION)
    there.unfollow(SESSION)
    ear = Ear(there)

    await here.append(add(said()))

    await until(lambda: ear.seqs == [1])


async def test_what_comes_while_hints_are_cut_off_is_heard_by_the_poll(database: str) -> None:
    here, there = await open_store(database), await open_store(database)
    await here.append(begin())
    there.follow(SESSION)
    await there.bounds(SESSION)
    ear = Ear(there)
    with psycopg.connect(database, autocommit=True) as operator:
        for _ in range(5):
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN puntini'")
            await here.append(add(*many(2)))

    await until(lambda: len(ear.seqs) >= 10)
    assert ear.seqs == list(range(1, 11))
    await here.close()
    await there.close()


async def test_much_that_was_missed_is_told_without_a_silent_hole(pair: tuple[Store, Store]) -> None:
    here, there = pair
    ear = Ear(there)

    for _ in range(40):
        here.submit(add(*[said("x" * 9_000)] * 9))
        await anyio.lowlevel.checkpoint()
    last = await here.append(add(said()))

    await until(lambda: ear.seqs[-1:] == [last.last])
    assert all(later > earlier for earlier, later in pairwise(ear.seqs))
    assert ear.seqs == list(range(1, last.last + 1))


async def test_what_somebody_has_damaged_is_a_hole_and_the_others_are_told_all_the_same(
    pair: tuple[Store, Store], database: str
) -> None:
    here, there = pair
    ear = Ear(there)
    await here.append(add(said()))
    await until(lambda: ear.seqs == [1])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO events (session, day, first, last, at, size, body) SELECT num,"
            " extract(epoch FROM clock_timestamp())::bigint / 86400, 2, 4, 0, 12, %s FROM sessions",
            [b'\xff\x7b\n{}\n{"type"'],
        )
        connection.execute("UPDATE sessions SET head = 4")

    await here.append(add(said("after it")))

    await until(lambda: ear.seqs == [1, 5])
    await there.append(add(said("this node writes still")))
    assert ear.seqs == [1, 5, 6]
    with pytest.raises(ValueError, match="damaged"):
        await there.read(SESSION, 0)


async def test_who_listens_and_fails_does_not_end_the_store(pair: tuple[Store, Store]) -> None:
    here, there = pair
    heard: list[int] = []
    failed: list[str] = []

    def fail(session_id: str, _floor: int | None) -> None:
        failed.append(session_id)
        raise RuntimeError(session_id)

    there.watch(lambda _name, first, _entries: heard.append(first), fail)
    await here.append(add(*many(3)))
    await until(lambda: heard)
    await here.trim(SESSION, 2)
    await until(lambda: failed)

    await there.append(add(said("this node writes still")))
    await here.append(add(said("and hears")))
    await until(lambda: heard[-1] == 5)


async def test_where_nobody_listens_hints_do_not_pile_up(database: str) -> None:
    store = await open_store(database, listen=False)
    for number in range(3):
        await store.append(begin(f"ses_{number}", said("unheard")))
    assert not store.hints.waiting  # type: ignore[attr-defined]
    await store.close()


async def test_each_of_two_who_write_to_one_session_is_told_all_that_it_wrote(pair: tuple[Store, Store]) -> None:
    here, there = pair
    told: list[int] = []
    wrote: list[int] = []
    there.watch(
        lambda _, first, entries: told.extend(range(first, first + len(entries))),
        wrote=lambda _, first, entries: wrote.extend(range(first, first + len(entries))),
    )
    ours: list[int] = []

    async def write(store: Store, seqs: list[int]) -> None:
        seqs += [(await store.append(add(said()))).first for _ in range(60)]

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(write, here, [])
        tasks.start_soon(write, there, ours)

    assert wrote == ours
    await until(lambda: len(told) == 240)
    assert told == list(range(1, 241))
