"""API keys: shown once, kept as hashes, with scopes and an end; and those that the settings fix.

A key is ``pk_<id>_<secret>``. The id is public: it names the key in lists and in the audit log. The secret is 256
random bits, so one round of SHA-256 keeps it: there is nothing to guess that slow hashing would make dear, and
requests would have to wait for it. Its last characters are a checksum, by which a mistyped key is told
without a look into the store, and secret scanners tell a key from what only looks like one.
"""

import re
import secrets
import string
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from math import inf
from zlib import crc32

import anyio
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.auth.principals import LOCAL, Principal, Role, Scope
from puntini.auth.revision import Revision
from puntini.errors import Conflict, Forbidden, Misconfigured, NotFound, StoreUnavailable, Unauthorized
from puntini.log import mint
from puntini.log.contract import Kept, Records
from puntini.settings import Secret

SPACE, KIND, USED = "auth", "key", "key_used"
MOST_KEYS = 100
"""Keys of one user that are good; as many again are kept in the list after their end."""
REMEMBERED = 10_000
USED_SECONDS = 60.0
LEAST_FIXED = 32
MARK, RANDOM, SECRET, CHECK = 6, 10, 43, 6
_SMALL = string.digits + string.ascii_lowercase
_ALL = _SMALL + string.ascii_uppercase
_FORM = re.compile(rf"pk_([0-9a-z]{{{MARK + RANDOM}}})_([0-9A-Za-z]{{{SECRET + CHECK}}})")
_FIXED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):(user|admin):(\S+)")
UNKNOWN = "There is no such API key, or it was revoked or has expired; make another with POST /v1/keys."

RoleOf = Callable[[str], Awaitable[Role | None]]


class Key(Struct, frozen=True, kw_only=True):
    """A key's record. Times are seconds since the epoch; without ``expires_at`` it has no end."""

    key_id: str
    owner: str
    name: str
    hash: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def good(self, now: float) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_record = msgspec.json.Decoder(Key)


class Keys:
    """Verifies keys, makes and revokes them. ``role_of`` says what a user is now; None for one that may do nothing."""

    def __init__(self, store: Records, revision: Revision, role_of: RoleOf, fixed: Sequence[Secret] = ()) -> None:
        self._store = store
        self._revision = revision
        self._role_of = role_of
        self._fixed = fixed_principals(fixed)
        self._known: dict[bytes, Principal] = {}
        self._standing: dict[str, Principal | None] = {}
        self._used: dict[str, float] = {}
        self._making = anyio.Lock()
        revision.also(self._forget)

    # Verifying.

    def known(self, text: str) -> Principal | None:
        """Whose key this is, if it was verified since the last change of anything.

        Looked up by its digest, so the time that takes tells nothing of how much of a guess is right.
        """
        digest = sha256(text.encode("utf-8", "replace")).digest()
        who = self._known.get(digest) or self._fixed.get(digest)
        if who is None:
            return None
        now = mint.now()
        if now >= who.expires_at:
            return None
        self._used[who.credential] = now
        return who

    async def principal(self, text: str) -> Principal:
        """Whose key this is. Raises Unauthorized."""
        if who := self.known(text):
            return who
        key_id = id_of(text)
        revision = self._revision.number
        key = await self._key(key_id) if key_id else None
        digest = sha256(text.encode("utf-8", "replace"))
        if key is None or not compare_digest(digest.hexdigest(), key.hash):
            raise Unauthorized(UNKNOWN)
        who = await self._principal(key)
        if who is None:
            raise Unauthorized(UNKNOWN)
        if revision == self._revision.number:  # what was read before a change is good for this once only
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[digest.digest()] = who
        self._used[who.credential] = mint.now()
        return who

    async def still(self, who: Principal) -> Principal | None:
        """Whether its key is good, and whose it is now."""
        for fixed in self._fixed.values():
            if fixed.credential == who.credential:
                return fixed
        if who.credential not in self._standing:
            revision = self._revision.number
            key = await self._key(who.credential.partition(":")[2])
            now = await self._principal(key) if key else None
            if revision != self._revision.number:
                return now
            if len(self._standing) >= REMEMBERED:
                self._standing.clear()
            self._standing[who.credential] = now
        found = self._standing[who.credential]
        return found if found is not None and mint.now() < found.expires_at else None

    async def _principal(self, key: Key) -> Principal | None:
        role = await self._role_of(key.owner) if key.good(mint.now()) else None
        if role is None:
            return None
        return Principal(key.owner, role, key.scopes, f"key:{key.key_id}", key.expires_at or inf)

    def _forget(self) -> None:
        self._known.clear()
        self._standing.clear()

    # Keeping.

    async def make(
        self, maker: Principal, name: str, scopes: frozenset[Scope], expires_at: float | None
    ) -> tuple[Key, str]:
        """A new key of the maker's, and its text, which is told this once. Raises Forbidden or Conflict."""
        require_maker(maker, scopes)
        if maker.expires_at < inf and maker.credential.startswith("key:"):
            expires_at = min(expires_at or inf, maker.expires_at)
        async with self._making:
            await self._make_room(maker.user)
            text = new_text(maker.user)
            key = Key(
                key_id=id_of(text),
                owner=maker.user,
                name=name,
                hash=sha256(text.encode()).hexdigest(),
                scopes=scopes,
                created_at=mint.now(),
                expires_at=expires_at,
            )
            await self._store.keep([_kept(key)])
        return key, text

    async def _make_room(self, owner: str) -> None:
        """Raises Conflict where no room is to be made by forgetting what has ended."""
        now = mint.now()
        rows = await self.of(owner)
        good = [row for row in rows if row.good(now)]
        if len(good) >= MOST_KEYS:
            raise Conflict(f"You have {MOST_KEYS} keys, which is the most there may be; revoke one first.")
        if ended := [row for row in rows if not row.good(now)][MOST_KEYS:]:
            await self._store.keep([Kept(SPACE, kind, row.key_id, None) for row in ended for kind in (KIND, USED)])

    async def of(self, owner: str) -> list[Key]:
        """Somebody's keys, the newest first, also those that have ended."""
        found = await self._store.kept_all(SPACE, KIND, prefix=_mark(owner))
        rows = [row for _, body in found if (row := _record.decode(body)).owner == owner]
        return sorted(rows, key=lambda row: row.created_at, reverse=True)

    async def uses(self, owner: str) -> dict[str, float]:
        """When each of somebody's keys was last used."""
        found = await self._store.kept_all(SPACE, USED, prefix=_mark(owner))
        written = {key_id: float(at) for key_id, at in found}
        here = {credential.partition(":")[2]: at for credential, at in self._used.items()}
        return written | {key_id: max(at, written.get(key_id, 0.0)) for key_id, at in here.items()}

    async def revoke(self, key_id: str, owner: str | None) -> Key:
        """End a key: of ``owner``, or of anybody with None. Raises NotFound. What it opened is told within a second."""
        while True:
            old = await self._store.kept(SPACE, KIND, key_id)
            key = _record.decode(old) if old else None
            if key is None or owner not in {None, key.owner}:
                raise NotFound(f"There is no API key `{key_id}`.")
            ended = key if key.revoked_at else replace(key, revoked_at=mint.now())
            if await self._store.swap(_kept(ended), old):
                await self._revision.bump()
                return ended

    async def _key(self, key_id: str) -> Key | None:
        body = await self._store.kept(SPACE, KIND, key_id)
        return _record.decode(body) if body else None

    # When they were used.

    async def note_uses(self) -> None:
        """Write down when keys were last used, beside the requests. Never ends."""
        while True:
            await anyio.sleep(USED_SECONDS)
            try:
                await self.write_uses()
            except StoreUnavailable:
                continue

    async def write_uses(self) -> None:
        """Write down what was used since the last time. Raises StoreUnavailable."""
        if not self._used:
            return
        used, self._used = self._used, {}
        ids = {name.partition(":")[2]: at for name, at in used.items() if not name.startswith("key:fixed:")}
        try:
            await self._store.keep([Kept(SPACE, USED, key_id, b"%.3f" % at) for key_id, at in ids.items()])
        except StoreUnavailable:
            self._used = used | self._used
            raise


