"""The gate in front of every route. Open mode: loopback only, and no web page from elsewhere gets through.

A server bound to a loopback address with no users needs no credential. What keeps other web pages out is that ``Host``
must be a loopback name (DNS rebinding arrives with the attacker's name) and ``Origin`` absent or a loopback one.
"""

import ipaddress
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from puntini.auth.guard import Guard
from puntini.auth.principals import LOCAL
from puntini.errors import Forbidden, PuntiniError
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send, header, refuse


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without port, can only mean this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def host_of(value: str) -> str:
    """The host of a ``Host`` header or an origin's authority; empty when it is more or less than ``host[:port]``."""
    try:
        parts = urlsplit(f"//{value}")
        # Reading the port checks it.
        plain = parts.netloc == value and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        return ""
    return parts.hostname or "" if plain else ""


class Gate:
    """Pure ASGI middleware for open mode; ``origins`` may come from elsewhere (CORS setting)."""

    def __init__(self, app: ASGIApp, guard: Callable[[], Guard], origins: Iterable[str] = ()) -> None:
        self._app = app
        self._guard = guard
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the principal in ``scope["state"]``."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if problem := self._problem(scope):
            await refuse(scope, receive, send, problem)
            return
        guard = self._guard()
        known = {"principal": LOCAL, "guard": guard, "revision": guard.revision.number}
        scope["state"] = scope.get("state", {}) | known
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> PuntiniError | None:
        if not is_loopback(host_of(header(scope, b"host"))):
            return Forbidden("Call an open server by a loopback name: use 127.0.0.1 or localhost as the host.")
        origin = header(scope, b"origin")
        if not origin or origin in self._origins:
            return None
        scheme, _, authority = origin.partition("://")
        if scheme in {"http", "https"} and is_loopback(host_of(authority)):
            return None
        return Forbidden("An open server takes no requests from pages of other origins.")
