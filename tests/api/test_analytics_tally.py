"""The numbers are the same however they were come by: kept up with, gone on from what was kept, or read anew."""

import asyncio
from collections.abc import Container, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from puntini.api import analytics_blocks as blocks
from puntini.api.analytics_tally import Tally
from puntini.errors import NotFound, StoreUnavailable
from puntini.log.contract import Append, Kept, Store
from puntini.log.ends import Ending, Place
from puntini.log.mint import now_ms
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import TaskRetracted, TaskRetractedData
from puntini.store.memory import MemoryStore
from puntini.store.open import open_store
from puntini.views.analytics import Execution, Executions
from tests.api.counted import NOON, Counted, counting

pytestmark = pytest.mark.anyio
MOST = 4
PAGE = 2
HOUR = 3_600_000
EVER = 1 << 60

State = tuple[list[Execution], bool]
Step = tuple[Any, ...]


class Meddled(MemoryStore):
    """A memory store in which things happen while ends are being read."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Any] = []
        self.away = False

    async def ends(
        self, *, limit: int, before: Place | None = None, known: Container[str] = frozenset()
    ) -> list[Ending]:
        """Read, and let one of them happen before the answer is looked at."""
        if self.away:
            raise StoreUnavailable("The store is away.")
        found = await super().ends(limit=limit, before=before, known=known)
        if self.meanwhile:
            await self.meanwhile.pop()()
        return found


class Life:
    """Steps on a store, and a tally that is kept up with it through restarts."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        self.store = counted.store
        self.open: dict[str, Any] = {}
        self.started = 0
        self.restart()
        counted.hub.follow(self)

    def restart(self) -> None:
        """Another process: what was not kept is forgotten."""
        self.tally = Tally(self.store, most=MOST, page=PAGE)

    # What the hub tells goes to the tally that is alive.

    def committed(self, session_id: str, first: int, entries: Sequence[Entry]) -> None:
        """Events came."""
        self.tally.committed(session_id, first, entries)

    def trimmed(self, session_id: str, floor: int) -> None:
        """Events went."""
        self.tally.trimmed(session_id, floor)

    def forget(self, session_id: str) -> None:
        """A session was deleted."""
        self.tally.forget(session_id)

    # Steps.

    async def take(self, step: Step) -> None:
        """One step."""
        name, *how = step
        try:
            await getattr(self, name)(*how)
        except NotFound:
            return  # of a session that was deleted

    async def start(self, session: int, at: int) -> None:
        """A task begins."""
        self.started += 1
        task_id = f"tsk_{self.started}"
        more = {"prompt": f"Do {self.started}", "agent": f"a{at % 2}", "cost_usd": at / 7 if at % 3 else None}
        self.open[task_id] = await self.counted.start(task_id, f"ses_{session}", NOON + at * HOUR // 3, **more)

    async def end(self, which: int, seconds: int, status: str) -> None:
        """One of those that are going on ends."""
        if self.open:
            row = self.open.pop(sorted(self.open)[which % len(self.open)])
            await self.counted.end(row, seconds, status, answer="x" * seconds, error=f"Error {seconds}.")

    async def whole(self, session: int, at: int, seconds: int, status: str) -> None:
        """A task begins and ends."""
        await self.start(session, at)
        await self.end(9, seconds, status)

    async def retract(self, which: int) -> None:
        """Another attempt takes something back."""
        if self.open:
            row = self.open[sorted(self.open)[which % len(self.open)]]
            data = TaskRetractedData(attempt=1, from_id=f"{self.store.epoch}.1", to_id=f"{self.store.epoch}.9")
            said = entry_of(TaskRetracted(task_id=row.task_id, attempt=2, data=data))
            await self.store.append(Append(session_id=row.session_id, entries=[said], at=NOON))

    async def delete(self, session: int) -> None:
        """A session goes, and comes again."""
        await self.store.delete_session(f"ses_{session}")
        self.counted.hub.forget(f"ses_{session}")
        self.open = {key: row for key, row in self.open.items() if row.session_id != f"ses_{session}"}
        await self.counted.session(f"ses_{session}")

    async def trim(self, session: int, keeping: int) -> None:
        """Retention takes a session's beginning."""
        head = (await self.store.bounds(f"ses_{session}")).head
        floor = max(0, head - keeping)
        await self.store.trim(f"ses_{session}", floor)
        self.counted.hub.trimmed(f"ses_{session}", floor)

    async def ask(self) -> None:
        """Somebody looks."""
        await self.tally.executions()

    async def save(self) -> None:
        """What is over is kept."""
        await self.tally.save()

    async def die(self) -> None:
        """The process dies."""
        self.restart()


async def state(tally: Tally) -> State:
    """All that there is to it."""
    executions = await tally.executions()
    found = executions.between(0, EVER)
    assert len(executions) == len(found)
    return found, executions.left_out


async def check(life: Life) -> None:
    """Kept up with, gone on from what was kept, and read anew: one state."""
    live = await state(life.tally)
    assert await state(Tally(life.store, most=MOST, page=PAGE)) == live
    kept = await life.store.kept_all(blocks.SPACE, blocks.KIND)
    await life.store.keep([Kept(blocks.SPACE, blocks.KIND, key, None) for key, _ in kept])
    assert await state(Tally(life.store, most=MOST, page=50)) == live


def done(session: int) -> Step:
    """A task that ends at once."""
    return ("whole", session, 0, 0, "completed")


sessions = st.integers(0, 2)
some = st.integers(0, 9)
statuses = st.sampled_from(["completed", "failed", "cancelled"])
starts = st.tuples(st.just("start"), sessions, some)
ends = st.tuples(st.just("end"), some, st.integers(0, 4_000), statuses)
wholes = st.tuples(st.just("whole"), sessions, some, st.integers(0, 4_000), statuses)
quiet = st.one_of(
    wholes,
    wholes,
    wholes,
    starts,
    ends,
    st.tuples(st.just("retract"), some),
    st.tuples(st.just("delete"), sessions),
    st.tuples(st.just("trim"), sessions, st.integers(0, 3)),
)
looks = st.sampled_from([("ask",), ("save",), ("die",)])
lives = st.lists(st.one_of(quiet, quiet, looks), max_size=30)


async def live(store: Store, steps: list[Step]) -> None:
    """Go through all of it and check."""
    async with counting(store) as counted:
        for session in range(3):
            await counted.session(f"ses_{session}")
        life = Life(counted)
        for step in steps:
            await life.take(step)
        await check(life)


async def meddled(steps: list[Step], meanwhile: list[Step]) -> None:
    """The same, while some of it happens in the midst of reading."""
    store = Meddled()
    async with counting(store) as counted:
        for session in range(3):
            await counted.session(f"ses_{session}")
        life = Life(counted)
        store.meanwhile = [partial(life.take, step) for step in meanwhile]
        for step in [*steps, ("ask",)]:
            await life.take(step)
        store.meanwhile.clear()
        await check(life)


async def on_disk(path: Path, steps: list[Step]) -> None:
    """The same in a file."""
    store = await open_store(str(path / "puntini.db"))
    try:
        await live(store, steps)
    finally:
        await store.close()


@settings(max_examples=150, deadline=None)
@given(steps=lives)
def test_numbers_do_not_depend_on_how_they_were_come_by(steps: list[Step]) -> None:
    asyncio.run(live(MemoryStore(), steps))


@settings(max_examples=150, deadline=None)
@given(steps=lives, meanwhile=st.lists(quiet, max_size=12))
@example([done(1)], [("delete", 1), *[done(0)] * 4])
@example([done(0), *[done(1)] * 2, ("save",), ("delete", 0), *[done(0)] * 2], [])
def test_nor_on_what_happens_while_they_are_read(steps: list[Step], meanwhile: list[Step]) -> None:
    asyncio.run(meddled(steps, meanwhile))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=lives)
