"""A socket's commands while one of them takes its time, and the end of a socket whose client is slow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from puntini.auth.principals import LOCAL, Principal
from puntini.log.members import MemberRole
from puntini.protocol.commands import AnyCommand
from puntini.protocol.events import Accepted, AcceptedData, Envelope
from puntini.transport.asgi import Message, Receive, Scope, Send
from puntini.transport.opening import Opener
from puntini.transport.streams import Streams
from puntini.transport.websocket import ORDERS, PLACE_SECONDS, serve
from tests.transport.serving import Server, stream_of, thought
from tests.transport.test_opening import Meanwhile
from tests.transport.wire import PATIENCE, Socket, scope_of

pytestmark = pytest.mark.anyio


class Slow:
    """Carries out what it is asked once it may."""

    def __init__(self) -> None:
        self.may = anyio.Event()
        self.done: list[str] = []

    async def create(self, agent: str, *, user: str) -> str:
        return ""

    async def admit(self, session_id: str, who: Principal) -> MemberRole:
        return "owner"

    async def execute(self, session_id: str, command: AnyCommand, who: Principal) -> Envelope:
        await self.may.wait()
        self.done.append(command.command_id)
        return Accepted(data=AcceptedData(command_id=command.command_id, cursor="e.1"))


@asynccontextmanager
async def slowly(server: Server, commands: Slow) -> AsyncIterator[Socket]:
    """A socket of a session whose commands take their time."""
    session = await server.session(thought())
    streams = Streams(server.parts.hub, Opener(server.parts.store, Meanwhile(server)), server.parts.connections)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"principal": LOCAL}
        await serve(scope, receive, send, streams, commands, session)

    socket = Socket(app, scope_of("websocket", "/", None, subprotocols=["puntini.v1"]), line=True)
    socket.put({"type": "websocket.connect"})
    async with socket:
        await socket.until_type("live")
        yield socket


def say_many(socket: Socket, count: int) -> list[str]:
    """Send so many commands; returns their ids."""
    ids = [f"c{number}" for number in range(count)]
    for command_id in ids:
        socket.say("user_prompt", {"prompt": "go"}, command_id=command_id)
    return ids


async def test_a_control_waits_for_no_command_and_a_ping_for_no_control(server: Server) -> None:
    commands = Slow()
    async with slowly(server, commands) as socket:
        socket.say("control", {"task_id": "t", "action": "resume"}, command_id="control")
        say_many(socket, ORDERS)
        socket.say("ping")
        await socket.until_type("pong")
        assert commands.done == []
        commands.may.set()
        await socket.until_type("accepted", ORDERS + 1)

    assert commands.done[0] == "control"
    assert commands.done[1:] == [f"c{number}" for number in range(ORDERS)]


async def test_too_many_commands_are_refused_and_hold_up_no_ping(server: Server) -> None:
    commands = Slow()
    async with slowly(server, commands) as socket:
        began = anyio.current_time()
        ids = say_many(socket, 3 * ORDERS)
        socket.say("ping")
        await socket.until_type("pong")
        took = anyio.current_time() - began
        refused = [event["error"] for event in socket.events() if event["type"] == "error"]
        commands.may.set()
        await socket.until_type("accepted", ORDERS)
        socket.say("user_prompt", {"prompt": "go"}, command_id="later")
        await socket.until(lambda: "later" in commands.done)

    assert took < 2 * PLACE_SECONDS, "only the first of them waits for a place"
    assert [error["command_id"] for error in refused] == ids[ORDERS:]
    assert {(error["code"], error["reason"], error["retryable"]) for error in refused} == {(429, "too_many", True)}
    assert commands.done == [*ids[:ORDERS], "later"]


async def test_many_commands_at_once_that_are_quick_are_all_carried_out(server: Server) -> None:
    commands = Slow()
    commands.may.set()
    async with slowly(server, commands) as socket:
        ids = say_many(socket, 5 * ORDERS)
        await socket.until_type("accepted", len(ids))

    assert commands.done == ids


class Stalling(Socket):
    """A client that reads no further once the session is over."""

    async def _send(self, message: Message) -> None:
        await super()._send(message)
        if "session_closed" in message.get("text", ""):
            self.stall()


@pytest.mark.not_on_postgres("it waits until no task has anything to do, which does not come with a database")
async def test_a_socket_that_is_being_closed_is_closed_whatever_comes_then(server: Server) -> None:
    session, other = await server.session(thought()), await server.session(thought())
    app = server.socket(stream_of(session)).app
    scope = scope_of("websocket", stream_of(session), None, subprotocols=["puntini.v1"])
    socket = Stalling(app, scope, line=False)
    socket.put({"type": "websocket.connect"})

    async with socket:
        await socket.until_type("live")
        await server.close(session)
        await socket.until_type("session_closed")
        socket.say("init_session", {"session_id": other})
        await anyio.wait_all_tasks_blocked()
        socket.flow.set()
        with anyio.fail_after(PATIENCE):
            await socket.end()

    assert socket.closed == 1000
