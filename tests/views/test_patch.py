"""JSON Patch: the examples of RFC 6902, appendix A, more of our own, and the laws that hold for all patches."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from puntini.views.patch import MOST_DEPTH, NoRoom, PatchFailed, apply, same
from tests.views.strategies import aimed, documents, operations, values

PLENTY = 1 << 20


def patched(document: Any, *patch: dict[str, Any]) -> Any:
    return apply(document, patch, room=PLENTY)[0]


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def check(path: str, value: Any) -> dict[str, Any]:
    return {"op": "test", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def move(origin: str, path: str) -> dict[str, Any]:
    return {"op": "move", "from": origin, "path": path}


def copy(origin: str, path: str) -> dict[str, Any]:
    return {"op": "copy", "from": origin, "path": path}


RFC_6902 = {
    "A.1 adding an object member": ({"foo": "bar"}, [add("/baz", "qux")], {"baz": "qux", "foo": "bar"}),
    "A.2 adding an array element": (
        {"foo": ["bar", "baz"]},
        [add("/foo/1", "qux")],
        {"foo": ["bar", "qux", "baz"]},
    ),
    "A.3 removing an object member": ({"baz": "qux", "foo": "bar"}, [remove("/baz")], {"foo": "bar"}),
    "A.4 removing an array element": ({"foo": ["bar", "qux", "baz"]}, [remove("/foo/1")], {"foo": ["bar", "baz"]}),
    "A.5 replacing a value": (
        {"baz": "qux", "foo": "bar"},
        [replace("/baz", "boo")],
        {"baz": "boo", "foo": "bar"},
    ),
    "A.6 moving a value": (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [move("/foo/waldo", "/qux/thud")],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    "A.7 moving an array element": (
        {"foo": ["all", "grass", "cows", "eat"]},
        [move("/foo/1", "/foo/3")],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    "A.8 testing a value: success": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [check("/baz", "qux"), check("/foo/1", 2)],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    "A.9 testing a value: error": ({"baz": "qux"}, [check("/baz", "bar")], PatchFailed),
    "A.10 adding a nested member object": (
        {"foo": "bar"},
        [add("/child", {"grandchild": {}})],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    "A.11 ignoring unrecognized elements": (
        {"foo": "bar"},
        [{**add("/baz", "qux"), "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    "A.12 adding to a nonexistent target": ({"foo": "bar"}, [add("/baz/bat", "qux")], PatchFailed),
    "A.13 invalid: the last of two op members counts": (
        {"foo": "bar"},
        msgspec.json.decode(b'[{"op":"add","path":"/baz","value":"qux","op":"remove"}]'),
        PatchFailed,
    ),
    "A.14 ~ escape ordering": ({"/": 9, "~1": 10}, [check("/~01", 10)], {"/": 9, "~1": 10}),
    "A.15 comparing strings and numbers": ({"/": 9, "~1": 10}, [check("/~01", "10")], PatchFailed),
    "A.16 adding an array value": (
        {"foo": ["bar"]},
        [add("/foo/-", ["abc", "def"])],
        {"foo": ["bar", ["abc", "def"]]},
    ),
}

OURS = {
    "no operation": ({"a": 1}, [], {"a": 1}),
    "add replaces a member": ({"a": 1}, [add("/a", 2)], {"a": 2}),
    "add of null": ({}, [add("/a", None)], {"a": None}),
    "add the whole document": ({"a": 1}, [add("", [])], []),
    "add at the end by index": ([1], [add("/1", 2)], [1, 2]),
    "add beyond the end": ([1], [add("/2", 2)], PatchFailed),
    "add below a string": ("ab", [add("/0", "c")], PatchFailed),
    "add below null": (None, [add("/a", 1)], PatchFailed),
    "an array has no names": ([1], [add("/a", 2)], PatchFailed),
    "an object has numbers for names": ({"0": 1}, [add("/0", 2), add("/-", 3)], {"0": 2, "-": 3}),
    "the empty name": ({"": {"": 1}}, [replace("//", 2)], {"": {"": 2}}),
    "escapes": ({"a/b": {"m~n": 1}}, [replace("/a~1b/m~0n", 2)], {"a/b": {"m~n": 2}}),
    "a name is no percent-encoding": ({"%2F": 1}, [replace("/%2F", 2)], {"%2F": 2}),
    "a lone tilde": ({"~": 1}, [remove("/~")], PatchFailed),
    "an unknown escape": ({"~2": 1}, [remove("/~2")], PatchFailed),
    "a leading zero": ([1, 2], [remove("/01")], PatchFailed),
    "a negative index": ([1, 2], [remove("/-1")], PatchFailed),
    "a plus sign": ([1, 2], [remove("/+1")], PatchFailed),
    "digits of another script": ([1, 2], [remove("/\u0661")], PatchFailed),
    "an index of many digits": ([1], [remove("/" + "9" * 5000)], PatchFailed),
    "the element after the last is only for adding": ([1], [remove("/-")], PatchFailed),
    "a pointer without a slash": ({"a": 1}, [remove("a")], PatchFailed),
    "remove the whole document": ({"a": 1}, [remove("")], None),
    "remove what is not there": ({"a": 1}, [remove("/b")], PatchFailed),
    "replace the whole document": ({"a": 1}, [replace("", 2)], 2),
    "replace what is not there": ({"a": 1}, [replace("/b", 2)], PatchFailed),
    "replace the element after the last": ([1], [replace("/-", 2)], PatchFailed),
    "replace an element": ([1, 2], [replace("/1", 3)], [1, 3]),
    "move to itself": ({"a": [1]}, [move("/a", "/a")], {"a": [1]}),
    "move into itself": ({"a": {"b": 1}}, [move("/a", "/a/c")], PatchFailed),
    "move the whole document into itself": ({"a": 1}, [move("", "/b")], PatchFailed),
    "move to a name that begins alike": ({"a": 1}, [move("/a", "/ab")], {"ab": 1}),
    "move over the whole document": ({"a": {"b": 1}}, [move("/a", "")], {"b": 1}),
    "move to what it was in": ({"a": {"b": 1}}, [move("/a/b", "/a")], {"a": 1}),
    "move what is not there": ({}, [move("/a", "/b")], PatchFailed),
    "move to the end": ([1, 2, 3], [move("/0", "/-")], [2, 3, 1]),
    "move behind the end, which comes nearer": ([1, 2], [move("/0", "/2")], PatchFailed),
    "move nowhere what is not there": ({}, [move("/a", "/a")], PatchFailed),
    "copy": ({"a": [1]}, [copy("/a", "/b")], {"a": [1], "b": [1]}),
    "copy into itself": ({"a": 1}, [copy("", "/b")], {"a": 1, "b": {"a": 1}}),
    "a changed document is copied into itself": (
        {"a": 1},
        [add("/c", 2), copy("", "/b")],
        {"a": 1, "c": 2, "b": {"a": 1, "c": 2}},
    ),
    "copies go their own ways": (
        {"a": {"x": [1]}},
        [copy("/a", "/b"), add("/b/x/-", 2), add("/a/x/-", 3)],
        {"a": {"x": [1, 3]}, "b": {"x": [1, 2]}},
    ),
    "copies of what was changed before go their own ways": (
        {"a": {"x": [1]}},
        [add("/a/x/-", 2), copy("/a", "/b"), add("/b/x/-", 3), remove("/a/x/0")],
        {"a": {"x": [2]}, "b": {"x": [1, 2, 3]}},
    ),
    "test without regard to order": ({"a": 1, "b": 2}, [check("", {"b": 2, "a": 1})], {"a": 1, "b": 2}),
    "test a whole number and a fraction": ({"a": 1}, [check("/a", 1.0)], {"a": 1}),
    "true is not one": ({"a": [1]}, [check("/a", [True])], PatchFailed),
    "false is not nothing": ({"a": False}, [check("/a", None)], PatchFailed),
    "test for null": ({"a": None}, [check("/a", None)], {"a": None}),
    "test what is not there for null": ({}, [check("/a", None)], PatchFailed),
    "no op": ({}, [{"path": "/a", "value": 1}], PatchFailed),
    "an op in capitals": ({}, [{"op": "ADD", "path": "/a", "value": 1}], PatchFailed),
    "an op that is no string": ({}, [{"op": ["add"], "path": "/a", "value": 1}], PatchFailed),
    "no path": ({}, [{"op": "add", "value": 1}], PatchFailed),
    "a path that is no string": ({}, [{"op": "remove", "path": 1}], PatchFailed),
    "no value": ({}, [{"op": "add", "path": "/a"}], PatchFailed),
    "no from": ({"a": 1}, [{"op": "move", "path": "/a"}], PatchFailed),
}


@pytest.mark.parametrize(
    ("document", "patch", "expected"), [*RFC_6902.values(), *OURS.values()], ids=[*RFC_6902, *OURS]
)
def test_a_patch_does_what_the_rfc_says(document: Any, patch: list[dict[str, Any]], expected: Any) -> None:
    before = deepcopy((document, patch))

    if expected is PatchFailed:
        with pytest.raises(PatchFailed, match=rf"patch\[{len(patch) - 1}\]: "):
            patched(document, *patch)
    else:
        assert patched(document, *patch) == expected

    assert (document, patch) == before


def outcome(document: Any, patch: list[dict[str, Any]]) -> Any:
    """A list with the patched document, or None."""
    try:
        return [patched(document, *patch)]
    except PatchFailed:
        return None


@given(documents, st.lists(operations))
def test_a_patch_is_its_operations_one_by_one_or_nothing(document: Any, patch: list[dict[str, Any]]) -> None:
    before = deepcopy((document, patch))
    together = outcome(document, patch)
    assert (document, patch) == before

    one_by_one = [document]
    for operation in patch:
        # A deep copy each time: nothing is shared that a later operation could change in two places.
        one_by_one = outcome(deepcopy(one_by_one[0]), [operation]) if one_by_one else None  # type: ignore[assignment]
    assert msgspec.json.encode(together) == msgspec.json.encode(one_by_one)


@given(documents, st.lists(operations))
def test_a_document_grows_at_most_by_what_is_said(document: Any, patch: list[dict[str, Any]]) -> None:
    try:
        after, growth = apply(document, patch, room=PLENTY)
    except PatchFailed:
        return

    assert len(msgspec.json.encode(after)) <= len(msgspec.json.encode(document)) + growth


@given(documents, operations, st.integers(-20, 60))
def test_an_operation_that_makes_larger_needs_room(document: Any, operation: dict[str, Any], room: int) -> None:
    try:
        growth = apply(document, [operation], room=PLENTY)[1]
    except PatchFailed:
        return

    if growth <= room or operation["op"] in {"remove", "test"}:
        assert apply(document, [operation], room=room)[1] == growth
    else:
        with pytest.raises(NoRoom):
            apply(document, [operation], room=room)


@given(aimed, values)
def test_what_was_added_is_there_and_can_be_removed_again(case: tuple[Any, str, str], value: Any) -> None:
    document, _, path = case
    added = outcome(document, [add(path, value)])
    assume(added is not None and path and not path.endswith("-"))

    assert outcome(added[0], [check(path, value)]) == added
    # In an array it was inserted, in an object it may have replaced something.
    if outcome(document, [remove(path)]) is None or isinstance(parent_of(document, path), list):
        assert patched(added[0], remove(path)) == document


def parent_of(document: Any, path: str) -> Any:
    return patched(document, copy(path.rpartition("/")[0], ""))


@given(aimed)
def test_a_move_is_a_copy_whose_origin_is_removed(case: tuple[Any, str, str]) -> None:
    document, origin, path = case
    value = patched(document, copy(origin, ""))
    moved = outcome(document, [move(origin, path)])

    if path != origin and path.startswith(f"{origin}/"):
        assert moved is None
    else:
        assert moved == outcome(document, [remove(origin), add(path, value)])


@given(aimed, values)
def test_a_replacement_is_there_where_something_was(case: tuple[Any, str, str], value: Any) -> None:
    document, there, anywhere = case

    assert patched(document, replace(there, value), check(there, value)) == patched(document, replace(there, value))
    assert (outcome(document, [replace(anywhere, value)]) is None) == (outcome(document, [remove(anywhere)]) is None)


@given(values, values)
def test_equal_values_are_those_that_are_written_alike(one: Any, other: Any) -> None:
    def written(value: Any) -> bytes:
        return msgspec.json.encode(whole_numbers(value), order="sorted")

    assert same(one, other) == (written(one) == written(other))


def whole_numbers(value: Any) -> Any:
    match value:
        case float():
            return int(value)
        case dict():
            return {name: whole_numbers(item) for name, item in value.items()}
        case list():
            return [whole_numbers(item) for item in value]
        case _:
            return value


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_patches_add_up_to_a_bounded_depth() -> None:
    half = MOST_DEPTH // 2
    document = patched(nested(half), replace("/a" * (half - 1), nested(half)))
    assert document == nested(2 * half - 1)

    for deeper in (replace("/a" * (half - 1), nested(half + 2)), add("/b" * (MOST_DEPTH + 1), 1)):
        with pytest.raises(PatchFailed, match="nests at most"):
            patched(document, deeper)
    with pytest.raises(PatchFailed, match="nests at most"):
        patched({"x": document, "y": {"z": {}}}, move("/x", "/y/z/x"))
    with pytest.raises(PatchFailed, match="nests at most"):
        patched({"x": document}, copy("", "/y"))


def test_copies_of_copies_come_to_an_end() -> None:
    doubling = [copy("", f"/{number}") for number in range(100)]

    with pytest.raises(NoRoom, match=r"patch\[\d+\]: the document would become too large"):
        patched({"a": "x" * 1000}, *doubling)
