"""What a tool takes, read from its function's signature: a struct to check arguments by, and its JSON Schema."""

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.errors import PuntiniError
from puntini.protocol.decode import decode
from puntini.protocol.entries import encode

_REF = "#/$defs/{name}"
_NAMED = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}


class Parameters(Struct, frozen=True):
    """A tool's parameters. ``takes_context`` says whether the function's first one is the context, in no schema."""

    struct: type[Struct]
    schema: dict[str, Any]
    takes_context: bool

    def check(self, arguments: Any) -> dict[str, Any]:
        """Arguments as the function takes them, defaults filled in. Raises ToolFailed, which names the field."""
        try:
            # By way of JSON, so that a model's arguments are held to what a client's commands are: size, depth, types.
            given = asdict(decode(encode(arguments), self.struct))
        except PuntiniError as error:
            raise ToolFailed(f"arguments{'.' if error.path else ': '}{error.message}") from None
        except (TypeError, ValueError) as error:
            raise ToolFailed(f"arguments: This is not JSON: {error}.") from None
        return given


def read(function: Callable[..., Any], name: str) -> Parameters:
    """Read a signature. Raises TypeError where a tool can't be made of it."""
    hints = _hints(function, name)
    parameters = list(inspect.signature(function).parameters.values())
    takes_context = bool(parameters) and hints.get(parameters[0].name) is ToolContext
    fields = [_field(each, hints, name) for each in parameters[takes_context:]]
    try:
        struct = msgspec.defstruct(f"{name}_arguments", fields, kw_only=True, forbid_unknown_fields=True)
        return Parameters(struct, _schema(struct), takes_context)
    except KeyError as error:
        raise TypeError(f"Tool `{name}` has two types of one name among its parameters: {error}.") from None
    except (TypeError, ValueError) as error:
        raise TypeError(f"Tool `{name}` has a parameter that JSON can't bring: {error}") from None


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"Tool `{name}` has a type hint that is not known where it is defined: {error}.") from None


def _field(parameter: Parameter, hints: dict[str, Any], tool: str) -> tuple[str, Any] | tuple[str, Any, Any]:
    if parameter.kind not in _NAMED:
        raise TypeError(f"Tool `{tool}` takes `{parameter}`; give each parameter a name that arguments can have.")
    if parameter.name not in hints:
        raise TypeError(f"Tool `{tool}` needs a type hint for `{parameter.name}`.")
    if parameter.default is Parameter.empty:
        return parameter.name, hints[parameter.name]
    return parameter.name, hints[parameter.name], parameter.default


def _schema(struct: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of an object, with what its fields refer to under ``$defs``."""
    [reference], parts = msgspec.json.schema_components([struct], ref_template=_REF)
    whole = parts.pop(reference["$ref"].rpartition("/")[2])
    del whole["title"]
    return {**whole, "$defs": parts} if parts else whole
