import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.errors import NotFound
from puntini.log.keeper import REST_EVENTS, SNAPSHOT_EVENTS, Keeper
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import LoggedEvent
from puntini.views.session import SessionView
from tests.log.logbook import SESSION, RecordingStore, remark, thought, thoughts, until
from tests.views.said import add_node, asked, drawn, fold, whole
from tests.views.strategies import events

pytestmark = pytest.mark.anyio


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def keeper(store: RecordingStore) -> Keeper[SessionView]:
    return keeper_of(store)


def keeper_of(store: RecordingStore) -> Keeper[SessionView]:
    keeper = Keeper(store, SessionView, SessionView.decode)
    store.watch(keeper.committed)
    return keeper


def entries(said: list[LoggedEvent]) -> list[Entry]:
    return [entry_of(event) for event in said]


# Right.


async def test_the_view_is_what_the_log_amounts_to(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    said: list[LoggedEvent] = [asked("m1", "hello"), whole("m2", "hi"), drawn(add_node("a"))]
    await store.say(*entries(said))

    assert (await keeper.view(SESSION)).encode() == fold(said).encode()


async def test_the_view_keeps_up_with_what_is_appended(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    await store.say(entry_of(asked("m1", "hello")))
    assert (await keeper.view(SESSION)).message_count == 1

    await store.say(entry_of(whole("m2", "hi")), thought())

    view = await keeper.view(SESSION)
    assert (view.message_count, view.seq) == (2, 3)


async def test_events_that_change_nothing_still_move_the_view(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    await store.say(*thoughts(3), remark("error"))

    assert (await keeper.view(SESSION)).seq == 4


@given(st.lists(events, max_size=25), st.data())
async def test_the_view_at_any_id_is_a_fold_from_scratch(said: list[LoggedEvent], data: st.DataObject) -> None:
    store = RecordingStore()
    keeper = keeper_of(store)
    await store.say()
    appended = 0
    while appended < len(said):
        count = data.draw(st.integers(1, 10), "appended")
        await store.say(*entries(said[appended : appended + count]))
        appended = min(len(said), appended + count)
        if data.draw(st.booleans(), "snapshot"):
            await keeper.snapshot(SESSION)
        if data.draw(st.booleans(), "another process"):
            keeper = keeper_of(store)

    for seq in data.draw(st.permutations(range(len(said) + 1)), "asked for"):
        assert (await keeper.view_at(SESSION, seq)).encode() == fold(said[:seq]).encode()
    assert (await keeper.view(SESSION)).encode() == fold(said).encode()


async def test_a_view_of_the_past_is_not_changed_by_the_present(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    await store.say(entry_of(asked("m1", "hello")))
    past = await keeper.view_at(SESSION, 1)

    await store.say(entry_of(asked("m2", "more")))
    await keeper.view(SESSION)

    assert (past.seq, past.message_count) == (1, 1)


@pytest.mark.parametrize("seq", [4, 7])
async def test_there_is_no_view_before_the_floor_or_after_the_head(
    seq: int, store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    await store.say(*thoughts(6))
    await keeper.snapshot_at(SESSION, 5)
    await store.trim(SESSION, 5)

    with pytest.raises(NotFound):
        await keeper.view_at(SESSION, seq)
    assert (await keeper.view_at(SESSION, 5)).seq == 5


async def test_there_is_no_view_of_a_session_that_is_not_there(keeper: Keeper[SessionView]) -> None:
    with pytest.raises(NotFound):
        await keeper.view("nobody")
    with pytest.raises(NotFound):
        await keeper.view_at("nobody", 0)


async def test_many_who_ask_at_once_see_the_same_and_right(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    said = [drawn(add_node(f"n{number}"), version=number) for number in range(1, 200)]
    await store.say(*entries(list(said)))
    seen: list[bytes] = []

    async def ask() -> None:
        seen.append((await keeper.view(SESSION)).encode())

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(ask)

    assert seen == [fold(said).encode()] * 10


async def test_a_session_that_was_deleted_and_made_again_starts_empty(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    await store.say(entry_of(asked("m1", "hello")), *thoughts(5))
    await keeper.view(SESSION)
    await store.delete_session(SESSION)
    keeper.forget(SESSION)
    await store.say(thought())

    view = await keeper.view(SESSION)

    assert (view.seq, view.message_count) == (1, 0)


# Cheap.


async def test_after_a_snapshot_the_cost_does_not_depend_on_the_history(store: RecordingStore) -> None:
    for _ in range(20):
        await store.say(*thoughts(100, size=1_000))
    await keeper_of(store).snapshot(SESSION)
    await store.say(*thoughts(3))
    store.reads_after.clear()

    view = await keeper_of(store).view(SESSION)

    assert (view.seq, store.reads_after) == (2_003, [2_000])


async def test_a_view_that_is_caught_up_reads_nothing(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    await store.say(*thoughts(3))
    await keeper.view(SESSION)
    store.reads_after.clear()

    await keeper.view(SESSION)

    assert store.reads_after == []


async def test_the_past_is_folded_from_the_snapshot_before_it(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    await store.say(*thoughts(30))
    for seq in (10, 20):
        await keeper.snapshot_at(SESSION, seq)
    store.reads_after.clear()

    await keeper.view_at(SESSION, 15)

    assert store.reads_after == [10]


async def test_a_snapshot_is_saved_in_the_background_when_a_session_has_grown(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.keep)
        await store.say(*thoughts(SNAPSHOT_EVENTS - 1))
        await anyio.wait_all_tasks_blocked()
        before = list(store.saved)
        await store.say(thought())
        await until(lambda: store.saved)
        tasks.cancel_scope.cancel()

    assert (before, store.saved) == ([], [SNAPSHOT_EVENTS])


async def test_the_background_goes_on_after_a_session_was_deleted_or_the_store_was_away(
    store: RecordingStore, keeper: Keeper[SessionView]
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.keep)
        await store.say(*thoughts(SNAPSHOT_EVENTS), session_id="deleted")
        await store.delete_session("deleted")
        await store.say(*thoughts(SNAPSHOT_EVENTS))
        store.broken = True
        await anyio.wait_all_tasks_blocked()
        store.broken = False
        await store.say(*thoughts(SNAPSHOT_EVENTS))
        await until(lambda: store.saved)
        tasks.cancel_scope.cancel()

    assert store.saved == [2 * SNAPSHOT_EVENTS]


async def test_a_session_that_is_damaged_is_logged_once_and_does_not_hold_up_the_others(
    store: RecordingStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper(store, SessionView, SessionView.decode, rest_seconds=0.01)
    store.watch(keeper.committed)
    damaged = Entry("graph_update", "", b'{"type":"graph_update","data":{"version":"one"}}')
    await store.say(damaged, *thoughts(SNAPSHOT_EVENTS), session_id="damaged")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.keep)
        await until(lambda: "damaged" in store.asked_snapshots)
        await store.say(*thoughts(SNAPSHOT_EVENTS))
        await until(lambda: store.saved)
        await anyio.sleep(0.05)  # several rounds more
        tasks.cancel_scope.cancel()

    assert store.saved == [SNAPSHOT_EVENTS]
    assert capsys.readouterr().out.count("session_id=damaged") == 1


async def test_a_large_snapshot_is_made_more_seldom(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    await store.say(entry_of(asked("m1", "x" * SNAPSHOT_EVENTS * 1_000)))
    await keeper.snapshot(SESSION)

    assert (await keeper.live(SESSION)).due > SNAPSHOT_EVENTS * 3


async def test_a_snapshot_at_the_head_is_not_saved_twice(store: RecordingStore, keeper: Keeper[SessionView]) -> None:
    await store.say(*thoughts(3))

    assert await keeper.snapshot(SESSION) == await keeper.snapshot(SESSION) == 3
    assert store.saved == [3]


# Versions.


def test_all_writers_of_a_session_draw_versions_from_one_source(keeper: Keeper[SessionView]) -> None:
    one, other = keeper.versions(SESSION), keeper.versions(SESSION)

    assert [one.next(), other.next(), one.next()] == [1, 2, 3]


def test_versions_go_on_behind_those_that_the_log_holds(keeper: Keeper[SessionView]) -> None:
    versions = keeper.versions(SESSION)

    versions.at_least(7)
    versions.at_least(3)

    assert versions.next() == 8


def test_sessions_count_their_versions_apart(keeper: Keeper[SessionView]) -> None:
    one, other = keeper.versions(SESSION), keeper.versions("another")

    assert (one.next(), other.next()) == (1, 1)


async def test_large_views_that_nobody_asks_for_are_let_go_and_come_back_right(store: RecordingStore) -> None:
    keeper = Keeper(store, SessionView, SessionView.decode, live_bytes=6_000)
    for session in (SESSION, "ses_2"):
        await store.say(entry_of(asked("m1", "x" * 4_000)), session_id=session)
        await keeper.snapshot(session)
    store.asked_snapshots.clear()

    both = [(await keeper.view(session)).message_count for session in ("ses_2", SESSION)]

    assert both == [1, 1]
    assert store.asked_snapshots == [SESSION], "the first had to make room for the second, which is still there"


async def test_a_session_that_has_come_to_rest_gets_a_snapshot_for_less(store: RecordingStore) -> None:
    keeper = Keeper(store, SessionView, SessionView.decode, rest_seconds=0.01)
    store.watch(keeper.committed)
    await store.say(*thoughts(REST_EVENTS))
    await store.say(*thoughts(REST_EVENTS - 1), session_id="ses_2")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.keep)
        await until(lambda: store.saved)
        await anyio.sleep(0.05)  # several rounds more
        tasks.cancel_scope.cancel()

    assert store.saved == [REST_EVENTS]
