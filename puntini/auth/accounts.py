"""What is done with accounts: register, log in, refresh, log out, change.

Whatever takes a right away raises the revision.
"""

from collections.abc import Callable, Set
from typing import Any, NamedTuple

import anyio

from puntini.auth import passwords as rules
from puntini.auth.attempts import Attempts
from puntini.auth.families import Families, Refreshed, Reused
from puntini.auth.passwords import Passwords
from puntini.auth.principals import Principal, Role
from puntini.auth.revision import Revision
from puntini.auth.tokens import KIND, Tokens
from puntini.auth.users import User, Users, checked_name
from puntini.errors import Conflict, Forbidden, Invalid, PuntiniError, Unauthorized
from puntini.log.nodes import Nodes

LATE = "Here an admin makes the accounts; log in as one."
WRONG = "The name or the password is wrong."


class Pair(NamedTuple):
    """What a log-in is answered with."""

    user: User
    access: str
    refresh: str


class Accounts:
    """The accounts of one server. Names that are ``reserved`` are those of keys in its settings."""

    def __init__(
        self,
        users: Users,
        families: Families,
        tokens: Tokens,
        passwords: Passwords,
        revision: Revision,
        *,
        registration_open: bool,
        now: Callable[[], float],
        reserved: Set[str] = frozenset(),
        nodes: Nodes | None = None,
    ) -> None:
        self.users = users
        self.passwords = passwords
        self.access_seconds = int(tokens.seconds)
        self.refresh_seconds = int(families.seconds)
        self.registration_open = registration_open
        self._families = families
        self._reserved = reserved
        self.tokens = tokens
        self._revision = revision
        self._now = now
        self.attempts = Attempts(now, nodes)
        self._first = anyio.Lock()

    async def register(self, name: str, password: str, by: Principal) -> User:
        """A new account; the first one of all, by an admin, is an admin's.

        Raises Invalid, Unauthorized, Forbidden or Conflict.
        """
        async with self._first:
            first = not await self.users.exist()
            self._check_may_register(by, first=first)
            if first and by.is_admin:
                return await self.add_first(name, password)
            return await self.add(name, password, "user")

    def _check_may_register(self, by: Principal, *, first: bool) -> None:
        if self.registration_open or (by.is_admin and (first or by.credential != "open")):
            return
        if not by.user or by.credential == "open":  # open mode has just ended
            raise Unauthorized(LATE)
        raise Forbidden("Here an admin makes the accounts; ask one.")

    async def add_first(self, name: str, password: str) -> User:
        """The first admin: of two who are made at once, at whatever nodes, one is too late.

        Raises Unauthorized for that one, Invalid or Conflict.
        """
        user = await self._hashed(name, password, "admin")
        if not await self.users.add_first(user):
            raise Unauthorized(LATE)
        await self._revision.bump()
        return user

    async def add(self, name: str, password: str, role: Role) -> User:
        """A new account, whoever asks for it. Raises Invalid or Conflict."""
        user = await self._hashed(name, password, role)
        await self.users.add(user)
        await self._revision.bump()
        return user

    async def _hashed(self, name: str, password: str, role: Role) -> User:
        """An account that is not kept yet. Raises Invalid or Conflict."""
        name = checked_name(name)
        if name in self._reserved:
            raise Conflict(f"The name `{name}` is taken; choose another.")
        rules.check(password, name)
        hashed = await self.passwords.hash(password)
        return User(name=name, role=role, password=hashed, created_at=int(self._now() * 1000))

    async def login(self, name: str, password: str, address: str) -> Pair:
        """Whoever knows the password gets tokens. Raises Unauthorized, TooMany."""
        user = await self._proved(name, password, address)
        if self.passwords.stale(user.password):
            user = await self.users.change_proved(user, password=await self.passwords.hash(password))
        log_in = await self._families.start(user.name)
        try:  # behind the start, so that whatever ends all log-ins meanwhile is either seen here or ends this one
            user = await self.users.change_proved(user, last_login_at=int(self._now() * 1000))
        except Unauthorized:
            await self._families.end(user.name, log_in.sid)
            raise
        if log_in.ended:
            await self._revision.bump()
        return self._pair(user, log_in)

    async def _proved(self, name: str, password: str, address: str) -> User:
        """The user, by their password. A name that nobody has is told in the same words, after the same time."""
        known = _plain(name)
        attempt = await self.attempts.count(known[:64], address)
        try:
            user = await self.users.get(known)
            same = await self.passwords.verify(user.password if user else "", password)
        except PuntiniError:
            await self.attempts.uncount(attempt)
            raise
        if user is None or not same or user.disabled:
            raise Unauthorized(WRONG)
        await self.attempts.uncount(attempt)
        return user

    async def refresh(self, token: str) -> Pair:
        """The next tokens of a log-in. Raises Unauthorized or Conflict."""
        try:
            refreshed = await self._families.rotate(token)
        except Reused:
            await self._revision.bump()
            raise
        user = await self.users.get(refreshed.user)
        if user is None or user.disabled:
            raise Unauthorized("This account is disabled; ask an admin.")
        return self._pair(user, refreshed)

    async def logout(self, who: Principal, refresh_token: str) -> bool:
        """End the log-in by which somebody asks, and the one that a refresh token is of; whether there was any."""
        kind, _, sid = who.credential.partition(":")
        if by_token := kind == KIND:
            await self._families.end(who.user, sid)
        ended = await self._families.end_by(refresh_token) or by_token
        if ended:
            await self._revision.bump()
        return ended

    async def change_password(self, who: Principal, current: str, new: str, address: str) -> None:
        """A new password by the old one; the user's other log-ins end. Raises Invalid, Conflict or TooMany."""
        if await self.users.get(who.user) is None:
            raise Conflict("You have no account here, and so no password.")
        rules.check(new, who.user)
        try:
            user = await self._proved(who.user, current, address)
            await self.users.change_proved(user, password=await self.passwords.hash(new))
        except Unauthorized:
            raise Invalid("current_password: this is not your password", path="current_password") from None
        await self._families.end_all(user.name, but=who.credential.partition(":")[2])
        await self._revision.bump()

    async def change(
        self, name: str, *, role: Role | None = None, disabled: bool | None = None, password: str | None = None
    ) -> User:
        """What an admin changes. Raises NotFound, Conflict or Invalid."""
        fields: dict[str, Any] = {}
        if password is not None:
            rules.check(password, name)
            fields["password"] = await self.passwords.hash(password)
        if role is not None:
            fields["role"] = role
        if disabled is not None:
            fields["disabled"] = disabled
        user = await self.users.change(name, **fields)
        if user.disabled or password is not None:
            await self._families.end_all(name)
        await self._revision.bump()
        return user

    def _pair(self, user: User, log_in: Refreshed) -> Pair:
        return Pair(user, self.tokens.mint(user, log_in.sid), log_in.token)


def _plain(name: str) -> str:
    try:
        return checked_name(name)
    except Invalid:
        return "?"
