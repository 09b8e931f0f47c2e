"""Whatever an event holds, it arrives as it was, and nothing in it passes for framing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from puntini.protocol import frames
from puntini.protocol.decode import decode_event
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    ControlEvent,
    Debug,
    DebugData,
    Live,
    LiveData,
    LoggedEvent,
    SessionClosed,
    SessionClosedData,
)
from puntini.protocol.ids import EventId, is_epoch, is_event_id
from tests.protocol.sse import Block, SseParser, parse
from tests.protocol.strategies import broken_texts, control_events, epochs, event_ids, logged_events, seqs, texts

LIVE = Live(data=LiveData(cursor="k3.1"))
CLOSED = entry_of(SessionClosed(data=SessionClosedData()))


def placed(event: LoggedEvent, event_id: EventId, session_id: str) -> dict[str, Any]:
    """The fields of an event once the log has it."""
    return {"id": str(event_id), "session_id": session_id, **fields_of(event, but=("id", "session_id"))}


def fields_of(event: LoggedEvent | ControlEvent, but: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__ if name not in but}


def pairs_of(raw: str | bytes) -> list[tuple[str, Any]]:
    """The members of a JSON object in order, repeated ones too."""
    members: list[tuple[str, Any]] = json.loads(raw, object_pairs_hook=list, parse_constant=pytest.fail)
    return members


@given(st.lists(logged_events, max_size=4), epochs, seqs, texts, st.lists(st.integers(0, 2000)))
def test_an_event_survives_sse(
    events: list[LoggedEvent], epoch: str, seq: int, session_id: str, cuts: list[int]
) -> None:
    numbered = [(seq + number, entry_of(event)) for number, event in enumerate(events)]
    stream = frames.sse(epoch, session_id, numbered)
    parser = SseParser()

    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        parser.feed(stream[start:stop])

    assert parser.names == ["id", "event", "data"] * len(events)
    for (number, entry), event, block in zip(numbered, events, parser.blocks, strict=True):
        event_id = EventId(epoch, number)
        assert (block.name, block.last_id) == (frames.sse_name(entry.type), str(event_id))
        assert fields_of(decode_event(block.data)) == placed(event, event_id, session_id)


@given(st.lists(logged_events, max_size=4), epochs, seqs, texts)
def test_an_event_survives_lines(events: list[LoggedEvent], epoch: str, seq: int, session_id: str) -> None:
    numbered = [(seq + number, entry_of(event)) for number, event in enumerate(events)]

    body = frames.lines(epoch, session_id, numbered)

    # splitlines of str breaks at every character that any client might take for the end of a line.
    lines = body.decode().splitlines()
    assert body.count(b"\n") == len(lines) == len(events)
    for (number, _), event, line in zip(numbered, events, lines, strict=True):
        assert fields_of(decode_event(line)) == placed(event, EventId(epoch, number), session_id)


@given(logged_events, event_ids, broken_texts)
def test_an_envelope_is_one_object_whose_first_members_are_type_id_and_session(
    event: LoggedEvent, event_id: EventId, session_id: str
) -> None:
    entry = entry_of(event)

    members = pairs_of(frames.complete(entry, str(event_id), session_id))

    names = [name for name, _ in members]
    assert members[:2] == [("type", entry.type), ("id", str(event_id))]
    assert names[2] == "session_id"
    assert len(names) == len(set(names))


@given(control_events, event_ids | st.none(), st.booleans())
def test_a_control_event_survives(event: ControlEvent, event_id: EventId | None, after_another: bool) -> None:
    mark = "" if event_id is None else str(event_id)
    before = frames.sse_opening(2000, "k3.7") if after_another else b""
    parser = parse(before + frames.sse_control(event, mark))

    [block] = parser.blocks
    assert decode_event(block.data) == decode_event(frames.line_control(event)) == event
    assert block.last_id == (mark or ("k3.7" if after_another else ""))
    assert block.name == event.__struct_config__.tag


@given(st.integers(0, 100_000), event_ids, event_ids)
def test_the_opening_and_pings_move_the_last_id_and_dispatch_nothing(
    retry_ms: int, cursor: EventId, passed: EventId
) -> None:
    parser = parse(frames.sse_opening(retry_ms, str(cursor)))
    assert (parser.retry, parser.last_id) == (retry_ms, str(cursor))

    parser.feed(frames.sse_ping(""))
    assert parser.last_id == str(cursor)

    parser.feed(frames.sse_ping(str(passed)))
    assert (parser.last_id, parser.blocks) == (str(passed), [])


@given(broken_texts)
@example('ses"\n\nevent: evil')
def test_a_session_id_injects_nothing(session_id: str) -> None:
    parser = parse(frames.sse("k3", session_id, [(1, CLOSED)]))

    assert parser.names == ["id", "event", "data"]
    [(_, data, _)] = parser.blocks
    assert [name for name, _ in pairs_of(data)] == ["type", "id", "session_id", "data"]
    assert frames.lines("k3", session_id, [(1, CLOSED)]) == data.encode() + b"\n"


@given(broken_texts)
@example("k3.1\n")
@example("k3.1\nevent: evil")
def test_what_is_not_an_id_is_refused(text: str) -> None:
    assume(not is_event_id(text))
    marked: list[Callable[[str], bytes]] = [
        lambda event_id: frames.complete(CLOSED, event_id, "s"),
        lambda event_id: frames.sse_opening(1, event_id),
    ]
    if text:  # to these two, no id is a choice
        marked += [frames.sse_ping, lambda event_id: frames.sse_control(LIVE, event_id)]

    for write in marked:
        with pytest.raises(ValueError, match="is not an event id"):
            write(text)


@pytest.mark.parametrize("frame", [frames.sse, frames.lines])
@given(text=broken_texts)
@example(text="k3\n")
def test_what_is_not_an_epoch_is_refused(frame: frames.Framer, text: str) -> None:
    assume(not is_epoch(text))

    with pytest.raises(ValueError, match="is not an epoch"):
        frame(text, "s", [(1, CLOSED)])


def test_a_type_that_this_version_does_not_know_is_framed_all_the_same() -> None:
    entry = Entry("dream", "", b'{"type":"dream","timestamp":"t","data":{}}')

    [block] = parse(frames.sse("k3", "s", [(1, entry)])).blocks

    assert block == Block("dream", '{"type":"dream","id":"k3.1","session_id":"s","timestamp":"t","data":{}}', "k3.1")


def test_error_travels_as_problem_and_debug_without_its_level() -> None:
    debug = entry_of(Debug(data=DebugData(message="m", level="info")))

    assert frames.sse("k3", "s", [(1, debug)]).startswith(b"id: k3.1\nevent: debug\n")
    assert frames.sse_name("error") == "problem"
    assert frames.sse("k3", "s", []) == frames.lines("k3", "s", []) == b""
