"""What a client says over a WebSocket, and what it is answered."""

from itertools import pairwise

import anyio.lowlevel
import pytest

from puntini.protocol.decode import MESSAGE_LIMIT
from tests.transport.serving import Server, stream_of, thought, thoughts

pytestmark = pytest.mark.anyio

CHAT = "/ws/chat"
LONG = "play 100000 events every 20 ms"


def reason_of(event: dict[str, object]) -> object:
    error = event["error"]
    assert isinstance(error, dict)
    return error["reason"]


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


async def test_what_was_asked_just_before_the_client_left_is_carried_out(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        await socket.until_type("live")
        socket.say("user_prompt", {"prompt": "play 1 events"}, command_id="c1")
        socket.leave()

    async with server.socket(stream_of(session, "after=earliest")) as again:
        await again.until_type("task_completed")


async def test_a_ping_does_not_wait_for_a_command_that_takes_its_time(server: Server) -> None:
    session = await server.session()

    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": LONG})
        await socket.until_type("task_started")
        socket.say("close_session")
        socket.say("ping")
        await socket.until_type("session_closed")

        assert socket.types().index("pong") < socket.types().index("session_closed")
