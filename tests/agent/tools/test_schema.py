"""What a model is shown of a tool's parameters is what its arguments are held to."""

from typing import Annotated, Any, Literal

from jsonschema import Draft202012Validator
from msgspec import Meta, Struct

from puntini.agent.tools.builtin import builtin_tools
from puntini.agent.tools.contract import ToolContext
from puntini.agent.tools.registry import tool


class Stop(Struct, forbid_unknown_fields=True):
    """A place to stop at."""

    name: str
    minutes: int = 5


@tool
def travel(
    context: ToolContext,
    stops: Annotated[list[Stop], Meta(max_length=10, description="where to")],
    by: Literal["train", "foot"] = "train",
    *,
    notes: dict[str, Any] | None = None,
) -> None:
    """Plan a journey
    with several stops.

    It is not booked.
    """


def test_a_schema_says_types_bounds_defaults_and_words() -> None:
    assert travel.spec.name == "travel"
    assert travel.spec.description == "Plan a journey with several stops."
    assert travel.spec.parameters == {
        "type": "object",
        "properties": {
            "stops": {
                "type": "array",
                "items": {"$ref": "#/$defs/Stop"},
                "maxItems": 10,
                "description": "where to",
            },
            "by": {"enum": ["foot", "train"], "default": "train"},
            "notes": {"anyOf": [{"type": "object"}, {"type": "null"}], "default": None},
        },
        "required": ["stops"],
        "additionalProperties": False,
        "$defs": {
            "Stop": {
                "title": "Stop",
                "description": "A place to stop at.",
                "type": "object",
                "properties": {"name": {"type": "string"}, "minutes": {"type": "integer", "default": 5}},
                "required": ["name"],
                "additionalProperties": False,
            }
        },
    }


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    @tool
    def ring(context: ToolContext) -> None:
        """Ring."""

    assert ring.spec.parameters == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def test_the_built_in_tools_have_schemas_that_are_valid() -> None:
    for spec in builtin_tools().specs():
        Draft202012Validator.check_schema(spec.parameters)
        assert spec.description.endswith("."), spec.name


def test_the_built_in_tools_take_what_the_models_know() -> None:
    taken = {spec.name: list(spec.parameters["properties"]) for spec in builtin_tools().specs()}

    assert (
        taken
        | {
            "search_knowledge": ["query", "limit"],
            "calculate": ["expression"],
            "current_time": ["timezone"],
            "list_files": ["path", "depth"],
            "search_files": ["text", "path"],
            "read_file": ["path", "start", "lines"],
        }
        == taken
    )
