"""The audit log: what is noted is found again, and a flood does not become one here."""

from typing import Any

import pytest

from puntini.auth.audit import FAILURES_EACH, MOST_COUNTED, Audit, Entry
from puntini.auth.principals import Principal
from puntini.errors import StoreUnavailable
from puntini.log.contract import Kept
from puntini.store.memory import MemoryStore

pytestmark = pytest.mark.anyio
MINUTE = 60_000


class Book:
    """An audit log with a clock that goes on when it is told to."""

    def __init__(self, days: float = 365, store: MemoryStore | None = None) -> None:
        self.now = 1_000 * MINUTE
        self.store = store or MemoryStore()
        self.audit = Audit(self.store, days=days, clock=lambda: self.now)

    def note(self, what: str, user: str = "ann", address: str = "192.0.2.1", **more: str) -> None:
        """A request of somebody's that did something."""
        self.audit.note(request(user, address), what, **more)

    async def all(self, **query: Any) -> list[Entry]:
        """What is found, the newest first."""
        await self.audit.flush()
        return list((await self.audit.find(**{"limit": 1_000, **query})).items)


def request(user: str, address: str) -> dict[str, Any]:
    """A request's scope."""
    state = {"principal": Principal(user, credential="key:1"), "address": address, "request_id": "req-1"}
    return {"type": "http", "state": state, "client": ("10.0.0.1", 1), "headers": []}


async def test_an_entry_says_who_did_what_when_and_from_where() -> None:
    book = Book()
    book.note("key_created", of="abc")

    [entry] = await book.all()

    assert (entry.who, entry.credential, entry.what, entry.of) == ("ann", "key:1", "key_created", "abc")
    assert (entry.at, entry.address, entry.request_id, entry.count) == (book.now, "192.0.2.1", "req-1", 1)


async def test_what_fails_names_who_it_claimed_to_be_and_without_an_address_the_peer_counts() -> None:
    book = Book()
    book.audit.note({"type": "http", "client": ("10.0.0.1", 1), "headers": []}, "login_failed", who="bob")
    [entry] = await book.all()
    assert (entry.who, entry.credential, entry.address) == ("bob", "", "10.0.0.1")


async def test_no_entry_holds_a_secret_or_is_without_bound() -> None:
    book = Book()
    key = "pk_0123456789abcdef_" + "a" * 49
    book.note("key_revoked", of=f"{key} token=hidden-1 {'x' * 10_000}")
    [entry] = await book.all()
    assert "aaaa" not in entry.of
    assert "hidden-1" not in entry.of
    assert len(entry.of) <= 200


async def test_entries_are_in_the_order_of_their_making_also_within_a_millisecond() -> None:
    book = Book()
    for number in range(50):
        book.note("login", of=str(number))
        book.now += number % 3 == 0
    assert [entry.of for entry in await book.all()] == [str(number) for number in reversed(range(50))]


async def test_one_finds_by_user_kind_and_time_page_by_page() -> None:
    book = Book()
    for number in range(30):
        book.note("login" if number % 2 else "logout", user="ann" if number % 3 else "bob", of=str(number))
        book.now += 1_000
    await book.audit.flush()

    assert {entry.who for entry in await book.all(who="bob")} == {"bob"}
    assert len(await book.all(who="bob", what="login")) == 5
    assert len(await book.all(since=book.now - 10_000)) == 10
    pages, before = [], ""
    while True:
        found = await book.audit.find(limit=7, before=before)
        pages.append(len(found.items))
        if not (before := found.next):
            break
    assert pages == [7, 7, 7, 7, 2]


async def test_a_search_looks_through_so_many_and_says_where_to_go_on() -> None:
    book = Book()
    book.note("login", of="first")
    for _ in range(9_990):
        book.note("logout")
    await book.audit.flush()
    for _ in range(20):
        book.note("logout")
    await book.audit.flush()

    found = await book.audit.find(what="login")
    assert (list(found.items), bool(found.next)) == ([], True)
    [entry] = (await book.audit.find(what="login", before=found.next)).items
    assert entry.of == "first"


async def test_a_flood_of_failures_is_a_few_entries_and_one_that_sums_up() -> None:
    book = Book()
    for number in range(500):
        book.note("login_failed", of="the door", who=f"guess {number}")
    book.note("login_failed", address="192.0.2.9")
    book.note("login")
    assert len(await book.all()) == FAILURES_EACH + 2

    book.now += MINUTE
    book.note("login")

    found = await book.all(what="login_failed")
    assert sum(entry.count for entry in found) == 501
    [rest] = [entry for entry in found if entry.count > 1]
    assert (rest.count, rest.who, rest.of) == (500 - FAILURES_EACH, "", "the door")


async def test_failures_from_everywhere_are_counted_together() -> None:
    book = Book()
    for number in range(MOST_COUNTED + 5_000):
        book.note("login_failed", address=f"2001:db8::{number:x}")

    await book.audit.flush(last=True)

    found = await book.all(limit=2_000)
    assert len(found) <= MOST_COUNTED + FAILURES_EACH + 1
    assert sum(entry.count for entry in found) == MOST_COUNTED + 5_000


class Away(MemoryStore):
    """A store that can't be written for a while."""

    away = True

    async def keep(self, items: Any) -> None:
        """Refuse, while away."""
        if self.away:
            raise StoreUnavailable("The disk is full.")
        await super().keep(items)


async def test_entries_wait_for_a_store_that_is_away_and_keep_their_order() -> None:
    store = Away()
    book = Book(store=store)
    for number in range(3):
        book.note("login", of=str(number))
        with pytest.raises(StoreUnavailable):
            await book.audit.flush()
    for _ in range(20_000):
        book.note("logout")

    store.away = False

    assert [entry.of for entry in await book.all(what="login")] == ["2", "1", "0"]
    assert len(await store.kept_all("audit", "entry")) == 10_000


async def test_entries_are_forgotten_by_their_age() -> None:
    book = Book(days=1)
    book.note("login", of="old")
    book.now += 12 * 60 * MINUTE
    book.note("login", of="new")
    await book.audit.flush()
    book.now += 13 * 60 * MINUTE

    await book.audit.forget_old()

    assert [entry.of for entry in await book.all()] == ["new"]
    forever = Book(days=0, store=book.store)
    forever.now = book.now * 1_000
    await forever.audit.forget_old()
    assert len(await book.all()) == 1


async def test_an_entry_comes_back_as_it_was_kept() -> None:
    book = Book()
    book.note("login")
    await book.audit.flush()
    [(key, body)] = await book.store.kept_all("audit", "entry")
    await book.store.keep([Kept("audit", "entry", key, body)])
    assert (await book.all())[0].id == key
