"""Views of tasks are read from the task's part of the log only, each event once, and say what the log still says."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from puntini.api.folds import KEPT, Folds
from puntini.errors import NotFound
from puntini.log.contract import Append, Page, SessionRow, Store, TaskRow
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Envelope
from puntini.store.memory import MemoryStore
from puntini.store.open import open_store
from tests.views.said import asked, ended
from tests.views.working import step, took_back

pytestmark = pytest.mark.anyio
SESSION = "ses_1"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Either store."""
    opened = await open_store("memory:" if request.param == "memory" else str(tmp_path / "puntini.db"))
    opened.watch(lambda *_: None)
    await begin(opened)
    yield opened
    await opened.close()


class ReadStore(MemoryStore):
    """A memory store that knows what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_seqs: list[int] = []

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """Read a little at a time, and let others go on meanwhile."""
        await anyio.lowlevel.checkpoint()
        page = await super().read(session_id, after, max_bytes=400, to=to)
        self.read_seqs += [seq for seq, _ in page.events]
        return page


async def begin(store: Store) -> None:
    row = SessionRow(session_id=SESSION, owner="ann", created_at=1, updated_at=1)
    await store.append(Append(session_id=SESSION, create=row, at=1))


async def say(store: Store, *events: Envelope) -> None:
    await store.append(Append(session_id=SESSION, entries=[entry_of(event) for event in events], at=1))


async def task(store: Store, name: str, *events: Envelope) -> TaskRow:
    """A task that begins with being asked, and says so much."""
    row = TaskRow(
        task_id=name, session_id=SESSION, agent="dot", prompt="?", status="running", created_at=1, updated_at=1
    )
    entries = [entry_of(asked(f"m-{name}", "?", task=name)), *map(entry_of, events)]
    await store.append(Append(session_id=SESSION, entries=entries, task=row, at=1))
    return await now(store, name)


async def end(store: Store, row: TaskRow) -> TaskRow:
    done = replace(row, status="completed")
    await store.append(Append(session_id=SESSION, entries=[entry_of(ended(row.task_id))], task=done, at=1))
    return await now(store, row.task_id)


async def now(store: Store, name: str) -> TaskRow:
    row = await store.task(name)
    assert row is not None
    return row


def steps(numbers: Sequence[int], name: str = "t1") -> list[Envelope]:
    return [step(number, task=name) for number in numbers]


async def told(folds: Folds, row: TaskRow) -> list[int]:
    """The numbers of the steps of a task."""
    return [each.data.step_number for each in (await folds.view(row)).steps]


async def test_only_the_task_s_part_of_the_log_is_read_and_each_event_once() -> None:
    store = ReadStore()
    await begin(store)
    await end(store, await task(store, "t0", *steps(range(20), "t0")))
    row = await task(store, "t1", *steps(range(5)))
    folds = Folds(store)
    assert await told(folds, row) == [*range(5)]
    await say(store, *steps(range(5, 9)))
    row = await end(store, row)
    await end(store, await task(store, "t2", *steps(range(20), "t2")))
    for _ in range(3):
        assert await told(folds, row) == [*range(9)]
    assert store.read_seqs == [*range(row.first_seq, row.last_seq + 1)]


async def test_all_who_ask_at_once_share_the_work() -> None:
    store = ReadStore()
    await begin(store)
    row = await end(store, await task(store, "t1", *steps(range(50))))
    folds = Folds(store)
    answers: list[list[int]] = []

    async def ask() -> None:
        answers.append(await told(folds, row))

    async with anyio.create_task_group() as clients:
        for _ in range(5):
            clients.start_soon(ask)
    assert answers == [[*range(50)]] * 5
    assert len(store.read_seqs) == 52


async def test_one_who_leaves_in_the_middle_leaves_the_work_whole() -> None:
    store = ReadStore()
    await begin(store)
    row = await end(store, await task(store, "t1", *steps(range(50))))
    folds = Folds(store)
    async with anyio.create_task_group() as clients:
        clients.start_soon(folds.view, row)
        while len(store.read_seqs) < 10:
            await anyio.lowlevel.checkpoint()
        clients.cancel_scope.cancel()
    assert await told(folds, row) == [*range(50)]


async def test_what_is_taken_back_is_gone_whether_it_was_looked_at_before_or_not(store: Store) -> None:
    row = await task(store, "t1", *steps([1, 2, 3]))
    early, late = Folds(store), Folds(store)
    assert await told(early, row) == [1, 2, 3]
    await say(store, took_back(row.first_seq + 2, row.first_seq + 3), *steps([2, 4]))
    assert await told(early, row) == await told(late, row) == [1, 2, 4]
    row = await end(store, row)
    assert await told(early, row) == await told(late, row) == [1, 2, 4]


async def test_what_retention_removed_is_gone_and_that_is_told(store: Store) -> None:
    await end(store, await task(store, "t0"))
    row = await end(store, await task(store, "t1", *steps([1, 2, 3])))
    early = Folds(store)
    assert (await early.view(row)).complete
    await store.trim(SESSION, row.first_seq - 1)
    assert (await early.view(row)).complete
    await store.trim(SESSION, row.first_seq + 2)
    for folds in (early, Folds(store)):
        assert await told(folds, row) == [3]
        assert not (await folds.view(row)).complete
    await end(store, await task(store, "t2"))
    await store.trim(SESSION, row.last_seq + 1)
    for folds in (early, Folds(store)):
        view = await folds.view(row)
        assert (view.status, len(view.steps), view.complete) == (None, 0, False)


async def test_a_task_of_a_deleted_session_is_not_found(store: Store) -> None:
    row = await task(store, "t1")
    folds = Folds(store)
    await folds.view(row)
    await store.delete_session(SESSION)
    with pytest.raises(NotFound):
        await folds.view(row)


async def test_views_are_let_go_of_when_they_are_too_many_or_too_large() -> None:
    store = ReadStore()
    await begin(store)
    rows = [await end(store, await task(store, f"t{number}", *steps([1], f"t{number}"))) for number in range(KEPT + 1)]
    for folds, again in ((Folds(store), 3), (Folds(store, kept_bytes=1), 3), (Folds(store, kept_bytes=10_000), 3)):
        for row in rows:
            await folds.view(row)
        before = len(store.read_seqs)
        assert await told(folds, rows[0]) == [1]
        assert len(store.read_seqs) - before == again, "the one not asked for longest is read again"


async def test_the_latest_asked_for_stay() -> None:
    store = ReadStore()
    await begin(store)
    rows = [await end(store, await task(store, f"t{number}")) for number in range(3)]
    folds = Folds(store, kept_bytes=1_000)
    for row in rows:
        await folds.view(row)
    before = len(store.read_seqs)
    await folds.view(rows[2])
    assert len(store.read_seqs) == before


async def test_others_get_their_turn_while_much_is_folded() -> None:
    store, turns = MemoryStore(), 0
    await begin(store)
    row = await end(store, await task(store, "t1", *steps(range(3_000))))

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        assert len(await told(Folds(store), row)) == 3_000
        tasks.cancel_scope.cancel()
    size = sum(len(entry.line) for _, entry in (await store.read(SESSION, 0, max_bytes=1 << 30)).events)
    assert turns >= size // 65_536 > 3, "a turn a page"
