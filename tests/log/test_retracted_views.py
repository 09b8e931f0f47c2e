"""Views after a retraction are as if what it took back had never been said; those before it show what was seen."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from puntini.errors import NotFound
from puntini.log.contract import Append, TaskRow
from puntini.log.hub import Hub
from puntini.log.keeper import Keeper
from puntini.log.retention import Retention
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
            await self.checkpoint(task)
        await self.say(event)

    async def checkpoint(self, task: str) -> None:
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
            assert (await keeper.view(SESSION)).encode() == as_if(self.said).encode()

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
