"""What the sweeper and the drain do to open streams, and that streams leave nothing behind."""

import msgspec
import pytest

from puntini.auth.principals import LOCAL, Principal
from puntini.errors import TooMany
from puntini.transport.connections import Connections, jittered
from tests.transport.serving import Server, serving, stream_of, thought

pytestmark = pytest.mark.anyio
ANN, BOB = Principal("ann", credential="key:1"), Principal("bob", credential="key:2")
TICKET = Principal("ann", credential="ticket:1")


def registry(most: int = 10) -> Connections:
    return Connections(ping_seconds=15, send_deadline=30, lifetime=3_600, most=most)


# The registry.


async def test_a_stream_counts_while_it_is_open() -> None:
    connections = registry()

    one, other = connections.open("sse", "ses_1", LOCAL), connections.open("websocket", "ses_1", LOCAL)

    assert connections.stats["by_transport"] == {"sse": 1, "websocket": 1}
    assert (connections.stats["open"], connections.stats["sessions"]) == (2, 1)
    connections.close(one)
    assert connections.watched("ses_1")
    connections.close(other)
    assert not connections.watched("ses_1")
    assert (connections.stats["open"], connections.stats["opened"]) == (0, 2)


async def test_there_are_at_most_so_many() -> None:
    connections = registry(most=1)
    one = connections.open("sse", "ses_1", LOCAL)

    with pytest.raises(TooMany):
        connections.open("sse", "ses_1", LOCAL)

    connections.close(one)
    connections.open("sse", "ses_1", LOCAL)


async def test_a_user_has_at_most_so_many_and_open_mode_s_one_user_any_number() -> None:
    connections = Connections(ping_seconds=15, send_deadline=30, lifetime=0, most=100, most_per_user=2)
    one, _ = connections.open("sse", "ses_1", ANN), connections.open("websocket", "", TICKET)

    with pytest.raises(TooMany, match="You have 2 streams open"):
        connections.open("page", "ses_1", ANN)

    connections.open("sse", "ses_1", BOB)
    for _ in range(5):
        connections.open("sse", "ses_1", LOCAL)
    connections.close(one)
    connections.open("sse", "ses_1", ANN)


async def test_who_goes_on_by_a_ticket_takes_the_place_of_the_connection_before() -> None:
    connections = Connections(ping_seconds=15, send_deadline=30, lifetime=0, most=100, most_per_user=2)
    before, other = connections.open("sse", "ses_1", TICKET), connections.open("sse", "ses_1", ANN)
    outlet = before.outlet = Outlet()

    connections.take_over(TICKET.credential)
    after = connections.open("sse", "ses_1", TICKET)
    connections.close(before)
    connections.take_over("ticket:unknown")

    assert outlet.cut
    assert (after.ending, other.ending) == (None, None)
    connections.take_over(TICKET.credential)
    assert after.ending == "gone"
    for connection in (after, other):
        connections.close(connection)
    assert not connections._of_users


async def test_a_socket_that_takes_up_a_session_watches_it() -> None:
    connections = registry()
    socket = connections.open("websocket", "", LOCAL)
    assert connections.stats["sessions"] == 0

    connections.assign(socket, "ses_1")
    connections.assign(socket, "ses_2")

    assert not connections.watched("ses_1")
    assert connections.watched("ses_2")
    connections.close(socket)
    assert not connections.watched("ses_2")


async def test_lifetimes_differ_so_that_not_all_come_back_at_once() -> None:
    connections = registry(most=200)

    ends = [connections.open("sse", "ses_1", LOCAL).expires_at for _ in range(200)]

    assert 300 < max(ends) - min(ends) <= 720


def test_jitter_stays_within_its_spread() -> None:
    values = [jittered(100, 0.5) for _ in range(1_000)]

    assert 50 <= min(values) < 60
    assert 140 < max(values) <= 150


# The sweeper.


