"""How nodes are named, and what is said of names that are none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.protocol.graph import GraphOp
from puntini.views.references import MOST_CANDIDATES, Unresolved, reference, resolve
from tests.views.said import add_node
from tests.views.strategies import deltas
from tests.views.test_graph import made_of

NODES = (
    add_node("nod_1", "Person", "Ann"),
    add_node("nod_2", "Person", "Bob"),
    add_node("nod_3", "Dog", "Bob"),
    add_node("nod_4", "Place", "ANN"),
    add_node("nod_5", "Place", "Ulm"),
    add_node("nod_6", "a:b", "c:d"),
    add_node("Ulm", "Name", "of another"),
    add_node("nod_7", "Person", "Zoë"),
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nod_1", "nod_1"),
        ("Ann", "nod_1"),
        ("ANN", "nod_4"),
        ("Person:Bob", "nod_2"),
        ("Dog:Bob", "nod_3"),
        ("ZOË", "nod_7"),
        ("OF ANOTHER", "Ulm"),
        ("Ulm", "Ulm"),
        ("Place:Ulm", "nod_5"),
        ("ulm", "nod_5"),
        ("a:b:c:d", "nod_6"),
    ],
)
def test_a_node_is_named_by_id_key_label_and_key_or_in_another_case(name: str, meant: str) -> None:
    assert resolve(made_of(*NODES), name).id == meant


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Bob", "`Bob` names several nodes: `Person:Bob`, `Dog:Bob`; say which one, or give its id."),
        ("ann", "`ann` names several nodes: `Person:Ann`, `Place:ANN`; say which one, or give its id."),
    ],
)
def test_a_name_of_several_tells_which(name: str, sentence: str) -> None:
    with pytest.raises(Unresolved) as told:
        resolve(made_of(*NODES), name)
    assert told.value.ambiguous
    assert told.value.message == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Zoe", "There is no node `Zoe`; did you mean `Zoë`?"),
        ("Person:Zo", "There is no node `Person:Zo`; did you mean `Zoë`?"),
        ("other", "There is no node `other`; did you mean `of another`?"),
        ("Bobby", "There is no node `Bobby`; did you mean `Bob`?"),
        ("Q", "There is no node `Q`; look at what there is first."),
        ("x" * 1000, f"There is no node `{'x' * 80}…`; look at what there is first."),
    ],
)
def test_a_name_of_none_tells_what_is_nearest(name: str, sentence: str) -> None:
    with pytest.raises(Unresolved) as told:
        resolve(made_of(*NODES), name)
    assert not told.value.ambiguous
    assert told.value.message == sentence


def test_only_some_candidates_are_told() -> None:
    view = made_of(*(add_node(f"n{number}", f"Label{number}", "same") for number in range(50)))

    with pytest.raises(Unresolved, match="and others") as told:
        resolve(view, "same")

    assert told.value.message.count("Label") == MOST_CANDIDATES


@given(deltas)
def test_each_node_has_a_name_that_is_its_own(delta: list[GraphOp]) -> None:
    view = made_of(*delta)

    for node in view.nodes():
        assert resolve(view, reference(view, node)) == node


@given(deltas, st.text("abLM12:x", max_size=6))
def test_any_text_names_one_node_or_none(delta: list[GraphOp], name: str) -> None:
    view = made_of(*delta)
    with suppress(Unresolved):
        assert resolve(view, name) in view.nodes()
