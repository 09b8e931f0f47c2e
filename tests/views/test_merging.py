"""Edits that were made on an older version: merged field by field, the later wins, and what met is told."""

from typing import Any

import pytest
from hypothesis import example, given
from msgspec import UNSET

from puntini.protocol.graph import GraphConflict, GraphOp, Node
from puntini.views.changes import MOST_CHANGES, Change
from puntini.views.graph import GraphView
from puntini.views.merging import MOST_CONFLICTS, MOST_SHOWN, merge
from tests.views.said import (
    CLEAR,
    add_edge,
    add_node,
    edge,
    fold,
    node,
    remove_edge,
    remove_node,
    reopened,
    update_edge,
    update_node,
)
from tests.views.strategies import deltas

BASE = (
    add_node("a", "City", "Bern", p=1, q=1),
    add_node("b", "City", "Basel"),
    add_node("c"),
    add_edge("e", "a", "b", w=1),
    add_edge("f", "b", "c"),
)


def seen(*others: GraphOp, author: str = "bob") -> GraphView:
    """The graph that ann saw at version 1, with what ``others`` did since."""
    view = GraphView()
    view.apply(1, BASE, "ann")
    for number, op in enumerate(others, start=2):
        view.apply(number, [op], author)
    return view


def after(view: GraphView, *mine: GraphOp, base: int = 1) -> tuple[GraphView, list[GraphConflict]]:
    """The graph after ann's edit, and what is told of it."""
    delta, conflicts = merge(view, base, "ann", mine)
    assert view.check(delta) is None
    view.apply(view.version + 1, delta, "ann")
    return view, conflicts


def met(element: str, field: str, mine: Any, theirs: Any, author: str = "bob") -> GraphConflict:
    return GraphConflict(element, field, mine, theirs, author)


def test_what_nobody_else_touched_is_no_conflict() -> None:
    view, conflicts = after(seen(update_node("b", "City", p=2), add_node("d")), update_node("a", "City", p=2))

    assert conflicts == []
    assert view.node("a") == node("a", "City", "Bern", p=2, q=1)


def test_different_properties_of_one_node_are_merged() -> None:
    view, conflicts = after(seen(update_node("a", "City", p=2)), update_node("a", "City", q=3))

    assert conflicts == []
    assert view.node("a") == node("a", "City", "Bern", p=2, q=3)


def test_of_one_property_the_later_wins_and_both_are_told() -> None:
    view, conflicts = after(seen(update_node("a", "City", p=2)), update_node("a", "City", p=3))

    assert conflicts == [met("a", "props.p", 3, 2)]
    assert view.node("a") == node("a", "City", "Bern", p=3, q=1)


def test_who_sends_the_whole_node_changes_only_what_differs_from_what_they_saw() -> None:
    theirs = seen(update_node("a", "Town", "Berne", p=2, q=None))

    view, conflicts = after(theirs, update_node("a", "City", "Bern", p=1, q=5))

    assert conflicts == [met("a", "props.q", 5, None)]
    assert view.node("a") == node("a", "Town", "Berne", p=2, q=5)


def test_labels_keys_and_ends_are_fields_too() -> None:
    theirs = seen(update_node("a", "Town", "Berne"), update_edge("e", "a", "c", "VIA", w=1))

    view, conflicts = after(theirs, update_node("a", "Village", "Biel"), update_edge("e", "b", "b", "TO", w=2))

    assert conflicts == [
        met("a", "label", "Village", "Town"),
        met("a", "key", "Biel", "Berne"),
    ]
    assert view.node("a") == node("a", "Village", "Biel", p=1, q=1)
    assert view.edge("e") == edge("e", "b", "c", "VIA", w=2)


@pytest.mark.parametrize("mine", [2, 2.0])
def test_who_wants_the_same_is_in_no_conflict(mine: Any) -> None:
    assert after(seen(update_node("a", "City", p=2)), update_node("a", "City", p=mine))[1] == []


