"""Tickets: one stream, one first use, and then only for going on."""

import time
from collections.abc import Mapping
from typing import Any

import anyio
import msgspec
import pytest
from msgspec.structs import replace

from puntini.auth import tickets as module
from puntini.auth.principals import Principal
from puntini.auth.tickets import MOST_TICKETS, Stream, Ticket, Tickets, stream_at
from puntini.errors import Forbidden, PuntiniError, Unauthorized
from puntini.log.contract import Kept
from puntini.store.memory import MemoryStore

pytestmark = pytest.mark.anyio
ANN = Principal("ann", credential="jwt:1", expires_at=time.time() + 3_600)
ADA = Principal("ada", "admin", credential="jwt:2")
STREAM = Stream("session", "ses_1")


class Office:
    """Tickets on a store, whose makers can be ended."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.ended: set[str] = set()
        self.taken_over: list[str] = []
        self.tickets = Tickets(self.store, self._still, self.taken_over.append)

    async def _still(self, who: Principal) -> Principal | None:
        return None if who.credential in self.ended else who

    async def make(self, maker: Principal = ANN, stream: Stream = STREAM) -> str:
        """A new ticket's text."""
        return (await self.tickets.make(maker, stream))[1]

    def id(self, seq: int = 5) -> str:
        """An id of the log."""
        return f"{self.store.epoch}.{seq}"

    async def admit(self, text: str, last_id: str = "", query: str = "", **scope: Any) -> Principal:
        """What a request with the ticket comes to."""
        return await self.tickets.admit(request(last_id, query, scope), text)

    async def refused(self, text: str, *args: str, **scope: Any) -> PuntiniError:
        """The error of a request that is refused."""
        with pytest.raises(PuntiniError) as caught:
            await self.admit(text, *args, **scope)
        assert text not in caught.value.message
        return caught.value

    async def age(self, seconds: float) -> None:
        """Let all tickets be older than they are."""
        for key, body in await self.store.kept_all("auth", "ticket"):
            old = module._record.decode(body)
            aged = replace(old, made_at=old.made_at - seconds, ends_at=old.ends_at - seconds)
            await self.store.keep([Kept("auth", "ticket", key, msgspec.json.encode(aged))])