async def test_a_quiet_stream_gets_a_comment_as_a_ping() -> None:
    async with serving(ping_seconds=0.01) as server:
        session = await server.session(thought())
        async with server.get(stream_of(session, "after=now")) as stream:
            await stream.until_event("live")
            await server.say(session, thought())
            await stream.until(lambda: b"ping" in stream.body)

            assert stream.writes[-1] == b": ping\n\n"


async def test_a_ping_tells_a_filtered_reader_how_far_it_has_come() -> None:
    async with serving(ping_seconds=0.01) as server:
        session = await server.session(thought())
        async with server.get(stream_of(session, "after=now&events=debug")) as stream:
            await stream.until_event("live")
            await server.say(session, thought())
            await stream.until(lambda: stream.parser().last_id == f"{server.epoch}.2")

            assert stream.names() == ["live"]


async def test_a_stream_that_has_lived_long_enough_is_asked_to_come_back() -> None:
    async with serving(lifetime_seconds=0.01) as server:
        session = await server.session(thought())
        async with server.get(stream_of(session)) as stream:
            await stream.end()

    reconnect = msgspec.json.decode(stream.blocks()[-1].data)
    assert (reconnect["type"], reconnect["data"]["reason"]) == ("reconnect", "lifetime")
    assert stream.parser().retry == reconnect["data"]["retry_ms"]
    assert 1_000 <= reconnect["data"]["retry_ms"] <= 3_000
    assert stream.whole


@pytest.mark.parametrize("line", [True, False])
async def test_a_client_that_does_not_read_is_cut_off(line: bool) -> None:
    async with serving(send_deadline_seconds=0.05) as server:
        session = await server.session(thought())
        async with server.get(stream_of(session), line=line) as stream:
            await stream.until_event("live")
            stream.stall()
            await server.say(session, thought())
            await stream.end()

        assert server.parts.connections.stats["aborted"] == 1
        assert (stream.was_cut, stream.whole) == (line, False)


async def test_a_socket_whose_client_does_not_read_is_cut_off() -> None:
    async with serving(send_deadline_seconds=0.05) as server:
        session = await server.session(thought())
        async with server.socket(stream_of(session), line=True) as socket:
            await socket.until_type("live")
            socket.stall()
            await server.say(session, thought())
            await socket.end()

        assert (server.parts.connections.stats["aborted"], socket.was_cut) == (1, True)


async def test_a_slow_client_is_not_cut_off_while_it_reads_on() -> None:
    async with serving(send_deadline_seconds=5) as server:
        session = await server.session(thought())
        async with server.get(stream_of(session)) as stream:
            await stream.until_event("live")
            stream.stall()
            await server.say(session, thought())
            stream.flow.set()
            await stream.until_seq(2)

        assert server.parts.connections.stats["aborted"] == 0


class Outlet:
    """A way out whose client reads when it likes."""

    def __init__(self) -> None:
        self.held = 0
        self.cut = False

    def abort(self) -> None:
        self.cut = True

    def unsent(self) -> int:
        return self.held


async def test_only_what_is_taken_is_progress() -> None:
    connection = registry().open("sse", "ses_1", LOCAL)
    outlet = connection.outlet = Outlet()
    assert connection.stuck_for(10) == 0

    connection.written, outlet.held = 100, 100
    assert [connection.stuck_for(now) for now in (11, 12)] == [0, 1]
    connection.written, outlet.held = 150, 155
    assert connection.stuck_for(13) == 2, "more was written, which the server's buffer took"
    outlet.held = 154
    assert connection.stuck_for(14) == 3, "framing is not more than was written"
    outlet.held = 90
    assert [connection.stuck_for(now) for now in (15, 17)] == [0, 2]
    connection.written, outlet.held = 250, 160
    assert connection.stuck_for(18) == 0, "a slice was taken, and the next fills its place"
    outlet.held = 0
    assert connection.stuck_for(19) == 0
    connection.written, outlet.held = 251, 1
    assert [connection.stuck_for(now) for now in (40, 41)] == [0, 1], "the clock starts when something waits"


