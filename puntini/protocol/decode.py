"""Strict decoding whose errors name the field: ``data.prompt: Expected `str`, got `int```."""

import re
from functools import cache
from typing import Any, TypeVar

import msgspec

from puntini.errors import Invalid, TooLarge
from puntini.protocol.commands import AnyCommand, GraphEdit
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.entries import encode
from puntini.protocol.events import Event

T = TypeVar("T")
MESSAGE_LIMIT = 1 << 20
EVENT_LIMIT = 64 * MESSAGE_LIMIT
QUOTED_LIMIT = 200
"""So much of a field's name, of a path or of a wrong value is said back."""

_AT = re.compile(r" - at (?:`key` in )?`(?P<where>[^`]*)`$")
_FIELD = re.compile(r"(?:missing required field|contains unknown field) `(?P<name>.*)`$", re.DOTALL)


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def decode(raw: bytes | str, type_: type[T], *, limit: int = MESSAGE_LIMIT, outside: bool = False) -> T:
    """Decode JSON into ``type_``. Raises Invalid with the field's path, or TooLarge.

    ``limit`` is in bytes of UTF-8. A key that comes twice counts with its last value. With ``outside`` the depth is
    not measured: what is inside is Raw, and is to be decoded by itself.
    """
    data = _utf8(raw, limit)
    value: T = _decode(data, type_)
    if not outside and deeper_than(data, DEPTH_LIMIT):
        raise _too_deep()
    return value


def _utf8(raw: bytes | str, limit: int) -> bytes:
    try:
        data = raw.encode() if isinstance(raw, str) else raw
    except UnicodeEncodeError:
        raise Invalid("This is not UTF-8.") from None
    if len(data) > limit:
        raise TooLarge(f"Send at most {limit} bytes; this has {len(data)}.")
    return data


def _decode(data: bytes, type_: Any) -> Any:
    try:
        return _decoder(type_).decode(data)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
    except msgspec.DecodeError as error:
        raise Invalid(f"This is not JSON: {str(error).removeprefix('JSON is malformed: ')}.") from None
    except UnicodeDecodeError:
        raise Invalid("This is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> Invalid:
    return Invalid(f"Nest values at most {DEPTH_LIMIT} deep.")


def decode_command(raw: bytes | str) -> AnyCommand:
    """Decode one command. Raises Invalid or TooLarge."""
    command: AnyCommand = decode(raw, AnyCommand)  # type: ignore[arg-type]
    if isinstance(command, GraphEdit):
        _check_operations(command)
    return command


def _check_operations(command: GraphEdit) -> None:
    for number, operation in enumerate(command.data.delta):
        if problem := operation.problem():
            path = f"data.delta[{number}]"
            raise Invalid(f"{path}: {problem}", path=path)


def decode_event(raw: bytes | str) -> Event:
    """Decode one envelope. Unknown fields are ignored, but in nodes and edges; an unknown type raises Invalid.

    A snapshot may nest deeper than what a client may send: the patches to a state add up.
    """
    event: Event = _decode(_utf8(raw, EVENT_LIMIT), Event)
    return event


def invalid(message: str) -> Invalid:
    """Turn a msgspec sentence into an Invalid that names the field by its path."""
    where = ""
    if match := _AT.search(message):
        where = match["where"].removeprefix("$").removeprefix(".")
        message = message[: match.start()]
    if match := _FIELD.search(message):
        where = f"{where}.{match['name']}" if where else match["name"]
    where, message = _shortened(where), _shortened(message)
    return Invalid(f"{where}: {message}" if where else message, path=where)


def _shortened(text: str) -> str:
    return text if len(text) <= QUOTED_LIMIT else f"{text[:QUOTED_LIMIT]}…"


__all__ = ["decode", "decode_command", "decode_event", "deeper_than", "encode", "invalid"]