def test_true_and_one_are_not_the_same() -> None:
    assert after(seen(update_node("a", "City", p=True)), update_node("a", "City", p=2))[1] == [
        met("a", "props.p", 2, True)
    ]


def test_ones_own_changes_are_no_conflict() -> None:
    view = seen(update_node("a", "City", p=2), remove_node("c"), author="ann")

    assert after(view, update_node("a", "City", p=3))[1] == []


def test_a_field_that_came_back_to_its_editor_is_no_conflict() -> None:
    view = seen(update_node("a", "City", p=2))
    view.apply(3, [update_node("a", "City", p=4)], "ann")

    assert after(view, update_node("a", "City", p=3))[1] == []


def test_what_was_seen_is_no_conflict() -> None:
    view = seen(update_node("a", "City", p=2), update_node("a", "City", q=2))

    assert after(view, update_node("a", "City", p=3, q=3), base=2)[1] == [met("a", "props.q", 3, 2)]


def test_what_others_removed_stays_removed_and_the_rest_is_done() -> None:
    view, conflicts = after(seen(remove_node("b")), update_node("b", "City", p=1), update_node("a", "City", p=2))

    assert conflicts == [met("b", "removed", node("b", "City", p=1), None)]
    assert view.node("b") is None
    assert view.node("a") == node("a", "City", "Bern", p=2, q=1)


def test_edges_that_went_with_their_node_are_removed_too() -> None:
    mine = (update_edge("e", "a", "b", w=2), add_edge("g", "c", "b"), remove_edge("f"))

    view, conflicts = after(seen(remove_node("b")), *mine)

    assert conflicts == [met("b", "removed", mine[0].edge, None), met("b", "removed", mine[1].edge, None)]
    assert view.edges() == []


def test_an_edge_that_was_removed_can_not_be_changed() -> None:
    assert after(seen(remove_edge("e")), update_edge("e", "a", "b", w=2))[1] == [
        met("e", "removed", edge("e", "a", "b", w=2), None)
    ]


def test_to_remove_what_others_removed_is_to_agree() -> None:
    assert (
        after(seen(remove_node("b"), remove_edge("e")), remove_node("b"), remove_edge("e"), remove_edge("f"))[1] == []
    )


def test_to_remove_what_others_changed_is_told() -> None:
    view, conflicts = after(seen(update_node("b", "City", p=2)), remove_node("b"))

    assert conflicts == [met("b", "props.p", None, 2)]
    assert view.node("b") is None


def test_to_clear_what_others_changed_is_told() -> None:
    view, conflicts = after(seen(update_node("b", "City", p=2), remove_node("c")), CLEAR)

    assert conflicts == [met("b", "props.p", None, 2)]
    assert view.nodes() == []


def test_what_others_cleared_is_gone() -> None:
    view, conflicts = after(seen(CLEAR), update_node("a", "City", p=2), remove_node("b"), add_node("d"))

    assert conflicts == [met("a", "removed", node("a", "City", p=2), None)]
    assert view.nodes() == [node("d")]


def test_what_was_removed_can_be_added_anew() -> None:
    view, conflicts = after(seen(remove_node("b")), add_node("b", p=1), update_node("b", p=2), add_edge("g", "a", "b"))

    assert conflicts == []
    assert view.node("b") == node("b", p=2)


def test_a_thing_that_never_was_is_left_to_the_check() -> None:
    delta, conflicts = merge(seen(update_node("a", "City", p=2)), 1, "ann", [update_node("x")])

    assert (delta, conflicts) == ([update_node("x")], [])


def test_a_node_that_is_named_by_its_natural_key_is_the_same_node() -> None:
    view = seen(update_node("a", "City", p=2))

    assert after(view, add_node("other", "City", "Bern", p=3))[1] == [met("a", "props.p", 3, 2)]


