"""Graphs that come from elsewhere: what is the same thing, what is not, and that bringing one in twice is once."""

import pytest
from hypothesis import given
from msgspec.structs import replace

from puntini.errors import Conflict, Invalid
from puntini.protocol.graph import Edge, Graph, GraphOp, Node
from puntini.views.elements import MOST_BYTES
from puntini.views.graph import GraphView
from puntini.views.importing import MOST_TRIES, Importing
from tests.views.said import add_edge, add_node, edge, node, remove_node, update_node
from tests.views.strategies import deltas
from tests.views.test_graph import made_of


def brought(view: GraphView, graph: Graph, *, instead: bool = False) -> list[GraphOp]:
    """Bring a graph in; returns what was done."""
    importing = Importing(view, graph, instead=instead)
    for _ in importing:
        pass
    assert view.check(importing.delta) is None
    if importing.delta:
        view.apply(view.version + 1, importing.delta)
    return importing.delta


def test_what_is_new_is_added_and_what_is_the_same_is_merged() -> None:
    view = made_of(add_node("a", "City", "Bern", p=1), add_node("b"), add_edge("e", "a", "b", p=1))

    brought(view, Graph(9, [node("x", "City", "Bern", q=2), node("b", q=3)], [edge("e", "x", "b", q=4)]))

    assert view.graph().nodes == [node("a", "City", "Bern", p=1, q=2), node("b", q=3)]
    assert view.graph().edges == [edge("e", "a", "b", p=1, q=4)]


def test_an_id_that_is_another_things_becomes_another() -> None:
    view = made_of(add_node("n0", "City", "Bern"), add_node("n1", "City"), add_edge("e0", "n0", "n1"))
    graph = Graph(0, [node("n0", "Person", "Ann"), node("n1", "Person")], [edge("e0", "n0", "n1", "KNOWS")])

    for _ in range(2):
        brought(view, graph)
        assert [(each.id, each.label) for each in view.nodes()] == [
            ("n0", "City"),
            ("n1", "City"),
            ("n0-2", "Person"),
            ("n1-2", "Person"),
        ]
        assert view.edges() == [edge("e0", "n0", "n1"), edge("e0-2", "n0-2", "n1-2", "KNOWS")]


def test_nodes_of_one_file_stay_apart_unless_they_have_one_key() -> None:
    view = made_of(add_node("a", "City", "Bern"))

    brought(
        view, Graph(0, [node("a"), node("a-2"), node("b", key="k"), node("c", key="k", p=1)], [edge("e", "c", "b")])
    )

    assert [each.id for each in view.nodes()] == ["a", "a-2", "a-2-2", "b"]
    assert view.node("b") == node("b", key="k", p=1)
    assert view.edges() == [edge("e", "b", "b")]


def test_instead_means_that_nothing_stays() -> None:
    view = made_of(add_node("a", "City", "Bern"), add_node("b"), add_edge("e", "a", "b"))
    graph = Graph(0, [node("a", "Person"), node("c", "City", "Bern")], [edge("e", "c", "a")])

    brought(view, graph, instead=True)

    assert (view.nodes(), view.edges()) == (graph.nodes, graph.edges)
    assert brought(made_of(), Graph(), instead=True) == []


def test_edges_may_lead_to_what_is_there_unless_it_is_replaced() -> None:
    graph = Graph(0, [node("b")], [edge("e", "a", "b")])
    assert [op.action for op in brought(made_of(add_node("a")), graph)] == ["add_node", "add_edge"]

    with pytest.raises(Invalid, match=r"edges\[0\]: there is no node `a`"):
        brought(made_of(add_node("a")), graph, instead=True)