def test_nor_on_the_store(steps: list[Step]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(on_disk(Path(directory), steps))


# By examples.


async def test_nothing_is_read_until_somebody_asks() -> None:
    async with counting(Meddled()) as counted:
        await counted.session("ses_1")
        assert isinstance(counted.store, Meddled)
        counted.store.away = True
        await counted.task("tsk_1", "ses_1")
        counted.hub.trimmed("ses_1", 1)
        with pytest.raises(StoreUnavailable):
            await counted.tally.executions()

        counted.store.away = False

        assert len(await counted.tally.executions()) == 1


async def test_a_question_that_is_given_up_is_gone_on_with_by_the_next() -> None:
    store = Meddled()
    async with counting(store) as counted:
        await counted.session("ses_1")
        for number in range(7):
            await counted.task(f"tsk_{number}", "ses_1")
        tally = Tally(store, page=PAGE)
        with anyio.CancelScope() as scope:

            async def leave() -> None:
                scope.cancel()

            store.meanwhile = [leave]
            await tally.executions()

        assert len(await tally.executions()) == 7


async def test_hours_that_are_over_are_kept_in_parts_and_the_hour_that_goes_on_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "PART", 2)
    monkeypatch.setattr(blocks, "PARTS_READ", 2)
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        for number in range(5):
            await counted.task(f"tsk_{number}", "ses_1", at=NOON)
        await counted.task("tsk_earlier", "ses_1", at=NOON - HOUR)
        await counted.task("tsk_now", "ses_1", 0, at=now_ms())
        await counted.tally.save()

        kept = await counted.store.kept_all(blocks.SPACE, blocks.KIND)
        hour = NOON // HOUR
        assert [key for key, _ in kept] == [
            f"{hour - 1:08}:000000",
            *(f"{hour:08}:{part:06}" for part in range(3)),
        ]
        assert sorted([each.task_id async for part in blocks.load(counted.store) for each in part]) == [
            *(f"tsk_{number}" for number in range(5)),
            "tsk_earlier",
        ]

        await counted.store.delete_session("ses_1")
        counted.hub.forget("ses_1")
        await counted.tally.save()
        assert await counted.store.kept_all(blocks.SPACE, blocks.KIND) == []


