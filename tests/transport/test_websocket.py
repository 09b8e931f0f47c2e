"""Streams over WebSocket: the handshake, the frames, the commands, the end."""

from itertools import pairwise

import anyio.lowlevel
import msgspec
import pytest

from puntini.protocol.decode import MESSAGE_LIMIT
from tests.transport.wire import Server, Socket, serving, stream_of, thought, thoughts

pytestmark = pytest.mark.anyio

CHAT = "/ws/chat"
LONG = "play 100000 events every 20 ms"


def refusal_of(socket: Socket) -> tuple[int, str]:
    """The HTTP status and the code of a handshake that was refused."""
    start, body = socket.sent
    return start["status"], msgspec.json.decode(body["body"])["code"]


def reason_of(event: dict[str, object]) -> object:
    error = event["error"]
    assert isinstance(error, dict)
    return error["reason"]


# The handshake.


async def test_it_is_accepted_with_our_subprotocol_and_the_cursor(server: Server) -> None:
    session = await server.session(*thoughts(2))

    async with server.socket(stream_of(session), subprotocols=("other", "puntini.v1")) as socket:
        await socket.until(lambda: socket.accepted)

        assert socket.sent[0]["subprotocol"] == "puntini.v1"
        assert dict(socket.sent[0]["headers"])[b"puntini-cursor"] == f"{server.epoch}.2".encode()


