"""JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). A patch applies as a whole or not at all."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from puntini.protocol.depth import deeper_than

MOST_DEPTH = 128
"""How deep a patched document may nest. Patches add up, and one that no reader could read would end the session."""

_encoder = msgspec.json.Encoder()
_BAD_ESCAPE = re.compile("~(?![01])")
_INDEX = re.compile("0|[1-9][0-9]{0,17}")
# What a member or an element adds besides its key and its value: a colon and a comma.
_MARKS = 2
_NULL = len("null")


class PatchFailed(ValueError):
    """The patch is malformed or does not fit the document; the message says why."""


class NoRoom(PatchFailed):
    """The patch would add more to the document than there is room for."""


def apply(document: Any, patch: Sequence[Mapping[str, Any]], *, room: int) -> tuple[Any, int]:
    """The patched document, and how many bytes of JSON it grew by, at most. Raises PatchFailed.

    The document is not changed. The new one shares with it, and with the patch, what is the same in both, so neither
    may be changed in place. At no step may the document have grown by more than ``room``: a copy of all of it doubles
    it, and ten copies in turn make a thousand.
    """
    editing = _Editing(document, room)
    for at, operation in enumerate(patch):
        try:
            editing.do(operation)
        except PatchFailed as failure:
            raise type(failure)(f"patch[{at}]: {failure}") from None
    return editing.document, editing.growth


class _Editing:
    """A document being patched. Objects and arrays on the way to a change are copied, each once."""

    def __init__(self, document: Any, room: int) -> None:
        self.document = document
        self.growth = 0
        self._room = room
        self._own: dict[int, Any] = {}

    def do(self, operation: Mapping[str, Any]) -> None:
        path = _pointer(operation, "path")
        match operation.get("op"):
            case "add":
                self._bring(path, _value(operation), self._put)
            case "remove":
                self._release(self._take(path))
            case "replace":
                self._bring(path, _value(operation), self._exchange)
            case "move":
                self._move(_pointer(operation, "from"), path)
            case "copy":
                value = _get(self.document, _pointer(operation, "from"))
                # It is to hang in two places, maybe within itself: a change in one must not show in the other.
                self._own.clear()
                self._bring(path, value, self._put)
            case "test":
                if not same(_get(self.document, path), _value(operation)):
                    raise PatchFailed("the test failed")
            case _:
                raise PatchFailed("there is no such operation")

    def _bring(self, path: list[str], value: Any, put: Callable[[list[str], Any], None]) -> None:
        raw = _encoder.encode(value)
        _check_depth(path, raw)
        put(path, value)
        self._charge(path, len(raw))

    def _move(self, origin: list[str], path: list[str]) -> None:
        if len(path) > len(origin):
            if path[: len(origin)] == origin:
                raise PatchFailed("a value can't be moved into itself")
            _check_depth(path, _encoder.encode(_get(self.document, origin)))
        self._put(path, self._take(origin))
        self._charge(path, 0)

    def _put(self, path: list[str], value: Any) -> None:
        if not path:
            self._release(self.document)
            self.document = value
            return
        parent = self._parent(path)
        place = _place(parent, path[-1], new=True)
        if isinstance(parent, list):
            parent.insert(place, value)
            return
        if place in parent:
            self._release(parent[place])
        parent[place] = value

    def _exchange(self, path: list[str], value: Any) -> None:
        if not path:
            self._put(path, value)
            return
        parent = self._parent(path)
        place = _place(parent, path[-1])
        self._release(parent[place])
        parent[place] = value

    def _take(self, path: list[str]) -> Any:
        """Take a value out. Without its root a document is null."""
        if not path:
            value, self.document = self.document, None
            self.growth += _NULL
            return value
        parent = self._parent(path)
        place = _place(parent, path[-1])
        return parent.pop(place)

    def _parent(self, path: list[str]) -> Any:
        """The object or array that holds what ``path`` names, free to be changed."""
        self.document = container = self._copied(self.document)
        for token in path[:-1]:
            place = _place(container, token)
            container[place] = self._copied(container[place])
            container = container[place]
        return container

    def _copied(self, value: Any) -> Any:
        if id(value) in self._own or not isinstance(value, dict | list):
            return value
        copy = value.copy()
        self._own[id(copy)] = copy
        return copy

    def _charge(self, path: list[str], size: int) -> None:
        self.growth += size + len(_encoder.encode(path[-1] if path else "")) + _MARKS
        if self.growth > self._room:
            raise NoRoom("the document would become too large")

    def _release(self, value: Any) -> None:
        self.growth -= len(_encoder.encode(value))


def _check_depth(path: list[str], raw: bytes) -> None:
    if len(path) > MOST_DEPTH or deeper_than(raw, MOST_DEPTH - len(path)):
        raise PatchFailed(f"a document nests at most {MOST_DEPTH} deep")


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, and true is not 1."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case _:
            return bool(one == other)


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchFailed("`value` is missing")
    return operation["value"]


def _pointer(operation: Mapping[str, Any], name: str) -> list[str]:
    pointer = operation.get(name)
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/") or _BAD_ESCAPE.search(pointer):
        raise PatchFailed(f"`{name}` is not a JSON Pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _get(document: Any, path: list[str]) -> Any:
    for token in path:
        document = document[_place(document, token)]
    return document


def _place(container: Any, token: str, *, new: bool = False) -> Any:
    """A token as a key of an object or an index of an array; with ``new`` as one to be added."""
    if isinstance(container, dict) and (new or token in container):
        return token
    if isinstance(container, list):
        if new and token == "-":
            return len(container)
        if _INDEX.fullmatch(token) and int(token) < len(container) + new:
            return int(token)
    raise PatchFailed("there is nothing at this path")