async def test_where_nothing_is_known_of_the_buffer_a_write_that_returns_is_progress() -> None:
    connection = registry().open("sse", "ses_1", LOCAL)
    connection.outlet = Outlet()

    connection.sending = True
    assert [connection.stuck_for(now) for now in (11, 12)] == [0, 1]
    connection.written = 100
    assert [connection.stuck_for(now) for now in (13, 14)] == [0, 1]
    connection.sending = False
    assert connection.stuck_for(15) == 0


# The drain.


async def test_a_drain_asks_every_stream_to_come_back_and_ends_it(server: Server) -> None:
    session = await server.session(thought())
    async with server.get(stream_of(session)) as one, server.get(stream_of(session, "after=0")) as other:
        await one.until_event("live")
        await other.until_event("live")
        await server.parts.connections.drain(5)

        for stream in (one, other):
            assert msgspec.json.decode(stream.blocks()[-1].data)["data"]["reason"] == "drain"
            assert stream.whole
            assert 2_000 <= (stream.parser().retry or 0) <= 6_000


async def test_a_stream_that_comes_during_the_drain_is_sent_away_at_once(server: Server) -> None:
    session = await server.session(thought())
    await server.parts.connections.drain(0)

    stream = await server.answer("GET", stream_of(session))

    assert stream.names()[-1] == "reconnect"


async def test_a_stream_that_does_not_end_in_time_is_cut_off(server: Server) -> None:
    session = await server.session(thought())
    async with server.get(stream_of(session)) as stream:
        await stream.until_event("live")
        stream.stall()
        await server.parts.connections.drain(0.05)
        await stream.end()

    assert not stream.whole


# Clients that leave.

STAGES = ["at once", "while it opens", "after the opening", "while it replays", "while it waits", "while it sends"]
FORMS = ["text/event-stream", "application/x-ndjson", "application/json"]


async def _stage(server: Server, session: str, stage: str, accept: str, line: bool) -> None:
    query = "after=0" if "replays" in stage else "after=now&wait=60"
    async with server.get(stream_of(session, query), {"Accept": accept}, line=line) as stream:
        match stage:
            case "while it opens":
                await server.until_open(1)
            case "after the opening" | "while it waits" if accept != FORMS[-1]:
                await stream.until(lambda: b"live" in stream.body)
            case "while it sends" | "while it replays" if accept != FORMS[-1]:
                await stream.until(lambda: stream.body)
                stream.stall()
                await server.say(session, thought())
        stream.leave()
        await stream.end()


@pytest.mark.parametrize("line", [True, False], ids=["own server", "any server"])
@pytest.mark.parametrize("accept", FORMS)
@pytest.mark.parametrize("stage", STAGES)
async def test_a_client_that_leaves_takes_everything_with_it(
    server: Server, stage: str, accept: str, line: bool
) -> None:
    session = await server.session(*(thought("." * 30_000) for _ in range(8)))

    await _stage(server, session, stage, accept, line)

    assert server.open_connections == 0
    assert not server.parts.connections.watched(session)


@pytest.mark.parametrize("line", [True, False])
@pytest.mark.parametrize("path", ["/ws/chat", "{stream}"])
async def test_a_socket_that_goes_away_takes_everything_with_it(server: Server, path: str, line: bool) -> None:
    session = await server.session(thought())

    async with server.socket(path.format(stream=stream_of(session)), line=line) as socket:
        await socket.until(lambda: socket.accepted)

    assert server.open_connections == 0


async def test_whoever_waits_for_a_chat_answer_and_leaves_holds_nothing(server: Server) -> None:
    body = b'{"prompt":"play 100000 events every 50 ms"}'

    async with server.request("POST", "/v1/chat", {"Accept": "application/json"}, body) as chat:
        await server.until_open(1)
        chat.leave()
        await chat.end()

    assert server.open_connections == 0


async def test_of_many_that_come_in_by_one_ticket_at_once_the_last_stays() -> None:
    connections = registry()
    connections.take_over(TICKET.credential)
    connections.take_over(TICKET.credential)

    first, second = (connections.open("sse", "ses_1", TICKET) for _ in range(2))

    assert (first.ending, second.ending) == ("gone", None)
