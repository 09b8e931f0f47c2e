"""Who has an account: a record for each, kept in the store under the user's name."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.auth.principals import LOCAL, Role
from puntini.errors import Conflict, Invalid, NotFound, Unauthorized
from puntini.log.contract import Kept, Ledger

SPACE, KIND, FIRST = "accounts", "user", "first"
FIRST_MS = 60_000
MOST_USERS = 10_000
CHANGED = "This account was changed just now; log in again."
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


class User(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account. Times are in milliseconds since 1970."""

    name: str
    role: Role = "user"
    disabled: bool = False
    password: str
    created_at: int
    last_login_at: int | None = None

    @property
    def is_ruling(self) -> bool:
        """Whether this is an admin who may log in."""
        return self.role == "admin" and not self.disabled


class _Claim(Struct, frozen=True):
    """Who makes the first account, and since when."""

    name: str
    at: int


Change = Callable[[User], User]
_decode = msgspec.json.Decoder(User).decode
_claim = msgspec.json.Decoder(_Claim).decode


def is_name(text: str) -> bool:
    """Whether somebody could have this name."""
    return _NAME.fullmatch(text) is not None and text != LOCAL.user


def folded(name: str) -> str:
    """A name as somebody writes it, as it is kept; one of another server's is as it is."""
    return name if ":" in name else name.lower()


def checked_name(name: str) -> str:
    """A name as it is kept, in small letters. Raises Invalid."""
    lowered = name.strip().lower()
    if not is_name(lowered):
        raise Invalid(
            "username: use up to 63 letters, digits and . _ @ -, the first a letter or digit; "
            f"`{LOCAL.user}` is taken by open mode",
            path="username",
        )
    return lowered


class Users:
    """The accounts of one store. Whoever changes one raises the revision then."""

    def __init__(self, store: Ledger) -> None:
        self._store = store

    async def get(self, name: str) -> User | None:
        """One account, by its name as it is kept."""
        body = await self._store.kept(SPACE, KIND, name)
        return _decode(body) if body else None

    async def require(self, name: str) -> User:
        """The same. Raises NotFound."""
        if user := await self.get(name):
            return user
        raise NotFound(f"There is no user `{name}`.")

    async def list(self) -> list[User]:
        """All of them, by their names."""
        return [_decode(body) for _, body in await self._store.kept_all(SPACE, KIND)]

    async def exist(self) -> bool:
        """Whether there is any."""
        return bool(await self._store.kept_all(SPACE, KIND, limit=1))

    async def role(self, name: str) -> Role | None:
        """What a user is now; None for one who is not there, or may not log in."""
        user = await self.get(name)
        return user.role if user is not None and not user.disabled else None

    async def have_admin(self) -> bool:
        """Whether somebody could rule."""
        return any(user.is_ruling for user in await self.list())

    async def add(self, user: User) -> None:
        """A new account: of two who ask for one name, one gets it. Raises Conflict."""
        if len(await self._store.kept_all(SPACE, KIND, limit=MOST_USERS)) >= MOST_USERS:
            raise Conflict(f"There are {MOST_USERS} users already, and no more are taken.")
        if not await self._store.swap(Kept(SPACE, KIND, user.name, msgspec.json.encode(user)), None):
            raise Conflict(f"The name `{user.name}` is taken; choose another.")

    async def add_first(self, user: User) -> bool:
        """The first account of all, if nobody else makes it just now, at whatever node; whether it was.

        Who began to, and died over it, stands in the way for a minute.
        """
        body = await self._store.kept(SPACE, FIRST, FIRST)
        if body is not None:
            other = _claim(body)
            if user.created_at < other.at + FIRST_MS or await self.get(other.name) is not None:
                return False
        ours = msgspec.json.encode(_Claim(user.name, user.created_at))
        if not await self._store.swap(Kept(SPACE, FIRST, FIRST, ours), body):
            return False
        await self.add(user)
        return True

    async def change_proved(self, proved: User, **fields: Any) -> User:
        """Change the account of somebody who has proved whose it is. Raises Unauthorized where that holds no more."""

        def changed(user: User) -> User:
            if user.disabled or user.password != proved.password:
                raise Unauthorized(CHANGED)
            return replace(user, **fields)

        return (await self._swap(proved.name, changed))[1]

    async def change(self, name: str, **fields: Any) -> User:
        """Change an account. Raises NotFound, or Conflict where nobody would be left to rule."""
        before, after = await self._swap(name, lambda user: replace(user, **fields))
        # Looked at after the change: of two admins who dismiss each other at once, neither may be the last unnoticed.
        if before.is_ruling and not after.is_ruling and not await self.have_admin():
            await self._swap(name, lambda user: replace(user, role=before.role, disabled=before.disabled))
            raise Conflict(f"`{name}` is the last admin; make another first.")
        return after

    async def _swap(self, name: str, change: Change) -> tuple[User, User]:
        while True:
            body = await self._store.kept(SPACE, KIND, name)
            if body is None:
                raise NotFound(f"There is no user `{name}`.")
            before = _decode(body)
            after = change(before)
            if await self._store.swap(Kept(SPACE, KIND, name, msgspec.json.encode(after)), body):
                return before, after
