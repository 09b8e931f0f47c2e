"""Large bytes: one copy for all, sent a slice at a time."""

import anyio
import pytest

from puntini.protocol.entries import Entry, entry_of
from puntini.transport.opening import Opener, Ready
from puntini.transport.slices import LARGE, SLICE, slices, writes
from puntini.transport.words import LINES, SOCKET, SSE
from tests.transport.serving import Server, stream_of, thought
from tests.transport.test_opening import Meanwhile
from tests.views.said import add_node, drawn

pytestmark = pytest.mark.anyio

TEXT = "ü" * 300_000


def large() -> Entry:
    """A graph with much in it."""
    return entry_of(drawn(add_node("a", text=TEXT)))


async def snapshot(server: Server, session: str) -> Ready:
    row = await server.parts.store.session(session)
    assert row is not None
    return await Opener(server.parts.store, Meanwhile(server)).ready(row)


def test_what_is_not_large_stays_one_write() -> None:
    whole = b"x" * LARGE

    assert list(slices(whole)) == [whole]
    assert [len(piece) for piece in slices(whole + b"y")] == [SLICE] * 8 + [1]
    assert list(slices(b"")) == [b""]


def test_small_parts_are_joined_and_a_large_one_is_not_copied() -> None:
    whole = b"x" * (LARGE + 1)

    first, second, third = writes([b"a", b"", b"b", whole, b"c"])

    assert (first, third) == (b"ab", b"c")
    assert second is whole
    assert list(writes([])) == []


async def test_a_snapshot_is_made_into_bytes_once_for_each_framing(server: Server) -> None:
    ready = await snapshot(server, await server.session(large()))

    assert ready.framed(SSE) is ready.framed(SSE)
    assert ready.framed(LINES) is ready.framed(SOCKET)
    assert ready.framed(SSE) != ready.framed(LINES)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
async def test_a_large_snapshot_goes_out_in_slices(server: Server, accept: str) -> None:
    session = await server.session(large())

    async with server.get(stream_of(session), {"Accept": accept}) as response:
        await response.until(lambda: b'"live"' in response.body)

    assert max(map(len, response.writes)) == SLICE
    assert response.body.count(TEXT.encode()) == 1


async def test_an_ordinary_opening_stays_one_write(server: Server) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session)) as stream:
        await stream.until_event("live")

    assert len(stream.writes) == 1


@pytest.mark.parametrize("subprotocols", [("puntini.v1",), ()])
@pytest.mark.parametrize("line", [True, False], ids=["own server", "any server"])
async def test_a_large_snapshot_is_one_message_over_a_socket(
    server: Server, line: bool, subprotocols: tuple[str, ...]
) -> None:
    session = await server.session(large(), *(thought("." * 30_000) for _ in range(9)))

    async with server.socket(stream_of(session), line=line, subprotocols=subprotocols) as socket:
        ready = await socket.until_type("session_ready")
        await socket.until_type("live")
    async with server.socket(stream_of(session, "after=0"), line=line, subprotocols=subprotocols) as socket:
        await socket.until_type("live")

    assert ready["data"]["initial_graph"]["nodes"][0]["props"] == {"text": TEXT}
    assert socket.ids() == list(range(1, 11))


async def test_no_message_comes_between_the_pieces_of_another(server: Server) -> None:
    session = await server.session(large())
    other = await server.session(thought())

    async with server.socket(stream_of(session, "after=now"), line=True) as socket:
        await socket.until_type("live")
        socket.say("resume", {"after": "earliest"})
        await socket.until(lambda: socket.pieces)
        socket.stall()
        socket.say("ping")
        socket.say("init_session", {"session_id": other})
        await anyio.wait_all_tasks_blocked()
        assert socket.pieces
        socket.flow.set()
        await socket.until_type("pong")
        await socket.until_type("session_ready")

    assert socket.types().count("graph_update") == 1
