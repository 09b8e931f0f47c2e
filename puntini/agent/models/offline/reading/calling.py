"""Tools that no rule knows: each is called by its name, with arguments as its JSON Schema has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from puntini.agent.models.contract import ToolSpec
from puntini.agent.models.offline.text.phrases import listed
from puntini.agent.models.offline.text.words import MOST_CHARACTERS
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.errands import OwnCall
from puntini.agent.models.offline.wishes.talk import Puzzle, Talk, Unclear

MOST_TAUGHT = 10
_CALL = re.compile(
    r"\s*(?:please\s+)?call\s+(?:the tool\s+)?`?(?P<name>[A-Za-z_]\w*)`?(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_ARGUMENT = re.compile(
    r"""[\s,]*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^\s,]+)"""
)
_WORD = re.compile(r"\w+")
_EXAMPLES = {"string": '"…"', "integer": "1", "number": "1.5", "boolean": "true", "array": "[…]"}


def calling(goal: str, tools: Mapping[str, ToolSpec]) -> list[Wish]:
    """``call refund amount=30 reason="it is broken"``, or with a JSON object; the whole text is one call."""
    said = _CALL.fullmatch(goal[:MOST_CHARACTERS])
    if said is None or (tool := tools.get(said["name"])) is None:
        return []
    arguments = _arguments(said["rest"].strip(), _properties(tool))
    if arguments is None:
        return [Unclear(f"I don't understand these arguments; say {usage(tool)}.")]
    if missing := [name for name in tool.parameters.get("required", ()) if name not in arguments]:
        return [Unclear(f"`{tool.name}` needs {listed(missing)} too; say {usage(tool)}.")]
    return [OwnCall(tool.name, arguments)]


def named(goal: str, own: Sequence[ToolSpec]) -> list[Wish]:
    """A tool's name with a `_` in it is no English, so whoever says it means the tool."""
    words = frozenset(_WORD.findall(goal[:MOST_CHARACTERS]))
    return [_told(tool) for tool in own if "_" in tool.name and tool.name in words][:1]


def taught(wishes: Sequence[Wish], own: Sequence[ToolSpec]) -> Iterator[Wish]:
    """The same wishes, with what there is to know of somebody's own tools where they are asked for."""
    for wish in wishes:
        match wish:
            case Talk(topic="help") if own:
                yield Talk("help", f"\n- your own tools: {', '.join(usage(tool) for tool in own[:MOST_TAUGHT])}")
            case Puzzle(text=text) if tool := _named(text, own):
                yield _told(tool)
            case _:
                yield wish


def _told(tool: ToolSpec) -> Wish:
    return Unclear(f"I go by fixed rules and call your tool `{tool.name}` only when you say {usage(tool)}.")


def usage(tool: ToolSpec) -> str:
    """How a tool is called, as an example."""
    properties = _properties(tool)
    wanted = tool.parameters.get("required") or list(properties)
    arguments = [f"{name}={_example(properties.get(name, {}))}" for name in wanted]
    return f"`{' '.join(['call', tool.name, *arguments])}`"


def _named(text: str, own: Sequence[ToolSpec]) -> ToolSpec | None:
    words = {word.lower() for word in _WORD.findall(text)}
    return next((tool for tool in own if words.issuperset(tool.name.lower().split("_")) or tool.name in words), None)


def _properties(tool: ToolSpec) -> dict[str, Any]:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def _example(schema: dict[str, Any]) -> str:
    if words := schema.get("enum"):
        return str(words[0])
    return _EXAMPLES.get(str(schema.get("type")), "{…}")


def _arguments(said: str, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where it is neither a JSON object nor ``name=value``, one after the other."""
    if said.startswith("{"):
        found = _json(said)
        return found if isinstance(found, dict) else None
    arguments, at = {}, 0
    while at < len(said):
        if (argument := _ARGUMENT.match(said, at)) is None:
            return None
        arguments[argument["name"]] = _value(argument["value"], properties.get(argument["name"], {}))
        at = argument.end()
    return arguments


def _value(said: str, schema: dict[str, Any]) -> Any:
    """A value as the schema has it. What does not fit stays a text: the tool says what is wrong with it."""
    if said.startswith("'"):
        return said[1:-1]
    if schema.get("type") == "string" and not said.startswith('"'):
        return said
    found = _json(said)
    return said if found is None else found


def _json(said: str) -> Any:
    try:
        return msgspec.json.decode(said)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
