"""The doorman: who asks, by whatever credential the request shows; and what a browser may send by itself."""

from collections.abc import Iterable
from typing import Protocol, assert_never

from puntini.auth.credentials import Shown, shown
from puntini.auth.openness import Openness
from puntini.auth.origins import is_own_page, require_local, require_own_page
from puntini.auth.principals import LOCAL, NOBODY, Principal
from puntini.auth.setup import Setup
from puntini.auth.verifying import Verifier
from puntini.errors import PuntiniError, Unauthorized
from puntini.transport.asgi import Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Tickets(Protocol):
    """Knows tickets, each of which is good for one stream."""

    async def admit(self, scope: Scope, text: str) -> Principal:
        """Whom a ticket names, at the address that it is for. Raises Unauthorized or Forbidden."""
        ...

    async def still(self, who: Principal) -> Principal | None:
        """The principal as of now; None when the ticket has ended."""
        ...


class Doorman:
    """Knows who asks. ``origins`` are those of other pages that may use this server (CORS setting)."""

    def __init__(
        self,
        tokens: Verifier,
        openness: Openness,
        *,
        keys: Verifier | None = None,
        tickets: Tickets | None = None,
        origins: Iterable[str] = (),
        setup: Setup | None = None,
    ) -> None:
        self.openness = openness
        self.setup = setup
        self.origins = frozenset(origins)
        self._tokens = tokens
        self._keys = keys
        self._tickets = tickets

    def known(self, scope: Scope) -> Principal | None:
        """Who asks, where that is known without any wait. Raises Forbidden or Unavailable, whatever is asked for."""
        if self.setup is not None:
            self.setup.require_served(scope)
        is_open = self.openness.known
        if is_open is None:
            return None
        if is_open:
            require_local(scope, self.origins)
        try:
            credential = shown(scope)
        except PuntiniError:
            return None  # it is told by ``admit``
        if credential is None or (is_open and credential.ambient):
            return LOCAL if is_open else NOBODY
        self._check_cookie(scope, credential)
        return self._remembered(credential)

    def _remembered(self, credential: Shown) -> Principal | None:
        match credential.kind:
            case "token":
                return self._tokens.known(credential.text)
            case "key":
                return self._keys.known(credential.text) if self._keys is not None else None
            case "ticket":
                return None
            case _:
                assert_never(credential.kind)

    async def admit(self, scope: Scope) -> Principal:
        """Who asks. Raises Forbidden, whatever is asked for; another PuntiniError for a credential that is not good."""
        is_open = await self.openness.look()
        if is_open:
            require_local(scope, self.origins)
        credential = shown(scope)
        if credential is None or (is_open and credential.ambient):
            return LOCAL if is_open else NOBODY
        self._check_cookie(scope, credential)
        return await self._verified(scope, credential)

    async def _verified(self, scope: Scope, credential: Shown) -> Principal:
        match credential.kind:
            case "token":
                return await self._tokens.principal(credential.text)
            case "key":
                if self._keys is None:
                    raise Unauthorized("This server knows no API keys.")
                return await self._keys.principal(credential.text)
            case "ticket":
                if self._tickets is None:
                    raise Unauthorized("This server knows no tickets.")
                return await self._tickets.admit(scope, credential.text)
            case _:
                assert_never(credential.kind)

    async def still(self, who: Principal) -> Principal | None:
        """Somebody as they are now; None when their credential has ended, or open mode has."""
        match who.credential.partition(":")[0]:
            case "open":
                return LOCAL if await self.openness.look() else None
            case "key":
                return await self._keys.still(who) if self._keys is not None else None
            case "ticket":
                return await self._tickets.still(who) if self._tickets is not None else None
            case _:
                return await self._tokens.still(who)

    def is_own_page(self, scope: Scope) -> bool:
        """Whether a request comes from a page of this server, or of one that is allowed."""
        return is_own_page(scope, self.origins)

    def _check_cookie(self, scope: Scope, credential: Shown) -> None:
        """What changes something, or opens a socket, takes more than a cookie. Raises Forbidden."""
        if credential.ambient and (scope["type"] == "websocket" or scope["method"] not in SAFE):
            require_own_page(scope, self.origins)
