import pytest

from tests.transport.serving import Server, serving, stream_of, thought, thoughts
from tests.transport.wire import Exchange, seq_of

pytestmark = pytest.mark.anyio

NDJSON = {"Accept": "application/x-ndjson"}


def types(stream: Exchange) -> list[str]:
    return [event["type"] for event in stream.lines()]


async def test_every_line_is_one_envelope(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.get(stream_of(session, "after=1"), NDJSON) as stream:
        await stream.until(lambda: "live" in types(stream))
        await server.say(session, thought("a\nb"))
        await stream.until(lambda: len(stream.lines()) == 4)

        assert types(stream) == ["reasoning", "reasoning", "live", "reasoning"]
        assert [seq_of(event) for event in stream.lines() if "id" in event] == [2, 3, 4]


async def test_it_begins_with_the_first_event_and_nothing_else(server: Server) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session), NDJSON) as stream:
        await stream.until(lambda: stream.body)

        assert stream.body.startswith(b'{"type":"session_ready"')
        assert all(stream.writes)


async def test_it_ends_with_the_session(server: Server) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session, "after=0"), NDJSON) as stream:
        await stream.until(lambda: "live" in types(stream))
        await server.close(session)
        await stream.end()

    assert (types(stream)[-1], stream.whole) == ("session_closed", True)


async def test_a_ping_is_an_empty_line() -> None:
    async with serving(ping_seconds=0.01) as server:
        session = await server.session()
        async with server.get(stream_of(session, "after=now"), NDJSON) as stream:
            await stream.until(lambda: stream.writes and stream.writes[-1] == b"\n")

            assert types(stream) == ["live"]