def test_a_new_node_that_others_have_by_its_key_is_theirs_in_all_that_follows() -> None:
    view = seen(add_node("theirs", "City", "Chur", p=1))

    mine = (add_node("d", "City", "Chur", q=2), update_node("d", "City", r=3), add_edge("g", "a", "d"))

    after(view, *mine)
    assert view.node("d") is None
    assert view.node("theirs") == node("theirs", "City", "Chur", p=1, q=2, r=3)
    assert view.edge("g") == edge("g", "a", "theirs")


@pytest.mark.parametrize("removed", ["d", "b"])
def test_of_two_nodes_that_turned_out_to_be_one_the_other_stays(removed: str) -> None:
    view = seen(update_node("b", "City", "Chur"))

    after(view, add_node("d", "City", "Chur"), remove_node(removed))

    assert view.node("b") == node("b", "City", "Chur")


def test_long_values_are_told_by_their_beginning() -> None:
    [told] = after(seen(update_node("a", "City", p="x" * 1_000)), update_node("a", "City", p="y" * 1_000))[1]

    assert told.theirs == '"' + "x" * (MOST_SHOWN - 1) + "…"
    assert told.mine == '"' + "y" * (MOST_SHOWN - 1) + "…"


def test_what_a_long_value_was_is_not_known_any_more() -> None:
    view = GraphView()
    view.apply(1, [add_node("a", p="x" * 1_000)], "ann")
    view.apply(2, [update_node("a", p="short")], "bob")

    assert view.changes.since(1) == [Change(2, "bob", "a", "props.p", UNSET)]
    assert len(after(view, update_node("a", p="x" * 1_000))[1]) == 1


def numbered(value: int) -> GraphOp:
    """A change of more properties than are remembered."""
    return GraphOp("update_node", node=Node("a", "Thing", props={f"p{n}": value for n in range(MOST_CHANGES + 10)}))


def test_what_is_told_and_remembered_is_bounded() -> None:
    view = GraphView()
    view.apply(1, [add_node("a"), add_node("b")], "ann")
    view.apply(2, [numbered(1)], "bob")

    delta, conflicts = merge(view, 1, "ann", [numbered(2)])

    assert len(view.changes.save()) == MOST_CHANGES
    assert len(conflicts) == MOST_CONFLICTS
    assert len(delta) == 1


@given(deltas, deltas, deltas)
def test_a_merge_is_the_same_after_the_view_was_kept(
    before: list[GraphOp], others: list[GraphOp], mine: list[GraphOp]
) -> None:
    live = fold([])
    live.graph.apply(1, before, "ann")
    live.graph.apply(2, others, "bob")

    assert merge(live.graph, 1, "ann", mine) == merge(reopened(live).graph, 1, "ann", mine)


@given(deltas, deltas)
def test_an_edit_of_what_is_up_to_date_is_left_as_it_is(before: list[GraphOp], mine: list[GraphOp]) -> None:
    view = GraphView()
    view.apply(1, before, "bob")

    assert merge(view, 1, "ann", mine) == (mine, [])


@given(deltas, deltas, deltas)
@example(
    [],
    [add_node("a", "L"), add_node("a", "M", "1"), add_node("c", "L"), add_edge("x", "a", "a")],
    [add_node("a", "L"), add_node("b", "M", "1"), update_node("b", "L")],
)
@example(
    [add_node("a", "L")],
    [update_node("a", "M", "1")],
    [add_node("b", "M", "1"), remove_node("a"), update_node("b", "L"), add_edge("x", "b", "b")],
)
def test_a_merge_never_makes_an_edit_impossible(
    before: list[GraphOp], others: list[GraphOp], mine: list[GraphOp]
) -> None:
    view = GraphView()
    view.apply(1, before, "ann")
    possible = view.check(mine) is None
    view.apply(2, others, "bob")

    delta, _ = merge(view, 1, "ann", mine)

    refused = view.check(delta)
    assert not possible or refused is None or "has this label and key" in refused
