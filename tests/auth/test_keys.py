"""API keys: what they open, who makes them, when they end."""

import time
from math import inf
from typing import NamedTuple

import anyio
import pytest

from puntini.auth.keys import MOST_KEYS, Keys, _check, fixed_principals, id_of, new_text
from puntini.auth.principals import EVERYTHING, LOCAL, Principal, Role, Scope
from puntini.auth.revision import Revision
from puntini.errors import Conflict, Forbidden, Misconfigured, NotFound, Unauthorized
from puntini.settings import Secret
from puntini.store.memory import MemoryStore

pytestmark = pytest.mark.anyio
ANN = Principal("ann", credential="jwt:1")
ADA = Principal("ada", "admin", credential="jwt:2")
BOTH: frozenset[Scope] = frozenset({"read", "write"})
SECRET = "0123456789abcdef0123456789abcdef"


class Office(NamedTuple):
    """Keys, and what they rest on."""

    keys: Keys
    store: MemoryStore
    revision: Revision
    roles: dict[str, Role | None]


def office(*fixed: str, store: MemoryStore | None = None) -> Office:
    """Keys on a store, for the users ann and ada."""
    store = store or MemoryStore()
    roles: dict[str, Role | None] = {"ann": "user", "ada": "admin"}

    async def role_of(user: str) -> Role | None:
        return roles.get(user)

    revision = Revision(store)
    return Office(Keys(store, revision, role_of, [Secret(key) for key in fixed]), store, revision, roles)


# What a key is.


async def test_a_key_names_its_owner_with_its_scopes() -> None:
    keys = office().keys
    key, text = await keys.make(ANN, "ci", frozenset({"read"}), None)

    who = await keys.principal(text)

    assert who == Principal("ann", "user", frozenset({"read"}), f"key:{key.key_id}", inf)
    assert keys.known(text) == who


async def test_the_store_holds_no_key() -> None:
    keys, store, *_ = office()
    key, text = await keys.make(ANN, "ci", BOTH, None)

    [(name, body)] = await store.kept_all("auth", "key")

    assert text.startswith(f"pk_{name}_")
    assert text.rpartition("_")[2].encode() not in body
    assert key.hash.encode() in body


async def test_every_key_is_another_and_has_the_form_that_scanners_look_for() -> None:
    texts = [new_text("ann") for _ in range(50)]

    assert len(set(texts)) == 50
    assert all(len(id_of(text)) == 16 and len(text) == 69 for text in texts)


@pytest.mark.parametrize("change", ["cut", "longer", "another letter", "another id", "spaces", "nothing"])
async def test_what_only_looks_like_a_key_opens_nothing(change: str) -> None:
    keys = office().keys
    _, text = await keys.make(ANN, "ci", BOTH, None)
    wrong = {
        "cut": text[:-1],
        "longer": text + "a",
        "another letter": text[:30] + ("a" if text[30] != "a" else "b") + text[31:],
        "another id": new_text("ann"),
        "spaces": f" {text}",
        "nothing": "",
    }[change]

    with pytest.raises(Unauthorized) as caught:
        await keys.principal(wrong)

    assert keys.known(wrong) is None
    assert "pk_" not in caught.value.message


async def test_a_key_of_the_right_id_and_another_secret_is_refused() -> None:
    keys, store, *_ = office()
    key, text = await keys.make(ANN, "ci", BOTH, None)
    other = office(store=store).keys  # which remembers nothing
    forged = new_text("ann")
    while forged[:19] == text[:19]:
        forged = new_text("ann")
    body = f"pk_{key.key_id}_{forged[20:63]}"
    assert id_of(body + _check(body)) == key.key_id
    with pytest.raises(Unauthorized):
        await other.principal(body + _check(body))


@pytest.mark.parametrize("text", ["é" * 40, "\udcff" * 10, "pk_", "x" * 100_000])
async def test_any_text_is_answered(text: str) -> None:
    keys = office().keys
    assert keys.known(text) is None
    with pytest.raises(Unauthorized):
        await keys.principal(text)


# Its end.


async def test_a_revoked_key_opens_nothing_from_then_on() -> None:
    keys = office().keys
    key, text = await keys.make(ANN, "ci", BOTH, None)
    who = await keys.principal(text)
    assert await keys.still(who) == who

    await keys.revoke(key.key_id, "ann")

    assert keys.known(text) is None
    assert await keys.still(who) is None
    with pytest.raises(Unauthorized):
        await keys.principal(text)
    [row] = await keys.of("ann")
    assert row.revoked_at is not None


async def test_another_process_hears_of_a_revocation() -> None:
    here, store, *_ = office()
    there, _, revision, _ = office(store=store)
    key, text = await here.make(ANN, "ci", BOTH, None)
    await there.principal(text)

    await here.revoke(key.key_id, "ann")
    await revision.look()

    assert there.known(text) is None


async def test_a_key_ends_by_itself() -> None:
    keys = office().keys
    _, text = await keys.make(ANN, "ci", BOTH, time.time() + 0.05)
    who = await keys.principal(text)
    assert keys.known(text) == who

    while time.time() < who.expires_at:
        await anyio.sleep(0.005)

    assert keys.known(text) is None
    assert await keys.still(who) is None
    with pytest.raises(Unauthorized):
        await keys.principal(text)


