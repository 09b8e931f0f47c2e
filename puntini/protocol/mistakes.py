"""What is said to a client that sent something else than was asked for: the field's path, and what may stand there."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from puntini.errors import Invalid

QUOTED_LIMIT = 200
"""So much of a field's name, of a path or of a wrong value is said back."""
MOST_LISTED = 16
"""So many words are listed where none is like the one that was said."""
ALIKE = frozenset({"prompt", "task", "message"})
"""A chat calls what is said a prompt, a task calls it a task, and people call it a message."""

_AT = re.compile(r" - at (?:`key` in )?`(?P<where>[^`]*)`$")
_KEY = re.compile(r"\.(?P<name>\w+)|\[(?P<number>\d+)\]|\[\.\.\.\]")
_MISSING = re.compile(r"missing required field `(?P<name>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"contains unknown field `(?P<name>.*)`$", re.DOTALL)
_SIZE = re.compile(r"Expected `(?P<type>\w+)`(?P<long> of length)? (?P<bound><=|>=) (?P<size>[\d.e+]+)$")
_WORD = re.compile(r"Invalid (?:enum )?value (?P<word>.*)$", re.DOTALL)


def mistake(message: str, type_: Any, data: bytes) -> Invalid:
    """Turn msgspec's sentence about ``data``, which is no ``type_``, into an Invalid that names the field by its path.

    Where words are fixed it lists them, or says which was meant.
    """
    where = ""
    if match := _AT.search(message):
        where, message = match["where"], message[: match.start()]
    path, types = where.removeprefix("$").removeprefix("."), _wanted(type_, where, data)
    if match := _UNKNOWN.search(message):
        path, message = _joined(path, match["name"]), _unknown(match["name"], _fields(types))
    elif match := _MISSING.search(message):
        path, message = _joined(path, match["name"]), _needed(_tags(types, match["name"]))
    elif match := _WORD.search(message):
        parent, _, field = where.rpartition(".")
        known = _words(types) or _tags(_wanted(type_, parent, data), field)
        word = match["word"].strip("'")
        message = _no_such_word(word, known) if known and word not in known else message
    elif match := _SIZE.search(message):
        message = _fitting(match)
    elif "matching regex" in message:
        message = _described(types) or message
    path, message = shortened(path), shortened(message, 3 * QUOTED_LIMIT)
    return Invalid(f"{path}: {message}" if path else message, path=path)


def _fitting(match: re.Match[str]) -> str:
    if match["type"] == "str" and (match["bound"], match["size"]) == (">=", "1"):
        return "write something"
    unit = "" if not match["long"] else " characters" if match["type"] == "str" else " of them"
    return f"give at {'most' if match['bound'] == '<=' else 'least'} {match['size']}{unit}"


def _unknown(name: str, known: Collection[str]) -> str:
    return f"there is no such field; {suggestion(name, known)}"


def _needed(tags: Collection[str]) -> str:
    return f"this field is needed; {suggestion('', tags)}" if tags else "this field is needed"


def _no_such_word(word: str, known: Collection[str]) -> str:
    return f"`{shortened(word)}` can't stand here; {suggestion(word, known)}"


def suggestion(word: str, known: Collection[str]) -> str:
    """What to do instead of saying a word that is not known: the one that was meant, or which there are."""
    near = get_close_matches(word[:QUOTED_LIMIT], known, n=1)
    if not near and word in ALIKE:
        near = [each for each in known if each in ALIKE]
    if near:
        return f"did you mean `{near[0]}`?"
    if len(known) > MOST_LISTED:
        known = [*list(known)[: MOST_LISTED - 1], "others"]
    *most, last = known or [""]
    return f"use {', '.join(most)} or {last}" if most else f"use {last}" if last else "leave it out"


def shortened(text: str, most: int = QUOTED_LIMIT) -> str:
    """A text that came from outside, at a length that can be said back."""
    return text if len(text) <= most else f"{text[:most]}…"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# What may stand where.


@cache
def _known(type_: Any) -> inspect.Type:
    return inspect.type_info(type_)


def _wanted(type_: Any, where: str, data: bytes) -> list[inspect.Type]:
    """The types that may stand at a path. Of structs with tags, those that are meant by what was sent."""
    value = _sent(data)
    types = _members(_known(type_), value)
    for key in _KEY.finditer(where):
        value = _inside(value, key)
        types = [member for each in types for inner in _inner(each, key["name"]) for member in _members(inner, value)]
    return types


def _sent(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _inside(value: Any, key: re.Match[str]) -> Any:
    if key["name"] is not None:
        return value.get(key["name"]) if isinstance(value, dict) else None
    at = int(key["number"] or 0)
    return value[at] if isinstance(value, list) and at < len(value) else None


def _members(type_: inspect.Type, value: Any) -> list[inspect.Type]:
    """What a type may be: its choices, and of those with tags the one that was meant, or all where none was."""
    if not isinstance(type_, inspect.UnionType):
        return [type_]
    return [each for each in type_.types if _has_tag(each, value)] or list(type_.types)


def _has_tag(type_: inspect.Type, value: Any) -> bool:
    match type_:
        case inspect.StructType(tag_field=str(field), tag=tag):
            return isinstance(value, dict) and value.get(field) == tag
        case _:
            return False


def _inner(type_: inspect.Type, name: str | None) -> Iterable[inspect.Type]:
    match _bare(type_):
        case inspect.StructType(fields=fields) if name is not None:
            return (field.type for field in fields if field.encode_name == name)
        case inspect.CollectionType(item_type=item) | inspect.DictType(value_type=item):
            return (item,)
        case _:
            return ()


def _bare(type_: inspect.Type) -> inspect.Type:
    return type_.type if isinstance(type_, inspect.Metadata) else type_


def _fields(types: Iterable[inspect.Type]) -> list[str]:
    structs = (each for each in map(_bare, types) if isinstance(each, inspect.StructType))
    names = (name for each in structs for name in [each.tag_field, *(field.encode_name for field in each.fields)])
    return list(dict.fromkeys(filter(None, names)))


def _tags(types: Iterable[inspect.Type], field: str) -> list[str]:
    structs = (each for each in map(_bare, types) if isinstance(each, inspect.StructType))
    return [str(each.tag) for each in structs if each.tag_field == field]


def _words(types: Iterable[inspect.Type]) -> list[str]:
    return [str(word) for each in map(_bare, types) if isinstance(each, inspect.LiteralType) for word in each.values]


def _described(types: Iterable[inspect.Type]) -> str:
    schemas = (each.extra_json_schema for each in types if isinstance(each, inspect.Metadata))
    return next((str(schema["description"]) for schema in schemas if schema and "description" in schema), "")
