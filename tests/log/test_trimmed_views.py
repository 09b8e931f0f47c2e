"""Views stay right while retention takes away what they were folded from, whatever it takes and when."""

from random import Random

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.errors import NotFound
from puntini.log.hub import Hub
from puntini.log.keeper import Keeper
from puntini.log.retention import Retention
from puntini.protocol.entries import entry_of
from puntini.protocol.events import LoggedEvent
from puntini.views.session import SessionView
from tests.log.logbook import SESSION, RecordingStore, hub_on
from tests.views.said import add_node, asked, drawn, fold, piece, whole
from tests.views.strategies import graphs, states, task_ids, tasks

pytestmark = pytest.mark.anyio

quiet: st.SearchStrategy[LoggedEvent] = st.one_of(tasks, graphs, states)


def in_pieces(message_id: str, texts: list[str], between: list[LoggedEvent]) -> list[LoggedEvent]:
    """A message as an agent says it: pieces, other things in between, and the whole."""
    offsets = [len("".join(texts[:at])) for at in range(len(texts))]
    pieces = [piece(message_id, text, offset) for text, offset in zip(texts, offsets, strict=True)]
    return [*pieces[:1], *between, *pieces[1:], whole(message_id, "".join(texts))]


ids = st.uuids().map(str)
told: st.SearchStrategy[list[LoggedEvent]] = st.one_of(
    quiet.map(lambda event: [event]),
    st.builds(lambda name, text, task: [asked(name, text, task=task)], ids, st.text("ab", max_size=4), task_ids),
    st.builds(in_pieces, ids, st.lists(st.text("ab", min_size=1, max_size=40), min_size=1), st.lists(quiet)),
)
"""Nobody else speaks between a message's pieces and its whole: then it does not matter where the message stands."""


class Trimmed:
    """A session under retention, its keeper, and everything that was ever said in it."""

    def __init__(self, hub: Hub, store: RecordingStore) -> None:
        self.hub = hub
        self.store = store
        self.said: list[LoggedEvent] = []
        self.unfinished: set[int] = set()
        self.restart()

    def restart(self) -> None:
        """Go on as another process."""
        self.keeper = Keeper(self.store, SessionView, SessionView.decode)

    async def say(self, events: list[LoggedEvent]) -> None:
        """Say what belongs together, at once or not."""
        self.unfinished |= set(range(len(self.said) + 1, len(self.said) + len(events)))
        for event in events:
            self.said.append(event)
            await self.store.say(entry_of(event))

    async def trim(self, keep_bytes: int) -> None:
        retention = Retention(self.store, self.keeper, self.hub, days=0, keep_bytes=keep_bytes)
        await retention.apply(SESSION)

    async def look(self) -> None:
        """The live view is what was said up to where it stands."""
        self.check(await self.keeper.view(SESSION))

    async def look_back(self, seq: int) -> None:
        """So is a view of the past, if the log still reaches back."""
        try:
            view = await self.keeper.view_at(SESSION, seq)
        except NotFound:
            assert seq < (await self.store.bounds(SESSION)).floor
        else:
            assert view.seq == seq
            self.check(view)

    def check(self, view: SessionView) -> None:
        if view.seq not in self.unfinished:  # where pieces were erased, their message is back with its whole
            assert view.encode() == fold(self.said[: view.seq]).encode()


async def test_a_live_view_that_was_overtaken_starts_anew_from_a_snapshot() -> None:
    store = RecordingStore()
    async with hub_on(store) as hub:
        await store.say()
        trimmed = Trimmed(hub, store)
        await trimmed.look()
        for number in range(1, 40):
            await trimmed.say([drawn(add_node(f"n{number}"), version=number)])

        await trimmed.trim(1_000)

        assert len((await trimmed.keeper.view(SESSION)).graph.graph().nodes) == 39
        await trimmed.keeper.snapshot(SESSION)
        trimmed.restart()
        await trimmed.look()


@given(st.lists(told, min_size=1, max_size=12), st.data())
async def test_every_view_is_a_fold_of_all_that_was_ever_said(
    story: list[list[LoggedEvent]], data: st.DataObject
) -> None:
    store = RecordingStore()
    async with hub_on(store) as hub:
        await store.say()
        trimmed = Trimmed(hub, store)
        for part in story:
            await trimmed.say(part)
            for act in data.draw(st.lists(st.sampled_from(["look", "save", "restart", "trim"]), max_size=3), "then"):
                match act:
                    case "look":
                        await trimmed.look()
                    case "save":
                        await trimmed.keeper.snapshot(SESSION)
                    case "restart":
                        trimmed.restart()
                    case "trim":
                        await trimmed.trim(data.draw(st.integers(1, 2_000), "keep"))

        await trimmed.look()
        for seq in range(len(trimmed.said) + 1):
            await trimmed.look_back(seq)
        trimmed.restart()
        await trimmed.look()


class Rush:
    """Writing, trimming and looking at the same time, in an order drawn from a seed; pages are of a few events."""

    PARTS = 150

    def __init__(self, seed: int, trimmed: Trimmed) -> None:
        self.random = Random(seed)
        self.trimmed = trimmed
        self.writing = True
        self.trims = 0
        trimmed.store.page_bytes = self.random.choice([1, 1_000])

    async def breathe(self, most: int) -> None:
        for _ in range(self.random.randrange(1, most)):
            await anyio.lowlevel.checkpoint()

    async def write(self) -> None:
        for number in range(1, self.PARTS):
            drawing: LoggedEvent = drawn(add_node(f"n{number % 60}", n=number), version=number)
            message = in_pieces(f"m{number}", ["a" * 60, "b"], [drawing])
            await self.trimmed.say(self.random.choice([[drawing], message, [asked(f"m{number}", "hm")]]))
            await self.breathe(12)
        self.writing = False

    async def trim(self) -> None:
        while self.writing:
            await self.trimmed.trim(self.random.choice([1, 500, 5_000]))
            self.trims += 1
            await self.breathe(8)

    async def look(self) -> None:
        while self.writing:
            await self.trimmed.look()
            await self.trimmed.look_back(self.random.randint(0, len(self.trimmed.said)))
            if self.random.random() < 0.1:
                await self.trimmed.keeper.snapshot(SESSION)
            await self.breathe(40)


@pytest.mark.parametrize("seed", range(20))
async def test_views_are_right_while_the_log_is_being_trimmed(seed: int) -> None:
    store = RecordingStore()
    async with hub_on(store) as hub:
        await store.say()
        rush = Rush(seed, Trimmed(hub, store))
        with anyio.fail_after(20):
            async with anyio.create_task_group() as together:
                for part in (rush.write, rush.trim, rush.look, rush.look):
                    together.start_soon(part)

        await rush.trimmed.look()
        assert rush.trims > 5
