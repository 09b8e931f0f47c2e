"""Accounts on a memory store with a clock of their own, and requests to the doorman in front of them."""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from puntini.auth.access import Access
from puntini.auth.accounts import Accounts, Pair
from puntini.auth.doorman import Doorman
from puntini.auth.families import Families
from puntini.auth.guard import Guard
from puntini.auth.openness import Openness
from puntini.auth.passwords import Passwords, hash_of
from puntini.auth.principals import Principal, Role
from puntini.auth.revision import Revision
from puntini.auth.setup import Setup
from puntini.auth.tokens import Tokens
from puntini.auth.users import User, Users
from puntini.auth.verifying import Verifier
from puntini.store.memory import MemoryStore
from puntini.transport.asgi import Scope

PASSWORD = "wet hammock, nineteen lions"
OTHER_PASSWORD = "a cello on the 3rd balcony"
KEY = b"k" * 32
HOST = "puntini.example:8000"
OWN = f"http://{HOST}"
EVIL = "https://evil.example"
MINUTE, DAY = 60.0, 86_400.0


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.at


class House:
    """All that has to do with accounts, put together."""

    def __init__(
        self,
        *,
        local: bool = True,
        origins: Iterable[str] = (),
        outside: Verifier | None = None,
        registration_open: bool = False,
        wants_setup: bool = False,
    ) -> None:
        self.store = MemoryStore()
        self.clock = Clock()
        self.revision = Revision(self.store)
        self.users = Users(self.store)
        self.families = Families(self.store, 30 * DAY, self.clock)
        self.passwords = Passwords()
        self.tokens = Tokens(
            KEY, self.users, self.families, self.revision, seconds=60 * MINUTE, now=self.clock, outside=outside
        )
        self.accounts = Accounts(
            self.users,
            self.families,
            self.tokens,
            self.passwords,
            self.revision,
            registration_open=registration_open,
            now=self.clock,
        )
        self.setup = Setup(self.clock) if wants_setup else None
        self.openness = Openness(self.users, self.revision, possible=local and not wants_setup)
        self.doorman = Doorman(self.tokens, self.openness, origins=origins, setup=self.setup)
        self.guard = Guard(Access(self.store), self.revision)
        self.noted: list[str] = []

    # As the gate's entrance.

    def known(self, scope: Scope) -> Principal | None:
        """Who asks, where that takes no wait."""
        return self.doorman.known(scope)

    async def admit(self, scope: Scope) -> Principal:
        """Who asks."""
        return await self.doorman.admit(scope)

    def note(self, scope: Scope, what: str, *, of: str = "") -> None:
        """Write down what was refused."""
        self.noted.append(what)

    # Users.

    async def ann(self) -> User:
        """An admin."""
        return await self._user("ann", "admin")

    async def bob(self) -> User:
        """A user."""
        return await self._user("bob", "user")

    async def _user(self, name: str, role: Role) -> User:
        made = User(name=name, role=role, password=_hashed(), created_at=int(self.clock.at * 1000))
        await self.users.add(made)
        await self.revision.bump()
        return made

    async def log_in(self, name: str = "ann") -> Pair:
        """Tokens of a user, as they get them for their password."""
        log_in = await self.families.start(name)
        return Pair(
            await self.users.require(name), self.tokens.mint(await self.users.require(name), log_in.sid), log_in.token
        )

    async def asks(self, **scope: Any) -> Principal:
        """Whom the doorman takes a request for."""
        asked = request(**scope)
        known = self.doorman.known(asked)
        return known if known is not None else await self.doorman.admit(asked)


@cache
def _hashed() -> str:
    return hash_of(PASSWORD)


def request(
    headers: Mapping[str, str] | None = None, *, query: str = "", host: str = HOST, **scope: Any
) -> dict[str, Any]:
    """A request's scope."""
    named = {"host": host, **(headers or {})}
    return {
        "type": "http",
        "method": "GET",
        "path": "/v1/me",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        **scope,
    }


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"authorization": f"Bearer {token}"}


def part(value: object) -> str:
    """A part of a token."""
    return _plain(json.dumps(value).encode())


def signed_by(key: bytes, claims: Mapping[str, Any], **header: Any) -> str:
    """A token that is signed by HS256 with any bytes, also those of a public key, which PyJWT refuses to do."""
    head = f"{part({'alg': 'HS256', 'typ': 'JWT', **header})}.{part(claims)}"
    return f"{head}.{_plain(hmac.digest(key, head.encode(), 'sha256'))}"


def _plain(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
