"""A session is trimmed again and again under load: who follows it misses nothing, and no view of it is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from anyio.to_thread import run_sync

from puntini.protocol.events import LoggedEvent
from puntini.views.session import SessionView
from tests.live.faults.reader import Reader, caught_up
from tests.live.serving import Serving, seq_of, serving, wait_for

pytestmark = pytest.mark.anyio

KEEP = 60_000
PLAY = "play 300 events every 1 ms of 300 bytes"
PLAYED = 300

_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path, retention_bytes_per_session=KEEP) as running:
        yield running


class Trimmed:
    """A session under load, and a follower that knows all that was ever said in it."""

    def __init__(self, server: Serving) -> None:
        self.server = server
        self.session = server.create()
        self.follower = Reader(server, self.session, ["sse"])
        self.edits = 0
        self.checked = 0

    def edit(self) -> None:
        """Add a node that nobody touches again."""
        self.edits += 1
        node = {"id": f"edit-{self.edits}", "label": "Edit", "props": {}}
        self.server.command(self.session, "graph_edit", base_version=0, delta=[{"action": "add_node", "node": node}])

    async def play(self) -> None:
        """Let the agent play, while nobody looks."""
        task = await run_sync(self.server.play, self.session, PLAY)
        assert await run_sync(self.server.finish, task) == "completed"

    async def play_unseen(self) -> None:
        """Let the agent play, then a person edit; all that is trimmed before anybody looks."""
        await self.play()
        await run_sync(self.edit)
        edited = await run_sync(self.head)
        data = {"to_agent": "scripted", "reason": "x" * KEEP}  # an event that is large and needs no view
        await run_sync(lambda: self.server.command(self.session, "workflow_update", **data))
        await run_sync(wait_for, lambda: self.floor() >= edited, 10, "the trim")

    def head(self) -> int:
        """The newest event's seq."""
        return int(self.server.get(f"/v1/sessions/{self.session}")["events"])

    def floor(self) -> int:
        """Behind which the log begins; 0 when it moved just now."""
        path = f"/v1/sessions/{self.session}/stream?after=earliest&limit=1"
        page = self.server.ask("GET", path, headers={"accept": "application/json"}).raise_for_status().json()
        if not page["events"]:
            return seq_in(page["next"])
        first = page["events"][0]
        return seq_of(first) - 1 if "id" in first else 0  # a gap

    async def play_and_stir(self) -> None:
        """Let the agent play, with edits and looks in between."""
        async with anyio.create_task_group() as load:
            load.start_soon(self._stir)
            await self.play()
            load.cancel_scope.cancel()

    async def _stir(self) -> None:
        while True:
            await run_sync(self.edit)
            await self.look()

    async def look(self) -> None:
        """A client that comes now is shown what the follower has seen."""
        ready = (await run_sync(self.page, "")).pop()
        seq = seq_in(ready["cursor"])
        await caught_up([self.follower], seq)
        assert shown(ready) == shown_by(self.folded(seq))
        self.checked += 1

    async def look_at_rest(self) -> None:
        """So it is by every other door, while nothing is being said."""
        head = await run_sync(self.head)
        await caught_up([self.follower], head)
        await self.look()
        view = self.folded(head)
        graph = await run_sync(self.server.get, f"/v1/sessions/{self.session}/graph")
        messages = await run_sync(self.server.get, f"/v1/sessions/{self.session}/messages?limit=50")
        assert by_id(graph) == by_id(plain(view.graph.graph()))
        assert messages == {"items": plain(view.messages(limit=50)), "total": view.message_count}
        assert sum(node["id"].startswith("edit-") for node in graph["nodes"]) == self.edits

    def page(self, after: str) -> list[dict[str, Any]]:
        """What a page begins with: the data of its control events."""
        headers = {"accept": "application/json"} | ({"last-event-id": after} if after else {})
        page = self.server.ask("GET", f"/v1/sessions/{self.session}/stream", headers=headers).raise_for_status().json()
        return [event["data"] for event in page["events"] if event["type"] in {"gap", "session_ready"}]

    def folded(self, seq: int) -> SessionView:
        """What the follower's events amount to, up to a seq."""
        view = SessionView()
        for number, event in enumerate(self.follower.events[:seq], 1):
            view.apply(number, _logged.decode(event))
        return view


def seq_in(cursor: str) -> int:
    return int(cursor.rpartition(".")[2])


def plain(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def by_id(graph: dict[str, Any]) -> dict[str, Any]:
    return {"version": graph["version"]} | {node["id"]: node for node in graph["nodes"]}


def shown(ready: dict[str, Any]) -> dict[str, Any]:
    """What a snapshot says of the session."""
    kept = {name: ready.get(name) for name in ("status", "messages", "state", "tasks")}
    return kept | {"graph": by_id(ready["initial_graph"])}


def shown_by(view: SessionView) -> dict[str, Any]:
    return shown(plain(view.ready(session_id="", cursor="", agent="").data))


async def test_a_session_that_is_trimmed_under_load_stays_right(server: Serving) -> None:
    trimmed = await run_sync(Trimmed, server)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trimmed.follower.run)
        for play in (trimmed.play_and_stir, trimmed.play_unseen, trimmed.play_and_stir, trimmed.play_unseen):
            await play()
        await trimmed.look_at_rest()
        await run_sync(server.restart)
        await trimmed.look_at_rest()
        await trimmed.play_and_stir()
        await trimmed.look_at_rest()
        tasks.cancel_scope.cancel()

    assert_followed(trimmed.follower)
    assert trimmed.checked > 8
    await run_sync(wait_for, lambda: trimmed.floor() > 3 * PLAYED, 10, "the trim")


def assert_followed(follower: Reader) -> None:
    """Every event came once and in order, also over the restart."""
    assert follower.ids == list(range(1, len(follower.ids) + 1))
    assert not follower.told("gap")
    assert follower.opened == 2


async def test_a_client_with_an_id_that_was_trimmed_is_told_and_shown_what_is_right(server: Serving) -> None:
    trimmed = await run_sync(Trimmed, server)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trimmed.follower.run)
        for _ in range(3):
            await trimmed.play_and_stir()
        await trimmed.look_at_rest()
        tasks.cancel_scope.cancel()

    epoch = next(iter(trimmed.follower.epochs))
    gap, ready = await run_sync(trimmed.page, f"{epoch}.{PLAYED // 2}")

    assert (gap["reason"], gap["resumed_at"]) == ("expired", ready["cursor"])
    assert shown(ready) == shown_by(trimmed.folded(seq_in(ready["cursor"])))
