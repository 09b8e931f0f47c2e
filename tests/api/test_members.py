"""``/v1/sessions/{id}/members``: sharing, and what members may do."""

from collections.abc import AsyncIterator

import pytest

from puntini.api.members import MOST_MEMBERS, Members
from puntini.auth.audit import Audit
from puntini.auth.revision import Revision
from puntini.auth.users import is_name
from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Kept, SessionRow, Store
from puntini.store.memory import MemoryStore
from tests.api.acting import Ask, acting, items
from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio
MEMBERS = "/v1/sessions/ses_1/members"


class AllButEve:
    """Who is known, and what is written down."""

    def __init__(self, store: Store) -> None:
        self.audit = Audit(store, days=0)
        self.revision = Revision(store)

    async def knows(self, user: str) -> bool:
        """Whether there is such a user."""
        return user != "eve" and is_name(user)


@pytest.fixture
async def store() -> Store:
    """A store with a session of ana's."""
    store = MemoryStore()
    row = SessionRow(session_id="ses_1", owner="ana", created_at=1, updated_at=1)
    await store.append(Append(session_id="ses_1", create=row, at=1))
    return store


@pytest.fixture
async def ask(store: Store) -> AsyncIterator[Ask]:
    """The routes, for a server that knows everybody whose name could be one, but eve."""
    async with acting(store, Members(store, AllButEve(store)).routes()) as asking:
        yield asking


async def test_a_session_of_ones_own_has_its_owner_alone(api: Api) -> None:
    session_id = await api.create()

    found = await api.get(f"/v1/sessions/{session_id}/members")

    assert found == {"items": [{"user": "local", "role": "owner"}], "total": 1}


async def test_a_session_is_shared_and_roles_are_changed(ask: Ask) -> None:
    made = await ask("ana", "PUT", f"{MEMBERS}/bob", {"role": "viewer"})
    assert (made.status_code, made.json()) == (200, {"user": "bob", "role": "viewer"})
    await ask("ana", "PUT", f"{MEMBERS}/zoe", {"role": "viewer"})
    await ask("ana", "PUT", f"{MEMBERS}/bob", {"role": "editor"})

    assert items(await ask("zoe", "GET", MEMBERS)) == [
        {"user": "ana", "role": "owner"},
        {"user": "bob", "role": "editor"},
        {"user": "zoe", "role": "viewer"},
    ]
    page = (await ask("zoe", "GET", f"{MEMBERS}?limit=1&offset=1")).json()
    assert page == {"items": [{"user": "bob", "role": "editor"}], "total": 3}


async def test_members_leave_and_are_removed(ask: Ask, store: Store) -> None:
    for user in ("bob", "zoe"):
        await store.share("ses_1", user, "viewer")

    assert (await ask("bob", "DELETE", f"{MEMBERS}/bob")).status_code == 204
    assert (await ask("ana", "DELETE", f"{MEMBERS}/zoe")).status_code == 204

    assert await store.members("ses_1") == []
    problem(await ask("bob", "GET", MEMBERS), 404, "not_found")
    problem(await ask("bob", "DELETE", f"{MEMBERS}/bob"), 404, "not_found")
    problem(await ask("ana", "DELETE", f"{MEMBERS}/zoe"), 404, "not_found")


