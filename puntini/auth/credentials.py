"""Where a request may carry a credential, and which one it carries."""

from typing import Literal, NamedTuple

from puntini.errors import Invalid, Unauthorized
from puntini.transport.asgi import Scope, query

Kind = Literal["token", "key", "ticket"]
COOKIE = "puntini_token"
REFRESH_COOKIE = "puntini_refresh"
PARAMETERS: dict[str, Kind] = {"token": "token", "api_key": "key", "ticket": "ticket"}
SUBPROTOCOLS: dict[str, Kind] = {"bearer": "token", "apikey": "key"}
CREDENTIAL_LIMIT = 8_192


class Shown(NamedTuple):
    """A credential. ``ambient`` is one that a browser adds by itself."""

    kind: Kind
    text: str
    ambient: bool = False


def shown(scope: Scope) -> Shown | None:
    """The credential of a request. A cookie counts only where there is no other.

    Raises Invalid for several, and Unauthorized for one that can't be any.
    """
    found, cookies = _in_headers(scope)
    if scope["query_string"]:
        found += [Shown(kind, text) for name, text in query(scope).items() if (kind := PARAMETERS.get(name))]
    if scope["type"] == "websocket":
        found += _in_subprotocols(scope)
    if len(found) > 1:
        raise Invalid("Show one credential, not several.")
    if found:
        return _checked(found[0])
    token = cookie(cookies, COOKIE) if cookies else ""
    return Shown("token", token, ambient=True) if token else None


def _in_headers(scope: Scope) -> tuple[list[Shown], str]:
    """What headers show, and the cookies."""
    found: list[Shown] = []
    cookies = ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            text = _bearer(str(value, "latin-1"))
            # Many programs know no other header, so it takes API keys too. Only a JWT has dots.
            found.append(Shown("token" if "." in text else "key", text))
        elif name == b"x-api-key":
            found.append(Shown("key", str(value, "latin-1").strip()))
        elif name == b"cookie":
            cookies += f";{str(value, 'latin-1')}"
    return found, cookies


def _bearer(value: str) -> str:
    """The token of an ``Authorization`` header (RFC 6750). Raises Unauthorized for another scheme."""
    scheme, _, text = value.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("Send the token, or an API key, as `Authorization: Bearer TOKEN`.")
    return text.strip()


def _in_subprotocols(scope: Scope) -> list[Shown]:
    offered = (each.partition(".") for each in scope.get("subprotocols", ()))
    return [Shown(kind, text) for name, dot, text in offered if dot and (kind := SUBPROTOCOLS.get(name))]


def _checked(found: Shown) -> Shown:
    if not 0 < len(found.text) <= CREDENTIAL_LIMIT:
        raise Unauthorized("This credential is empty, or far too long.")
    return found


def cookie(cookies: str, name: str) -> str:
    """The first cookie of this name in a ``Cookie`` header (RFC 6265), or an empty string."""
    for pair in cookies.split(";"):
        key, equals, value = pair.strip().partition("=")
        if equals and key == name:
            return value.strip('"') if len(value) <= CREDENTIAL_LIMIT else ""
    return ""
