"""A graph's state as JSON: what of it is shown, and how it changed."""

from collections.abc import Mapping
from typing import Any

import msgspec

from puntini.protocol.depth import DEPTH_LIMIT, deeper_than

MOST_BYTES = 64 << 10
"""Of one value; a larger one is shown by its size."""
MOST_DEPTH = DEPTH_LIMIT - 8
"""Of one value, so that the event around it can be logged."""
HIDDEN = frozenset({"messages"})
"""Told by events of their own."""

_encoder = msgspec.json.Encoder(enc_hook=lambda value: _plain(value))
_decode = msgspec.json.Decoder().decode


def _plain(value: Any) -> Any:
    """What JSON can hold of an object: a pydantic model's fields, else its text."""
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) else str(value)


def plain(value: Any) -> Any:
    """A value as JSON holds it, or a word about it where it is large, deep or can't be told."""
    try:
        body = _encoder.encode(value)
        if len(body) > MOST_BYTES:
            return f"({len(body)} bytes)"
        return f"(nested more than {MOST_DEPTH} deep)" if deeper_than(body, MOST_DEPTH) else _decode(body)
    except Exception as error:  # noqa: BLE001 - anybody's objects, with anybody's methods
        return f"({type(value).__name__}, which can't be shown: {type(error).__name__})"


def details(value: Any, name: str) -> dict[str, Any]:
    """A value where an object has to be: what is none, or is cut, is its member of this name."""
    found = plain(value)
    return found if isinstance(found, dict) else {name: found}


def shown(values: Any) -> dict[str, Any]:
    """The part of a graph's state that is shown."""
    if isinstance(values, Mapping):
        found = values
    else:
        dump = getattr(values, "model_dump", None)
        found = dump() if callable(dump) else getattr(values, "__dict__", {})
    return {str(name): plain(value) for name, value in found.items() if name not in HIDDEN}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON Patch that leads from one state to another."""
    patch: list[dict[str, Any]] = [{"op": "remove", "path": _path(name)} for name in before if name not in after]
    for name, value in after.items():
        if name not in before:
            patch.append({"op": "add", "path": _path(name), "value": value})
        elif before[name] != value:
            patch.append({"op": "replace", "path": _path(name), "value": value})
    return patch


def _path(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
