"""The words as JSON Schema, and as the protocol's reference page; both are made from the structs.

The schemas say what the wire carries, which is more than what the structs need: an event always has its id, and a field
whose default is written out can be relied on.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import NODEFAULT, UNSET, Struct
from msgspec.json import schema_components
from msgspec.structs import FieldInfo, fields

from puntini.protocol import events, examples, graph
from puntini.protocol.commands import AnyCommand
from puntini.protocol.events import ControlEvent, Event, LoggedEvent

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALWAYS_LOGGED = ("id", "session_id", "timestamp")
ONLY_LOGGED = ("id", "task_id", "attempt", "agent", "timestamp")
REPLIES = frozenset({"agent_status", "error"})
"""These are logged, and answer a command too: then they belong to the connection, and carry no id and no time."""
BODY = ("data", "error")
BEGIN = "<!-- begin: made from the code, do not edit -->"
END = "<!-- end: made from the code -->"


def event_schema() -> Schema:
    """What the server says: one of all events, told apart by ``type``."""
    schema = _union("Event", "What a Puntini server says. Ignore types and fields that you do not know.", Event)
    definitions = schema["$defs"]
    for name, definition in definitions.items():
        definition["required"] = always(_struct(name))
        definition.pop("additionalProperties", None)
    for class_ in LoggedEvent.__args__:
        if _tag(class_) not in REPLIES:
            definitions[class_.__name__]["required"] += ALWAYS_LOGGED
    for class_ in ControlEvent.__args__:
        for name in ONLY_LOGGED:
            del definitions[class_.__name__]["properties"][name]
    return schema


def command_schema() -> Schema:
    """What a client says: one of all commands, told apart by ``type``."""
    return _union("Command", "What a client says to a Puntini server. Unknown fields are refused.", AnyCommand)


def _tag(class_: type[Struct]) -> str:
    """The ``type`` of an event or a command."""
    return str(class_.__struct_config__.tag)


def always(class_: type[Struct]) -> list[str]:
    """The fields that an encoded struct always has, ``type`` among them."""
    config = class_.__struct_config__
    tag = [str(config.tag_field)] if config.tag_field else []
    return tag + [field.encode_name for field in fields(class_) if _written(field, omit_defaults=config.omit_defaults)]


def _written(field: FieldInfo, *, omit_defaults: bool) -> bool:
    # With omit_defaults msgspec leaves out plain defaults and empty containers, and writes what other functions made.
    if omit_defaults:
        return field.required or field.default_factory not in (NODEFAULT, list, dict)
    return field.default is not UNSET


def _union(title: str, description: str, union: Any) -> Schema:
    classes: tuple[type[Struct], ...] = union.__args__
    references, definitions = schema_components(classes, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = plain(definition["description"])
    mapping = {_tag(class_): reference["$ref"] for class_, reference in zip(classes, references, strict=True)}
    return {
        "$schema": DIALECT,
        "title": title,
        "description": description,
        "oneOf": list(references),
        "discriminator": {"propertyName": "type", "mapping": mapping},
        "$defs": definitions,
    }


def _struct(name: str) -> type[Struct]:
    """The struct that a definition of the event schema was made from."""
    class_: type[Struct] = getattr(events, name, None) or getattr(graph, name)
    return class_


def plain(docstring: str) -> str:
    """Paragraphs, each one line, with Markdown's single backticks."""
    paragraphs = inspect.cleandoc(docstring).replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def page() -> str:
    """The protocol's reference in Markdown: every event, command and object with its fields, and examples."""
    events_, commands = event_schema(), command_schema()
    lines = [
        *("## Events of the log", "", *_types(events_, LoggedEvent, "always", examples.event)),
        *("## Control events", "", *_types(events_, ControlEvent, "always", examples.event)),
        *("## Commands", "", *_types(commands, AnyCommand, "required", examples.command)),
        *("## Objects", "", "What the types above are made of.", "", *_objects(events_)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def with_page(document: str) -> str:
    """``document`` with its generated part, between the two markers, made anew. Raises ValueError without markers."""
    before, begin, rest = document.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{page()}\n{END}{after}"


def _types(schema: Schema, union: Any, word: str, example: Callable[[str], Schema]) -> Iterator[str]:
    for class_ in union.__args__:
        definition = schema["$defs"][class_.__name__]
        yield from (f"### `{_tag(class_)}`", "", definition["description"], "")
        for part in BODY:
            if part in definition["properties"]:
                yield from _part(part, definition["properties"][part], schema["$defs"], word)
        yield from ("```json", *_shown(example(_tag(class_))), "```", "")


def _shown(example: Schema) -> Iterator[str]:
    """An example in lines: the envelope, then what it is about."""
    body = {name: value for name, value in example.items() if name in ("timestamp", *BODY)}
    envelope = {name: value for name, value in example.items() if name not in body}
    yield json.dumps(envelope, ensure_ascii=False)[:-1] + ","
    yield " " + json.dumps(body, ensure_ascii=False)[1:]


def _part(name: str, value: Schema, definitions: Schema, word: str) -> Iterator[str]:
    if "$ref" not in value:
        yield from (f"`{name}` is any JSON.", "")
    elif not (definition := definitions[_name(value["$ref"])])["properties"]:
        yield from (f"`{name}` is empty: `{{}}`.", "")
    else:
        yield from _table(f"`{name}`", definition, word)


def _objects(schema: Schema) -> Iterator[str]:
    """What is neither a type nor a type's body."""
    definitions = schema["$defs"]
    types = [definitions[_name(reference["$ref"])] for reference in schema["oneOf"]]
    bodies = {_name(type_["properties"].get(part, {}).get("$ref", "")) for type_ in types for part in BODY}
    for name, definition in definitions.items():
        if definition not in types and name not in bodies:
            yield from (f"### {name}", "", definition["description"], "")
            yield from _table("field", definition, "always")


def _table(title: str, definition: Schema, word: str) -> Iterator[str]:
    yield from (f"| {title} | type | |", "|---|---|---|")
    for name, value in definition["properties"].items():
        presence = word if name in definition["required"] else _default(value)
        yield f"| `{name}` | {_type(value)} | {presence} |"
    yield ""


def _default(value: Schema) -> str:
    # Absent means empty, but for numbers, booleans and words, where it means one of several.
    default = value.get("default")
    return "optional" if default in (None, "", [], {}) else f"default `{json.dumps(default)}`"


def _type(value: Schema) -> str:
    match value:
        case {"$ref": reference}:
            return f"[{_name(reference)}](#{_name(reference).lower()})"
        case {"enum": words}:
            return " ".join(f"`{word}`" for word in words)
        case {"anyOf": choices}:
            return " or ".join(_type(choice) for choice in choices if choice != {"type": "null"})
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}{_bounds(value)}"
        case {"type": name}:
            return f"{name}{_bounds(value)}"
        case _:
            return "any JSON"


def _bounds(value: Schema) -> str:
    if "maxLength" in value:
        return f", at most {value['maxLength']} characters"
    if "maxItems" in value:
        return f", at most {value['maxItems']}"
    if "maximum" in value:
        return f", {value['minimum']} to {value['maximum']}"
    return f", at least {value['minimum']}" if "minimum" in value else ""


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
