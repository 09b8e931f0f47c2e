"""Set-up: a link that is good once, and for an hour, by which the first admin of a server is made."""

import secrets
from collections.abc import Callable
from hmac import compare_digest

from puntini.auth.accounts import Accounts
from puntini.auth.users import User
from puntini.errors import Forbidden, Unavailable
from puntini.transport.asgi import Scope

SECONDS = 3_600.0
TRIES = 20
PATH = "/setup"
SERVED = frozenset({PATH, "/v1/health"})


class Setup:
    """Waits for the first admin; until there is one, the server serves nothing else."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.token = secrets.token_urlsafe(32)
        self.pending = True
        self._now = now
        self._until = now() + SECONDS
        self._tries = TRIES

    def check(self, token: str) -> None:
        """Raises Forbidden unless this is the token, and still good."""
        over = not self.pending or self._tries <= 0 or self._now() >= self._until
        if over or not compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            self._tries -= 1
            raise Forbidden("This link is not good, or not any more; start the server again for another.")

    async def finish(self, token: str, accounts: Accounts, name: str, password: str) -> User:
        """Make the first admin. Raises Forbidden, Invalid or Conflict."""
        self.check(token)
        self.pending = False  # before anything is waited for: of two who use it at once, one is too late
        try:
            return await accounts.add(name, password, "admin")
        except BaseException:  # cancelled, too: nobody was made, so the link stays good
            self.pending = True
            raise

    def require_served(self, scope: Scope) -> None:
        """Raises Unavailable for an address that waits until the server is set up."""
        if self.pending and scope["path"] not in SERVED:
            raise Unavailable("This server is not set up yet; open the link that it printed when it was started.")
