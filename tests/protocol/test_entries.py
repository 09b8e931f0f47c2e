"""What is kept of an event: one line, which can be read back, whatever the event holds."""

import datetime
import decimal
import json
import math
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from puntini.protocol.decode import decode_event
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.entries import encode, entry_of, read_entry
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    ControlEvent,
    Debug,
    DebugData,
    LoggedEvent,
    SessionClosed,
    SessionClosedData,
    StateUpdate,
    StateUpdateData,
    Step,
    StepData,
    TaskData,
    TaskProgress,
    ToolCall,
    ToolCallData,
    UserPrompt,
    UserPromptData,
)
from tests.protocol.strategies import broken_texts, control_events, json_values, logged_events, texts


def state(value: Any) -> StateUpdate:
    return StateUpdate(data=StateUpdateData(version=1, snapshot=value))


def snapshot(value: Any) -> Any:
    """What a reader gets for a value that an agent has in its state."""
    event = decode_event(entry_of(state(value)).line)
    assert isinstance(event, StateUpdate)
    return event.data.snapshot


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@given(logged_events)
def test_an_entry_is_recovered_from_its_line(event: LoggedEvent) -> None:
    entry = entry_of(event)

    assert read_entry(entry.line) == entry
    assert decode_event(entry.line) == event
    assert (entry.type, entry.task_id) == (event.__struct_config__.tag, event.task_id)
    assert entry.kind == (f"debug:{event.data.level}" if isinstance(event, Debug) else entry.type)


@given(broken_texts, broken_texts, broken_texts)
@example('tsk_"', 'a"', "\\")
@example("\\", '","task_id":"', '","level":"error')
@example("\ud800", "", "")
def test_no_text_confuses_the_line(task_id: str, agent: str, message: str) -> None:
    details = {message: agent, "level": "error"}
    entry = entry_of(Debug(task_id=task_id, agent=agent, data=DebugData(message=message, details=details)))

    assert read_entry(entry.line) == entry
    assert entry.kind == "debug:debug"
    assert entry.task_id == "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in task_id)


def test_a_level_that_is_written_another_way_is_read_too() -> None:
    line = b'{"type":"debug","data":{"level":"info","message":"m"}}'

    assert read_entry(line).kind == "debug:info"


def test_a_type_that_this_version_does_not_know_is_read() -> None:
    entry = read_entry(b'{"type":"dream","task_id":"tsk_\\"","data":{}}')

    assert (entry.kind, entry.type, entry.task_id) == ("dream", "dream", 'tsk_"')


@given(texts)
@example("\u2028\u2029\x85\r\n\v\f\x1c\x1d\x1e")
def test_a_line_has_no_line_break_of_any_kind(text: str) -> None:
    line = encode({text: [text]})

    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == {text: [text]}


@given(broken_texts)
@example("\ud83d\ude00")
def test_each_lone_surrogate_becomes_one_replacement_character(text: str) -> None:
    mended = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)

    assert json.loads(encode([text, {text: text}, {"deep": [(text,)]}])) == [
        mended,
        {mended: mended},
        {"deep": [[mended]]},
    ]
    assert decode_event(entry_of(state({text: [text]})).line) == state({mended: [mended]})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_becomes_null(value: float) -> None:
    assert snapshot({"loss": [value]}) == {"loss": [None]}
    assert encode([value]) == b"[null]"
    assert entry_of(TaskProgress(data=TaskData(status="running", progress=value))).line.endswith(b'"progress":null}}')


@dataclass
class Point:
    x: float


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (2**63, 2**63),
        (-(2**70), -(2**70)),
        (10**400, 10**400),
        (-0.0, 0),
        ({1: "a", 2.5: "b"}, {"1": "a", "2.5": "b"}),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (b"\x00\xff", "AP8="),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC), "2026-11-21T00:00:00Z"),
        (datetime.date(2026, 11, 21), "2026-11-21"),
        (datetime.timedelta(seconds=90), "PT90S"),
        (Point(math.nan), {"x": None}),
        (Colour.RED, "red"),
        (msgspec.Raw(b"[1,\r2]"), [1, 2]),
        (msgspec.Raw(b'{\n  "a": 1,\r\n  "b": "\xe2\x80\xa8"}'), {"a": 1, "b": "\u2028"}),
    ],
)
def test_python_values_become_json(value: Any, read: Any) -> None:
    assert snapshot(value) == read
    assert len(entry_of(state(value)).line.splitlines()) == 1


@pytest.mark.parametrize("value", [object(), Point, ValueError("x"), {(1, 2): 3}, {None: 1}, {"a": UNSET}, 1j, print])
def test_an_object_that_json_has_no_word_for_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)
    with pytest.raises(TypeError, match=r"A state_update event can hold what JSON can: .*\."):
        entry_of(state(["fine", value]))


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [circle(), nested(100_000), 10**5_000], ids=["circle", "deep", "endless"])
def test_a_value_without_end_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"nested too deep|Exceeds the limit"):
        encode(value)
    with pytest.raises(ValueError, match="This state_update event cannot be logged"):
        entry_of(state(value))


def test_nesting_has_one_limit() -> None:
    assert snapshot(nested(DEPTH_LIMIT - 2)) == nested(DEPTH_LIMIT - 2)
    with pytest.raises(ValueError, match="nest values at most 64 deep"):
        entry_of(state(nested(DEPTH_LIMIT - 1)))


@pytest.mark.parametrize(
    ("event", "where"),
    [
        (Step(data=StepData(step_number=1, name="x", success=True, duration_seconds=math.nan)), "duration_seconds"),
        (UserPrompt(data=UserPromptData(message_id="m", prompt=5)), "prompt"),  # type: ignore[arg-type]
        (ToolCall(data=ToolCallData(call_id="c", tool_name="t", status="done")), "status"),  # type: ignore[arg-type]
        (
            AssistantResponse(data=AssistantResponseData(message_id="m", text=None)),  # type: ignore[arg-type]
            "text",
        ),
        (Debug(data=DebugData(message="m", level="trace")), "level"),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_back_is_not_logged(event: LoggedEvent, where: str) -> None:
    with pytest.raises(ValueError, match=rf"event cannot be logged: .* - at `\$\.data\.{where}`"):
        entry_of(event)


@given(control_events)
def test_a_control_event_is_not_logged(event: ControlEvent) -> None:
    with pytest.raises(ValueError, match="cannot be logged"):
        entry_of(event)


@pytest.mark.parametrize("name", ["id", "session_id"])
def test_the_log_alone_gives_ids(name: str) -> None:
    with pytest.raises(ValueError, match="the log gives them"):
        entry_of(replace(SessionClosed(data=SessionClosedData()), **{name: "x"}))


def test_a_raw_value_that_is_not_json_is_not_logged() -> None:
    with pytest.raises(ValueError, match="cannot be logged"):
        entry_of(state(msgspec.Raw(b"{\n")))


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(json_values, st.integers(0, 6), st.booleans())
def test_depth_is_counted_as_a_person_would(value: Any, limit: int, pretty: bool) -> None:
    raw = json.dumps(value, indent=1 if pretty else None, ensure_ascii=pretty)

    assert deeper_than(raw, limit) == deeper_than(raw.encode(), limit) == (depth_of(value) > limit)
