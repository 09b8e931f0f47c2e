"""Questions about a graph, held against answers that look at everything."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.protocol.graph import GraphOp, Node
from puntini.views.graph import GraphView
from puntini.views.query import (
    MOST_TIES,
    SLICE,
    Search,
    TooFar,
    Wanted,
    as_text,
    describe,
    neighbourhood,
    shortest_path,
)
from tests.views.said import add_edge, add_node
from tests.views.strategies import deltas
from tests.views.test_graph import made_of


def found(view: GraphView, wanted: Wanted, limit: int = 10) -> list[str]:
    search = Search(view.nodes(), wanted, limit)
    for _ in search:
        pass
    assert search.total >= len(search.found)
    return [node.id for node in search.found]


def there(view: GraphView, node_id: str) -> Node:
    node = view.node(node_id)
    assert node is not None
    return node


CITIES = (
    add_node("a", "City", "Bern", people=134_000, capital=True),
    add_node("b", "City", "Basel", people=3.0, tags=["Rhine", "Fair"]),
    add_node("c", "Canton", "Bernese Oberland"),
    add_node("d", "River", note="from Bern to the Rhine"),
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), "abcd"),
        (Wanted(label="city"), "ab"),
        (Wanted(text="bern"), "acd"),
        (Wanted(text="ES"), "c"),
        (Wanted(text="rhine"), "bd"),
        (Wanted(text="river"), "d"),
        (Wanted(text="bern", label="City"), "a"),
        (Wanted(property="people"), "ab"),
        (Wanted(property="people", value=3), "b"),
        (Wanted(property="people", value="3"), "b"),
        (Wanted(property="capital", value="TRUE"), "a"),
        (Wanted(property="capital", value=1), ""),
        (Wanted(property="tags", value=["rhine", "fair"]), "b"),
        (Wanted(value="134000"), "a"),
        (Wanted(property="peoples"), ""),
    ],
)
def test_nodes_are_found_by_what_they_have(wanted: Wanted, expected: str) -> None:
    assert "".join(found(made_of(*CITIES), wanted)) == expected


def test_those_that_are_called_so_come_first() -> None:
    delta = [
        add_node("1", text="ann"),
        add_node("2", key="Joann"),
        add_node("3", key="Annie"),
        add_node("4", key="ANN"),
    ]

    assert found(made_of(*delta), Wanted(text="Ann")) == ["4", "3", "2", "1"]
    assert found(made_of(*delta), Wanted(text="Ann"), limit=2) == ["4", "3"]


def test_a_search_goes_on_while_the_graph_changes() -> None:
    view = made_of(*(add_node(f"n{number}") for number in range(SLICE + 1)))
    search = Search(view.nodes(), Wanted(), 1)
    steps = iter(search)

    next(steps)
    assert search.total == SLICE
    view.apply(2, [GraphOp("clear")])

    assert list(steps) == [None]
    assert search.total == SLICE + 1


@pytest.mark.parametrize(
    ("value", "text"), [("Ä", "Ä"), (1.0, "1"), (1.5, "1.5"), (True, "true"), (None, "null"), ([1], "[1]")]
)
def test_values_are_compared_as_they_are_written(value: Any, text: str) -> None:
    assert as_text(value) == text


# Neighbourhoods and paths, against brute force.


def distances(view: GraphView, start: str) -> dict[str, int]:
    """How far each node is, found by going over all edges again and again."""
    known = {start: 0}
    for _ in view.nodes():
        for edge in view.edges():
            for one, other in ((edge.source, edge.target), (edge.target, edge.source)):
                if one in known:
                    known[other] = min(known.get(other, 1_000), known[one] + 1)
    return known


@given(deltas, st.integers(1, 3))
def test_a_neighbourhood_is_all_that_is_near_enough(delta: list[GraphOp], depth: int) -> None:
    view = made_of(*delta)
    for node in view.nodes():
        near = {other for other, far in distances(view, node.id).items() if far <= depth}

        around = neighbourhood(view, node, depth, 100)

        assert around.complete
        assert {each.id for each in around.nodes} == near
        assert around.nodes[0] == node
        between = [edge for edge in view.edges() if edge.source in near and edge.target in near]
        assert sorted(edge.id for edge in around.edges) == sorted(edge.id for edge in between)


@given(deltas)
def test_a_path_is_a_way_there_and_none_is_shorter(delta: list[GraphOp]) -> None:
    view = made_of(*delta)
    for source, target in product(view.nodes(), repeat=2):
        path = shortest_path(view, source, target)
        far = distances(view, source.id).get(target.id)
        if path is None:
            assert far is None
            continue
        assert len(path.edges) == len(path.forward) == far == len(path.nodes) - 1
        assert (path.nodes[0], path.nodes[-1]) == (source, target)
        for at, (edge, forward) in enumerate(zip(path.edges, path.forward, strict=True)):
            assert view.edge(edge.id) == edge
            ends = (path.nodes[at].id, path.nodes[at + 1].id)
            assert ends == ((edge.source, edge.target) if forward else (edge.target, edge.source))


def test_a_neighbourhood_says_when_it_is_not_all() -> None:
    view = made_of(
        add_node("hub"), *(op for n in range(9) for op in (add_node(f"n{n}"), add_edge(f"e{n}", "hub", f"n{n}")))
    )

    few = neighbourhood(view, there(view, "hub"), 1, 4)

    assert [node.id for node in few.nodes] == ["hub", "n0", "n1", "n2"]
    assert [edge.id for edge in few.edges] == ["e0", "e1", "e2"]
    assert not few.complete
    assert neighbourhood(view, there(view, "hub"), 1, 10).complete


def test_a_path_that_is_too_far_is_not_looked_for_for_ever() -> None:
    size = MOST_TIES + 10
    nodes = [add_node(f"n{number}") for number in range(size)]
    view = made_of(*nodes, *(add_edge(f"e{number}", f"n{number - 1}", f"n{number}") for number in range(1, size)))

    with pytest.raises(TooFar):
        shortest_path(view, there(view, "n0"), there(view, f"n{size - 1}"))
    near = shortest_path(view, there(view, "n0"), there(view, "n100"))
    assert near is not None
    assert len(near.edges) == 100


def test_a_description_counts() -> None:
    view = made_of(*CITIES, add_edge("e", "a", "b"), add_edge("f", "b", "c", "IN"), add_edge("g", "a", "c", "IN"))

    told = describe(view)

    assert (told.version, told.nodes, told.edges) == (1, 4, 3)
    assert told.labels == {"City": 2, "Canton": 1, "River": 1}
    assert list(told.relations.items()) == [("IN", 2), ("TO", 1)]


@given(deltas, deltas)
def test_indexes_are_what_a_fresh_look_would_find(before: list[GraphOp], after: list[GraphOp]) -> None:
    view = made_of(*before)
    assert set(view.names) == {node.key.casefold() for node in view.nodes() if node.key}

    view.apply(2, after)

    fresh = GraphView(view.graph())
    assert set(view.names) == set(fresh.names)
    for name in view.names:
        assert set(view.names.ids(name)) == set(fresh.names.ids(name))
    for node in view.nodes():
        assert {edge.id for edge in view.edges_of(node.id)} == {edge.id for edge in fresh.edges_of(node.id)}
        assert not node.key or view.keyed(node.label, node.key) == node


@given(deltas, deltas)
def test_what_alters_nothing_is_left_out(before: list[GraphOp], delta: list[GraphOp]) -> None:
    whole, part = made_of(*before), made_of(*before)

    whole.apply(2, delta)
    part.apply(2, part.altering(delta))

    assert whole.graph() == part.graph()


def test_true_is_not_one_where_it_counts() -> None:
    view = made_of(add_node("a", p=True))

    assert view.altering([add_node("a", p=True)]) == []
    assert view.altering([add_node("a", p=1)]) == [add_node("a", p=1)]
