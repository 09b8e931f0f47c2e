"""The schemas of the OpenAPI document: of what addresses take, and of what they give, made from the structs.

The two differ. In a body a field with a default may be left out, and an unknown one is refused; in an answer the same
field is always there, and a client should ignore what it does not know. A struct that goes both ways gets two schemas
where it has to, the one for bodies with ``Input`` behind its name.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from msgspec import Struct, inspect
from msgspec.json import schema_components

from puntini.protocol.schema import Schema, always, event_schema, plain

REF = "#/components/schemas/{name}"
INPUT = "Input"
GENERIC = re.compile(r"([A-Za-z.]+)_([A-Za-z]+)_$")
"""What msgspec calls ``Listed[SessionInfo]``."""
KINDS = {"Listed": "List", "Left": "List"}


class Schemas:
    """The schemas of all types that are taken and given, and the components that they refer to."""

    def __init__(self, taken: Sequence[Any], given: Sequence[Any]) -> None:
        self._given, outputs, names = _made([choice for type_ in given for choice in choices(type_)])
        outputs |= _answers(outputs, names)
        taken_schemas, inputs, _ = _made(taken)
        doubled = {name: name + INPUT for name in _different(inputs, outputs)}
        self._taken = _renamed(taken_schemas, doubled)
        inputs = {doubled.get(name, name): each for name, each in _renamed(inputs, doubled).items()}
        self.components: dict[str, Schema] = dict(sorted((inputs | outputs).items()))
        _describe(self.components)

    def taken(self, type_: Any) -> Schema:
        """The schema of a body, or of a parameter."""
        return self._taken[repr(type_)]

    def given(self, type_: Any) -> Schema:
        """The schema of an answer."""
        found = [self._given[repr(choice)] for choice in choices(type_)]
        return found[0] if len(found) == 1 else {"anyOf": found}


def choices(type_: Any) -> Sequence[Any]:
    """The structs of a union, which need no tags here; any other type is the only choice."""
    members = get_args(type_)
    is_union = bool(members) and all(isinstance(each, type) and issubclass(each, Struct) for each in members)
    return members if is_union and not hasattr(type_, "__origin__") else (type_,)


def _made(types: Sequence[Any]) -> tuple[dict[str, Schema], dict[str, Schema], dict[str, Any]]:
    """The schema of each type, by its ``repr``; the components of all; the struct that each of them is made from."""
    classes = _structs(types)
    schemas, components = schema_components((*types, *classes), ref_template=REF)
    names = _names(components)
    for definition in components.values():
        definition.pop("title", None)
        if "description" in definition:
            definition["description"] = plain(definition["description"])
    renamed = {names[name]: each for name, each in _renamed(components, names).items()}
    by_type = {repr(type_): schema for type_, schema in zip(types, schemas, strict=False)}
    made_from = {names[referred(schema)]: class_ for class_, schema in zip(classes, schemas[len(types) :], strict=True)}
    return _renamed(by_type, names), renamed, made_from


def referred(schema: Schema) -> str:
    """The component that a schema refers to, if it is a reference."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _names(components: Iterable[str]) -> dict[str, str]:
    """Names that people like, for those that msgspec gives; where two would have the same, they keep theirs."""
    pretty = {name: _pretty(name) for name in components}
    count = Counter(pretty.values())
    return {name: each if count[each] == 1 else name for name, each in pretty.items()}


def _pretty(name: str) -> str:
    """``SessionList`` for a list of ``SessionInfo``, and the module's name in front where two structs share one."""
    if match := GENERIC.match(name):
        outer, inner = match[1].rpartition(".")[2], match[2]
        return inner.removesuffix("Info") + KINDS.get(outer, outer)
    *rooms, last = name.split(".")
    return (rooms[-1].title().replace("_", "") if rooms else "") + last


def _renamed(schemas: Mapping[str, Schema], names: Mapping[str, str]) -> dict[str, Schema]:
    """The same, with references to components by their new names."""
    text = json.dumps(schemas)
    for old, new in names.items():
        if old != new:
            text = text.replace(f'"{REF.format(name=old)}"', f'"{REF.format(name=new)}"')
    renamed: dict[str, Schema] = json.loads(text)
    return renamed


# What only answers have.


def _answers(components: Mapping[str, Schema], made_from: Mapping[str, Any]) -> dict[str, Schema]:
    """The components as answers carry them: what is always written is there, and more may come."""
    found = {name: _written(components[name], class_) for name, class_ in made_from.items()}
    events = _events()
    found |= {name: each for name, each in events.items() if name in found}
    if "SessionReady" not in found:
        return found
    return {name: _with_event(each) for name, each in found.items()} | {"Event": events["Event"]}


def _written(definition: Schema, class_: Any) -> Schema:
    required = always(getattr(class_, "__origin__", class_))
    properties = {
        name: {key: part for key, part in each.items() if key != "default"} if name in required else each
        for name, each in definition["properties"].items()
    }
    kept = {key: part for key, part in definition.items() if key != "additionalProperties"}
    return {**kept, "properties": properties, "required": required}


def _structs(types: Iterable[Any]) -> list[Any]:
    """All structs that types are made of."""
    found: dict[Any, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, inspect.StructType):
            if node.cls in found:
                return
            found[node.cls] = None
            for field in node.fields:
                walk(field.type)
        for name in ("type", "item_type", "value_type"):
            if hasattr(node, name):
                walk(getattr(node, name))
        for name in ("types", "item_types"):
            for each in getattr(node, name, ()):
                walk(each)

    for node in inspect.multi_type_info(types):
        walk(node)
    return list(found)


def _events() -> dict[str, Schema]:
    """The events' components, ``Event`` among them, as the protocol's own schema has them."""
    schema = event_schema()
    definitions = schema.pop("$defs")
    del schema["$schema"], schema["title"]
    text = json.dumps(definitions | {"Event": schema}).replace('"#/$defs/', f'"{REF.format(name="")}')
    events: dict[str, Schema] = json.loads(text)
    for definition in events.values():
        definition.pop("title", None)
    return events


def _with_event(node: Any) -> Any:
    """The same, with the union of all events by its name."""
    match node:
        case {"discriminator": {"mapping": {"session_ready": _, "task_completed": _}}}:
            return {"$ref": REF.format(name="Event")}
        case dict():
            return {name: _with_event(each) for name, each in node.items()}
        case list():
            return [_with_event(each) for each in node]
        case _:
            return node


# Both together.


def _different(inputs: Mapping[str, Schema], outputs: Mapping[str, Schema]) -> set[str]:
    """The components that mean one thing in a body and another in an answer, themselves or by what they refer to."""
    different = {name for name in inputs.keys() & outputs.keys() if inputs[name] != outputs[name]}
    while more := {
        name
        for name in inputs.keys() & outputs.keys() - different
        if any(REF.format(name=each) + '"' in json.dumps(inputs[name]) for each in different)
    }:
        different |= more
    return different


def _describe(components: dict[str, Schema]) -> None:
    """Say whose ``data`` a component is, where it says nothing of itself."""
    for owner in list(components.values()):
        for name, each in owner.get("properties", {}).items():
            inner = components.get(referred(each), {})
            if inner and "description" not in inner and "enum" in owner["properties"].get("type", {}):
                inner["description"] = f"The `{name}` of `{owner['properties']['type']['enum'][0]}`."
