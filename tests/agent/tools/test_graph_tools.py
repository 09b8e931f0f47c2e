"""The graph tools: what they do, what they answer, and that doing it again changes nothing more."""

import inspect
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.graph import (
    EDITORS,
    NEED_CONSENT,
    READERS,
    TEXT_SHOWN,
    NewEdge,
    NewNode,
    add_edges,
    add_nodes,
    clear_graph,
    connect,
    describe_graph,
    disconnect,
    find_nodes,
    find_path,
    neighbourhood,
    remove_node,
    update_node,
)
from puntini.protocol.graph import GraphOp
from tests.agent.tools.drawing import Drawing
from tests.views.said import add_edge, add_node, edge, node

pytestmark = pytest.mark.anyio
PEOPLE = (
    add_node("a", "Person", "Ann", age=30),
    add_node("b", "Person", "Bob"),
    add_node("u", "City", "Ulm"),
    add_edge("e", "a", "b", "KNOWS", since=2020),
    add_edge("f", "b", "u", "LIVES_IN"),
)


@pytest.fixture
def people() -> Drawing:
    return Drawing(*PEOPLE)


# Editing.


async def test_nodes_are_added_once(people: Drawing) -> None:
    new = [NewNode("Person", "Eve", {"age": 5}), NewNode("Person", "Ann", {"age": 31}), NewNode("Person", "Eve")]

    first, second = [await add_nodes(people, new) for _ in range(2)]

    assert [(each["id"], each["created"]) for each in first["nodes"]] == [("id1", True), ("a", False), ("id1", False)]
    assert first["nodes"][0] == {"id": "id1", "label": "Person", "key": "Eve", "created": True}
    assert [each["created"] for each in second["nodes"]] == [False] * 3
    assert len(people.edits) == 1
    assert people.view.node("a") == node("a", "Person", "Ann", age=31)
    assert people.view.node("id1") == node("id1", "Person", "Eve", age=5)


async def test_a_connection_is_made_once(people: Drawing) -> None:
    first, second = [await connect(people, "Ann", "ulm", "LIVES_IN", {"since": 1}) for _ in range(2)]

    made = {"id": "id1", "label": "LIVES_IN", "source": "a", "target": "u"}
    assert (first, second) == ({"edge": made, "created": True}, {"edge": made, "created": False})
    assert people.edits == [[GraphOp("add_edge", edge=edge("id1", "a", "u", "LIVES_IN", since=1))]]


async def test_a_connection_that_is_there_gets_the_properties(people: Drawing) -> None:
    answer = await connect(people, "Person:Ann", "b", "KNOWS", {"well": True})

    assert answer["created"] is False
    assert people.view.edge("e") == edge("e", "a", "b", "KNOWS", since=2020, well=True)


async def test_a_connection_the_other_way_round_is_another(people: Drawing) -> None:
    assert (await connect(people, "Bob", "Ann", "KNOWS"))["created"]
    assert (await connect(people, "Ann", "Bob"))["edge"]["label"] == "RELATED_TO"


async def test_many_connections_are_one_edit(people: Drawing) -> None:
    new = [NewEdge("Ann", "Ulm", "LIKES"), NewEdge("Ann", "Bob", "KNOWS"), NewEdge("Ann", "Ulm", "LIKES", {"p": 1})]

    first, second = [await add_edges(people, new) for _ in range(2)]

    assert [(each["id"], each["created"]) for each in first["edges"]] == [("id1", True), ("e", False), ("id1", False)]
    assert [each["created"] for each in second["edges"]] == [False] * 3
    assert len(people.edits) == 1
    assert people.view.edge("id1") == edge("id1", "a", "u", "LIKES", p=1)


async def test_of_many_connections_none_is_made_when_one_can_not_be(people: Drawing) -> None:
    with pytest.raises(ToolFailed, match="There is no node `Uln`; did you mean `Ulm`"):
        await add_edges(people, [NewEdge("Ann", "Ulm"), NewEdge("Ann", "Uln")])
    assert people.edits == []


async def test_a_node_is_renamed_and_changed(people: Drawing) -> None:
    answers = [await update_node(people, "a", key="Anna", props={"age": None, "likes": ["tea"]}) for _ in range(2)]

    changed = {"id": "a", "label": "Person", "key": "Anna", "props": {"likes": ["tea"]}}
    assert answers == [{"node": changed}] * 2
    assert len(people.edits) == 1
    assert (await update_node(people, "Anna", label="Poet"))["node"]["label"] == "Poet"


async def test_a_node_can_not_take_anothers_name(people: Drawing) -> None:
    with pytest.raises(ToolFailed, match="node `b` has this label and key"):
        await update_node(people, "Ann", key="Bob")
    assert people.edits == []


async def test_a_node_is_removed_with_its_edges(people: Drawing) -> None:
    assert await remove_node(people, "Bob") == {"removed": "b", "edges": 2}
    with pytest.raises(ToolFailed, match="There is no node `Bob`"):
        await remove_node(people, "Bob")
    assert len(people.edits) == 1


