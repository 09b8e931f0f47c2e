"""Streams obey: one ends when its credential does, is told before, and nobody stalls their way past that."""

import json
import time
from collections.abc import Callable
from datetime import datetime

import anyio
import pytest

from puntini.auth.access import Access
from puntini.auth.principals import Principal
from puntini.auth.revision import Revision
from puntini.auth.watch import Watch
from puntini.transport.connections import Connection
from tests.transport.serving import Server, serving, stream_of, thought

pytestmark = pytest.mark.anyio

ANN = Principal("ann", credential="token:1")


def given_to(connection: Connection, seconds: float) -> None:
    """The stream was opened by a credential that ends in so many seconds."""
    connection.principal = Principal("ann", credential="token:1", expires_at=time.time() + seconds)
    connection.credential_ends = anyio.current_time() + seconds


def of_ann(connection: Connection) -> None:
    """The stream was opened by ann, who was the session's owner."""
    connection.principal, connection.role = ANN, "owner"


class Rights:
    """Who may what, and the watch that sees to it."""

    def __init__(self, server: Server) -> None:
        self.who: Principal | None = ANN
        self.changes: dict[Principal, Principal] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self.asked = 0
        self.revision = Revision(server.parts.store)
        self._watch = Watch(server.parts.connections, Access(server.parts.store), self.revision, self._still)

    async def _still(self, who: Principal) -> Principal | None:
        self.asked += 1
        self.meanwhile()
        return self.who if who == ANN else self.changes.get(who, who)

    async def changed(self) -> None:
        """Something has changed, and every stream is looked at."""
        await self.revision.bump()
        await self.look()

    async def look(self) -> None:
        """What has not been looked at since is."""
        await self._watch.look()


async def test_an_event_stream_ends_with_its_credential_and_says_so() -> None:
    async with serving() as server:
        session = await server.session(thought())
        async with server.get(stream_of(session), line=True) as stream:
            await stream.until_event("live")
            [connection] = server.parts.connections.all()
            given_to(connection, 0.8)
            await stream.end()

            assert stream.names()[-2:] == ["auth_expiring", "problem"]
            last = json.loads(stream.blocks()[-1].data)
            assert (last["error"]["code"], last["error"]["reason"]) == (401, "unauthorized")
            assert stream.whole, "it ended at an event, as a response should"


async def test_a_socket_is_closed_as_expired() -> None:
    async with serving() as server:
        session = await server.session(thought())
        async with server.socket(stream_of(session), line=True) as socket:
            await socket.until_type("live")
            [connection] = server.parts.connections.all()
            given_to(connection, 0.8)
            await socket.end()

            assert socket.closed == 4401
            assert socket.types()[-2:] == ["auth_expiring", "error"]


async def test_a_socket_without_a_session_is_closed_as_expired_too() -> None:
    async with serving() as server, server.socket("/ws/chat", line=True) as socket:
        await server.until_open(1)
        [connection] = server.parts.connections.all()
        given_to(connection, 0.8)
        await socket.end()

        assert socket.closed == 4401
        assert socket.types() == ["auth_expiring", "error"]


async def test_the_warning_comes_a_minute_before_the_end_and_once() -> None:
    async with serving() as server:
        session = await server.session(thought())
        async with server.get(stream_of(session), line=True) as stream:
            await stream.until_event("live")
            [connection] = server.parts.connections.all()
            given_to(connection, 59.0)
            block = await stream.until_event("auth_expiring")
            await anyio.sleep(1.2)

            assert stream.names().count("auth_expiring") == 1
            told = datetime.fromisoformat(json.loads(block.data)["data"]["expires_at"])
            assert abs(told.timestamp() - connection.principal.expires_at) < 0.01


async def test_who_reads_nothing_is_out_within_seconds_all_the_same() -> None:
    async with serving() as server:
        session = await server.session(thought())
        async with server.get(stream_of(session), line=True) as stream:
            await stream.until_event("live")
            stream.stall()
            await server.say(session, thought())
            [connection] = server.parts.connections.all()
            given_to(connection, 0.0)
            with anyio.fail_after(20):
                await server.until_open(0)


async def test_what_waits_for_a_page_is_not_shown_what_comes_later() -> None:
    async with serving() as server:
        session = await server.session(thought())
        headers = {"accept": "application/json"}
        async with server.get(stream_of(session, "after=now&wait=30"), headers, line=True) as page:
            await server.until_open(1)
            [connection] = server.parts.connections.all()
            given_to(connection, 0.0)
            await page.end()

            assert page.json()["events"] == []


async def test_a_revoked_credential_ends_its_streams_and_no_others() -> None:
    async with serving() as server:
        session = await server.session(thought())
        rights = Rights(server)
        async with server.get(stream_of(session), line=True) as one, server.get(stream_of(session), line=True) as other:
            await one.until_event("live")
            await other.until_event("live")
            of_ann(server.parts.connections.all()[0])
            rights.who = None
            await rights.changed()
            await one.end()

            assert one.names()[-1] == "problem"
            assert not other.whole
            await rights.changed()
            assert rights.asked == 3, "each principal once a change, and who is out not again"


async def test_who_is_no_member_any_more_is_out_and_who_becomes_less_is_let_in_anew() -> None:
    async with serving() as server:
        store = server.parts.store
        session, other = await server.session(thought()), await server.session(thought())
        await store.share(session, "ann", "editor")
        await store.share(other, "ann", "editor")
        rights = Rights(server)
        async with server.get(stream_of(session), line=True) as one, server.get(stream_of(other), line=True) as two:
            await one.until_event("live")
            await two.until_event("live")
            for connection in server.parts.connections.all():
                connection.principal, connection.role = ANN, "editor"
            await rights.changed()
            assert not one.whole
            await store.share(session, "ann", None)
            await store.share(other, "ann", "viewer")
            await rights.changed()
            await one.end()
            await two.end()

            assert json.loads(one.blocks()[-1].data)["error"]["code"] == 401
            assert json.loads(two.blocks()[-1].data)["data"]["reason"] == "lifetime"


async def test_an_admin_who_is_none_any_more_is_let_in_anew_although_the_session_is_theirs() -> None:
    async with serving() as server:
        session = await server.session(thought())
        rights = Rights(server)
        async with server.socket(stream_of(session), line=True) as socket:
            await socket.until_type("live")
            [connection] = server.parts.connections.all()
            rights.changes[connection.principal] = Principal("local", credential="open")
            await rights.changed()
            await socket.end()

            assert socket.types()[-1] == "reconnect"


async def test_a_socket_that_changes_its_session_while_it_is_looked_at_is_looked_at_again() -> None:
    async with serving() as server:
        session = await server.session(thought())
        rights = Rights(server)
        async with server.socket("/ws/chat", line=True):
            await server.until_open(1)
            [connection] = server.parts.connections.all()
            connection.principal = ANN

            def change_over() -> None:
                if not connection.session_id:
                    server.parts.connections.assign(connection, session)

            rights.meanwhile = change_over
            await rights.changed()
            assert connection.ending is None
            await rights.look()

            assert connection.ending == "revoked"