@pytest.mark.parametrize(
    ("graph", "error", "sentence"),
    [
        (Graph(0, [node("a"), node("a")]), Invalid, r"nodes\[1\]: there are two nodes with the id `a`"),
        (
            Graph(0, [node("a"), node("b", text="x" * MOST_BYTES)]),
            Conflict,
            r"nodes\[1\]: a graph holds at most 16 MiB",
        ),
        (Graph(0, [node("many")]), Conflict, r"nodes\[0\]: too many other things are called `many`"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_done(graph: Graph, error: type[Exception], sentence: str) -> None:
    taken = [add_node(f"many-{number}", "City") for number in range(2, MOST_TRIES + 2)]
    view = made_of(add_node("many", "City"), *taken)
    before = view.graph()

    with pytest.raises(error, match=sentence):
        brought(view, graph)

    assert view.graph() == before


@given(deltas, deltas)
def test_a_graph_that_is_brought_in_twice_is_brought_in_once(there: list[GraphOp], elsewhere: list[GraphOp]) -> None:
    view, graph = made_of(*there), made_of(*elsewhere).graph()
    sizes = len(view.nodes()), len(view.edges())

    brought(view, graph)
    once = view.graph()

    assert brought(view, graph) == []
    assert view.graph() == once
    assert len(once.nodes) <= sizes[0] + len(graph.nodes)
    assert len(once.edges) <= sizes[1] + len(graph.edges)


@given(deltas, deltas)
def test_a_graph_that_is_brought_in_instead_is_just_that_graph(there: list[GraphOp], elsewhere: list[GraphOp]) -> None:
    view, graph = made_of(*there), made_of(*elsewhere).graph()

    brought(view, graph, instead=True)

    assert replace(view.graph(), version=1) == graph


@given(deltas)
def test_a_graph_can_be_moved_to_an_empty_session(delta: list[GraphOp]) -> None:
    view, graph = made_of(), made_of(*delta).graph()

    brought(view, graph)

    assert (view.nodes(), view.edges()) == (graph.nodes, graph.edges)


def test_a_node_or_an_edge_without_a_word_in_common_is_left_alone() -> None:
    view = made_of(add_node("a", "City", "Bern"))

    assert brought(view, Graph()) == []
    assert brought(view, Graph(0, [Node("a", "City")], [])) == []
    assert brought(view, Graph(0, [], [Edge("e", "L", "a", "a")])) == [add_edge("e", "a", "a", "L")]


def planned(view: GraphView, graph: Graph, *, instead: bool = False) -> Importing:
    importing = Importing(view, graph, instead=instead)
    for _ in importing:
        pass
    return importing


@pytest.mark.parametrize(
    ("meanwhile", "fits"),
    [
        (add_node("z", "City", "Ulm"), True),
        (update_node("b", p=1), True),
        (remove_node("c"), True),
        (update_node("a", "City", "Bern", p=1), False),
        (update_node("b", "City", "Basel"), False),
        (add_node("x"), False),
        (add_edge("e", "a", "b"), False),
        (remove_node("b"), False),
        (GraphOp("clear"), False),
    ],
)
def test_what_happens_meanwhile_matters_where_it_touches(meanwhile: GraphOp, fits: bool) -> None:
    view = made_of(add_node("a", "City", "Bern"), add_node("b"), add_node("c"))
    graph = Graph(0, [node("other", "City", "Bern", q=1), node("x", "City", "Basel")], [edge("e", "x", "b")])
    importing = planned(view, graph)
    assert importing.still_fits(view)

    view.apply(2, [meanwhile])

    assert importing.still_fits(view) is fits


def test_a_graph_that_takes_the_place_of_another_fits_whatever_happens_but_in_an_empty_one() -> None:
    graph = Graph(0, [node("a")])
    for there in ([add_node("b")], []):
        view = made_of(*there)
        importing = planned(view, graph, instead=True)
        assert importing.still_fits(view)
        view.apply(2, [add_node("c")])
        assert importing.still_fits(view) is bool(there)


def test_room_that_was_taken_meanwhile_is_noticed() -> None:
    view = made_of()
    importing = planned(view, Graph(0, [node("a", text="x" * (MOST_BYTES // 2))]))
    view.apply(2, [add_node("b", text="x" * (MOST_BYTES // 2))])

    assert not importing.still_fits(view)


@given(deltas, deltas, deltas)
def test_what_still_fits_can_be_done(there: list[GraphOp], elsewhere: list[GraphOp], meanwhile: list[GraphOp]) -> None:
    view, graph = made_of(*there), made_of(*elsewhere).graph()
    importing = planned(view, graph)
    view.apply(2, meanwhile)

    if importing.still_fits(view):
        assert view.check(importing.delta) is None
