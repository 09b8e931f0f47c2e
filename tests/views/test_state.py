"""The agent's state."""

from puntini.views.state import MOST_BYTES
from tests.views.said import fold, patched, reopened, snapshot


def add(path: str, value: object) -> dict[str, object]:
    return {"op": "add", "path": path, "value": value}


def test_a_snapshot_is_the_state_and_a_patch_changes_it() -> None:
    view = fold([snapshot({"todo": ["plan"]}, version=1), patched(add("/todo/-", "do"), version=2)])

    assert (view.state, view.state_version) == ({"todo": ["plan", "do"]}, 2)


def test_with_neither_the_state_is_null() -> None:
    assert fold([snapshot({"a": 1}), snapshot(None, version=2)]).state is None
    assert fold([]).state is None


def test_an_empty_patch_is_a_patch() -> None:
    view = fold([snapshot([1]), patched(version=5)])

    assert (view.state, view.state_version) == ([1], 5)


def test_a_patch_that_fails_changes_nothing() -> None:
    view = fold([snapshot({"a": 1}, version=1), patched(add("/b", 2), add("/x/y", 3), version=2)])

    assert (view.state, view.state_version) == ({"a": 1}, 1)


def test_a_state_that_was_handed_out_stays_as_it_was() -> None:
    view = fold([snapshot({"a": {"b": [1]}})])
    ready = view.ready(session_id="s", cursor="e.1", agent="")

    fold([patched(add("/a/b/-", 2), {"op": "remove", "path": "/a"})], view)

    assert ready.data.state == {"a": {"b": [1]}}
    assert view.state == {}


def test_patches_cannot_make_the_state_too_large() -> None:
    third = "x" * (MOST_BYTES // 3)
    view = fold([snapshot({}), patched(add("/a", third)), patched(add("/b", third))])
    doubled = {"op": "copy", "from": "", "path": "/c"}

    assert fold([patched(doubled, version=9)], view).state_version == 2
    assert list(fold([patched(doubled, version=9)], reopened(view)).state) == ["a", "b"]


def test_what_was_removed_makes_room() -> None:
    third = "x" * (MOST_BYTES // 3)
    view = fold([snapshot({})])

    for version in range(2, 9):
        fold([patched(add("/a", third), add("/b", third), version=version)], view)
        fold([patched({"op": "remove", "path": "/a"}, version=version)], view)

    assert (list(view.state), view.state_version) == (["b"], 8)


def test_a_snapshot_is_as_large_as_its_event_and_patches_can_only_make_it_smaller() -> None:
    view = fold([snapshot({"a": "x" * MOST_BYTES, "b": 1}, version=1)])
    assert len(view.state["a"]) == MOST_BYTES

    assert fold([patched(add("/c", 1), version=2)], view).state_version == 1
    assert fold([patched({"op": "remove", "path": "/a"}, version=3)], view).state == {"b": 1}
