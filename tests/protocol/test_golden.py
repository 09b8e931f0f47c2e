"""Recorded frames, written by hand, never edited: old bytes keep their meaning, and new code writes them the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from puntini.protocol import frames
from puntini.protocol.commands import AnyCommand
from puntini.protocol.decode import decode_command, decode_event
from puntini.protocol.entries import Entry, encode, entry_of, read_entry
from puntini.protocol.events import ControlEvent, Event, LoggedEvent
from tests.protocol.expected import COMMANDS, LOGGED, UNLOGGED

GOLDEN = Path(__file__).parent / "golden"
EVENT_LINES = (GOLDEN / "events.ndjson").read_bytes().splitlines()
COMMAND_LINES = (GOLDEN / "commands.ndjson").read_bytes().splitlines()
LOGGED_LINES, UNLOGGED_LINES = EVENT_LINES[: len(LOGGED)], EVENT_LINES[len(LOGGED) :]


def pairs(lines: list[bytes], structs: Sequence[Struct]) -> list[Any]:
    """Each line with what it means; the test's name says the type and the line's number."""
    return [
        pytest.param(line, struct, id=f"{struct.__struct_config__.tag}-{number}")
        for number, (line, struct) in enumerate(zip(lines, structs, strict=True), start=1)
    ]


def entry(event: LoggedEvent) -> Entry:
    """The event as it is kept: the log adds its id and its session."""
    return entry_of(replace(event, id="", session_id=""))


@pytest.mark.parametrize(("line", "event"), pairs(LOGGED_LINES, LOGGED))
def test_a_logged_event_is_read_and_written_the_same(line: bytes, event: LoggedEvent) -> None:
    kept = entry(event)

    assert decode_event(line) == event
    assert frames.complete(kept, event.id, event.session_id) == line
    assert read_entry(kept.line) == kept


@pytest.mark.parametrize(("line", "event"), pairs(UNLOGGED_LINES, UNLOGGED))
def test_an_event_of_the_connection_is_read_and_written_the_same(line: bytes, event: ControlEvent) -> None:
    assert decode_event(line) == event
    assert frames.line_control(event) == line + b"\n"


@pytest.mark.parametrize(("line", "command"), pairs(COMMAND_LINES, COMMANDS))
def test_a_command_is_read_and_written_the_same(line: bytes, command: AnyCommand) -> None:
    assert decode_command(line) == command
    assert decode_command(line.decode()) == command
    assert encode(command) == line


@pytest.mark.parametrize(
    ("union", "structs"),
    [(LoggedEvent, LOGGED), (ControlEvent, UNLOGGED), (Event, LOGGED + UNLOGGED), (AnyCommand, COMMANDS)],
)
def test_every_type_has_a_golden_frame(union: Any, structs: list[Any]) -> None:
    assert set(union.__args__) <= {type(struct) for struct in structs}


def test_lines_are_the_golden_file() -> None:
    numbered = [(int(event.id.partition(".")[2]), entry(event)) for event in LOGGED]

    assert frames.lines("k3x9ab", "ses_1", numbered).splitlines() == LOGGED_LINES


def test_a_stream_is_the_golden_file() -> None:
    by_type = {type(event).__struct_config__.tag: event for event in LOGGED}
    closed, live, refused = UNLOGGED[1], UNLOGGED[3], UNLOGGED[10]
    written = [
        frames.sse_opening(2104, "k3x9ab.7"),
        frames.sse("k3x9ab", "ses_1", [(8, entry(by_type["debug"])), (27, entry(by_type["error"]))]),
        frames.sse_control(closed, "k3x9ab.9"),
        frames.sse_control(live),
        frames.sse_control(refused),
        frames.sse_ping(""),
        frames.sse_ping("k3x9ab.30"),
    ]

    assert b"".join(written) == (GOLDEN / "stream.sse").read_bytes()


def test_the_kind_and_the_task_are_read_from_the_line() -> None:
    kept = {event.id: read_entry(entry(event).line) for event in LOGGED}

    assert (kept["k3x9ab.7"].kind, kept["k3x9ab.7"].type) == ("debug:debug", "debug")
    assert (kept["k3x9ab.8"].kind, kept["k3x9ab.8"].task_id) == ("debug:warning", "")
    assert (kept["k3x9ab.29"].kind, kept["k3x9ab.29"].task_id) == ("task_failed", "tsk_2")