async def test_without_our_subprotocol_none_is_named(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session), subprotocols=("other",)) as socket:
        await socket.until(lambda: socket.accepted)

        assert socket.sent[0]["subprotocol"] is None


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/v1/sessions/nobody/stream", {}, 404, "not_found"),
        ("/v1/sessions/nobody/stream?events=nonsense", {}, 400, "invalid"),
        (CHAT, {"Origin": "https://elsewhere.example"}, 403, "forbidden"),
    ],
)
async def test_a_refusal_comes_before_the_socket_is_accepted(
    server: Server, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with server.socket(path, headers) as socket:
        await socket.end()

    assert refusal_of(socket) == (status, code)


async def test_one_socket_too_many_is_refused_before_it_is_accepted() -> None:
    async with serving(max_streams=1) as server, server.socket(CHAT) as first:
        await first.until(lambda: first.accepted)
        async with server.socket(CHAT) as second:
            await second.end()

        assert refusal_of(second) == (429, "too_many")


# What it carries.


async def test_it_begins_with_a_snapshot_then_live_then_what_is_new(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        await server.say(session, thought())
        await socket.until_seq(4)

        assert socket.types() == ["session_ready", "live", "reasoning"]


async def test_with_after_it_begins_with_the_replay(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.socket(stream_of(session, "after=1")) as socket:
        await socket.until_type("live")

        assert (socket.ids(), socket.types()[-1]) == ([2, 3], "live")


async def test_a_cursor_that_cannot_be_honoured_is_told_by_a_gap(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.socket(stream_of(session, "after=nonsense")) as socket:
        await socket.until_type("live")

        assert socket.types() == ["gap", "session_ready", "live"]


async def test_with_our_subprotocol_a_frame_holds_several_envelopes_a_line_each(server: Server) -> None:
    session = await server.session(*thoughts(5))

    async with server.socket(stream_of(session, "after=0")) as socket:
        await socket.until_type("live")

        assert [frame.count("\n") for frame in socket.frames] == [5]
        assert socket.ids() == [1, 2, 3, 4, 5]


async def test_without_a_subprotocol_a_frame_holds_exactly_one_envelope(server: Server) -> None:
    session = await server.session(*thoughts(5))

    async with server.socket(stream_of(session, "after=0"), subprotocols=()) as socket:
        await socket.until_type("live")

        assert [frame.count("\n") for frame in socket.frames] == [0] * 6


@pytest.mark.parametrize("subprotocols", [("puntini.v1",), ()])
async def test_no_frame_is_sent_for_an_idle_ping(subprotocols: tuple[str, ...]) -> None:
    async with serving(ping_seconds=0.01) as server:
        session = await server.session(thought())
        async with (
            server.socket(stream_of(session, "after=now"), subprotocols=subprotocols) as socket,
            server.get(stream_of(session, "after=now")) as beside,
        ):
            await beside.until(lambda: beside.writes and beside.writes[-1] == b": ping\n\n")
            await server.say(session, thought())
            await socket.until_seq(2)

            assert socket.types() == ["live", "reasoning"]
            assert all(socket.frames)


# Commands.


async def test_a_ping_is_answered_with_its_data(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("ping", {"n": 1})
        pong = await socket.until_type("pong")

    assert pong["data"] == {"n": 1}


async def test_a_prompt_is_accepted_and_its_task_shows_in_the_stream(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": "play 3 events"}, command_id="c1")
        accepted = await socket.until_type("accepted")
        ended = await socket.until_type("task_completed")

    assert accepted["data"]["command_id"] == "c1"
    assert accepted["data"]["task_id"] == ended["task_id"]


async def test_a_repeated_command_does_nothing_twice(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        for _ in range(2):
            socket.say("user_prompt", {"prompt": "play 1 events"}, command_id="c1")
        second = await socket.until_type("accepted", 2)
        first = await socket.until_type("accepted")
        await socket.until_type("task_completed")

        assert first["data"] == second["data"]
        assert socket.types().count("user_prompt") == 1


async def test_a_running_task_holds_up_neither_ping_nor_control(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": LONG})
        task = (await socket.until_type("task_started"))["task_id"]
        socket.say("ping")
        await socket.until_type("pong")
        socket.say("control", {"task_id": task, "action": "stop"}, command_id="c2")
        await socket.until_type("task_cancelled")
        stopped = await socket.until_type("accepted", 2)

        assert stopped["data"]["command_id"] == "c2"
        assert "task_completed" not in socket.types()


@pytest.mark.parametrize(
    ("type_", "data", "answer"),
    [
        ("chat_history", {"limit": 5}, "chat_history"),
        ("agent_status_request", {}, "agent_status"),
        ("workflow_update", {"to_agent": "scripted", "reason": "why not"}, "workflow_update"),
        (
            "graph_edit",
            {"base_version": 0, "delta": [{"action": "add_node", "node": {"id": "a", "label": "A"}}]},
            "graph_update",
        ),
        ("approval_response", {"approval_id": "none", "decision": "approved"}, "error"),
        ("action", {"name": "none"}, "error"),
        ("control", {"task_id": "none", "action": "stop"}, "error"),
    ],
)
async def test_each_command_has_its_answer(server: Server, type_: str, data: dict[str, object], answer: str) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say(type_, data, command_id="c1")

        event = await socket.until_type(answer)

    if answer == "error":
        assert event["error"]["command_id"] == "c1"


async def test_resume_goes_on_from_a_cursor(server: Server) -> None:
    session = await server.session(*thoughts(4))

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say("resume", {"after": f"{server.epoch}.2"})
        await socket.until_type("live", 2)
        await server.say(session, thought())
        await socket.until_seq(5)

        assert socket.ids() == [3, 4, 5]


async def test_resuming_amid_the_traffic_mixes_nothing_of_the_old_into_the_new(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session, "after=0"), subprotocols=()) as socket:
        for number in range(200):
            await server.say(session, thought(str(number)))
            await anyio.lowlevel.checkpoint()
            if number % 20 == 7:
                socket.say("resume", {"after": "0"})
        await socket.until(lambda: socket.types().count("live") == 11 and socket.ids()[-1] == 200)

        assert all(after in (1, before + 1) for before, after in pairwise(socket.ids()))


async def test_resume_from_a_broken_cursor_is_a_gap(server: Server) -> None:
    session = await server.session(*thoughts(4))

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say("resume", {"after": "nonsense"})
        gap = await socket.until_type("gap")

        assert gap["data"]["reason"] == "malformed"


# A socket without a session in its path.


async def test_init_session_creates_a_session(server: Server) -> None:
    async with server.socket(CHAT) as socket:
        socket.say("init_session")
        ready = await socket.until_type("session_ready")
        await socket.until_type("live")

        assert await server.parts.store.session(ready["session_id"]) is not None
        assert server.parts.connections.watched(ready["session_id"])


async def test_init_session_attaches_to_a_session_from_a_cursor_with_a_choice(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.socket(CHAT) as socket:
        socket.say("init_session", {"session_id": session, "after": "1", "events": ["reasoning"]})
        await socket.until_type("live")

        assert socket.ids() == [2, 3]


async def test_init_session_may_change_the_session(server: Server) -> None:
    one, other = await server.session(thought()), await server.session(thought())

    async with server.socket(stream_of(one)) as socket:
        await socket.until_type("live")
        socket.say("init_session", {"session_id": other})
        await socket.until_type("live", 2)
        await server.say(one, thought("not shown"))
        await server.say(other, thought("shown"))
        await socket.until_type("reasoning")

        assert [event["session_id"] for event in socket.events() if event["type"] == "reasoning"] == [other]
        assert not server.parts.connections.watched(one)


async def test_an_init_that_fails_leaves_the_present_subscription_alone(server: Server) -> None:
    session = await server.session(thought())

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say("init_session", {"session_id": "nobody"})
        assert reason_of(await socket.until_type("error")) == "not_found"
        await server.say(session, thought())
        await socket.until_seq(2)


async def test_before_init_session_only_a_ping_is_answered(server: Server) -> None:
    async with server.socket(CHAT) as socket:
        socket.say("user_prompt", {"prompt": "hi"})
        error = await socket.until_type("error")
        socket.say("ping")
        await socket.until_type("pong")

    assert reason_of(error) == "invalid"


async def test_a_command_for_another_session_is_refused(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("chat_history", session_id="another")

        assert reason_of(await socket.until_type("error")) == "invalid"


# What cannot be understood.


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"nonsense"}',
        '{"type":"user_prompt"}',
        '{"type":"user_prompt","data":{"prompt":7}}',
        '{"type":"ping","colour":"red"}',
        '{"type":"ping","data":NaN}',
        '{"type":"ping","data":' + "[" * 100 + "]" * 100 + "}",
        '{"type":"ping","data":' + "[" * 100_000,
        '{"type":"init_session","data":{"events":["nonsense"]}}',
        b"\xff\xfe",
        b'{"type":"ping","data":"\xc3\x28"}',
        b"",
    ],
)
async def test_what_cannot_be_understood_is_an_error_and_the_socket_stays_open(
    server: Server, frame: str | bytes
) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say_raw(frame)
        error = await socket.until_type("error")
        socket.say("ping")
        await socket.until_type("pong")

    assert reason_of(error) == "invalid"


async def test_an_error_names_the_command_and_the_field(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": 7}, command_id="c9")
        error = (await socket.until_type("error"))["error"]

    assert error["command_id"] == "c9"
    assert "data.prompt" in error["message"]


async def test_a_frame_may_be_binary(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say_raw(b'{"type":"ping"}')
        await socket.until_type("pong")


@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_frame_that_is_too_big_closes_the_socket_with_1009(server: Server, letter: str) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say_raw('{"type":"ping","data":"' + letter * (MESSAGE_LIMIT // len(letter.encode())) + '"}')
        await socket.end()

    assert (socket.closed, socket.types()[-1]) == (1009, "error")


# The end.


async def test_close_session_ends_with_session_closed_and_1000(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say("close_session", {"reason": "enough"})
        await socket.end()

    assert (socket.types()[-1], socket.closed) == ("session_closed", 1000)


async def test_a_socket_of_a_closed_session_is_a_snapshot_and_1000(server: Server) -> None:
    session = await server.session()
    await server.close(session)

    async with server.socket(stream_of(session)) as socket:
        await socket.end()

    assert (socket.types(), socket.closed) == (["session_ready", "live"], 1000)


async def test_a_session_that_is_deleted_closes_its_sockets_with_4404(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        await server.answer("DELETE", f"/v1/sessions/{session}")
        await socket.end()

    assert socket.closed == 4404


async def test_a_drain_says_reconnect_and_closes_with_1001(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        await server.parts.connections.drain(5)
        await socket.end()

    assert socket.events()[-1]["data"]["reason"] == "drain"
    assert socket.closed == 1001


async def test_a_drain_closes_a_socket_that_waits_for_its_session(server: Server) -> None:
    async with server.socket(CHAT) as socket:
        await socket.until(lambda: socket.accepted)
        await server.parts.connections.drain(5)
        await socket.end()

    assert socket.closed == 1001


async def test_a_socket_that_comes_during_the_drain_is_closed_at_once(server: Server) -> None:
    await server.parts.connections.drain(0)

    async with server.socket(CHAT) as socket:
        await socket.end()

    assert socket.closed == 1001


async def test_a_socket_that_has_lived_long_enough_is_asked_to_come_back() -> None:
    async with serving(lifetime_seconds=0.01) as server:
        session = await server.session()
        async with server.socket(stream_of(session)) as socket:
            await socket.end()

    assert socket.events()[-1]["data"]["reason"] == "lifetime"
    assert socket.closed == 1001


async def test_closing_a_socket_stops_nothing(server: Server) -> None:
    session = await server.session()
    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": "play 20 events every 5 ms"})
        task = (await socket.until_type("task_started"))["task_id"]

    stream = await server.answer("GET", f"/v1/tasks/{task}/stream")

    assert stream.names().count("task_completed") == 1
