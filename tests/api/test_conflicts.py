"""Edits of the graph by several people at the same time: merged, and what met is told to all."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from puntini.api.desk import Desk
from puntini.auth.principals import Principal
from puntini.errors import Conflict
from puntini.log.contract import Store
from puntini.log.keeper import Keeper
from puntini.protocol.commands import GraphEdit, GraphEditData
from puntini.protocol.events import Accepted, AcceptedData, Debug
from puntini.protocol.graph import GraphConflict, GraphOp, Node
from puntini.store.memory import MemoryStore
from puntini.views.session import SessionView
from tests.api.calling import Api
from tests.api.inside import inside
from tests.views.said import add_node, node, remove_node, update_node

pytestmark = pytest.mark.anyio


class Office:
    """A session in which several people edit the graph."""

    def __init__(self, desk: Desk, store: Store, session_id: str) -> None:
        self.desk = desk
        self.store = store
        self.session_id = session_id

    async def edit(self, user: str, base: int, *delta: GraphOp, command_id: str = "") -> AcceptedData:
        """An edit; returns what its editor is told."""
        command = GraphEdit(command_id=command_id, data=GraphEditData(base_version=base, delta=list(delta)))
        reply = await self.desk.execute(self.session_id, command, Principal(user, "admin"))
        assert isinstance(reply, Accepted)
        return reply.data

    async def nodes(self) -> list[Node]:
        """The nodes, as another process would find them."""
        keeper = Keeper(self.store, SessionView, SessionView.decode)
        return (await keeper.view(self.session_id)).graph.nodes()

    async def log(self) -> list[str]:
        """The kinds of all events."""
        return [entry.kind for _, entry in (await self.store.read(self.session_id, 0)).events]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """An office where ann has drawn a node, and bob has seen it."""
    store = MemoryStore()
    async with inside(store) as parts:
        office = Office(parts.desk, store, await parts.desk.create("", user="ann"))
        await office.edit("ann", 0, add_node("a", p=1, q=1))
        yield office


MET = GraphConflict("a", "props.p", 3, 2, "ann")


async def test_an_edit_that_meets_another_wins_and_is_told(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))

    told = await office.edit("bob", 1, update_node("a", p=3))

    assert told.conflicts == [MET]
    assert await office.nodes() == [node("a", p=3, q=1)]


async def test_everyone_is_told_by_an_event_of_the_same_append(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))
    told = await office.edit("bob", 1, update_node("a", p=3))

    page = await office.store.read(office.session_id, 2)
    [(_, update), (seq, debug)] = page.events
    event = msgspec.json.decode(debug.line, type=Debug)
    assert (update.kind, debug.kind) == ("graph_update", "debug:info")
    assert told.cursor == f"{office.store.epoch}.{seq}"
    assert event.data.message == "An edit by bob on version 1 met a change that others had made since."
    assert event.data.details == {
        "conflicts": [{"element": "a", "field": "props.p", "mine": 3, "theirs": 2, "author": "ann"}]
    }


async def test_edits_of_different_fields_meet_in_peace(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))

    told = await office.edit("bob", 1, update_node("a", p=1, q=3))

    assert told.conflicts == []
    assert await office.log() == ["graph_update"] * 3
    assert await office.nodes() == [node("a", p=2, q=3)]


async def test_who_has_seen_the_change_is_told_nothing(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))

    assert (await office.edit("bob", 2, update_node("a", p=3))).conflicts == []
    assert (await office.edit("bob", 1, update_node("a", p=4))).conflicts == []


async def test_an_edit_of_what_was_removed_is_told_and_not_done(office: Office) -> None:
    await office.edit("ann", 1, remove_node("a"))

    told = await office.edit("bob", 1, update_node("a", p=3))

    [conflict] = told.conflicts
    assert (conflict.element, conflict.field, conflict.author) == ("a", "removed", "ann")
    assert conflict.mine == {"id": "a", "label": "Thing", "props": {"p": 3}}
    assert await office.nodes() == []
    assert await office.log() == ["graph_update", "graph_update", "debug:info"]


async def test_two_who_remove_the_same_agree(office: Office) -> None:
    await office.edit("ann", 1, remove_node("a"))

    told = await office.edit("bob", 1, remove_node("a"))

    assert told.conflicts == []
    assert await office.log() == ["graph_update"] * 2


async def test_an_edit_that_can_not_be_merged_is_refused_whole(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))

    with pytest.raises(Conflict, match=r"data.delta\[1\]: there is no node `x`"):
        await office.edit("bob", 1, update_node("a", p=3), update_node("x"))

    assert await office.log() == ["graph_update"] * 2


async def test_a_repeat_is_told_the_same(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))
    first = await office.edit("bob", 1, update_node("a", p=3), command_id="c1")
    await office.edit("ann", 3, update_node("a", p=5))

    assert await office.edit("bob", 1, update_node("a", p=3), command_id="c1") == first
    assert first.conflicts == [MET]


async def test_what_others_did_is_known_to_another_process_too(office: Office) -> None:
    await office.edit("ann", 1, update_node("a", p=2))
    await Keeper(office.store, SessionView, SessionView.decode).snapshot(office.session_id)

    async with inside(office.store) as parts:
        other = Office(parts.desk, office.store, office.session_id)
        assert (await other.edit("bob", 1, update_node("a", p=3))).conflicts == [MET]


async def test_a_person_is_told_of_an_agents_changes_over_http(api: Api) -> None:
    session_id = await api.create()
    await api.command(session_id, "graph_edit", base_version=0, delta=[_op("add_node", n=0)])
    await api.played(session_id, "play 3 events")

    answer = await api.command(session_id, "graph_edit", base_version=1, delta=[_op("update_node", n=99)])

    met = {"element": "node-0", "field": "props.n", "mine": 99, "theirs": 3, "author": "scripted"}
    assert answer.status_code == 202
    assert answer.json()["conflicts"] == [met]
    events = await api.events(session_id, events="debug", level="info")
    assert events[-1]["data"]["details"] == {"conflicts": [met]}
    assert (
        "conflicts"
        not in (await api.command(session_id, "graph_edit", base_version=3, delta=[_op("update_node")])).json()
    )


def _op(action: str, **props: object) -> dict[str, object]:
    return {"action": action, "node": {"id": "node-0", "label": "Number", "props": props}}
