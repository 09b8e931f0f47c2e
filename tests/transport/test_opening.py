"""Where a stream starts when things happen while it is being opened; the plain cases are in ``test_sse``."""

import anyio
import pytest

from puntini.api.snapshots import Snapshots
from puntini.errors import NotFound
from puntini.log.contract import SessionRow
from puntini.transport.opening import REUSE_SECONDS, Opener, Ready
from puntini.transport.request import StreamRequest
from tests.transport.serving import Server, thought, thoughts

pytestmark = pytest.mark.anyio


class Meanwhile(Snapshots):
    """Snapshots that are made only after the session was closed by somebody else, and that are counted."""

    def __init__(self, server: Server, *, close: bool = False) -> None:
        super().__init__(server.parts.keeper, server.parts.store)
        self.made = 0
        self._server = server
        self._close = close

    async def ready(self, row: SessionRow) -> Ready:
        self.made += 1
        if self._close:
            await self._server.close(row.session_id)
        return await super().ready(row)


def asked(session: str, after: str | None = None) -> StreamRequest:
    return StreamRequest(session_id=session, after=after)


async def test_a_session_that_is_closed_while_its_snapshot_is_made_is_over(server: Server) -> None:
    session = await server.session(thought())
    opener = Opener(server.parts.store, Meanwhile(server, close=True))

    async with server.parts.hub.feed(session) as feed:
        opening = await opener.open(asked(session), feed)

    assert (opening.over, opening.cursor) == (True, 2)


async def test_a_task_that_ended_since_it_was_looked_up_is_over(server: Server) -> None:
    session = await server.session()
    task = await server.parts.store.task(await server.begin(session))
    assert task is not None
    await server.finish(session, task.task_id)

    async with server.parts.hub.feed(session) as feed:
        opening = await Opener(server.parts.store, Meanwhile(server)).open(asked(session, "now"), feed, task)

    assert opening.over


async def test_an_open_task_is_not_over_though_its_reader_is_at_the_head(server: Server) -> None:
    session = await server.session()
    task = await server.parts.store.task(await server.begin(session))

    async with server.parts.hub.feed(session) as feed:
        opening = await Opener(server.parts.store, Meanwhile(server)).open(asked(session, "now"), feed, task)

    assert not opening.over


async def test_all_who_come_together_share_one_snapshot(server: Server) -> None:
    session = await server.session(*thoughts(3))
    snapshots = Meanwhile(server)
    opener = Opener(server.parts.store, snapshots)

    async with server.parts.hub.feed(session) as feed, anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(opener.open, asked(session), feed)

    assert snapshots.made == 1


async def test_a_snapshot_a_moment_old_is_followed_by_what_came_since(server: Server) -> None:
    session = await server.session(*thoughts(3))
    opener = Opener(server.parts.store, Meanwhile(server))

    async with server.parts.hub.feed(session) as feed:
        await opener.open(asked(session), feed)
        await server.say(session, thought())
        opening = await opener.open(asked(session), feed)

    assert (opening.cursor, opening.live_at) == (3, 4)


async def test_nothing_is_opened_on_a_session_that_was_deleted_meanwhile(server: Server) -> None:
    session = await server.session()
    opener = Opener(server.parts.store, Meanwhile(server))

    async with server.parts.hub.feed(session) as feed:
        await server.answer("DELETE", f"/v1/sessions/{session}")

        with pytest.raises(NotFound):
            await opener.open(asked(session), feed)


async def test_a_snapshot_that_is_on_its_way_serves_all_until_the_session_goes_on(server: Server) -> None:
    session = await server.session(*thoughts(3))
    snapshots = Meanwhile(server)
    opener = Opener(server.parts.store, snapshots)

    async with server.parts.hub.feed(session) as feed:
        one = await opener.open(asked(session), feed)
        await anyio.sleep(2 * REUSE_SECONDS)
        other = await opener.open(asked(session), feed)
        assert (snapshots.made, other.ready is one.ready) == (1, True)

        await server.say(session, thought())
        await anyio.sleep(2 * REUSE_SECONDS)
        last = await opener.open(asked(session), feed)
        assert (snapshots.made, last.cursor) == (2, 4)