async def test_nodes_are_disconnected_in_one_direction(people: Drawing) -> None:
    await connect(people, "Ann", "Bob", "LIKES")
    await connect(people, "Bob", "Ann", "LIKES")

    assert await disconnect(people, "Ann", "Bob", "KNOWS") == {"removed": ["e"]}
    assert await disconnect(people, "Ann", "Bob") == {"removed": ["id1"]}
    assert await disconnect(people, "Ann", "Bob") == {"removed": []}
    assert [each.id for each in people.view.edges()] == ["f", "id2"]


async def test_a_graph_is_cleared_once(people: Drawing) -> None:
    assert await clear_graph(people) == {"nodes": 3, "edges": 2}
    assert await clear_graph(people) == {"nodes": 0, "edges": 0}
    assert len(people.edits) == 1


# Reading.


async def test_nodes_are_found(people: Drawing) -> None:
    assert await find_nodes(people, text="ann") == {
        "nodes": [{"id": "a", "label": "Person", "key": "Ann", "props": {"age": 30}}],
        "total": 1,
    }
    assert (await find_nodes(people, label="person", limit=1))["total"] == 2
    assert [each["id"] for each in (await find_nodes(people, property="age", value=30))["nodes"]] == ["a"]
    assert await find_nodes(people, value="none") == {"nodes": [], "total": 0}


async def test_what_is_around_a_node_is_told(people: Drawing) -> None:
    answer = await neighbourhood(people, "Bob")

    assert [each["key"] for each in answer["nodes"]] == ["Bob", "Ann", "Ulm"]
    assert answer["edges"][0] == {"id": "e", "label": "KNOWS", "source": "a", "target": "b", "props": {"since": 2020}}
    assert set(answer) == {"nodes", "edges"}
    assert (await neighbourhood(people, "Bob", limit=2))["complete"] is False
    assert len((await neighbourhood(people, "Ann", depth=2))["nodes"]) == 3


async def test_a_path_is_told_with_its_directions(people: Drawing) -> None:
    answer = await find_path(people, "Ulm", "Ann")

    assert answer["path"] == ["Ulm", "Bob", "Ann"]
    assert [(each["id"], each["forward"]) for each in answer["edges"]] == [("f", False), ("e", False)]
    assert [each["forward"] for each in (await find_path(people, "Ann", "Ulm"))["edges"]] == [True, True]
    await add_nodes(people, [NewNode("Person", "Eve")])
    assert await find_path(people, "Eve", "Ann") == {"path": []}
    assert await find_path(people, "Eve", "eve") == {"path": ["Eve"], "edges": []}


async def test_a_graph_is_described(people: Drawing) -> None:
    assert await describe_graph(people) == {
        "version": 1,
        "nodes": 3,
        "edges": 2,
        "labels": {"Person": 2, "City": 1},
        "relations": {"KNOWS": 1, "LIVES_IN": 1},
    }


async def test_long_values_are_shown_by_their_beginning() -> None:
    drawing = Drawing(add_node("a", text="x" * 10_000, many=list(range(1_000))))

    [shown] = (await find_nodes(drawing))["nodes"]

    assert shown["props"]["text"] == "x" * TEXT_SHOWN + "…"
    assert shown["props"]["many"].startswith("[0,1,2,")
    assert len(shown["props"]["many"]) == TEXT_SHOWN + 1


# All of them.

keys = st.sampled_from(["k", "l", "m"])
new_nodes = st.lists(st.builds(NewNode, st.sampled_from("AB"), keys, st.just({}) | st.just({"p": 1})), min_size=1)


@given(new_nodes, st.lists(st.tuples(keys, keys, st.sampled_from("XY")), min_size=1))
def test_a_call_that_is_made_again_changes_nothing_more(
    nodes: list[NewNode], edges: list[tuple[str, str, str]]
) -> None:
    async def twice() -> None:
        drawing = Drawing()
        for call, arguments in ((add_nodes, nodes), (add_edges, _edges(nodes, edges))):
            first = await _called(call, drawing, arguments)
            before = drawing.view.graph()
            second = await _called(call, drawing, arguments)
            assert drawing.view.graph() == before
            assert str(first).replace("True", "False") == str(second)

    anyio.run(twice)


def _edges(nodes: list[NewNode], edges: list[tuple[str, str, str]]) -> list[NewEdge]:
    names = {each.key: f"{each.label}:{each.key}" for each in nodes}
    return [NewEdge(names.get(one, one), names.get(other, other), label) for one, other, label in edges]


async def _called(call: Any, drawing: Drawing, given: Any) -> Any:
    try:
        return await call(drawing, given)
    except ToolFailed as error:
        return str(error)


@pytest.mark.parametrize("function", [*EDITORS, *READERS], ids=lambda each: each.__name__)
def test_a_tool_is_told_to_models_in_words_and_bounds(function: Any) -> None:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters)

    assert parameters[0] == "context"
    assert hints["context"] is ToolContext
    assert function.__doc__.endswith(".")
    for name in parameters[1:]:
        schema = msgspec.json.schema(hints[name])
        assert get_origin(hints[name]) is Annotated or "anyOf" in schema or "$ref" in schema, name
        assert get_args(hints[name])


def test_only_clearing_needs_consent() -> None:
    assert [function.__name__ for function in NEED_CONSENT] == ["clear_graph"]
    assert len({function.__name__ for function in (*EDITORS, *READERS)}) == 11
