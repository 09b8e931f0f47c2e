"""Views after a retraction are as if what it took back had never been said; those before it show what was seen."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from puntini.errors import NotFound
from puntini.log.contract import Append, TaskRow
from puntini.log.hub import Hub
from puntini.log.keeper import REST_EVENTS, Keeper
from puntini.log.retention import Retention
from puntini.log.retractions import retractions
from puntini.protocol.entries import entry_of
from puntini.protocol.events import GraphUpdate, LoggedEvent, StateUpdate, TaskRetracted, TaskStatus
from puntini.views.session import SessionView
from tests.log.logbook import SESSION, RecordingStore, hub_on
from tests.views.said import (
    add_node,
    asked,
    drawn,
    ended,
    piece,
    progressed,
    requested,
    resolved,
    resumed,
    retracted,
    snapshot,
    started,
    status,
    whole,
)

pytestmark = pytest.mark.anyio

STANDS = {"user_prompt", "task_started", "task_resumed", "task_completed", "task_retracted", "approval_resolved"}


def type_of(event: LoggedEvent) -> str:
    return str(event.__struct_config__.tag)


def void_in(said: Sequence[LoggedEvent]) -> set[int]:
    """The seqs that are void after ``said``."""
    void: set[int] = set()
    for event in said:
        if isinstance(event, TaskRetracted):
            first, last = (int(id_.partition(".")[2]) for id_ in (event.data.from_id, event.data.to_id))
            named = ((seq, said[seq - 1]) for seq in range(first, last + 1))
            void |= {seq for seq, each in named if each.task_id == event.task_id and type_of(each) not in STANDS}
    return void


def as_if(said: Sequence[LoggedEvent]) -> SessionView:
    """The view after ``said``, from the beginning and without what is void; but versions never go back."""
    view, void = SessionView(), void_in(said)
    for seq, event in enumerate(said, start=1):
        if seq not in void:
            view.apply(seq, event)
        elif isinstance(event, GraphUpdate):
            view.apply(seq, replace(event, data=replace(event.data, delta=[])))
        elif isinstance(event, StateUpdate):
            now = replace(event.data, snapshot=view.state, patch=None)
            view.apply(seq, replace(event, data=now))
        else:
            view.skip(seq)
    return view


class Session:
    """A session whose tasks die and are taken up again, under retention, and everything that was ever said in it.

    ``processes`` are keepers that live beside one another.
    """

    def __init__(self, hub: Hub, store: RecordingStore) -> None:
        self.hub = hub
        self.store = store
        self.said: list[LoggedEvent] = []
        self.safe: dict[str, int] = {}
        self.ended: set[str] = set()
        self.processes = [keeper_of(store), keeper_of(store)]

    # What happens in it.

    async def say(self, *events: LoggedEvent) -> None:
        self.said += events
        await self.store.say(*[entry_of(event) for event in events])

    async def hear(self, event: LoggedEvent) -> None:
        """Say something if its task has not ended, which begins with it."""
        task = event.task_id
        if task in self.ended:
            return
        if task and task not in self.safe:
            await self._turn(task, "running", asked(f"prompt {task}", "Go!", task=task), started(task))
            self.safe[task] = len(self.said)
        await self.say(event)

    async def checkpoint(self, task: str) -> None:
        """A task that has begun saves; of one that has not, retention knows nothing."""
        if task in self.safe:
            self.safe[task] = len(self.said)

    async def crash(self, task: str) -> None:
        """A server dies: what the attempt said after its last checkpoint is taken back."""
        first, last = self.safe.get(task, len(self.said)) + 1, len(self.said)
        if first <= last and task not in self.ended:
            await self._turn(task, "running", retracted(first, last, task=task), resumed(task))

    async def end(self, task: str) -> None:
        if task in self.safe and task not in self.ended:
            await self._turn(task, "completed", ended(task))
            self.ended.add(task)

    async def _turn(self, task: str, status: TaskStatus, *events: LoggedEvent) -> None:
        row = TaskRow(
            task_id=task, session_id=SESSION, agent="dot", prompt="", status=status, created_at=1, updated_at=1
        )
        self.said += events
        entries = [entry_of(event) for event in events]
        await self.store.append(Append(session_id=SESSION, entries=entries, task=row, at=1))

    # What may be done at any time.

    async def save(self, process: int) -> None:
        await self.processes[process].snapshot(SESSION)

    async def restart(self, process: int) -> None:
        self.processes[process] = keeper_of(self.store)

    async def trim(self, keep_bytes: int) -> None:
        await Retention(self.store, self.processes[0], self.hub, days=0, keep_bytes=keep_bytes).apply(SESSION)

    async def look(self) -> None:
        """What the processes show at the head is right."""
        for keeper in self.processes:
            view = await keeper.view(SESSION)
            assert view.encode() == as_if(self.said[: view.seq]).encode()

    async def look_back(self, seq: int) -> None:
        """So is what they show of the past, if the log still reaches back."""
        for keeper in self.processes:
            try:
                view = await keeper.view_at(SESSION, seq)
            except NotFound:
                assert seq < (await self.store.bounds(SESSION)).floor
            else:
                assert view.encode() == as_if(self.said[:seq]).encode()


def keeper_of(store: RecordingStore) -> Keeper[SessionView]:
    return Keeper(store, SessionView, SessionView.decode)


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def session(store: RecordingStore) -> AsyncIterator[Session]:
    async with hub_on(store) as hub:
        await store.say()
        yield Session(hub, store)


def node_ids(view: SessionView) -> list[str]:
    return [node.id for node in view.graph.graph().nodes]


async def test_after_a_crash_the_view_is_what_it_was_at_the_checkpoint_and_versions_go_on(session: Session) -> None:
    await session.hear(drawn(add_node("a"), version=1, task="t1"))
    await session.checkpoint("t1")
    await session.hear(drawn(add_node("b"), version=2, task="t1"))
    await session.say(drawn(add_node("by ada"), version=3))
    await session.hear(drawn(add_node("c"), version=4, task="t1"))
    before = len(session.said)
    await session.crash("t1")
    keeper = session.processes[0]

    now, then = await keeper.view(SESSION), await keeper.view_at(SESSION, before)

    assert (node_ids(now), now.graph.version) == (["a", "by ada"], 4)
    assert (node_ids(then), then.graph.version) == (["a", "b", "by ada", "c"], 4)


async def test_a_snapshot_with_void_words_is_not_gone_on_from(session: Session, store: RecordingStore) -> None:
    await session.hear(drawn(add_node("a"), task="t1"))
    await session.save(0)
    await session.crash("t1")
    store.reads_after.clear()

    await session.restart(0)
    view = await session.processes[0].view(SESSION)

    assert node_ids(view) == []
    assert store.reads_after[0] == 3, "it was tried, for nobody knows what comes"


async def test_many_who_watch_cost_one_fold(session: Session, store: RecordingStore) -> None:
    await session.hear(drawn(add_node("a"), task="t1"))
    keeper = session.processes[0]
    await keeper.view(SESSION)
    await session.crash("t1")
    store.reads_after.clear()
    seen: list[list[str]] = []

    async def watch() -> None:
        seen.append(node_ids(await keeper.view(SESSION)))

    async with anyio.create_task_group() as watchers:
        for _ in range(50):
            watchers.start_soon(watch)

    assert seen == [[]] * 50
    assert store.reads_after == [3, 0, 0, 4], "on, then back: what is void, then the fold in two parts"


@pytest.mark.parametrize("turns", range(1, 12))
async def test_one_who_leaves_during_the_fold_leaves_the_view_right(turns: int, session: Session) -> None:
    await session.hear(drawn(add_node("a"), task="t1"))
    await session.look()
    await session.crash("t1")

    async with anyio.create_task_group() as watchers:
        watchers.start_soon(session.processes[0].view, SESSION)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        watchers.cancel_scope.cancel()

    await session.look_back(3)
    await session.look()


async def test_a_long_way_back_is_gone_once(session: Session, store: RecordingStore) -> None:
    await session.hear(drawn(add_node("a"), task="t1"))
    await session.say(*[progressed("t1") for _ in range(REST_EVENTS)])
    await session.crash("t1")
    retraction = len(session.said) - 1
    await session.look()
    assert store.saved[0] == retraction
    store.reads_after.clear()

    await session.restart(0)
    await session.look()
    await session.look_back(retraction)

    assert min(store.reads_after) == retraction


# Retention.


async def test_the_floor_never_lies_between_what_was_said_in_vain_and_its_retraction(session: Session) -> None:
    await session.hear(whole("m1", "x" * 400, task="t1"))
    await session.checkpoint("t1")
    for number in range(20):
        await session.hear(whole(f"v{number}", "x" * 400, task="t1"))
    await session.crash("t1")
    await session.end("t1")

    await session.trim(5_000)

    assert (await session.store.bounds(SESSION)).floor == 3
    await session.restart(0)
    await session.look()


async def test_a_message_whose_whole_was_said_in_vain_keeps_its_pieces(session: Session) -> None:
    await session.hear(piece("m1", "Hel", 0, task="t1"))
    await session.checkpoint("t1")
    await session.hear(whole("m1", "Hello", task="t1"))
    await session.crash("t1")
    await session.end("t1")
    await session.hear(whole("m2", "x" * 2_000, task="t2"))

    await session.trim(2_000)

    await session.restart(0)
    await session.look()
    assert (await session.processes[0].view(SESSION)).messages(limit=9)[1].content == "Hel"


async def test_a_log_that_no_longer_reaches_back_shows_what_there_is_and_warns(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    await session.hear(drawn(add_node("a"), task="t1"))
    await session.processes[0].snapshot_at(SESSION, 3)
    await session.store.trim(SESSION, 3)
    await session.hear(drawn(add_node("b"), task="t1"))
    await session.crash("t1")

    assert node_ids(await session.processes[0].view(SESSION)) == ["a"]
    assert "does not reach back" in capsys.readouterr().out


# Bounded.


async def test_a_thousand_crashes_are_folded_in_three_passes(session: Session, store: RecordingStore) -> None:
    for number in range(1_000):
        await session.hear(drawn(add_node(f"n{number}"), version=number + 1, task="t1"))
        await session.crash("t1")
        await session.hear(drawn(add_node(f"n{number}"), version=number + 1, task="t1"))
        await session.checkpoint("t1")
    store.reads_after.clear()
    assert len(await retractions(store, SESSION, 0, len(session.said))) == 1_000
    once = len(store.reads_after)

    view = await session.processes[0].view(SESSION)

    assert len(view.graph.graph().nodes) == 1_000
    assert len(store.reads_after) - once <= 3 * once


async def test_a_crash_costs_a_live_view_what_lies_behind_the_snapshot_before_it(
    session: Session, store: RecordingStore
) -> None:
    keeper = session.processes[0]
    taken_in = 0
    for number in range(300):
        await session.say(*[progressed("t1") for _ in range(10)])
        await session.hear(drawn(add_node(f"n{number}"), version=number + 1, task="t1"))
        await session.crash("t1")
        await session.checkpoint("t1")
        store.reads_after.clear()
        await keeper.view(SESSION)
        taken_in = max(taken_in, len(session.said) - min(store.reads_after))

    assert taken_in <= 2 * REST_EVENTS


# Whatever happens.

ids = st.uuids().map(lambda id_: str(id_)[:8])
tasks = st.sampled_from(["t1", "t2"])
numbers = st.integers(0, 9)
words: st.SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(lambda name, task: whole(name, "Hi", task=task), ids, tasks),
    st.builds(lambda at, task: piece(f"open {task}", "Hel", at, task=task), st.integers(0, 9), tasks),
    st.builds(lambda n, task: drawn(add_node(f"n{n}", by=task), version=n, task=task), numbers, tasks),
    st.builds(lambda n: drawn(add_node(f"n{n}", by="ada"), version=n), numbers),
    st.builds(lambda n, task: snapshot({"n": n}, version=n, task=task), numbers, tasks),
    st.builds(lambda n, task: progressed(task, progress=n / 10), numbers, tasks),
    st.builds(lambda n, task: requested(f"a{n % 2}", f"{n}?", task=task), numbers, tasks),
    st.builds(lambda n, task: resolved(f"a{n % 2}", task=task), numbers, tasks),
    st.builds(lambda n, task: status("dot", "busy", str(n), task=task), numbers, tasks),
)
Step = Callable[[Session], Awaitable[None]]
turns: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda task: lambda session: session.crash(task), tasks),
    st.builds(lambda task: lambda session: session.checkpoint(task), tasks),
    st.builds(lambda task: lambda session: session.end(task), tasks),
)
processes = st.sampled_from([0, 1])
acts: st.SearchStrategy[Step] = st.one_of(
    st.just(Session.look),
    st.builds(lambda part: lambda session: session.look_back(round(part * len(session.said))), st.floats(0, 1)),
    st.builds(lambda process: lambda session: session.save(process), processes),
    st.builds(lambda process: lambda session: session.restart(process), processes),
    st.builds(lambda size: lambda session: session.trim(size), st.integers(1, 3_000)),
)
"""What must not change what any view shows."""
steps = st.one_of(words.map(lambda event: lambda session: session.hear(event)), turns, acts)


@given(st.lists(steps, min_size=30, max_size=60))
async def test_every_view_is_a_fold_of_the_log_without_what_is_void(story: list[Step]) -> None:
    store = RecordingStore()
    async with hub_on(store) as hub:
        await store.say()
        session = Session(hub, store)
        for step in story:
            await step(session)

        await session.look()
        for seq in range(len(session.said) + 1):
            await session.look_back(seq)
        await session.restart(0)
        await session.look()


class Rush:
    """Speaking, dying, trimming and looking at the same time, in an order drawn from a seed."""

    def __init__(self, seed: int, session: Session) -> None:
        self.random = Random(seed)
        self.session = session
        self.writing = True
        session.store.page_bytes = self.random.choice([1, 1_000])

    async def breathe(self, most: int) -> None:
        for _ in range(self.random.randrange(1, most)):
            await anyio.lowlevel.checkpoint()

    async def write(self) -> None:
        for number in range(120):
            task = f"t{number // 40}"
            await self.session.hear(drawn(add_node(f"n{number % 60}", n=number), version=number, task=task))
            match self.random.randrange(6):
                case 0:
                    await self.session.checkpoint(task)
                case 1:
                    await self.session.crash(task)
            if number % 40 == 39:
                await self.session.end(task)
            await self.breathe(12)
        self.writing = False

    async def trim(self) -> None:
        while self.writing:
            await self.session.trim(self.random.choice([1, 500, 5_000]))
            await self.breathe(8)

    async def look(self) -> None:
        while self.writing:
            await self.session.look()
            await self.session.look_back(self.random.randint(0, len(self.session.said) // 2))
            if self.random.random() < 0.1:
                await self.session.save(self.random.randrange(2))
            await self.breathe(40)


@pytest.mark.parametrize("seed", range(10))
async def test_views_are_right_while_tasks_die_and_the_log_is_trimmed(seed: int, session: Session) -> None:
    rush = Rush(seed, session)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as together:
            for part in (rush.write, rush.trim, rush.look, rush.look):
                together.start_soon(part)

    await session.look()
    assert (await session.store.bounds(SESSION)).floor > 0