class Faltering(MemoryStore):
    """A store that is away once, in the middle of something."""

    falters = False

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep, if nothing has come between."""
        if self.falters:
            self.falters = False
            raise StoreUnavailable("The store is away; try again.")
        return await super().swap(item, old)


@pytest.mark.parametrize(("method", "body", "status"), [("PUT", {"role": "viewer"}, 200), ("DELETE", None, 404)])
async def test_open_streams_are_looked_at_also_when_the_store_was_away_at_first(
    method: str, body: object, status: int
) -> None:
    store = Faltering()
    row = SessionRow(session_id="ses_1", owner="ana", created_at=1, updated_at=1)
    await store.append(Append(session_id="ses_1", create=row, at=1))
    await store.share("ses_1", "bob", "editor")
    people = AllButEve(store)
    async with acting(store, Members(store, people).routes()) as ask:
        store.falters = True
        assert (await ask("ana", method, f"{MEMBERS}/bob", body)).status_code == 503
        assert (await ask("ana", method, f"{MEMBERS}/bob", body)).status_code == status

    assert people.revision.number == 1


@pytest.mark.parametrize(("user", "status"), [("editor", 403), ("viewer", 403), ("stranger", 404), ("", 401)])
async def test_sharing_takes_the_owner(ask: Ask, store: Store, user: str, status: int) -> None:
    for role in ("editor", "viewer"):
        await store.share("ses_1", role, role)

    assert (await ask(user, "PUT", f"{MEMBERS}/zoe", {"role": "viewer"})).status_code == status
    assert (await ask(user, "DELETE", f"{MEMBERS}/viewer2")).status_code == status

    assert len(await store.members("ses_1")) == 2


async def test_an_editor_can_not_remove_another(ask: Ask, store: Store) -> None:
    for user in ("bob", "zoe"):
        await store.share("ses_1", user, "editor")

    told = problem(await ask("bob", "DELETE", f"{MEMBERS}/zoe"), 403, "forbidden")

    assert told["detail"] == "Only the session's owner can remove others; you can leave it yourself."
    assert len(await store.members("ses_1")) == 2


async def test_an_admin_may_share_what_is_not_theirs(ask: Ask) -> None:
    assert (await ask("root", "PUT", f"{MEMBERS}/bob", {"role": "viewer"})).status_code == 200
    assert (await ask("root", "DELETE", f"{MEMBERS}/bob")).status_code == 204
    problem(await ask("root", "GET", "/v1/sessions/ses_9/members"), 404, "not_found")


async def test_a_credential_that_only_reads_shares_nothing(ask: Ask) -> None:
    assert len(items(await ask("reader", "GET", MEMBERS))) == 1
    problem(await ask("reader", "PUT", f"{MEMBERS}/bob", {"role": "viewer"}), 403, "forbidden")
    problem(await ask("reader", "DELETE", f"{MEMBERS}/bob"), 403, "forbidden")


async def test_the_owners_role_stays(ask: Ask, store: Store) -> None:
    for user in ("ana", "root"):
        problem(await ask(user, "PUT", f"{MEMBERS}/ana", {"role": "viewer"}), 409, "conflict")
        problem(await ask(user, "DELETE", f"{MEMBERS}/ana"), 409, "conflict")

    assert await store.role("ses_1", "ana") == "owner"


@pytest.mark.parametrize("user", ["eve", "a%20b", ".bob", "b" * 65, "%C3%A9mile", "b%0A"])
async def test_nobody_is_a_member_whom_the_server_does_not_know(ask: Ask, store: Store, user: str) -> None:
    told = problem(await ask("ana", "PUT", f"{MEMBERS}/{user}", {"role": "viewer"}), 400, "invalid")

    assert told["detail"].startswith("user: there is no user `")
    assert await store.members("ses_1") == []


@pytest.mark.parametrize("body", [{}, {"role": "owner"}, {"role": "boss"}, {"role": "viewer", "more": 1}, None])
async def test_only_the_two_roles_are_given(ask: Ask, store: Store, body: object) -> None:
    problem(await ask("ana", "PUT", f"{MEMBERS}/bob", body), 400, "invalid")

    assert await store.members("ses_1") == []


async def test_a_session_has_only_so_many_members(ask: Ask, store: Store) -> None:
    for number in range(MOST_MEMBERS):
        await store.share("ses_1", f"user{number}", "viewer")

    told = problem(await ask("ana", "PUT", f"{MEMBERS}/bob", {"role": "viewer"}), 409, "conflict")
    assert told["detail"] == "A session is shared with at most 100 users; remove one first."
    assert (await ask("ana", "PUT", f"{MEMBERS}/user1", {"role": "editor"})).status_code == 200
    assert len(items(await ask("ana", "GET", f"{MEMBERS}?limit=100"))) == 100
    assert (await ask("ana", "GET", f"{MEMBERS}?limit=100")).json()["total"] == MOST_MEMBERS + 1
