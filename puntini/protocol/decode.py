"""Strict decoding whose errors name the field: ``data.prompt: Expected `str`, got `int```."""

from functools import cache
from typing import Any, TypeVar

import msgspec

from puntini.errors import Invalid, TooLarge
from puntini.protocol.commands import AnyCommand, GraphEdit
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.entries import encode
from puntini.protocol.events import Event
from puntini.protocol.mistakes import mistake

T = TypeVar("T")
MESSAGE_LIMIT = 1 << 20
EVENT_LIMIT = 64 * MESSAGE_LIMIT


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
        raise mistake(str(error), type_, data) from None
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


__all__ = ["decode", "decode_command", "decode_event", "deeper_than", "encode"]
