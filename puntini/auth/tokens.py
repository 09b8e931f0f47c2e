"""Access tokens: short-lived JWTs of a log-in, and who is behind one.

A token is only good while its log-in and its user are: both are looked up, and what was found is remembered until the
revision changes. The role that counts is the user's, and a token that says another is refused.

PyJWT, with all the cryptography that it brings, is imported with the first token: an open server has none.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from puntini.auth.families import Families
from puntini.auth.principals import Principal, Role
from puntini.auth.revision import Revision
from puntini.auth.users import User, Users
from puntini.auth.verifying import Verifier
from puntini.errors import Unauthorized

if TYPE_CHECKING:
    from jwt.types import Options

T = TypeVar("T")
KIND = "token"
ALGORITHM = "HS256"
TOKEN_LIMIT = 8_192
LEEWAY_SECONDS = 5
MOST_KNOWN = 10_000
BAD = "This token is not good; log in again."
EXPIRED = "This token has expired; refresh it, or log in again."
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Claims(Struct, frozen=True):
    """What an access token says."""

    sub: Name
    sid: Name
    jti: Name
    role: Role
    iat: int
    exp: int


class Known:
    """Who is behind credentials that were verified, by their hashes, until the revision changes.

    Of too many, those that were not used for longest are forgotten.
    """

    def __init__(self, revision: Revision, now: Callable[[], float], most: int = MOST_KNOWN) -> None:
        self._revision = revision
        self._now = now
        self._most = most
        self._known: OrderedDict[bytes, Principal] = OrderedDict()
        revision.also(self.clear)

    def get(self, text: str) -> Principal | None:
        """Who it is, if that is known."""
        name = digest(text)
        found = self._known.get(name)
        if found is None or found.expires_at <= self._now():
            return None
        self._known.move_to_end(name)
        return found

    def remember(self, text: str, who: Principal, revision: int) -> None:
        """Remember what was found out at a revision, unless something has changed since."""
        if revision != self._revision.number:
            return
        self._known[digest(text)] = who
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()


class Tokens:
    """Mints access tokens, and verifies them; what another server has signed is passed on to ``outside``."""

    def __init__(
        self,
        key: bytes,
        users: Users,
        families: Families,
        revision: Revision,
        *,
        seconds: float,
        now: Callable[[], float],
        outside: Verifier | None = None,
    ) -> None:
        self.seconds = seconds
        self._key = key
        self._users = users
        self._families = families
        self._revision = revision
        self._now = now
        self._outside = outside
        self._known = Known(revision, now)

    @property
    def knows_others(self) -> bool:
        """Whether another server's users may come in."""
        return self._outside is not None

    def mint(self, user: User, sid: str) -> str:
        """A new token of a log-in."""
        import jwt

        now = int(self._now())
        claims = Claims(user.name, sid, secrets.token_urlsafe(16), user.role, now, now + int(self.seconds))
        return jwt.encode(msgspec.to_builtins(claims), self._key, ALGORITHM)

    def known(self, text: str) -> Principal | None:
        """Who is behind a token that was verified already."""
        found = self._known.get(text)
        return found if found is not None or self._outside is None else self._outside.known(text)

    async def principal(self, text: str) -> Principal:
        """Who is behind a token. Raises Unauthorized."""
        algorithm = algorithm_of(text)
        if self._outside is not None and algorithm != ALGORITHM:
            return await self._outside.principal(text)
        revision = self._revision.number
        claims = read(verified(text, self._key, ALGORITHM, self._now()), Claims)
        who = await self._alive(claims.sub, claims.sid, claims.exp)
        if who is None or who.role != claims.role:
            raise Unauthorized(BAD)
        self._known.remember(text, who, revision)
        return who

    async def still(self, who: Principal) -> Principal | None:
        """Somebody as they are now, as long as their log-in holds."""
        kind, _, sid = who.credential.partition(":")
        if kind != KIND:
            return await self._outside.still(who) if self._outside is not None else None
        return await self._alive(who.user, sid, who.expires_at)

    async def _alive(self, name: str, sid: str, expires_at: float) -> Principal | None:
        if expires_at <= self._now() or not await self._families.alive(name, sid):
            return None
        user = await self._users.get(name)
        if user is None or user.disabled:
            return None
        return Principal(user.name, user.role, credential=f"{KIND}:{sid}", expires_at=expires_at)


def algorithm_of(text: str) -> str:
    """What a token says it is signed by, which is not to be believed. Raises Unauthorized."""
    return str(header_of(text).get("alg", ""))


def header_of(text: str) -> dict[str, Any]:
    """What a token says of itself before it is verified. Raises Unauthorized."""
    import jwt

    if len(text) > TOKEN_LIMIT:
        raise Unauthorized(BAD)
    try:
        return jwt.get_unverified_header(text)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise Unauthorized(BAD) from None


def verified(text: str, key: Any, algorithm: str, now: float, **options: Any) -> dict[str, Any]:
    """What a token says that this key has signed, within its time. Raises Unauthorized."""
    import jwt

    # The times are looked at here, by our clock; PyJWT looks at all else.
    unchecked: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        said: dict[str, Any] = jwt.decode(text, key, algorithms=[algorithm], options=unchecked, **options)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Unauthorized(BAD) from None
    times = read(said, Times)
    if not times.exp > now:
        raise Unauthorized(EXPIRED)
    if not max(times.nbf, times.iat) <= now + LEEWAY_SECONDS:
        raise Unauthorized(BAD)
    return said


def read(said: dict[str, Any], type_: type[T]) -> T:
    """The claims that are wanted, each of its type. Raises Unauthorized."""
    try:
        return msgspec.convert(said, type_)
    except (msgspec.ValidationError, ValueError):
        raise Unauthorized(BAD) from None


class Times(Struct, frozen=True):
    """When a token is good."""

    exp: float
    nbf: float = 0
    iat: float = 0


def digest(text: str) -> bytes:
    """A credential's hash: what is kept here of one."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
