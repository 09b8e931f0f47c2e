"""Tokens of an outside identity provider: RS256 or ES256, by the keys that it publishes (JWKS, RFC 7517).

Its users have the name ``ext:`` and their ``sub``. No account can be called so, whoever chooses the ``sub``.
"""

import json
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import anyio
import structlog
from msgspec import Meta, Struct

from puntini.auth.origins import is_loopback
from puntini.auth.principals import Principal, Role
from puntini.auth.revision import Revision
from puntini.auth.tokens import BAD, Known, digest, header_of, read, verified
from puntini.errors import Misconfigured, Unauthorized
from puntini.settings import Settings

if TYPE_CHECKING:
    import jwt

KIND = "outside"
PREFIX = "ext:"
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
LEAST_RSA_BITS = 2_048
JWKS_BYTES = 262_144
MOST_KEYS = 50
FETCH_SECONDS = 5.0
AGAIN_SECONDS = 60.0
"""So often at most the keys are fetched, for whatever reason."""
OLD_SECONDS = 600.0
"""Keys as old as this are fetched anew: one that was taken back shall not hold for long."""

Subject = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class Claims(Struct, frozen=True):
    """What we want to know of a token from outside."""

    sub: Subject
    exp: float


class Rule(Struct, frozen=True):
    """Who is an admin: those whose token has ``value`` as this claim, or among the values of it."""

    claim: str
    value: str

    def role(self, claims: dict[str, Any]) -> Role:
        """What a token's claims make its bearer."""
        said = claims.get(self.claim)
        return "admin" if said == self.value or (isinstance(said, list) and self.value in said) else "user"


Fetch = Callable[[], bytes]
"""Gets the provider's keys, and may take its time. Raises OSError or ValueError."""


class Outside:
    """Verifies the provider's tokens. Where its keys can't be had anew, those that are known hold."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        issuer: str,
        audience: str,
        rule: Rule | None,
        revision: Revision,
        now: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._issuer = issuer
        self._audience = audience
        self._rule = rule
        self._revision = revision
        self._now = now
        self._known = Known(revision, now)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._tried_at = -inf
        self._fetching = anyio.Lock()
        self._log = structlog.get_logger("puntini.auth")

    def known(self, text: str) -> Principal | None:
        """Who is behind a token that was verified already; not for longer than its key may be taken back unseen."""
        return self._known.get(text) if self._now() - self._tried_at < OLD_SECONDS else None

    async def principal(self, text: str) -> Principal:
        """Who is behind a token. Raises Unauthorized."""
        header = header_of(text)
        key = await self._key(str(header.get("kid", "")))
        if key is None or header.get("alg") != key.algorithm_name:
            raise Unauthorized(BAD)
        revision = self._revision.number
        said = verified(text, key.key, key.algorithm_name, self._now(), issuer=self._issuer, audience=self._audience)
        claims = read(said, Claims)
        who = Principal(
            f"{PREFIX}{claims.sub}",
            self._rule.role(said) if self._rule else "user",
            credential=f"{KIND}:{digest(text).hex()[:24]}",
            expires_at=claims.exp,
        )
        self._known.remember(text, who, revision)
        return who

    async def still(self, who: Principal) -> Principal | None:
        """The same until the token ends: what else becomes of its user is the provider's business."""
        return who if who.credential.startswith(f"{KIND}:") and who.expires_at > self._now() else None

    async def _key(self, kid: str) -> "jwt.PyJWK | None":
        if kid not in self._keys or self._now() - self._tried_at >= OLD_SECONDS:
            await self._refresh(kid)
        return self._keys.get(kid)

    async def _refresh(self, kid: str) -> None:
        async with self._fetching:
            age = self._now() - self._tried_at
            if age < AGAIN_SECONDS or (kid in self._keys and age < OLD_SECONDS):
                return  # somebody was here before
            self._tried_at = self._now()
            try:
                self._keys = keys_of(await anyio.to_thread.run_sync(self._fetch, abandon_on_cancel=True))
            except (OSError, ValueError) as error:
                self._log.warning("the identity provider's keys can't be had; what is known holds", error=str(error))
            else:
                self._known.clear()


def outside_of(settings: Settings, revision: Revision, now: Callable[[], float]) -> Outside | None:
    """Who verifies by these settings, if anybody. Raises Misconfigured."""
    if not settings.jwks_url and not settings.jwks_file:
        return None
    if settings.jwks_url and settings.jwks_file:
        raise Misconfigured("Name the identity provider's keys by `jwks_url` or by `jwks_file`, not by both.")
    if not settings.jwt_issuer or not settings.jwt_audience:
        raise Misconfigured("With an identity provider's keys, set `jwt_issuer` and `jwt_audience`, too.")
    return Outside(
        _from_file(Path(settings.jwks_file)) if settings.jwks_file else _from_url(settings.jwks_url),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        rule=_rule(settings.jwt_admin),
        revision=revision,
        now=now,
    )


def keys_of(document: bytes) -> "dict[str, jwt.PyJWK]":
    """The keys of a JWKS that are of our algorithms and for signatures, by their names. Raises ValueError."""
    said = json.loads(document)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError("this is no JWKS: it has no `keys`")
    made = (_key(each) for each in listed[:MOST_KEYS] if isinstance(each, dict))
    return {key.key_id or "": key for key in made if key is not None}


def _key(said: dict[str, Any]) -> "jwt.PyJWK | None":
    import jwt

    algorithm = ALGORITHMS.get(str(said.get("kty")))
    if algorithm is None or said.get("use", "sig") != "sig" or said.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(said, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    strong = algorithm != "RS256" or key.key.key_size >= LEAST_RSA_BITS
    return key if strong else None


def _rule(text: str) -> Rule | None:
    claim, equals, value = text.partition("=")
    if text and not (claim and equals and value):
        raise Misconfigured("Write `jwt_admin` as CLAIM=VALUE, such as role=admin.")
    return Rule(claim, value) if text else None


def _from_file(path: Path) -> Fetch:
    try:
        keys = keys_of(_read(path))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"`jwks_file` {path} can't be used: {error}.") from None
    if not keys:
        raise Misconfigured(f"`jwks_file` {path} has no key for RS256 or ES256.")
    return lambda: _read(path)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return _whole(file.read(JWKS_BYTES + 1))


def _from_url(url: str) -> Fetch:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise Misconfigured("`jwks_url` is an address that begins with https://, or leads to this machine.")
    opener = build_opener(_NoRedirects)
    request = Request(url, headers={"accept": "application/json"})

    def fetch() -> bytes:
        try:
            with opener.open(request, timeout=FETCH_SECONDS) as response:
                return _whole(response.read(JWKS_BYTES + 1))
        except HTTPError as error:
            error.close()
            raise

    return fetch


class _NoRedirects(HTTPRedirectHandler):
    """The keys are where the setting says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none: the answer is an error then."""


def _whole(document: bytes) -> bytes:
    if len(document) > JWKS_BYTES:
        raise ValueError(f"the keys take more than {JWKS_BYTES} bytes")
    return document
