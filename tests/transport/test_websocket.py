"""Streams over WebSocket: the handshake, the frames, the end."""

import msgspec
import pytest

from tests.transport.serving import Server, serving, stream_of, thought, thoughts
from tests.transport.wire import Socket

pytestmark = pytest.mark.anyio

CHAT = "/ws/chat"


def refusal_of(socket: Socket) -> tuple[int, str]:
    """The HTTP status and the code of a handshake that was refused."""
    start, body = socket.sent
    return start["status"], msgspec.json.decode(body["body"])["code"]


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
        ("/v1/tasks/nobody/stream", {}, 404, "not_found"),
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


async def test_a_tasks_socket_carries_the_task_and_ends_with_it(server: Server) -> None:
    session = await server.session()
    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": "play 3 events"})
        task = (await socket.until_type("task_completed"))["task_id"]
        socket.say("user_prompt", {"prompt": "play 3 events"})
        await socket.until_type("task_completed", 2)

    async with server.socket(f"/v1/tasks/{task}/stream") as socket:
        await socket.until(lambda: socket.closed)

    assert socket.closed == 1000
    assert {event["task_id"] for event in socket.events() if "id" in event} == {task}
    assert socket.types()[-1] == "task_completed"


async def test_a_tasks_socket_takes_commands_but_no_other_session(server: Server) -> None:
    session = await server.session()
    async with server.socket(stream_of(session)) as socket:
        socket.say("user_prompt", {"prompt": "play 1000 events every 20 ms"})
        task = (await socket.until_type("task_started"))["task_id"]

    async with server.socket(f"/v1/stream/tasks/{task}") as socket:
        socket.say("init_session", {"session_id": session})
        refused = await socket.until_type("error")
        socket.say("control", {"task_id": task, "action": "stop"})
        await socket.until_type("task_cancelled")
        await socket.until(lambda: socket.closed)

    assert refused["error"]["message"].startswith("type: ")
    assert socket.closed == 1000