async def test_the_role_is_the_owner_s_as_of_now() -> None:
    keys, _, revision, roles = office()
    _, text = await keys.make(ADA, "ops", EVERYTHING, None)
    who = await keys.principal(text)
    assert who.is_admin

    roles["ada"] = "user"
    await revision.bump()
    demoted = await keys.still(who)
    assert demoted is not None
    assert not demoted.is_admin
    assert await keys.principal(text) == demoted

    roles["ada"] = None
    await revision.bump()
    assert await keys.still(who) is None
    with pytest.raises(Unauthorized):
        await keys.principal(text)


async def test_nobody_revokes_another_s_key_but_an_admin() -> None:
    keys = office().keys
    key, _ = await keys.make(ANN, "ci", BOTH, None)

    for owner in ("ada", ""):
        with pytest.raises(NotFound):
            await keys.revoke(key.key_id, owner)
    with pytest.raises(NotFound):
        await keys.revoke("nowhere", None)

    assert (await keys.revoke(key.key_id, None)).revoked_at
    assert (await keys.revoke(key.key_id, "ann")).revoked_at, "again changes nothing"


# Who makes keys.


async def test_a_key_reaches_no_further_than_its_maker() -> None:
    keys = office().keys
    reader = Principal("ann", scopes=frozenset({"read", "admin"}), credential="key:x")

    for maker, scopes in ((ANN, EVERYTHING), (reader, BOTH), (reader, EVERYTHING)):
        with pytest.raises(Forbidden):
            await keys.make(maker, "more", scopes, None)

    assert await keys.make(LOCAL, "open mode", EVERYTHING, None)


@pytest.mark.parametrize("credential", ["key:abc", "key:fixed:ops", "ticket:abc", "outside:abc"])
async def test_a_key_without_the_admin_scope_makes_none_nor_does_a_fixed_one_or_a_ticket(credential: str) -> None:
    scopes = EVERYTHING if "fixed" in credential else BOTH
    with pytest.raises(Forbidden, match="Sign in"):
        await office().keys.make(Principal("ada", "admin", scopes, credential), "more", frozenset({"read"}), None)


async def test_a_key_made_by_a_key_does_not_outlive_it() -> None:
    keys = office().keys
    maker = Principal("ada", "admin", EVERYTHING, "key:abc", time.time() + 60)

    for wanted in (None, maker.expires_at + 1_000):
        key, _ = await keys.make(maker, "short", BOTH, wanted)
        assert key.expires_at == maker.expires_at


async def test_there_are_so_many_keys_of_a_user_and_what_ended_does_not_count() -> None:
    keys = office().keys
    made = [(await keys.make(ANN, str(number), BOTH, None))[0] for number in range(MOST_KEYS)]
    with pytest.raises(Conflict, match="revoke one"):
        await keys.make(ANN, "one more", BOTH, None)
    assert await keys.make(ADA, "another's", BOTH, None)

    await keys.revoke(made[0].key_id, "ann")

    assert await keys.make(ANN, "one more", BOTH, None)
    assert len(await keys.of("ann")) == MOST_KEYS + 1


# When they were used.


async def test_the_last_use_is_written_beside_the_requests() -> None:
    keys, store, *_ = office()
    key, text = await keys.make(ANN, "ci", BOTH, None)
    assert await keys.uses("ann") == {}

    await keys.principal(text)
    assert await store.kept_all("auth", "key_used") == []
    await keys.write_uses()

    [(name, at)] = await store.kept_all("auth", "key_used")
    assert name == key.key_id
    assert abs(float(at) - time.time()) < 5
    assert (await office(store=store).keys.uses("ann")).keys() == {key.key_id}


# Fixed ones.


async def test_a_fixed_key_is_the_user_of_its_name_and_is_never_stored() -> None:
    keys, store, *_ = office(f"ci:user:{SECRET}", f"ops:admin:{SECRET}:with:colons")

    ci = await keys.principal(SECRET)
    ops = keys.known(f"{SECRET}:with:colons")

    assert (ci.user, ci.role, ci.credential) == ("ci", "user", "key:fixed:ci")
    assert ops is not None
    assert ops.is_admin
    assert await keys.still(ci) == ci
    assert await office().keys.still(ci) is None, "no longer in the settings"
    assert {ci.user, ops.user} == {"ci", "ops"}
    await keys.write_uses()
    assert await store.kept_all("auth", "key") == await store.kept_all("auth", "key_used") == []
    with pytest.raises(Unauthorized):
        await keys.principal(f"ci:user:{SECRET}")


@pytest.mark.parametrize(
    "written",
    ["ci", "ci:user", "ci:user:short", f"ci:root:{SECRET}", f":user:{SECRET}", f"a b:user:{SECRET}", f"user:{SECRET}"],
)
def test_a_fixed_key_that_can_t_be_used_stops_the_start_with_a_sentence(written: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        fixed_principals([Secret(f"fine:user:{SECRET}x"), Secret(written)])

    assert caught.value.message.startswith("Key 2 of `api_keys` can't be used; write NAME:ROLE:SECRET")
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("second", [f"ci:user:{SECRET}2", f"other:user:{SECRET}", f"local:user:{SECRET}2"])
def test_two_fixed_keys_share_neither_name_nor_secret(second: str) -> None:
    with pytest.raises(Misconfigured, match="Key 2"):
        fixed_principals([Secret(f"ci:user:{SECRET}"), Secret(second)])
