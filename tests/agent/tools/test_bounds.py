"""No result is longer than it may be, and what is left out is said."""

import math
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puntini.agent.tools.bounds import bounded
from puntini.agent.tools.contract import ToolFailed
from puntini.protocol.entries import encode
from puntini.protocol.graph import Node

LEFT_OUT = re.compile(r"… \((\d+) of (\d+) characters were left out; ask for less\)$")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=50)
@given(values, st.integers(256, 600))
def test_any_result_fits(value: Any, most: int) -> None:
    result = bounded(value, most)

    assert len(encode(result)) <= most


@given(st.text(min_size=300), st.integers(256, 600))
def test_what_is_left_out_is_counted(text: str, most: int) -> None:
    result = bounded(text, most)

    if match := LEFT_OUT.search(result):
        kept = result[: match.start()]
        assert text.startswith(kept)
        assert len(kept) + int(match[1]) == int(match[2]) == len(text)
    else:
        assert result == text


def test_as_much_is_kept_as_fits() -> None:
    result = bounded('"' * 1_000, 500)

    assert 497 <= len(encode(result)) <= 500


def test_a_structure_that_is_too_long_is_cut_as_text() -> None:
    result = bounded({"nodes": list(range(1_000))}, 300)

    assert result.startswith('{"nodes":[0,1,2,')
    assert LEFT_OUT.search(result)


def test_values_come_out_as_json_has_them() -> None:
    value = {"node": Node(id="n1", label="Person"), "pair": (1, math.nan), 3: math.inf}

    assert bounded(value, 1_000) == {
        "node": {"id": "n1", "label": "Person", "props": {}},
        "pair": [1, None],
        "3": None,
    }


def test_what_can_not_be_logged_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(63):
        deep = [deep]
    circle: list[Any] = []
    circle.append(circle)

    for value in (deep, circle, object(), {(1, 2): 3}):
        with pytest.raises(ToolFailed):
            bounded(value, 1_000)


def test_a_raw_value_is_decoded() -> None:
    assert bounded(msgspec.Raw(b'{"a": 1}'), 1_000) == {"a": 1}
