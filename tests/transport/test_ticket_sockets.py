"""A socket that came by a ticket follows the one stream that the ticket is for."""

from typing import Any

import pytest

from puntini.api.snapshots import Snapshots
from puntini.auth.principals import Principal
from puntini.transport import websocket
from puntini.transport.asgi import Receive, Scope, Send
from puntini.transport.opening import Opener
from puntini.transport.streams import Streams
from tests.transport.serving import Server, stream_of, thought
from tests.transport.wire import Socket, scope_of

pytestmark = pytest.mark.anyio
TICKET = Principal("ann", scopes=frozenset({"read"}), credential="ticket:1")


async def test_it_changes_to_no_other_session(server: Server) -> None:
    session, other = await server.session(thought()), await server.session(thought())
    parts = server.parts
    streams = Streams(parts.hub, Opener(parts.store, Snapshots(parts.keeper, parts.store)), parts.connections)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"principal": TICKET, "guard": parts.entrance.guard}
        commands: Any = None  # none is ever to be carried out
        await websocket.serve(scope, receive, send, streams, commands, session)

    socket = Socket(app, scope_of("websocket", stream_of(session), None, subprotocols=["puntini.v1"]), line=False)
    socket.put({"type": "websocket.connect"})
    async with socket:
        await socket.until_type("live")
        for data in ({"session_id": other}, {}):
            socket.say("init_session", data)
        second = await socket.until_type("error", 2)

        assert second["error"]["reason"] == "forbidden"
        assert socket.types().count("live") == 1
        assert parts.connections._by_ticket.keys() == {"ticket:1"}
    assert not parts.connections._by_ticket
