"""Log-ins, each with the family of refresh tokens that come from it, one after the other.

A refresh token is good once. Whoever shows one that was used before shows that somebody else has it, too, and the whole
family ends: the thief's, and the owner's, who logs in again. Only in the few seconds after its use is it refused
without that, for a client that asks twice at once; neither then nor later does it get anything.
"""

import re
import secrets
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.errors import Conflict, Unauthorized
from puntini.log.contract import Kept, Ledger

SPACE, KIND = "accounts", "family"
MOST_FAMILIES = 50
"""Of one user; the oldest ends for a new one."""
TWICE_SECONDS = 5.0
TOKEN_LIMIT = 256
GONE = "This refresh token is not good, or not any more; log in again."


class Family(Struct, frozen=True):
    """What is kept of a log-in. ``newest`` and ``previous`` are hashes of the last two tokens."""

    user: str
    newest: str
    began_at: float
    expires_at: float
    previous: str = ""
    rotated_at: float = 0.0


class Refreshed(NamedTuple):
    """A log-in by its public name, ``sid``, whose it is, and its next refresh token; whether it ``ended`` another."""

    sid: str
    user: str
    token: str
    ended: bool = False


class Families:
    """The log-ins of one store. Whoever ends one raises the revision then."""

    def __init__(self, store: Ledger, seconds: float, now: Callable[[], float]) -> None:
        self._store = store
        self.seconds = seconds
        self._now = now

    async def start(self, user: str) -> Refreshed:
        """Begin one; where a user has too many, the oldest ends."""
        ended = await self._make_room(user)
        inner, secret, now = secrets.token_hex(16), secrets.token_urlsafe(32), self._now()
        family = Family(user, _hash(secret), now, now + self.seconds)
        sid = _sid(inner)
        await self._store.keep([Kept(SPACE, KIND, _key(user, sid), msgspec.json.encode(family))])
        return Refreshed(sid, user, _text(user, inner, secret), ended)

    async def rotate(self, token: str) -> Refreshed:
        """Use a refresh token. Raises Unauthorized, or Conflict where it was used just before."""
        user, inner, secret = _parts(token)
        sid = _sid(inner)
        body = await self._store.kept(SPACE, KIND, _key(user, sid))
        family = _decode(body) if body else None
        if family is None or family.expires_at <= self._now():
            raise Unauthorized(GONE)
        shown = _hash(secret)
        if not compare_digest(shown, family.newest):
            await self._refuse_used(family, sid, shown)
        following = secrets.token_urlsafe(32)
        after = replace(family, newest=_hash(following), previous=shown, rotated_at=self._now())
        if not await self._store.swap(Kept(SPACE, KIND, _key(user, sid), msgspec.json.encode(after)), body):
            raise _just_used()
        return Refreshed(sid, user, _text(user, inner, following))

    async def _refuse_used(self, family: Family, sid: str, shown: str) -> None:
        if compare_digest(shown, family.previous) and self._now() - family.rotated_at < TWICE_SECONDS:
            raise _just_used()
        await self.end(family.user, sid)
        raise Reused(family.user)

    async def alive(self, user: str, sid: str) -> bool:
        """Whether a log-in still holds."""
        body = await self._store.kept(SPACE, KIND, _key(user, sid))
        return body is not None and _decode(body).expires_at > self._now()

    async def end(self, user: str, sid: str) -> None:
        """End one."""
        await self._store.keep([Kept(SPACE, KIND, _key(user, sid), None)])

    async def end_by(self, token: str) -> bool:
        """End the one that a refresh token is of; whether there was one."""
        try:
            user, inner, _ = _parts(token)
        except Unauthorized:
            return False
        held = await self.alive(user, _sid(inner))
        if held:
            await self.end(user, _sid(inner))
        return held

    async def end_all(self, user: str, *, but: str = "") -> None:
        """End all of a user's, ``but`` one."""
        keys = [key for key, _ in await self._of(user) if key != _key(user, but)]
        await self._forget(keys)

    async def _make_room(self, user: str) -> bool:
        """End what has expired, and the oldest of too many; whether there were too many."""
        now = self._now()
        held = sorted(await self._of(user), key=lambda item: item[1].began_at)
        over = [key for key, family in held if family.expires_at <= now]
        left = [key for key, family in held if family.expires_at > now]
        oldest = left[: max(0, len(left) - MOST_FAMILIES + 1)]
        await self._forget(over + oldest)
        return bool(oldest)

    async def _forget(self, keys: list[str]) -> None:
        if keys:
            await self._store.keep([Kept(SPACE, KIND, key, None) for key in keys])

    async def _of(self, user: str) -> list[tuple[str, Family]]:
        found = await self._store.kept_all(SPACE, KIND, prefix=f"{user}/")
        return [(key, _decode(body)) for key, body in found]


class Reused(Unauthorized):
    """A refresh token of a ``user`` came a second time, and its family has ended."""

    def __init__(self, user: str) -> None:
        super().__init__(GONE)
        self.user = user


_decode = msgspec.json.Decoder(Family).decode
_FORM = re.compile(r"rt_(?P<inner>[0-9a-f]{32})_(?P<secret>[A-Za-z0-9_-]{43})\.(?P<user>[!-~]+)")


def _key(user: str, sid: str) -> str:
    return f"{user}/{sid}"


def _sid(inner: str) -> str:
    """A log-in's public name. Only who has had a refresh token of it knows what this is made from."""
    return sha256(inner.encode()).hexdigest()[:24]


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _text(user: str, inner: str, secret: str) -> str:
    """A refresh token. By its form log lines are kept free of it (see ``puntini.redaction``)."""
    return f"rt_{inner}_{secret}.{user}"


def _parts(token: str) -> tuple[str, str, str]:
    form = _FORM.fullmatch(token) if len(token) <= TOKEN_LIMIT else None
    if form is None:
        raise Unauthorized(GONE)
    return form["user"], form["inner"], form["secret"]


def _just_used() -> Conflict:
    return Conflict("This refresh token was used a moment ago; go on with the tokens that it was answered with.")
