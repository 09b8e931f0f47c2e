"""An overlay behaves as a copy of a dict would, and the dict stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.views.overlay import Overlay

keys = st.integers(0, 4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("set"), keys),
        st.tuples(st.just("pop"), keys),
        st.tuples(st.just("get"), keys),
        st.tuples(st.just("clear"), st.just(0)),
    )
)


@given(st.sets(keys), steps)
def test_an_overlay_is_as_good_as_a_copy(base: set[int], steps: list[tuple[str, int]]) -> None:
    below = dict.fromkeys(base, "below")
    copy, overlay = below.copy(), Overlay(below)

    for step, key in steps:
        match step:
            case "set":
                copy[key] = overlay[key] = "above"
            case "pop":
                assert overlay.pop(key, None) == copy.pop(key, None)
            case "get":
                assert overlay.get(key) == copy.get(key)
            case _:
                copy.clear()
                overlay.clear()
        assert list(overlay.items()) == list(copy.items())
        assert len(overlay) == len(copy)
        assert [key in overlay for key in range(5)] == [key in copy for key in range(5)]

    assert below == dict.fromkeys(base, "below")


def test_what_is_not_there_cannot_be_read_or_removed() -> None:
    overlay = Overlay({"a": 1})
    del overlay["a"]

    with pytest.raises(KeyError):
        overlay["a"]
    with pytest.raises(KeyError):
        del overlay["a"]


def test_values_that_change_in_place_are_copied_when_they_are_looked_at() -> None:
    below = {"a": {1}, "b": {2}}
    overlay = Overlay(below, set.copy)

    overlay["a"].add(3)
    overlay.setdefault("b", set()).discard(2)

    assert (overlay["a"], overlay["b"]) == ({1, 3}, set())
    assert below == {"a": {1}, "b": {2}}
