"""The JSON Schemas are true: of what is written, of what is read, and of what the docs say."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from msgspec import json

from puntini.protocol import frames
from puntini.protocol.commands import AnyCommand
from puntini.protocol.entries import encode, entry_of
from puntini.protocol.events import ControlEvent, Event, LoggedEvent
from puntini.protocol.ids import EventId
from puntini.protocol.schema import BEGIN, END, command_schema, event_schema, page, with_page
from tests.protocol.strategies import commands, control_events, event_ids, logged_events, texts
from tests.protocol.test_golden import COMMAND_LINES, EVENT_LINES

DOCS = Path(__file__).parents[2] / "docs" / "protocol.md"
EVENTS = Draft202012Validator(event_schema())
COMMANDS = Draft202012Validator(command_schema())
TASK = {"task_id": "tsk_1", "attempt": 1, "agent": "puntini"}
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


@given(logged_events, event_ids, texts)
def test_logged_events_are_valid(event: LoggedEvent, event_id: EventId, session_id: str) -> None:
    stamped = entry_of(type(event)(**{**fields_of(event), "timestamp": "2026-11-21T10:00:00.123Z"}))

    STRICT_EVENTS.validate(json.decode(frames.complete(stamped, str(event_id), session_id)))


@given(control_events)
def test_control_events_are_valid(event: ControlEvent) -> None:
    on_the_wire = {name: value for name, value in json.decode(encode(event)).items() if name in SAID}

    STRICT_EVENTS.validate(on_the_wire)


@given(commands)
def test_commands_are_valid(command: AnyCommand) -> None:
    COMMANDS.validate(json.decode(encode(command)))