def _kept(key: Key) -> Kept:
    return Kept(SPACE, KIND, key.key_id, msgspec.json.encode(key))


def _mark(owner: str) -> str:
    """How the ids of somebody's keys begin, so that they lie together in the store. Not only theirs: it is short."""
    return _written(int.from_bytes(sha256(owner.encode()).digest()[:8], "big"), _SMALL, MARK)


def _written(number: int, letters: str, length: int) -> str:
    text = ""
    for _ in range(length):
        number, at = divmod(number, len(letters))
        text += letters[at]
    return text


def _check(text: str) -> str:
    return _written(crc32(text.encode()), _ALL, CHECK)


def new_text(owner: str) -> str:
    """A new key."""
    key_id = _mark(owner) + "".join(secrets.choice(_SMALL) for _ in range(RANDOM))
    text = f"pk_{key_id}_" + "".join(secrets.choice(_ALL) for _ in range(SECRET))
    return text + _check(text)


def id_of(text: str) -> str:
    """The id in a key; empty when this is none."""
    found = _FORM.fullmatch(text)
    return found[1] if found and compare_digest(_check(text[:-CHECK]), text[-CHECK:]) else ""


def require_maker(maker: Principal, scopes: frozenset[Scope]) -> None:
    """Raises Forbidden where somebody may make no key, or none that reaches so far.

    Whoever signed in may. A key needs the admin scope for it, so that one which leaks does not outlive its end in keys
    that were made with it; a fixed key has no user behind it who could own others.
    """
    kind, _, name = maker.credential.partition(":")
    if kind in {"ticket", "outside"} or name.startswith("fixed:"):
        raise Forbidden("Sign in with an account of this server to make API keys: other credentials make none.")
    if kind == "key" and "admin" not in maker.scopes:
        raise Forbidden("Sign in to make API keys, or use a key that has the `admin` scope.")
    for scope in sorted(scopes):
        if not maker.may(scope):
            raise Forbidden(f"You can't make a key with the `{scope}` scope, which you do not have yourself.")


def fixed_principals(fixed: Sequence[Secret]) -> dict[bytes, Principal]:
    """Who shows which of the fixed keys, by its digest. Raises Misconfigured, without repeating what was written."""
    found: dict[bytes, Principal] = {}
    names = {LOCAL.user}  # whose sessions are of the time when the server was open
    for number, key in enumerate(fixed, 1):
        parts = _FIXED.fullmatch(key.reveal())
        if parts is None or len(parts[3]) < LEAST_FIXED:
            raise Misconfigured(
                f"Key {number} of `api_keys` can't be used; write NAME:ROLE:SECRET, ROLE user or admin, and a random "
                f"secret of {LEAST_FIXED} characters or more."
            )
        name, secret = parts[1], parts[3]
        role: Role = "admin" if parts[2] == "admin" else "user"
        digest = sha256(secret.encode()).digest()
        if name in names or digest in found:
            raise Misconfigured(f"Key {number} of `api_keys` has the name or the secret of another; change it.")
        names.add(name)
        found[digest] = Principal(name, role, credential=f"key:fixed:{name}")
    return found