def request(last_id: str = "", query: str = "", more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A request for the stream."""
    headers = [(b"last-event-id", last_id.encode())] if last_id else []
    path = "/v1/sessions/ses_1/stream"
    asked = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": headers}
    return {**asked, **(more or {})}


# The first use.


async def test_a_ticket_lets_its_maker_in_to_read_one_stream() -> None:
    office = Office()
    ticket, text = await office.tickets.make(ANN, STREAM)

    who = await office.admit(text)

    assert who == Principal("ann", "user", frozenset({"read"}), f"ticket:{ticket.ticket_id}", ANN.expires_at)
    assert office.taken_over == []


async def test_an_admin_s_ticket_opens_what_admins_see_and_changes_nothing() -> None:
    office = Office()

    who = await office.admit(await office.make(ADA))

    assert who.is_admin
    assert not who.may("write")


async def test_the_store_holds_no_ticket() -> None:
    office = Office()
    text = await office.make()

    [(name, body)] = await office.store.kept_all("auth", "ticket")

    assert text.startswith(f"tk_{name}_")
    assert text.rpartition("_")[2].encode() not in body


async def test_a_first_use_comes_within_half_a_minute() -> None:
    office = Office()
    text = await office.make()
    await office.age(31)
    assert (await office.refused(text)).status == 401


@pytest.mark.parametrize("wrong", ["tk_", "tk_1_2", "x" * 10_000, "é", "\udcff"])
async def test_what_is_no_ticket_is_refused(wrong: str) -> None:
    assert isinstance(await Office().refused(wrong), Unauthorized)


async def test_a_ticket_with_another_secret_is_refused() -> None:
    office = Office()
    text = await office.make()
    forged = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert isinstance(await office.refused(forged), Unauthorized)
    await office.admit(text)  # nothing was used up by that


@pytest.mark.parametrize(
    "scope",
    [
        {"path": "/v1/sessions/ses_2/stream"},
        {"path": "/v1/tasks/ses_1/stream"},
        {"path": "/v1/sessions/ses_1"},
        {"path": "/v1/sessions/ses_1/stream/"},
        {"path": "/v1/tickets"},
        {"path": "/ws/chat", "type": "websocket"},
        {"method": "POST"},
        {"method": "DELETE"},
    ],
)
async def test_a_ticket_opens_nothing_else(scope: dict[str, Any]) -> None:
    office = Office()
    text = await office.make()
    assert isinstance(await office.refused(text, **scope), Forbidden)
    await office.admit(text)  # nothing was used up by that


async def test_a_task_s_ticket_opens_both_of_its_addresses() -> None:
    assert stream_at("/v1/tasks/t1/stream") == stream_at("/v1/stream/tasks/t1") == Stream("task", "t1")
    office = Office()
    text = await office.make(stream=Stream("task", "t1"))
    await office.admit(text, path="/v1/stream/tasks/t1")


async def test_a_socket_may_come_by_a_ticket() -> None:
    office = Office()
    socket = request()
    del socket["method"]
    await office.tickets.admit({**socket, "type": "websocket"}, await office.make())


# Replays.


async def test_the_same_request_once_more_is_a_replay() -> None:
    office = Office()
    text = await office.make()
    await office.admit(text)
    assert "used already" in (await office.refused(text)).message
    assert office.taken_over == []


async def test_of_two_first_uses_at_once_one_gets_through() -> None:
    office = Office()
    text = await office.make()
    through: list[Principal | None] = []

    async def use() -> None:
        try:
            through.append(await office.admit(text))
        except Unauthorized:
            through.append(None)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(use)

    assert sum(who is not None for who in through) == 1


@pytest.mark.parametrize("cursor", ["now", "earliest", "5", "other1.5", "nonsense", "5.5.5"])
async def test_whoever_does_not_know_where_the_stream_was_replays(cursor: str) -> None:
    office = Office()
    text = await office.make()
    await office.admit(text)
    assert (await office.refused(text, cursor)).status == 401
    assert (await office.refused(text, "", f"after={cursor}")).status == 401


async def test_an_address_with_a_cursor_in_it_is_no_second_use_either() -> None:
    office = Office()
    text = await office.make()
    await office.admit(text, "", f"after={office.id()}")
    assert (await office.refused(text, "", f"after={office.id()}")).status == 401


# Going on.


async def test_an_event_source_s_reconnect_takes_over_again_and_again() -> None:
    office = Office()
    ticket, text = await office.tickets.make(ANN, STREAM)
    await office.admit(text, "", f"after={office.id()}")
    await office.age(600)

    for _ in range(3):
        await office.admit(text, office.id(), f"after={office.id()}")

    assert office.taken_over == [f"ticket:{ticket.ticket_id}"] * 3


@pytest.mark.parametrize("name", ["after", "lastEventId"])
async def test_a_socket_goes_on_by_its_query(name: str) -> None:
    office = Office()
    text = await office.make()
    await office.admit(text, type="websocket")
    await office.admit(text, "", f"{name}={office.id()}", type="websocket")


async def test_a_ticket_outlives_a_restart() -> None:
    office = Office()
    text = await office.make()
    await office.admit(text)
    await Office(office.store).admit(text, office.id())


# Its end.


async def test_a_ticket_ends_with_its_maker_s_credential() -> None:
    office = Office()
    text = await office.make()
    who = await office.admit(text)
    assert await office.tickets.still(who) == who

    office.ended.add(ANN.credential)

    assert await office.tickets.still(who) is None
    assert (await office.refused(text, office.id())).status == 401


async def test_a_ticket_ends_when_its_maker_s_token_does() -> None:
    office = Office()
    text = await office.make()
    who = await office.admit(text)
    await office.age(3_601)
    assert await office.tickets.still(who) is None
    assert (await office.refused(text, office.id())).status == 401


async def test_no_ticket_is_good_for_ever() -> None:
    ticket, _ = await Office().tickets.make(ADA, STREAM)
    assert ticket.ends_at - ticket.made_at == module.LIFE_SECONDS


async def test_without_a_request_a_ticket_is_nobody_s() -> None:
    office = Office()
    text = await office.make()
    assert office.tickets.known(text) is None
    with pytest.raises(Unauthorized):
        await office.tickets.principal(text)


# Putting away.


async def test_a_user_has_so_many_tickets_and_the_oldest_goes() -> None:
    office = Office()
    first = await office.make()
    others = await office.make(ADA)
    for _ in range(MOST_TICKETS):
        await office.make()

    assert len(await office.store.kept_all("auth", "ticket")) == MOST_TICKETS + 1
    assert (await office.refused(first)).status == 401
    await office.admit(others)


async def test_what_is_over_is_forgotten() -> None:
    office = Office()
    unused, used = await office.make(), await office.make()
    await office.admit(used)
    await office.age(60)
    fresh = await office.make(ADA)

    await office.tickets.forget_old()

    left = {key for key, _ in await office.store.kept_all("auth", "ticket")}
    assert left == {text.split("_")[1] for text in (used, fresh)}
    assert unused.split("_")[1] not in left


def test_a_ticket_s_record_comes_back_as_it_was() -> None:
    ticket = Ticket(
        ticket_id="1", hash="2", stream=STREAM, user="ann", role="user", scopes=frozenset({"read"}),
        credential="jwt:1", made_at=1.5, ends_at=2.5, opened_by=module.Cursors("a", ""), epoch="e",
    )  # fmt: skip
    assert module._record.decode(module._kept(ticket).body or b"") == ticket
