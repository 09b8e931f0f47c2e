"""How fast a socket may send commands, and what comes of it when it goes on and on."""

import pytest

from tests.transport.serving import serving, stream_of

pytestmark = pytest.mark.anyio


async def test_a_command_that_comes_too_fast_is_refused_by_its_id_and_the_socket_goes_on() -> None:
    async with serving(command_rate=1) as server:
        session = await server.session()
        async with server.socket(stream_of(session)) as socket:
            for number in range(4):
                socket.say("ping", {"n": number}, command_id=f"c{number}")
            await socket.until_type("error", 2)

            refused = [event["error"] for event in socket.events() if event["type"] == "error"]
            assert socket.types().count("pong") == 2
            assert [error["command_id"] for error in refused] == ["c2", "c3"]
            assert {(error["code"], error["reason"], error["retryable"]) for error in refused} == {
                (429, "too_many", True)
            }
            assert not socket.closed


async def test_whoever_goes_on_and_on_is_closed() -> None:
    async with serving(command_rate=1) as server:
        session = await server.session()
        async with server.socket(stream_of(session)) as socket:
            for _ in range(50):
                socket.say("ping", {})
            await socket.end()

    assert socket.closed == 4429


async def test_what_can_t_be_read_counts_too() -> None:
    async with serving(command_rate=1) as server, server.socket("/ws/chat") as socket:
        for _ in range(50):
            socket.say_raw("nonsense")
        await socket.end()

    assert socket.closed == 4429


async def test_a_thousand_commands_pass_where_the_rate_is_0() -> None:
    async with serving(command_rate=0) as server, server.socket("/ws/chat") as socket:
        for number in range(1_000):
            socket.say("ping", {"n": number})
        await socket.until_type("pong", 1_000)
