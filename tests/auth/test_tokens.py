"""Access tokens: which are good, and that nothing forged is."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.families import MOST_FAMILIES
from puntini.auth.secret import derived
from puntini.auth.tokens import LEEWAY_SECONDS, MOST_KNOWN
from puntini.errors import Unauthorized
from tests.auth.house import KEY, MINUTE, OTHER_PASSWORD, PASSWORD, House, part, signed_by

pytestmark = pytest.mark.anyio
Claims = dict[str, Any]
PEM = (
    b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
    b"q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n-----END PUBLIC KEY-----\n"
)


def signed(claims: Claims, key: bytes = KEY, algorithm: str = "HS256", **header: Any) -> str:
    """A token."""
    return jwt.encode(claims, key, algorithm, headers=header or None)


async def genuine(house: House) -> Claims:
    """The claims of a token that is good."""
    await house.ann()
    claims: Claims = jwt.decode((await house.log_in()).access, options={"verify_signature": False})
    assert (await house.tokens.principal(signed(claims))).user == "ann", "unchanged it is good"
    return claims


async def refused(house: House, token: str) -> str:
    """The sentence with which a token is refused."""
    with pytest.raises(Unauthorized) as caught:
        await house.tokens.principal(token)
    assert house.tokens.known(token) is None
    assert token[:20] not in caught.value.message or len(token) < 20
    return caught.value.message


async def test_a_log_in_s_token_says_who_asks(house: House) -> None:
    await house.ann()
    pair = await house.log_in()

    who = await house.tokens.principal(pair.access)

    assert (who.user, who.role, who.is_admin) == ("ann", "admin", True)
    assert who.credential.startswith("token:")
    assert who.expires_at == house.clock.at + 60 * MINUTE
    assert house.tokens.known(pair.access) == who
    assert jwt.get_unverified_header(pair.access)["alg"] == "HS256"


async def test_no_two_tokens_are_the_same(house: House) -> None:
    user = await house.ann()
    names = {jwt.decode(house.tokens.mint(user, "s"), options={"verify_signature": False})["jti"] for _ in range(100)}
    assert len(names) == 100


FORGED: dict[str, Callable[[Claims], str]] = {
    "no signature": lambda claims: f"{part({'alg': 'none'})}.{part(claims)}.",
    "no signature, oddly written": lambda claims: f"{part({'alg': 'NoNe', 'typ': 'JWT'})}.{part(claims)}.",
    "no algorithm": lambda claims: f"{part({})}.{part(claims)}.{part('x')}",
    "another key": lambda claims: signed(claims, b"j" * 32),
    "no key": lambda claims: f"{part({'alg': 'HS256'})}.{part(claims)}.",
    "another algorithm": lambda claims: signed(claims, KEY * 2, "HS512"),
    "a public key as the secret": lambda claims: signed_by(PEM, claims),
    "an asymmetric algorithm by name": lambda claims: (
        f"{part({'alg': 'RS256'})}.{part(claims)}.{signed(claims).split('.')[2]}"
    ),
    "a key of its own": lambda claims: signed(claims, b"j" * 32, jwk={"kty": "oct", "k": part("j" * 32)}),
    "a key elsewhere": lambda claims: signed(claims, b"j" * 32, jku="http://127.0.0.1:1/jwks", kid="x"),
    "a path as its key's name": lambda claims: signed(claims, b"\0" * 32, kid="../../dev/null"),
    "a critical header": lambda claims: signed(claims, crit=["b64"], b64=False),
    "other claims": lambda claims: ".".join(
        (signed(claims).split(".")[0], part({**claims, "sub": "root"}), signed(claims).split(".")[2])
    ),
    "a list of claims": lambda claims: f"{part({'alg': 'HS256'})}.{part([1])}.{part('x')}",
    "huge": lambda claims: signed({**claims, "more": "x" * 1_000_000}),
    "deep": lambda claims: f"{part({'alg': 'HS256'})}.{'W' * 4_000}.{part('x')}",
    "four parts": lambda claims: signed(claims) + ".x",
    "two parts": lambda claims: signed(claims).rpartition(".")[0],
    "not ASCII": lambda claims: signed(claims) + "ü",
    "a lone surrogate": lambda claims: signed(claims) + "\ud800",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("name", FORGED)
async def test_what_is_forged_is_refused(house: House, name: str) -> None:
    assert "log in again" in await refused(house, FORGED[name](await genuine(house)))


@pytest.mark.parametrize(
    "change",
    [
        {"sub": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": ["ann"]},
        {"sub": "a" * 100},
        {"sub": "bob"},
        {"sub": "local"},
        {"sid": "unknown"},
        {"sid": ""},
        {"sid": 1},
        {"jti": None},
        {"role": "root"},
        {"role": "user"},
        {"role": None},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": "now"},
        {"iat": 1 << 40},
        {"nbf": 1 << 40},
        {"nbf": "soon"},
        {"aud": "somebody else"},
    ],
    ids=str,
)
async def test_claims_that_are_not_ours_are_refused_whoever_signed_them(house: House, change: Claims) -> None:
    await refused(house, signed({**await genuine(house), **change}))


@pytest.mark.parametrize("name", ["sub", "sid", "jti", "role", "iat", "exp"])
async def test_no_claim_may_be_missing(house: House, name: str) -> None:
    claims = await genuine(house)
    del claims[name]
    await refused(house, signed(claims))


async def test_a_token_ends_with_its_minutes(house: House) -> None:
    await house.ann()
    token = (await house.log_in()).access
    house.clock.at += 60 * MINUTE - 1
    assert (await house.tokens.principal(token)).user == "ann"
    assert house.tokens.known(token)

    house.clock.at += 1

    assert house.tokens.known(token) is None
    assert "has expired" in await refused(house, token)


async def test_a_clock_that_is_a_little_behind_does_no_harm(house: House) -> None:
    await house.ann()
    one, other = (await house.log_in()).access, (await house.log_in()).access
    house.clock.at -= LEEWAY_SECONDS
    assert (await house.tokens.principal(one)).user == "ann"
    house.clock.at -= 1
    await refused(house, other)


async def test_a_token_of_a_disabled_user_is_worth_nothing_at_once(house: House) -> None:
    await house.ann()
    await house.bob()
    pair = await house.log_in("bob")
    who = await house.tokens.principal(pair.access)

    await house.accounts.change("bob", disabled=True)

    assert house.tokens.known(pair.access) is None
    await refused(house, pair.access)
    assert await house.tokens.still(who) is None
    with pytest.raises(Unauthorized):
        await house.accounts.refresh(pair.refresh)


async def test_the_role_is_the_user_s_and_another_in_the_token_is_refused(house: House) -> None:
    await house.ann()
    await house.bob()
    pair = await house.log_in("bob")
    who = await house.tokens.principal(pair.access)

    await house.accounts.change("bob", role="admin")

    await refused(house, pair.access)
    changed = await house.tokens.still(who)
    assert changed is not None
    assert changed.is_admin, "an open stream goes on with the new role"
    assert (await house.tokens.principal((await house.accounts.refresh(pair.refresh)).access)).is_admin


async def test_a_log_in_that_gives_way_to_another_ends_with_its_tokens(house: House) -> None:
    await house.ann()
    oldest = await house.log_in()
    house.clock.at += 1
    newer = [await house.log_in() for _ in range(MOST_FAMILIES - 1)][-1]
    assert (await house.tokens.principal(oldest.access)).user == "ann"

    await house.accounts.login("ann", PASSWORD, "192.0.2.1")

    await refused(house, oldest.access)
    assert (await house.tokens.principal(newer.access)).user == "ann"


async def test_logging_out_ends_this_log_in_and_no_other(house: House) -> None:
    await house.ann()
    one, other = await house.log_in(), await house.log_in()
    who = await house.tokens.principal(one.access)
    assert (await house.tokens.principal(other.access)).user == "ann"

    await house.accounts.logout(who, "")

    await refused(house, one.access)
    assert (await house.tokens.principal(other.access)).user == "ann"
    assert await house.tokens.still(who) is None
    with pytest.raises(Unauthorized):
        await house.accounts.refresh(one.refresh)


async def test_a_new_password_ends_the_other_log_ins(house: House) -> None:
    await house.ann()
    one, other = await house.log_in(), await house.log_in()
    who = await house.tokens.principal(one.access)

    await house.accounts.change_password(who, PASSWORD, OTHER_PASSWORD, "192.0.2.1")

    assert (await house.tokens.principal(one.access)).user == "ann"
    await refused(house, other.access)


async def test_what_was_found_out_before_a_change_is_not_remembered_after_it(house: House) -> None:
    await house.ann()
    pair = await house.log_in()
    who = await house.tokens.principal(pair.access)
    revision = house.revision.number

    await house.revision.bump()
    house.tokens._known.remember(pair.access, who, revision)

    assert house.tokens.known(pair.access) is None


async def test_what_is_remembered_is_bounded_and_holds_no_token(house: House) -> None:
    user = await house.ann()
    sid = jwt.decode((await house.log_in()).access, options={"verify_signature": False})["sid"]
    first = house.tokens.mint(user, sid)
    who = await house.tokens.principal(first)

    for number in range(MOST_KNOWN):
        house.tokens._known.remember(str(number), who, house.revision.number)

    assert house.tokens.known(first) is None
    assert len(house.tokens._known._known) == MOST_KNOWN
    assert {len(name) for name in house.tokens._known._known} == {32}, "hashes"


def test_a_key_for_one_purpose_is_none_for_another() -> None:
    assert len({derived(KEY, "access tokens"), derived(KEY, "tickets"), KEY}) == 3


@given(st.text(max_size=200) | st.text(alphabet="eyJ.-_=aA0{}", max_size=200))
async def test_any_text_is_a_token_or_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        await House().tokens.principal(text)


async def test_ten_thousand_wrong_tokens_are_refused(house: House) -> None:
    claims = await genuine(house)
    for number in range(10_000):
        with pytest.raises(Unauthorized):
            await house.tokens.principal(signed(claims)[:-6] + f"{number:06d}")
