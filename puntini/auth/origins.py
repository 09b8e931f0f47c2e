"""From which page a request comes, and by which name the server was called: what keeps hostile web pages out."""

import ipaddress
from collections.abc import Set
from urllib.parse import urlsplit

from puntini.errors import Forbidden
from puntini.transport.asgi import Scope, header

PORTS = {"http": 80, "https": 443}


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
    return _place(value, 0)[0]


def _place(value: str, usual: int) -> tuple[str, int]:
    """Host and port of ``host[:port]``; of anything else, an empty host."""
    try:
        parts = urlsplit(f"//{value}")
        # Reading the port checks it.
        port = usual if parts.port is None else parts.port
        plain = parts.netloc == value and parts.username is None and parts.port != 0
    except ValueError:
        return "", 0
    return (parts.hostname or "", port) if plain else ("", 0)


def require_local(scope: Scope, allowed: Set[str]) -> None:
    """Open mode: the name is a loopback one (DNS rebinding comes with the attacker's), and so is the page's origin.

    Raises Forbidden.
    """
    names = [name for name, _ in scope["headers"]]
    if names.count(b"host") > 1 or names.count(b"origin") > 1:
        raise Forbidden("Send one Host and one Origin.")
    if not is_loopback(host_of(header(scope, b"host"))):
        raise Forbidden("Call an open server by a loopback name: use 127.0.0.1 or localhost as the host.")
    origin = header(scope, b"origin")
    if not (_is_local(origin) or origin in allowed if origin else _is_no_foreign_resource(scope)):
        raise Forbidden("An open server takes no requests from pages of other origins.")


def _is_local(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in PORTS and is_loopback(host_of(authority))


def _is_no_foreign_resource(scope: Scope) -> bool:
    """No image or script of another site's page, which browsers ask for without an origin; a link may lead here."""
    return header(scope, b"sec-fetch-site") != "cross-site" or (
        scope.get("method") == "GET" and header(scope, b"sec-fetch-mode") == "navigate"
    )


def require_own_page(scope: Scope, allowed: Set[str]) -> None:
    """A request that a browser sends with a cookie by itself must come from this server's pages, or allowed ones.

    Raises Forbidden.
    """
    if not is_own_page(scope, allowed):
        raise Forbidden("A cookie is good for requests from this server's own pages only; send the token by itself.")


def is_own_page(scope: Scope, allowed: Set[str]) -> bool:
    """Whether the browser says so; what says nothing is no browser's request."""
    origin = header(scope, b"origin")
    if not origin:
        return header(scope, b"sec-fetch-site") == "same-origin"
    scheme, _, authority = origin.partition("://")
    if scheme not in PORTS:
        return False
    # Behind a proxy our own scheme is not the page's, so the page's tells the port that is not written.
    place = _place(authority, PORTS[scheme])
    return origin in allowed or (bool(place[0]) and place == _place(header(scope, b"host"), PORTS[scheme]))
