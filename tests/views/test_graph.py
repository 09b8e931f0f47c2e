"""The graph, held against a model without any index, and what people are told of edits that can't apply."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from msgspec import UNSET
from msgspec.structs import replace

from puntini.protocol.graph import Edge, Graph, GraphOp, Node
from puntini.views.elements import MOST_BYTES, MOST_EDGES, MOST_NODES
from puntini.views.graph import GraphView
from tests.views.said import (
    CLEAR,
    add_edge,
    add_node,
    drawn,
    edge,
    fold,
    node,
    remove_edge,
    remove_node,
    reopened,
    update_edge,
    update_node,
)
from tests.views.strategies import deltas, graph_ops


def made_of(*delta: GraphOp) -> GraphView:
    view = GraphView()
    view.apply(1, delta)
    return view


def nodes_after(*delta: GraphOp) -> list[Node]:
    return made_of(*delta).graph().nodes


def edges_after(*delta: GraphOp) -> list[Edge]:
    return made_of(*delta).graph().edges


ENDS = (add_node("a"), add_node("b"), add_node("c"))


def test_nodes_and_edges_come_in_the_order_they_were_added() -> None:
    view = made_of(add_node("b", size=1), add_node("a"), add_edge("e", "a", "b", weight=2))

    assert view.graph() == Graph(1, [node("b", size=1), node("a")], [edge("e", "a", "b", weight=2)])


def test_what_is_there_is_merged_and_keeps_its_place() -> None:
    assert nodes_after(add_node("a", p=1, q=1), add_node("b"), add_node("a", q=2)) == [node("a", p=1, q=2), node("b")]


def test_null_removes_a_property() -> None:
    assert nodes_after(add_node("a", p=1, q=[None]), update_node("a", p=None)) == [node("a", q=[None])]
    assert nodes_after(add_node("a", p=None)) == [node("a")]
    assert edges_after(*ENDS, add_edge("e", "a", "b", p=None, q=1)) == [edge("e", "a", "b", q=1)]


def test_an_update_renames() -> None:
    assert nodes_after(add_node("a", "City", "bern"), update_node("a", "Town", "berne")) == [node("a", "Town", "berne")]


def test_an_update_without_a_key_leaves_it() -> None:
    assert nodes_after(add_node("a", "City", "bern"), update_node("a", "Town")) == [node("a", "Town", "bern")]


def test_an_update_of_what_is_not_there_adds_it() -> None:
    assert nodes_after(update_node("a", p=1)) == [node("a", p=1)]
    assert edges_after(*ENDS, update_edge("e", "a", "b")) == [edge("e", "a", "b")]


def test_the_same_label_and_key_are_the_same_thing() -> None:
    delta = [add_node("a", "City", "bern", p=1), add_node("b", "City", "bern", q=2), add_node("c", "Town", "bern")]

    assert nodes_after(*delta) == [node("a", "City", "bern", p=1, q=2), node("c", "Town", "bern")]


@pytest.mark.parametrize("key", [UNSET, ""])
def test_nodes_without_a_key_are_each_their_own(key: Any) -> None:
    assert len(nodes_after(add_node("a", "City", key), add_node("b", "City", key), add_node("c", "City"))) == 3


def test_a_key_is_free_again_when_its_node_is_renamed_or_gone() -> None:
    first = add_node("a", "City", "bern")

    assert len(nodes_after(first, update_node("a", "City", "basel"), add_node("b", "City", "bern"))) == 2
    assert nodes_after(first, remove_node("a"), add_node("b", "City", "bern")) == [node("b", "City", "bern")]
    assert nodes_after(first, CLEAR, add_node("b", "City", "bern")) == [node("b", "City", "bern")]


def test_a_node_cannot_take_the_key_of_another() -> None:
    delta = [add_node("a", "City", "bern"), add_node("b", "City", "basel"), update_node("b", "City", "bern", p=1)]

    assert nodes_after(*delta) == [node("a", "City", "bern"), node("b", "City", "basel", p=1)]


def test_with_a_node_go_its_edges() -> None:
    edges = [add_edge("e", "a", "b"), add_edge("f", "b", "c"), add_edge("g", "a", "a"), add_edge("h", "c", "a")]

    assert edges_after(*ENDS, *edges, remove_node("a")) == [edge("f", "b", "c")]
    assert edges_after(*ENDS, *edges, remove_node("a"), add_node("a")) == [edge("f", "b", "c")]


def test_an_edge_needs_both_its_ends() -> None:
    assert edges_after(*ENDS, add_edge("e", "a", "x"), add_edge("f", "x", "a")) == []
    assert edges_after(*ENDS, add_edge("e", "a", "b", p=1), update_edge("e", "a", "x", p=2)) == [
        edge("e", "a", "b", p=1)
    ]


def test_an_edge_can_be_led_elsewhere() -> None:
    moved = [*ENDS, add_edge("e", "a", "b", p=1), update_edge("e", "b", "c", "VIA", q=2)]

    assert edges_after(*moved) == [edge("e", "b", "c", "VIA", p=1, q=2)]
    assert edges_after(*moved, remove_node("a")) == [edge("e", "b", "c", "VIA", p=1, q=2)]
    assert edges_after(*moved, remove_node("c")) == []


def test_removing_and_clearing() -> None:
    view = made_of(*ENDS, add_edge("e", "a", "b"), remove_edge("e"), remove_edge("e"), remove_node("x"))
    assert view.graph() == Graph(1, [node("a"), node("b"), node("c")], [])

    view.apply(2, [CLEAR])
    assert view.graph() == Graph(2)


def test_the_version_is_the_highest_seen() -> None:
    view = made_of(add_node("a"))
    view.apply(3, [add_node("b")])
    view.apply(2, [add_node("c")])

    assert view.graph() == Graph(3, [node("a"), node("b"), node("c")])


def test_a_graph_that_was_handed_out_stays_as_it_was() -> None:
    view = made_of(add_node("a", p=1), add_node("b"), add_edge("e", "a", "b"))
    handed_out = view.graph()

    view.apply(2, [update_node("a", "Other", p=2), update_edge("e", "b", "a", p=1), add_node("c"), remove_node("b")])

    assert handed_out == Graph(1, [node("a", p=1), node("b")], [edge("e", "a", "b")])


def is_full(view: GraphView) -> bool:
    return view.overflowed


def test_a_full_graph_takes_in_no_more_but_what_it_has() -> None:
    view = made_of(*(add_node(f"n{number}") for number in range(MOST_NODES)))
    assert not is_full(view)
    assert view.check([add_node("more")]) == f"delta[0]: a graph holds at most {MOST_NODES} nodes"
    assert view.check([add_node("n1", p=1), remove_node("n1"), add_node("more")]) is None

    view.apply(2, [add_node("more"), add_node("n1", p=1)])
    assert is_full(view)
    assert len(view.graph().nodes) == MOST_NODES
    assert view.graph().nodes[1] == node("n1", p=1)
    assert is_full(GraphView(view.graph(), overflowed=True))

    view.apply(3, [CLEAR, add_node("more")])
    assert not is_full(view)
    assert view.graph() == Graph(3, [node("more")])


def test_edges_are_bounded_as_well() -> None:
    view = made_of(add_node("a"), *(add_edge(f"e{number}", "a", "a") for number in range(MOST_EDGES)))
    assert view.check([add_edge("more", "a", "a")]) == f"delta[0]: a graph holds at most {MOST_EDGES} edges"
    assert view.check([update_edge("e1", "a", "a", p=1)]) is None

    view.apply(2, [add_edge("more", "a", "a")])
    assert is_full(view)
    assert len(view.graph().edges) == MOST_EDGES


MIB = "x" * (1 << 20)
FULL = f"delta[0]: a graph holds at most {MOST_BYTES >> 20} MiB as JSON"


def listed(element: Node | Edge) -> int:
    """What an element takes in the graph as JSON, with the comma behind it."""
    return len(msgspec.json.encode(element)) + 1


def filled(view: GraphView) -> None:
    """Add a node that takes all the room there is left."""
    graph = view.graph()
    room = MOST_BYTES - sum(map(listed, graph.nodes)) - sum(map(listed, graph.edges))
    size = room - listed(node("last", text=""))
    assert view.check([add_node("last", text="." * (size + 1))]) == FULL
    view.apply(graph.version + 1, [add_node("last", text="." * size)])
    assert view.graph().nodes[-1].id == "last"


def test_a_graph_is_bounded_in_bytes_however_it_came_about() -> None:
    view = made_of(*ENDS, *(add_node(f"n{number}", text=MIB) for number in range(5)))
    view.apply(2, [add_edge(f"e{number}", "a", "b", text=MIB) for number in range(4)])
    view.apply(3, [update_node("n0", "Other", text=None, q=1), update_edge("e0", "b", "c", text="short")])
    view.apply(4, [remove_node("n1"), remove_edge("e1"), remove_node("c"), add_node("n2", text=MIB)])
    for again in (view, GraphView(view.graph())):
        filled(again)
        assert not is_full(again)


def test_a_graph_that_is_full_of_bytes_grows_no_more_but_may_shrink() -> None:
    view = made_of(*ENDS)
    filled(view)
    before = view.graph()
    for op in (add_node("more"), update_node("a", p=1), add_edge("more", "a", "b")):
        assert view.check([op]) == FULL
        view.apply(3, [op])
        assert is_full(view)
    assert (view.graph().nodes, view.graph().edges) == (before.nodes, before.edges)

    assert view.check([update_node("last", text="short"), add_node("more"), add_edge("more", "a", "more")]) is None
    assert view.check([remove_node("last"), add_node("more", text=MIB)]) is None
    assert view.check([CLEAR, add_node("more", text=MIB)]) is None
    view.apply(4, [CLEAR, add_node("more", text=MIB)])
    assert not is_full(view)


@pytest.mark.parametrize(
    ("delta", "problem"),
    [
        ([add_node("x"), add_edge("f", "x", "b")], None),
        ([add_node("a", p=1), update_edge("e", "a", "b"), remove_edge("e"), remove_node("a")], None),
        ([update_node("x")], "delta[0]: there is no node `x`"),
        ([add_node("x"), update_node("x"), remove_node("x"), remove_node("x")], "delta[3]: there is no node `x`"),
        ([add_edge("f", "a", "x")], "delta[0]: there is no node `x`"),
        ([remove_node("a"), add_edge("f", "a", "b")], "delta[1]: there is no node `a`"),
        ([update_edge("f", "a", "b")], "delta[0]: there is no edge `f`"),
        ([remove_edge("f")], "delta[0]: there is no edge `f`"),
        ([remove_node("a"), remove_edge("e")], "delta[1]: there is no edge `e`"),
        ([remove_node("a"), add_node("a"), update_edge("e", "a", "b")], "delta[2]: there is no edge `e`"),
        ([CLEAR, remove_node("a")], "delta[1]: there is no node `a`"),
        ([update_node("a", "City", "bern")], "delta[0]: node `b` has this label and key"),
        ([update_node("b", "Town"), update_node("a", "City", "bern")], None),
        ([add_node("x", "City", "bern"), update_node("b", p=1)], None),
        ([add_node("x", "City", "bern"), add_edge("f", "x", "a")], "delta[1]: there is no node `x`"),
        ([add_node("a"), GraphOp("add_node")], "delta[1]: add_node takes exactly `node`"),
        ([remove_node("y" * 1000)], f"delta[0]: there is no node `{'y' * 80}…`"),
    ],
)
def test_people_are_told_what_cannot_apply(delta: list[GraphOp], problem: str | None) -> None:
    view = made_of(add_node("a"), add_node("b", "City", "bern"), add_edge("e", "a", "b"))
    before = view.graph()

    assert view.check(delta) == problem
    assert view.graph() == before


@given(deltas, deltas)
def test_a_check_goes_through_the_edit_as_a_fold_would(before: list[GraphOp], delta: list[GraphOp]) -> None:
    view = made_of(*before)
    found = view.check(delta)

    problem = None
    for at, op in enumerate(delta):
        if (alone := view.check([op])) and problem is None:
            problem = alone.replace("delta[0]", f"delta[{at}]")
        view.apply(1, [op])
    assert found == problem


@given(deltas, graph_ops)
def test_what_is_said_twice_is_said_once(before: list[GraphOp], op: GraphOp) -> None:
    once, twice = made_of(*before, op), made_of(*before, op, op)

    assert once.graph() == twice.graph()


@given(deltas, deltas)
def test_an_update_that_only_adds_can_be_told_again(before: list[GraphOp], delta: list[GraphOp]) -> None:
    # Each thing once, nodes before edges: an update as agents make it, delivered twice.
    nodes = {op.node.id: replace(op.node, key=UNSET) for op in delta if op.node is not None}
    edges = {op.edge.id: op.edge for op in delta if op.edge is not None}
    update = [GraphOp("add_node", node=each) for each in nodes.values()]
    update += [GraphOp("add_edge", edge=each) for each in edges.values()]

    assert made_of(*before, *update).graph() == made_of(*before, *update, *update).graph()


class Model:
    """Nodes and edges in plain lists, looked through each time."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def do(self, op: GraphOp) -> None:
        if op.problem():
            return
        if op.action == "clear":
            self.nodes, self.edges = [], []
        elif op.node is not None:
            self.put_node(op.node)
        elif op.edge is not None:
            self.put_edge(op.edge)
        elif op.action == "remove_node":
            self.nodes = [each for each in self.nodes if each.id != op.id]
            self.edges = [each for each in self.edges if op.id not in (each.source, each.target)]
        else:
            self.edges = [each for each in self.edges if each.id != op.id]

    def put_node(self, new: Node) -> None:
        found = [each for each in self.nodes if each.id == new.id]
        found += [each for each in self.nodes if new.key and (each.label, each.key) == (new.label, new.key)]
        if not found:
            self.nodes.append(replace(new, props=merged({}, new.props)))
            return
        old = found[0]
        now = Node(old.id, new.label, old.key if new.key is UNSET else new.key, merged(old.props, new.props))
        if any(now.key and (each.label, each.key) == (now.label, now.key) for each in self.nodes if each is not old):
            now = replace(old, props=now.props)
        self.nodes = [now if each is old else each for each in self.nodes]

    def put_edge(self, new: Edge) -> None:
        if not {new.source, new.target} <= {each.id for each in self.nodes}:
            return
        old = next((each for each in self.edges if each.id == new.id), None)
        now = replace(new, props=merged(old.props if old else {}, new.props))
        self.edges = [now if each is old else each for each in self.edges] if old else [*self.edges, now]


def merged(props: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**props, **more}.items() if value is not None}


@given(deltas)
def test_updates_amount_to_what_the_model_says(delta: list[GraphOp]) -> None:
    model = Model()
    for op in delta:
        model.do(op)

    assert made_of(*delta).graph() == Graph(1, model.nodes, model.edges)


@given(deltas, deltas, deltas)
def test_a_graph_that_was_kept_goes_on_as_before(
    before: list[GraphOp], after: list[GraphOp], edit: list[GraphOp]
) -> None:
    live = fold([drawn(*before)])
    kept = reopened(live)

    fold([drawn(*after)], live)
    fold([drawn(*after)], kept)

    assert live.graph.graph() == kept.graph.graph()
    assert live.graph.check(edit) == kept.graph.check(edit)
