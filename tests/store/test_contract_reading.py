"""The suite that every store passes, continued: reading a log and forgetting parts of it."""

import asyncio

import pytest

from puntini.errors import NotFound
from puntini.log.contract import Bounds, Snapshot, Store
from tests.store.making import NOW, add, everything, many, said, seqs

pytestmark = pytest.mark.anyio

NOBODY = "ses_nobody"


# Reading.


async def test_reading_goes_on_after_the_cursor(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    page = await store.read(session, 2)

    assert (seqs(page), page.upto, page.floor, page.head) == ([3, 4, 5, 6], 6, 0, 6)


async def test_reading_ends_at_to(store: Store, session: str) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    page = await store.read(session, 1, to=4)

    assert (seqs(page), page.upto, page.head) == ([2, 3, 4], 4, 6)


@pytest.mark.parametrize(("after", "to"), [(3, None), (9, None), (2, 2), (2, 1)])
async def test_where_nothing_is_to_be_read_the_page_is_empty(
    store: Store, session: str, after: int, to: int | None
) -> None:
    await store.append(add(*many(3)))

    page = await store.read(session, after, to=to)

    assert (page.events, page.upto) == ([], after)


@pytest.mark.parametrize("appends", [1, 10])
async def test_a_page_holds_about_so_many_bytes(store: Store, session: str, appends: int) -> None:
    for _ in range(appends):
        await store.append(add(*[said("x" * 100)] * (10 // appends)))
    line = len(said("x" * 100).line)

    page = await store.read(session, 2, max_bytes=3 * line)

    assert (seqs(page), page.upto, page.head) == ([3, 4, 5], 5, 10)


async def test_pages_of_any_size_leave_nothing_out(store: Store, session: str) -> None:
    sizes = [11, 230, 200, 240, 17, 900, 1, 240, 240, 3]
    for size in sizes * 3:
        await store.append(add(said("x" * size)))

    for max_bytes in range(1, 4_000, 37):
        cursor, met = 0, []
        while cursor < 30:
            page = await store.read(session, cursor, max_bytes=max_bytes)
            met += seqs(page)
            cursor = page.upto
        assert met == list(range(1, 31)), max_bytes


async def test_a_page_holds_at_least_one_event(store: Store, session: str) -> None:
    await store.append(add(said("x" * 1_000), said()))

    page = await store.read(session, 0, max_bytes=1)

    assert (seqs(page), page.upto) == ([1], 1)


async def test_pages_follow_one_another_without_a_hole(store: Store, session: str) -> None:
    for _ in range(5):
        await store.append(add(*many(7)))
    found: list[int] = []
    after = 0
    while after < 35:
        page = await store.read(session, after, max_bytes=300)
        found += seqs(page)
        after = page.upto

    assert found == list(range(1, 36))


async def test_reading_no_session_raises_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.read(NOBODY, 0)
    with pytest.raises(NotFound):
        await store.bounds(NOBODY)


async def test_the_bounds_of_a_new_session_are_empty(store: Store, session: str) -> None:
    assert await store.bounds(session) == Bounds(0, 0)
    assert (await store.read(session, 0)).events == []


# Forgetting.


@pytest.mark.parametrize("to", [1, 3, 4, 6])
async def test_trim_moves_the_floor(store: Store, session: str, to: int) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    await store.trim(session, to)

    page = await store.read(session, 0)
    assert (seqs(page), page.upto, page.floor, page.head) == (list(range(to + 1, 7)), 6, to, 6)
    assert await store.bounds(session) == Bounds(to, 6)


async def test_the_floor_never_moves_back(store: Store, session: str) -> None:
    await store.append(add(*many(5)))
    await store.trim(session, 4)

    await store.trim(session, 2)

    assert await store.bounds(session) == Bounds(4, 5)


async def test_the_floor_never_passes_the_head(store: Store, session: str) -> None:
    await store.append(add(*many(5)))

    await store.trim(session, 99)

    assert await store.bounds(session) == Bounds(5, 5)
    assert (await store.append(add(said()))).first == 6


async def test_reading_below_the_floor_up_to_below_the_floor_gives_nothing(store: Store, session: str) -> None:
    await store.append(add(*many(9)))
    await store.trim(session, 6)

    page = await store.read(session, 1, to=4)

    assert (page.events, page.upto, page.floor) == ([], 4, 6)


async def test_a_long_log_is_trimmed_while_it_is_appended_to(store: Store, session: str) -> None:
    for _ in range(450):
        await store.append(add(said()))

    _, written = await asyncio.gather(store.trim(session, 440), store.append(add(said())))

    assert written.first == 451
    assert [seq for seq, _ in await everything(store)] == list(range(441, 452))


async def test_a_page_read_during_a_trim_does_not_hide_what_is_missing(store: Store, session: str) -> None:
    for _ in range(150):
        await store.append(add(said()))

    async def read(to: int) -> None:
        while (page := await store.read(session, 0, max_bytes=1)).floor < to:
            assert seqs(page) == [page.floor + 1]
            await asyncio.sleep(0)

    reading = [asyncio.create_task(read(149)) for _ in range(4)]
    for to in range(1, 150):
        await store.trim(session, to)
    await asyncio.gather(*reading)


async def test_trim_forgets_older_snapshots(store: Store, session: str) -> None:
    await store.append(add(*many(6)))
    for seq in (2, 4, 6):
        await store.save_snapshot(session, Snapshot(seq, b"{}"))

    await store.trim(session, 4)

    assert await store.snapshot(session, 3) is None
    assert await store.snapshot(session, 5) == Snapshot(4, b"{}")


@pytest.mark.parametrize("erased", [[1], [6], [2, 3, 4], [5, 1], [1, 2, 3, 4, 5, 6], []])
async def test_erased_events_become_holes(store: Store, session: str, erased: list[int]) -> None:
    await store.append(add(*many(3)))
    await store.append(add(*many(3)))

    await store.erase(session, erased)

    page = await store.read(session, 0)
    assert seqs(page) == [seq for seq in range(1, 7) if seq not in erased]
    assert (page.upto, page.floor, page.head) == (6, 0, 6)
    assert (await store.append(add(said()))).first == 7


async def test_erasing_what_is_not_there_changes_nothing(store: Store, session: str) -> None:
    await store.append(add(*many(4)))
    await store.trim(session, 2)

    await store.erase(session, [1, 4, 4, 5, 99])

    assert seqs(await store.read(session, 0)) == [3]


async def test_reading_passes_over_long_holes(store: Store, session: str) -> None:
    for _ in range(30):
        await store.append(add(*many(10)))
    await store.erase(session, range(1, 300))

    page = await store.read(session, 0, max_bytes=1)

    assert (seqs(page), page.upto) == ([300], 300)


async def test_trim_and_erase_of_no_session_raise_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.trim(NOBODY, 1)
    with pytest.raises(NotFound):
        await store.erase(NOBODY, [1])
    with pytest.raises(NotFound):
        await store.horizon(NOBODY, before=0, keep_bytes=1)


async def test_the_horizon_is_the_floor_when_nothing_is_too_old_or_too_much(store: Store, session: str) -> None:
    assert await store.horizon(session, before=NOW, keep_bytes=1) == 0
    await store.append(add(*many(3)))
    await store.trim(session, 1)

    assert await store.horizon(session, before=NOW, keep_bytes=1 << 40) == 1


async def test_the_horizon_lies_behind_what_is_too_old(store: Store, session: str) -> None:
    for number in range(5):
        await store.append(add(*many(2), at=NOW + number))

    assert await store.horizon(session, before=NOW + 3, keep_bytes=1 << 40) == 6
    assert await store.horizon(session, before=NOW + 99, keep_bytes=1 << 40) == 10


async def test_the_horizon_lies_behind_what_is_too_much(store: Store, session: str) -> None:
    for _ in range(6):
        await store.append(add(said("x" * 500)))
    line = len(said("x" * 500).line)

    assert await store.horizon(session, before=0, keep_bytes=2 * line) == 4


async def test_what_was_erased_counts_for_nothing(store: Store, session: str) -> None:
    for _ in range(6):
        await store.append(add(said("x" * 500)))
    line = len(said("x" * 500).line)

    await store.erase(session, [5, 6])

    assert await store.horizon(session, before=0, keep_bytes=2 * line) == 2
