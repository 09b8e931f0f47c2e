"""The JSON Schemas are true: of what is written, of what is read, and of what the docs say."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from msgspec import json
from msgspec.structs import replace

from puntini.protocol import examples, frames
from puntini.protocol.commands import AnyCommand
from puntini.protocol.entries import encode, entry_of
from puntini.protocol.events import ControlEvent, Event, LoggedEvent
from puntini.protocol.ids import EventId
from puntini.protocol.schema import BEGIN, END, command_schema, event_schema, page, with_page
from tests.protocol.strategies import commands, control_events, event_ids, logged_events, texts
from tests.protocol.test_golden import COMMAND_LINES, EVENT_LINES

DOCS = Path(__file__).parents[2] / "docs" / "protocol-reference.md"
EVENTS = Draft202012Validator(event_schema())
COMMANDS = Draft202012Validator(command_schema())
STARTED = {
    "type": "task_started",
    "id": "k3.1",
    "session_id": "ses_1",
    "timestamp": "2026-11-21T10:00:00.123Z",
    "data": {"status": "running"},
}


def strict(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator that lets nothing pass that the schema does not name."""
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
    return Draft202012Validator(schema)


STRICT_EVENTS = strict(event_schema())


@pytest.mark.parametrize("schema", [event_schema(), command_schema()], ids=["events", "commands"])
def test_a_schema_is_a_schema_and_leads_nowhere_else(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)

    assert [choice["$ref"] for choice in schema["oneOf"]] == list(schema["discriminator"]["mapping"].values())
    for tag, reference in schema["discriminator"]["mapping"].items():
        assert schema["$defs"][reference.removeprefix("#/$defs/")]["properties"]["type"] == {"enum": [tag]}
    assert json.decode(json.encode(schema)) == schema


@pytest.mark.parametrize(("schema", "union"), [(event_schema(), Event), (command_schema(), AnyCommand)])
def test_a_schema_has_every_type_with_its_description(schema: dict[str, Any], union: Any) -> None:
    tags = {class_.__struct_config__.tag: class_.__name__ for class_ in union.__args__}

    assert set(schema["discriminator"]["mapping"]) == set(tags)
    for name in tags.values():
        assert schema["$defs"][name]["description"]
    assert "``" not in str(schema)


@pytest.mark.parametrize("line", EVENT_LINES)
def test_golden_events_are_valid(line: bytes) -> None:
    STRICT_EVENTS.validate(json.decode(line))


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_golden_commands_are_valid(line: bytes) -> None:
    COMMANDS.validate(json.decode(line))


@given(logged_events, event_ids, texts, texts)
def test_logged_events_are_valid(event: LoggedEvent, event_id: EventId, session_id: str, time: str) -> None:
    entry = entry_of(replace(event, timestamp=time or "t"))

    STRICT_EVENTS.validate(json.decode(frames.complete(entry, str(event_id), session_id)))


@given(control_events)
def test_control_events_are_valid(event: ControlEvent) -> None:
    STRICT_EVENTS.validate(json.decode(encode(event)))


@given(commands)
def test_commands_are_valid(command: AnyCommand) -> None:
    COMMANDS.validate(json.decode(encode(command)))


@pytest.mark.parametrize("name", list(STARTED))
def test_what_a_logged_event_always_has_is_required(name: str) -> None:
    EVENTS.validate(STARTED)

    assert not EVENTS.is_valid({key: value for key, value in STARTED.items() if key != name})


@pytest.mark.parametrize(
    ("type_", "name", "is_always_there"),
    [
        ("AssistantResponseData", "offset", True),
        ("ToolCallData", "parameters", True),
        ("ToolCallData", "result", False),
        ("SessionReadyData", "state", True),
        ("DebugData", "details", False),
        ("Usage", "cost_usd", False),
        ("Node", "key", False),
        ("Node", "props", True),
        ("Problem", "retryable", True),
        ("Error", "error", True),
        ("Error", "id", False),
        ("AgentStatus", "id", False),
        ("Pong", "data", True),
        ("Live", "session_id", False),
    ],
)
def test_a_reader_is_promised_what_is_always_written(type_: str, name: str, is_always_there: bool) -> None:
    definition = event_schema()["$defs"][type_]

    assert name in definition["properties"]
    assert (name in definition["required"]) == is_always_there


def test_a_control_event_has_no_id_to_speak_of() -> None:
    definitions = event_schema()["$defs"]

    for class_ in ControlEvent.__args__:
        assert set(definitions[class_.__name__]["properties"]) == {"type", "session_id", "data"}


def test_readers_are_open_and_writers_are_strict() -> None:
    added: dict[str, Any] = {"new": 1}

    EVENTS.validate({**STARTED, **added, "data": {"status": "running", **added}})
    operation = {"action": "add_node", "node": {"id": "n1", "label": "Cat", "props": {}, **added}, **added}
    EVENTS.validate({**STARTED, "type": "graph_update", "data": {"version": 1, "delta": [operation], "author": "a"}})
    assert not EVENTS.is_valid({**STARTED, "type": "new"})
    assert not COMMANDS.is_valid({"type": "ping", **added})
    assert not COMMANDS.is_valid({"type": "close_session", "data": added})
    assert not COMMANDS.is_valid({"type": "user_prompt", "data": {"prompt": ""}})


def test_a_schema_is_the_callers_own() -> None:
    event_schema()["$defs"].clear()
    command_schema()["$defs"].clear()

    assert event_schema()["$defs"]
    assert command_schema()["$defs"]


def test_the_page_names_every_type_once() -> None:
    headings = [line.removeprefix("### ").strip("`") for line in page().splitlines() if line.startswith("### `")]

    assert headings == [class_.__struct_config__.tag for class_ in (*Event.__args__, *AnyCommand.__args__)]
    assert page() == page()


def test_links_on_the_page_lead_to_its_objects() -> None:
    objects = {line.removeprefix("### ").lower() for line in page().splitlines() if line.startswith("### ")}
    links = set(re.findall(r"\]\(#([^)]*)\)", page()))

    assert links
    assert links <= objects


def test_every_type_has_an_example_that_says_no_more_than_it_may() -> None:
    for class_ in Event.__args__:
        STRICT_EVENTS.validate(examples.event(class_.__struct_config__.tag))
    for class_ in AnyCommand.__args__:
        COMMANDS.validate(examples.command(class_.__struct_config__.tag))

    types = {class_.__struct_config__.tag for class_ in Event.__args__}
    assert examples.LOGGED.keys() | examples.CONTROL.keys() == types
    assert examples.COMMANDS.keys() == {class_.__struct_config__.tag for class_ in AnyCommand.__args__}


def test_the_docs_are_up_to_date() -> None:
    committed = DOCS.read_text(encoding="utf-8")

    assert with_page(committed) == committed, "put what `puntini.protocol.schema.page()` returns between the markers"


def test_a_page_is_made_anew_between_its_markers_only() -> None:
    made = with_page(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    assert made == f"before\n{BEGIN}\n\n{page()}\n{END}\nafter\n"
    assert with_page(made) == made
    with pytest.raises(ValueError, match="has no lines"):
        with_page(f"before\n{BEGIN}\nold\nafter\n")
