"""JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). A patch applies as a whole or not at all."""

from copy import deepcopy
from typing import Any


class PatchFailed(ValueError):
    """The patch does not fit the document."""


def apply(document: Any, patch: list[dict[str, Any]]) -> Any:
    """The patched document; the one given is left as it was. Raises PatchFailed."""
    result = deepcopy(document)
    for operation in patch:
        result = _operation(result, operation)
    return result


def _operation(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation, "path")
    match operation.get("op"):
        case "add":
            return _add(document, path, deepcopy(_value(operation)))
        case "remove":
            return _remove(document, path)
        case "replace":
            value = deepcopy(_value(operation))
            return value if not path else _add(_remove(document, path), path, value)
        case "move":
            origin = _pointer(operation, "from")
            if path[: len(origin)] == origin and path != origin:
                raise PatchFailed("a value can't be moved into itself")
            moved = _get(document, origin)
            return document if path == origin else _add(_remove(document, origin), path, moved)
        case "copy":
            return _add(document, path, deepcopy(_get(document, _pointer(operation, "from"))))
        case "test":
            if not same(_get(document, path), _value(operation)):
                raise PatchFailed("a test failed")
            return document
        case other:
            raise PatchFailed(f"there is no operation {other!r}")


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1, but 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other if isinstance(one, str) else bool(one == other)


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchFailed("`value` is missing")
    return operation["value"]


def _pointer(operation: dict[str, Any], name: str) -> list[str]:
    pointer = operation.get(name)
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise PatchFailed(f"`{name}` is not a JSON Pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _get(document: Any, path: list[str]) -> Any:
    for token in path:
        document = document[_place(document, token)]
    return document


def _place(container: Any, token: str, *, end: bool = False) -> Any:
    """A token as a key of an object or an index of an array; ``end`` lets it stand behind the last element."""
    if isinstance(container, dict):
        if not end and token not in container:
            raise PatchFailed(f"there is nothing at `{token}`")
        return token
    if not isinstance(container, list):
        raise PatchFailed(f"there is nothing at `{token}`")
    if token == "-" and end:
        return len(container)
    if not token.isascii() or not token.isdigit() or (len(token) > 1 and token[0] == "0"):
        raise PatchFailed(f"`{token}` is not an index")
    if int(token) >= len(container) + end:
        raise PatchFailed(f"there is nothing at `{token}`")
    return int(token)


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    container = _get(document, path[:-1])
    place = _place(container, path[-1], end=True)
    if isinstance(container, list):
        container.insert(place, value)
    else:
        container[place] = value
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    container = _get(document, path[:-1])
    del container[_place(container, path[-1])]
    return document
