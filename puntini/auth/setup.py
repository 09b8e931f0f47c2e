"""Set-up: a link that is good once, and for an hour, by which the first admin of a server is made.

Where there are several nodes, they share one link, which the store keeps: a proxy may lead it to any of them.
"""

import secrets
from collections.abc import Callable
from hmac import compare_digest

import anyio
import msgspec
from msgspec import Struct

from puntini.auth.accounts import Accounts
from puntini.auth.users import User
from puntini.errors import Forbidden, Unavailable
from puntini.log.contract import Kept, Ledger
from puntini.transport.asgi import Scope

SECONDS = 3_600.0
TRIES = 20
PATH = "/setup"
SPACE, KIND, KEY = "auth", "setup", "link"
OVER = "This link is not good, or not any more; start the server again for another."
SERVED = frozenset({PATH, "/v1/health"})


class Link(Struct, frozen=True):
    """The link, by its token, and until when it is good (seconds since 1970)."""

    token: str
    until: float


_link = msgspec.json.Decoder(Link).decode


class Setup:
    """Waits for the first admin; until there is one, the server serves nothing else.

    ``shelf`` is where nodes share the link; one alone has none, and makes another at each start.
    """

    def __init__(self, now: Callable[[], float], shelf: Ledger | None = None) -> None:
        self._now = now
        self._shelf = shelf
        self._link = Link(secrets.token_urlsafe(32), now() + SECONDS)
        self._tries = TRIES
        self.pending = True

    @property
    def token(self) -> str:
        """What makes the link good."""
        return self._link.token

    async def share(self) -> None:
        """Take the link that there is already, or have the others take this one. Raises StoreUnavailable."""
        assert self._shelf is not None, "one node alone shares nothing"
        while True:
            body = await self._shelf.kept(SPACE, KIND, KEY)
            if body is not None and _link(body).until > self._now():
                self._link = _link(body)
                return
            if await self._shelf.swap(self._kept(), body):
                return

    def _kept(self) -> Kept:
        return Kept(SPACE, KIND, KEY, msgspec.json.encode(self._link))

    async def look(self, accounts: Accounts) -> None:
        """Whether another node has made the admin. Raises StoreUnavailable."""
        if self.pending and await accounts.users.have_admin():
            self.pending = False

    def check(self, token: str) -> None:
        """Raises Forbidden unless this is the token, and still good."""
        over = not self.pending or self._tries <= 0 or self._now() >= self._link.until
        if over or not compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            self._tries -= 1
            raise Forbidden(OVER)

    async def finish(self, token: str, accounts: Accounts, name: str, password: str) -> User:
        """Make the first admin. Raises Forbidden, Invalid or Conflict."""
        self.check(token)
        self.pending = False  # before anything is waited for: of two who use it at once, one is too late
        used_up = False
        try:
            await self._use_up()
            used_up = True
            return await accounts.add(name, password, "admin")
        except BaseException:  # cancelled, too: nobody was made, so the link stays good
            self.pending = True
            if used_up:
                await self._give_back()
            raise

    async def _use_up(self) -> None:
        """Of two who use it at once at two nodes, one is too late, too. Raises Forbidden."""
        if self._shelf is not None:
            link = self._kept()
            if not await self._shelf.swap(Kept(SPACE, KIND, KEY, None), link.body):
                raise Forbidden(OVER)

    async def _give_back(self) -> None:
        if self._shelf is not None:
            with anyio.CancelScope(shield=True):
                await self._shelf.swap(self._kept(), None)

    def require_served(self, scope: Scope) -> None:
        """Raises Unavailable for an address that waits until the server is set up."""
        if self.pending and scope["path"] not in SERVED:
            raise Unavailable("This server is not set up yet; open the link that it printed when it was started.")
