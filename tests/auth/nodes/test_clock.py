"""What nodes compare goes by the clock that they share, however wrong a machine's own is."""

import time

import pytest

from puntini.auth.entrance import Entrance
from puntini.auth.principals import Principal
from puntini.auth.tickets import Stream
from puntini.errors import Unauthorized
from puntini.log import mint
from puntini.log.turns import Turns
from puntini.settings import Settings
from puntini.store.memory import MemoryStore
from puntini.transport.connections import Connections

pytestmark = pytest.mark.anyio
HOUR = 3_600


async def test_ends_are_those_of_the_clock_that_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    entrance = Entrance(Settings(store="memory:"))
    await entrance.open(store, lambda _: None, Turns(None))
    ann = Principal("local", "admin", credential="open")
    _, key = await entrance.keys.make(ann, "ci", frozenset({"read"}), time.time() + HOUR / 2)
    ticket, text = await entrance.tickets.make(ann, Stream("session", "ses_1"))
    who = await entrance.keys.principal(key)

    monkeypatch.setattr(mint, "_ahead_ms", HOUR * 1000)

    assert entrance.keys.known(key) is None
    with pytest.raises(Unauthorized):
        await entrance.tickets.admit({"type": "http", "path": "/v1/sessions/ses_1/stream", "headers": []}, text)
    assert (await entrance.tickets.make(ann, Stream("session", "ses_1")))[0].made_at >= ticket.made_at + HOUR
    connections = Connections(ping_seconds=15, send_deadline=30, lifetime=0, most=10)
    stream = connections.open("sse", "ses_1", who)
    assert stream.credential_ends < stream.wrote_at, "it ended half an hour ago"
    await entrance.close()
