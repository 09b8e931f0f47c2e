"""Tokens of an identity provider: by its keys alone, for this server alone, and never a local user's."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from puntini.auth.outside import AGAIN_SECONDS, JWKS_BYTES, OLD_SECONDS, Outside, Rule, keys_of, outside_of
from puntini.auth.revision import Revision
from puntini.errors import Misconfigured, Unauthorized
from puntini.settings import Settings
from puntini.store.memory import MemoryStore
from tests.auth.house import Clock, House, part, signed_by

pytestmark = pytest.mark.anyio
ISSUER, AUDIENCE = "https://login.example/", "puntini"
RSA = rsa.generate_private_key(65_537, 2_048)
OTHER_RSA = rsa.generate_private_key(65_537, 2_048)
WEAK_RSA = rsa.generate_private_key(65_537, 1_024)
EC = ec.generate_private_key(ec.SECP256R1())


def published(*keys: tuple[str, Any], **more: Any) -> bytes:
    """The document in which a provider publishes keys."""
    listed = []
    for kid, key in keys:
        form = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
        listed.append({**json.loads(form.to_jwk(key.public_key())), "kid": kid, **more})
    return json.dumps({"keys": listed}).encode()


class Provider:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.document = published(("one", RSA), ("two", EC))
        self.asked = 0
        self.away = False
        self.clock = Clock()
        self.outside = Outside(
            self._fetch,
            issuer=ISSUER,
            audience=AUDIENCE,
            rule=Rule("role", "admin"),
            revision=Revision(MemoryStore()),
            now=self.clock,
        )

    def _fetch(self) -> bytes:
        self.asked += 1
        if self.away:
            raise OSError("nobody answers")
        return self.document

    def token(self, key: Any = RSA, algorithm: str = "RS256", kid: str = "one", **claims: Any) -> str:
        """A token that the provider gave somebody."""
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "carl", "exp": int(self.clock.at) + 600, **claims}
        return jwt.encode(
            {name: value for name, value in said.items() if value is not None}, key, algorithm, {"kid": kid}
        )


@pytest.fixture
def provider() -> Provider:
    """A provider of identities."""
    return Provider()


async def test_both_algorithms_are_taken(provider: Provider) -> None:
    who = await provider.outside.principal(provider.token())
    assert (who.user, who.role, who.expires_at) == ("ext:carl", "user", provider.clock.at + 600)
    assert (await provider.outside.principal(provider.token(EC, "ES256", "two"))).user == "ext:carl"
    assert provider.asked == 1


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"role": "admin"}, "admin"),
        ({"role": ["user", "admin"]}, "admin"),
        ({"role": "administrator"}, "user"),
        ({"role": ["user"]}, "user"),
        ({"role": {"admin": True}}, "user"),
        ({"role": True}, "user"),
        ({}, "user"),
    ],
    ids=str,
)
async def test_the_claim_that_is_set_makes_an_admin(provider: Provider, claims: dict[str, Any], role: str) -> None:
    assert (await provider.outside.principal(provider.token(**claims))).role == role


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 1 << 40},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a b"},
        {"sub": "x" * 201},
        {"sub": "line\nbreak"},
    ],
    ids=str,
)
async def test_a_token_for_another_or_of_another_is_refused(provider: Provider, change: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        await provider.outside.principal(provider.token(**change))


async def test_what_is_forged_is_refused(provider: Provider) -> None:
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = {"sub": "carl", "iss": ISSUER, "aud": AUDIENCE, "exp": 1 << 40}
    forged = [
        provider.token(OTHER_RSA),
        provider.token(RSA, "RS512"),
        provider.token(RSA, "PS256"),
        provider.token(RSA, kid="unknown"),
        provider.token(RSA, kid="two"),
        provider.token("k" * 32, "HS256"),
        signed_by(public, claims, kid="one"),
        signed_by(provider.document, claims, kid="one"),
        provider.token()[:-8] + "AAAAAAAA",
        f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims)}.",
    ]
    for token in forged:
        with pytest.raises(Unauthorized):
            await provider.outside.principal(token)


async def test_no_sub_makes_a_local_user_of_its_bearer(provider: Provider) -> None:
    house = House(outside=provider.outside)
    await house.ann()
    who = await house.tokens.principal(provider.token(sub="ann"))
    assert who.user == "ext:ann"
    assert house.tokens.known(provider.token(sub="ann")) == who
    assert await house.tokens.still(who) == who
    own = await house.log_in()
    assert (await house.tokens.principal(own.access)).user == "ann", "one's own tokens go on"
    house.passwords.close()


async def test_a_new_key_is_fetched_when_it_is_first_seen_but_not_for_every_guess(provider: Provider) -> None:
    await provider.outside.principal(provider.token())
    provider.document = published(("one", RSA), ("three", OTHER_RSA))
    fresh = provider.token(OTHER_RSA, kid="three")
    for _ in range(20):
        with pytest.raises(Unauthorized):
            await provider.outside.principal(fresh)
    assert provider.asked == 1

    provider.clock.at += AGAIN_SECONDS

    assert (await provider.outside.principal(fresh)).user == "ext:carl"
    assert provider.asked == 2


async def test_a_key_that_is_taken_back_is_worth_nothing_soon(provider: Provider) -> None:
    token = provider.token(exp=int(provider.clock.at) + 86_400)
    await provider.outside.principal(token)
    provider.document = published(("two", EC))

    provider.clock.at += OLD_SECONDS

    assert provider.outside.known(token) is None
    with pytest.raises(Unauthorized):
        await provider.outside.principal(token)


async def test_what_is_known_holds_while_the_provider_is_away(provider: Provider) -> None:
    await provider.outside.principal(provider.token())
    provider.away = True
    provider.clock.at += OLD_SECONDS
    assert (await provider.outside.principal(provider.token())).user == "ext:carl"


async def test_weak_and_strange_keys_are_passed_over() -> None:
    assert keys_of(published(("weak", WEAK_RSA))) == {}
    assert keys_of(published(("one", RSA), use="enc")) == {}
    assert keys_of(published(("one", RSA), alg="RS512")) == {}
    assert (
        keys_of(json.dumps({"keys": [{"kty": "oct", "k": "eA", "kid": "one"}, 7, {}, {"kty": "RSA"}]}).encode()) == {}
    )
    for document in (b"", b"[]", b"{}", b'{"keys": 7}', b"\xff"):
        with pytest.raises(ValueError, match=r"JWKS|Expecting|codec"):
            keys_of(document)


# By settings.


def made(**settings: Any) -> Outside | None:
    """What the settings make."""
    named = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **settings}
    return outside_of(Settings(**named), Revision(MemoryStore()), Clock())


def test_without_keys_there_is_none() -> None:
    assert made() is None


@pytest.mark.parametrize(
    "settings",
    [
        {"jwks_url": "http://login.example/keys"},
        {"jwks_url": "file:///etc/passwd"},
        {"jwks_url": "ftp://login.example/keys"},
        {"jwks_url": "https://login.example/keys", "jwks_file": "keys.json"},
        {"jwks_url": "https://login.example/keys", "jwt_issuer": ""},
        {"jwks_url": "https://login.example/keys", "jwt_audience": ""},
        {"jwks_url": "https://login.example/keys", "jwt_admin": "admin"},
        {"jwks_url": "https://login.example/keys", "jwt_admin": "=admin"},
        {"jwks_file": "nowhere.json"},
    ],
    ids=str,
)
def test_settings_that_can_not_be_meant_stop_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        made(**settings)


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(published(("one", RSA)))
    outside = made(jwks_file=str(file))
    assert outside is not None
    assert (await outside.principal(Provider().token())).user == "ext:carl"
    file.write_text('{"keys": []}')
    with pytest.raises(Misconfigured, match="no key"):
        made(jwks_file=str(file))


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """A web server's address, and what it answers at each path."""
    answers: dict[str, tuple[int, bytes]] = {"/keys": (200, published(("one", RSA)))}

    class Handler(BaseHTTPRequestHandler):
        """Answers."""

        def do_GET(self) -> None:
            status, body = answers[self.path]
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/keys")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", answers
        server.shutdown()
        thread.join()


async def test_keys_come_from_an_address(web: tuple[str, dict[str, tuple[int, bytes]]]) -> None:
    outside = made(jwks_url=f"{web[0]}/keys")
    assert outside is not None
    assert (await outside.principal(Provider().token())).user == "ext:carl"


@pytest.mark.parametrize("answer", [(302, b""), (404, b""), (200, b"{" + b" " * JWKS_BYTES), (200, b"<html>")])
async def test_another_address_a_flood_or_nonsense_gives_no_keys(
    web: tuple[str, dict[str, tuple[int, bytes]]], answer: tuple[int, bytes]
) -> None:
    web[1]["/odd"] = answer
    outside = made(jwks_url=f"{web[0]}/odd")
    assert outside is not None
    with pytest.raises(Unauthorized):
        await outside.principal(Provider().token())
