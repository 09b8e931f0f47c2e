"""Whatever a client sends is understood, or refused with a sentence that names the field."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import fields

from puntini.errors import Invalid, TooLarge
from puntini.protocol.commands import AnyCommand, ApprovalResponse, ChatHistoryRequest, InitSession, Ping
from puntini.protocol.decode import MESSAGE_LIMIT, decode, decode_command, decode_event
from puntini.protocol.entries import encode
from puntini.protocol.events import Live
from puntini.protocol.schema import command_schema
from tests.protocol.strategies import broken_texts, commands, texts
from tests.protocol.test_golden import COMMAND_LINES

SCHEMA = Draft202012Validator(command_schema())


def refusal(raw: bytes | str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        decode_command(raw)
    return caught.value


def ping(data: bytes) -> bytes:
    return b'{"type":"ping","data":%b}' % data


@given(commands)
def test_a_command_comes_back_as_it_went_out(command: AnyCommand) -> None:
    assert decode_command(encode(command)) == command
    assert decode_command(encode(command).decode()) == command


@given(st.binary() | broken_texts)
def test_any_bytes_are_a_command_or_a_refusal(raw: bytes | str) -> None:
    with suppress(Invalid):
        decode_command(raw)


@given(st.sampled_from(COMMAND_LINES), st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_damaged_commands_are_commands_or_refusals(line: bytes, at: int, noise: bytes, lost: int) -> None:
    at = min(at, len(line))

    with suppress(Invalid):
        decode_command(line[:at] + noise + line[at + lost :])


def test_absent_data_means_defaults() -> None:
    assert decode_command(b'{"type":"ping"}') == Ping(data=None)
    history = decode_command(b'{"type":"chat_history","data":{}}')
    assert isinstance(history, ChatHistoryRequest)
    assert (history.data.limit, history.data.before, history.command_id) == (50, "", "")
    start = decode_command(b'{"data":{},"type":"init_session"}')
    assert isinstance(start, InitSession)
    assert (start.data.session_id, start.data.events) == ("", None)


# Mutations: each knows which field it spoils.


def containers(command: AnyCommand) -> list[tuple[str, type[msgspec.Struct]]]:
    """The objects of a command whose fields are known: itself and its data."""
    found: list[tuple[str, type[msgspec.Struct]]] = [("", type(command))]
    if isinstance(command.data, msgspec.Struct):
        found.append(("data", type(command.data)))
    return found


def spoil(command: AnyCommand, path: str, change: dict[str, Any], drop: str | None = None) -> bytes:
    tree = msgspec.to_builtins(command)
    tree.setdefault("data", {})
    target = tree[path] if path else tree
    target.update(change)
    target.pop(drop, None)
    return msgspec.json.encode(tree)


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@given(commands, st.data(), texts)
def test_an_unknown_field_is_named(command: AnyCommand, data: st.DataObject, name: str) -> None:
    path, class_ = data.draw(st.sampled_from(containers(command)))
    assume(name not in {*class_.__struct_fields__, "type"})
    raw = spoil(command, path, {name: 1})

    assert refusal(raw).path == joined(path, name)
    assert not SCHEMA.is_valid(msgspec.json.decode(raw))


@given(commands, st.data())
def test_a_missing_field_is_named(command: AnyCommand, data: st.DataObject) -> None:
    path, class_ = data.draw(st.sampled_from(containers(command)))
    required = [field.name for field in fields(class_) if field.required] + ([] if path else ["type"])
    assume(required)
    name = data.draw(st.sampled_from(required))
    raw = spoil(command, path, {}, drop=name)

    assert refusal(raw).path == joined(path, name)
    assert not SCHEMA.is_valid(msgspec.json.decode(raw))


@given(commands, st.data())
def test_a_field_of_the_wrong_type_is_named(command: AnyCommand, data: st.DataObject) -> None:
    path, class_ = data.draw(st.sampled_from(containers(command)))
    typed = [field.name for field in fields(class_) if field.type is not Any]
    assume(typed)
    name = data.draw(st.sampled_from(typed))
    # No field of a command is true, and none but `events` may be null.
    raw = spoil(command, path, {name: True})

    error = refusal(raw)
    assert error.path == joined(path, name)
    assert error.message.startswith(f"{error.path}: ")
    assert not SCHEMA.is_valid(msgspec.json.decode(raw))


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (b"{}", "type", "this field is needed; use init_session, user_prompt"),
        (b'{"type":"dance"}', "type", "`dance` can't stand here; use init_session"),
        (b'{"type":7}', "type", "Expected `str`"),
        (b'{"type":"ping","type":"control"}', "type", "Invalid value"),
        (b'{"type":"control"}', "data", "this field is needed"),
        (b'{"type":"control","data":null}', "data", "Expected `object`, got `null`"),
        (
            b'{"type":"control","data":{"task_id":"t","action":"STOP"}}',
            "data.action",
            "`STOP` can't stand here; use pause, resume or stop",
        ),
        (b'{"type":"user_prompt","data":{"prompt":7}}', "data.prompt", "Expected `str`, got `int`"),
        (b'{"type":"user_prompt","data":{"prompt":""}}', "data.prompt", "write something"),
        (b'{"type":"user_prompt","data":{"prompt":"x","max_steps":0}}', "data.max_steps", "give at least 1"),
        (b'{"type":"user_prompt","data":{"prompt":"x","max_steps":1e3}}', "data.max_steps", "got `float`"),
        (
            b'{"type":"user_prompt","data":{"prompt":"x","max_steps":' + b"9" * 30 + b"}}",
            "data.max_steps",
            "give at most 10000",
        ),
        (b'{"type":"chat_history","data":{"limit":1001}}', "data.limit", "give at most 1000"),
        (b'{"type":"ping","command_id":"' + b"c" * 129 + b'"}', "command_id", "give at most 128 characters"),
        (b'{"type":"init_session","data":{"events":["a",1]}}', "data.events[1]", "Expected `str`, got `int`"),
        (
            b'{"type":"graph_edit","data":{"base_version":1,"delta":[{"action":"clear"},{"action":"add_node","node":{"id":1}}]}}',
            "data.delta[1].node.id",
            "Expected `str`",
        ),
        (
            b'{"type":"graph_edit","data":{"base_version":1,"delta":[{"action":"clear"},{"action":"add_node"}]}}',
            "data.delta[1]",
            "add_node takes exactly `node`",
        ),
        (
            b'{"type":"graph_edit","data":{"base_version":1,"delta":[{"action":"clear","id":"x"}]}}',
            "data.delta[0]",
            "clear takes no node, edge or id",
        ),
        (
            b'{"type":"graph_edit","data":{"base_version":1,"delta":[{"action":"remove_node","id":"x","node":{"id":"x","label":"y"}}]}}',
            "data.delta[0]",
            "remove_node takes exactly `id`",
        ),
        (ping(b"1e999"), "data", "Number out of range"),
        (ping(b"1" * 5000), "data", "Integer value out of range"),
        (b"[]", "", "Expected `object`, got `array`"),
        (b"null", "", "Expected `object`, got `null`"),
    ],
)
def test_a_mistake_is_named(raw: bytes, path: str, message: str) -> None:
    error = refusal(raw)

    assert error.path == path
    assert message in error.message
    assert error.message.startswith(f"{path}: " if path else "Expected")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"ping",
        ping(b"NaN"),
        ping(b"-Infinity"),
        ping(b"01"),
        ping(b"1}x"),
        ping(b'"\n"'),
        ping(b'"\\ud800"'),
        ping(b'"\\udc00\\ud800"'),
        ping(b'"\\x41"'),
        b'\xef\xbb\xbf{"type":"ping"}',
        '{"type":"ping"}'.encode("utf-16"),
        b'{"type":"ping"}{"type":"ping"}',
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert refusal(raw).message.startswith("This is not JSON: ")


@pytest.mark.parametrize("text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80"])
def test_what_is_not_utf_8_is_refused(text: bytes) -> None:
    assert refusal(ping(b'"' + text + b'"')).message == "This is not UTF-8."


def test_a_string_that_cannot_be_sent_is_refused() -> None:
    assert refusal('{"type":"ping","data":"\ud800"}').message == "This is not UTF-8."


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"18446744073709551616", 2**64),
        (b"-" + b"9" * 30, -(10**30 - 1)),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'"\\u0000"', "\0"),
        (b" \r\n\t1 ", 1),
    ],
)
def test_what_is_odd_but_json_is_taken(data: bytes, read: Any) -> None:
    assert decode_command(ping(data)) == Ping(data=read)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_limited(opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        return ping(opening * levels + b"1" + closing * levels)

    assert isinstance(decode_command(nested(63)), Ping)
    for levels in (64, 500, 100_000):
        assert refusal(nested(levels)).message == "Nest values at most 64 deep."
    assert isinstance(decode_command(ping(b'"' + opening.replace(b'"', b"") * 1000 + b'"')), Ping)


def test_size_is_counted_in_bytes() -> None:
    room = MESSAGE_LIMIT - len(ping(b'""'))

    assert isinstance(decode_command(ping(b'"' + b"a" * room + b'"')), Ping)
    assert isinstance(decode_command(ping(b'"' + b"a" * room + b'"').decode()), Ping)
    for raw in (ping(b'"' + b"a" * (room + 1) + b'"'), ping(b'"' + b"a" * (2 << 20) + b'"')):
        with pytest.raises(TooLarge, match="Send at most 1048576 bytes"):
            decode_command(raw)
    with pytest.raises(TooLarge):
        decode_command('{"type":"ping","data":"%s"}' % ("\U0001f600" * (300_000)))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"%b"}' % (b"a" * 500_000),
        b'{"type":"ping","%b":1}' % (b"a" * 500_000),
        b'{"type":"control","data":{"task_id":"x","action":"%b"}}' % (b"a" * 500_000),
    ],
)
def test_a_long_mistake_is_not_repeated_at_length(raw: bytes) -> None:
    error = refusal(raw)

    assert len(error.message) < 500
    assert len(error.path) < 300
    assert "…" in error.message


def test_other_types_and_limits_can_be_asked_for() -> None:
    assert decode(b"[1,2]", list[int]) == [1, 2]
    with pytest.raises(Invalid, match=r"\[1\]: Expected `int`, got `str`"):
        decode(b'[1,"2"]', list[int])
    with pytest.raises(TooLarge, match="Send at most 4 bytes; this has 5"):
        decode(b"[1,2]", list[int], limit=4)
    with pytest.raises(Invalid, match=r"\[\.\.\.\]: Expected `int`, got `str`"):
        decode(b'{"1":"2"}', dict[int, int])
    with pytest.raises(Invalid, match="Expected `int`, got `str`"):
        decode(b'{"a":2}', dict[int, int])


def test_events_may_have_more_than_is_known_but_no_unknown_type() -> None:
    event = decode_event(b'{"type":"live","new":1,"data":{"cursor":"k3.1","new":{"a":[]}}}')

    assert isinstance(event, Live)
    assert event.data.cursor == "k3.1"
    with pytest.raises(Invalid, match=r"type: `dream` can't stand here; use user_prompt, .* or others"):
        decode_event(b'{"type":"dream","data":{}}')


@pytest.mark.parametrize(
    ("said", "decided"),
    [("approve", "approved"), ("approved", "approved"), ("deny", "denied"), ("answered", "answered")],
)
def test_a_decision_may_be_said_as_it_is_offered(said: str, decided: str) -> None:
    command = decode_command(b'{"type":"approval_response","data":{"approval_id":"a","decision":"%b"}}' % said.encode())

    assert isinstance(command, ApprovalResponse)
    assert command.data.decided == decided
