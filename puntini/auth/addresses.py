"""Who calls, and how: the address and the scheme, behind proxies whose word is taken because the settings name them.

Each proxy adds whom it heard at the right of ``X-Forwarded-For`` or ``Forwarded`` (RFC 7239). What is left of the first
address that is no proxy of ours was written by the caller, who may write anything.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from puntini.errors import Misconfigured
from puntini.transport.asgi import Scope

HEADER_BYTES = 4_096
"""So much of the end of a header is looked at, and no more."""
MOST_HOPS = 32
REMEMBERED = 1_000
_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^\s;"]*))', re.IGNORECASE)
_FORWARDED_PROTO = re.compile(r'(?:^|;)\s*proto\s*=\s*"?(https?)"?\s*(?:;|$)', re.IGNORECASE)
_SCHEMES = {"ws": "http", "wss": "https"}

Address = IPv4Address | IPv6Address


class Proxies:
    """The proxies that are trusted. Without any, the peer is who calls. Raises Misconfigured."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._networks = [_network(name) for name in names]
        self._peers: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def has(self, text: str) -> bool:
        """Whether this is the address of one of them."""
        found = self._peers.get(text)
        if found is None:
            if len(self._peers) >= REMEMBERED:
                self._peers.clear()
            found = self._peers[text] = self._within(_address(text))
        return found

    def _within(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def address_of(scope: Scope, proxies: Proxies) -> str:
    """The address of whoever calls; empty where the server does not know its peer.

    Where a proxy sent both headers and they disagree, one of them is the caller's own: the peer is all that is sure.
    """
    peer = _peer(scope)
    if not proxies or not proxies.has(peer):
        return peer
    told = {
        _first_stranger([peer, *hops], proxies)
        for hops in (_forwarded_for(_values(scope, b"x-forwarded-for")), _forwarded(_values(scope, b"forwarded")))
        if hops
    }
    return told.pop() if len(told) == 1 else peer


def scheme_of(scope: Scope, proxies: Proxies) -> str:
    """``http`` or ``https``: what the caller used towards us or the proxy in front."""
    own = str(scope.get("scheme", "http"))
    own = _SCHEMES.get(own, own)
    if not proxies or not proxies.has(_peer(scope)):
        return own
    if values := _values(scope, b"x-forwarded-proto"):
        said = values[-1].lower()
        return _SCHEMES.get(said, said) if said in {"http", "https", "ws", "wss"} else own
    elements = _values(scope, b"forwarded")
    found = _FORWARDED_PROTO.search(elements[-1]) if elements else None
    return found[1].lower() if found else own


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _values(scope: Scope, name: bytes) -> list[str]:
    """The last values of a header that is a list, in their order."""
    text = b",".join(value for key, value in scope["headers"] if key == name)[-HEADER_BYTES:].decode("latin-1")
    return [value.strip() for value in text.rsplit(",", MOST_HOPS)[-MOST_HOPS:]] if text else []


def _forwarded_for(values: list[str]) -> list[str]:
    return [_host(value) for value in reversed(values)]


def _forwarded(values: list[str]) -> list[str]:
    return [_host(found[1] or found[2] or "") if (found := _FORWARDED_FOR.search(value)) else "" for value in values][
        ::-1
    ]


def _host(text: str) -> str:
    """An address without the port that may stand behind it."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _first_stranger(hops: list[str], proxies: Proxies) -> str:
    """From us outwards, the first that is no proxy of ours; where one says nonsense, the last that made sense."""
    last = ""
    for hop in _plain(hops):
        last = hop
        if not proxies.has(hop):
            break
    return last


def _plain(hops: list[str]) -> Iterator[str]:
    for hop in hops:
        if (address := _address(hop)) is None:
            return
        yield str(address)


@lru_cache(maxsize=4_096)
def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(name: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(name, strict=False)
    except ValueError:
        raise Misconfigured(
            f"`trusted_proxies` can't hold {name!r}; write addresses or networks, like 10.0.0.0/8, separated by commas."
        ) from None