async def test_what_can_not_be_read_of_what_was_kept_is_read_from_the_log() -> None:
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        await counted.task("tsk_1", "ses_1")
        await counted.tally.save()
        [(key, _)] = await counted.store.kept_all(blocks.SPACE, blocks.KIND)
        await counted.store.keep([Kept(blocks.SPACE, blocks.KIND, key, b"\xc1damaged")])

        assert len(await Tally(counted.store).executions()) == 1


async def test_of_very_many_new_ends_all_places_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puntini.api.analytics_tally.MOST_DUE", 1)
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        await counted.tally.executions()
        for number in range(5):
            await counted.task(f"tsk_{number}", "ses_1")

        assert len(await counted.tally.executions()) == 5


async def test_what_retention_removes_is_not_known_any_more() -> None:
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        await counted.task("tsk_1", "ses_1", answer="1234")
        assert [each.result_size for each in (await counted.tally.executions()).between(0, EVER)] == [4]

        await counted.store.trim("ses_1", 2)
        counted.hub.trimmed("ses_1", 2)

        [each] = (await counted.tally.executions()).between(0, EVER)
        assert (each.result_size, each.duration_ms) == (None, 1_000)


async def test_the_latest_are_counted_and_it_is_told_since_when() -> None:
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        tally = Tally(counted.store, most=3)
        counted.hub.follow(tally)
        for number in (4, 2, 3, 1):
            await counted.task(f"tsk_{number}", "ses_1", at=NOON + number * HOUR)

        executions: Executions = await tally.executions()

        assert [each.task_id for each in executions.between(0, EVER)] == ["tsk_2", "tsk_3", "tsk_4"]
        assert (executions.left_out, executions.since) == (True, NOON + 2 * HOUR + 1_000)


async def test_nothing_is_left_out_any_more_when_just_that_is_deleted() -> None:
    async with counting(MemoryStore()) as counted:
        tally = Tally(counted.store, most=3)
        counted.hub.follow(tally)
        for number in range(4):
            await counted.session(f"ses_{number}")
            await counted.task(f"tsk_{number}", f"ses_{number}", at=NOON + number * HOUR)
        assert (await tally.executions()).left_out

        await counted.store.delete_session("ses_0")
        counted.hub.forget("ses_0")

        assert not (await tally.executions()).left_out


async def test_what_was_deleted_while_the_server_was_down_leaves_room_for_older_ones() -> None:
    async with counting(MemoryStore()) as counted:
        for number in range(6):
            await counted.session(f"ses_{number}")
            await counted.task(f"tsk_{number}", f"ses_{number}", at=NOON + number * HOUR)
        await Tally(counted.store, most=3).save()
        for number in (4, 5):
            await counted.store.delete_session(f"ses_{number}")

        executions = await Tally(counted.store, most=3).executions()

        assert [each.task_id for each in executions.between(0, EVER)] == ["tsk_1", "tsk_2", "tsk_3"]


async def test_what_retention_removed_while_the_server_was_down_is_not_known_any_more() -> None:
    async with counting(MemoryStore()) as counted:
        await counted.session("ses_1")
        await counted.task("tsk_1", "ses_1", answer="1234")
        await counted.tally.save()
        await counted.store.trim("ses_1", 2)

        assert [each.result_size for each in (await Tally(counted.store).executions()).between(0, EVER)] == [None]
