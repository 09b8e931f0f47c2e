"""What is counted, and written down, of each request when its answer begins.

Not when it ends: a stream's answer lasts as long as the stream, and everything else is over a moment later.
"""

from functools import lru_cache
from typing import Any, Literal

import structlog

from puntini.auth.guard import principal_of
from puntini.figures import figures
from puntini.transport.asgi import Scope

AccessLog = Literal["off", "errors", "all"]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
FAULT = 500
EXPECTED = frozenset({"ready"})
"""What answers 503 as it should, every few seconds."""

log: Any = structlog.get_logger("puntini.access")


class Answers:
    """Counts answers, and writes a line about each, or about each that tells of a fault of the server's, or none."""

    def __init__(self, access_log: AccessLog) -> None:
        self._least = {"off": 1_000, "errors": FAULT, "all": 0}[access_log]

    def begun(self, scope: Scope, status: int, seconds: float) -> None:
        """An answer began so many seconds after its request."""
        method = scope["method"] if scope["type"] == "http" else "WEBSOCKET"
        resource = resource_of(route_of(scope))
        figures.requests[resource, method if method in METHODS else "other", status] += 1
        figures.request_seconds[resource].add(seconds)
        if status >= self._least and (self._least == 0 or resource not in EXPECTED):
            self._tell(scope, method, status, seconds)

    def _tell(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """Write a line. The query is left out: credentials may stand in it."""
        say = log.warning if status >= FAULT else log.info
        code = scope.get("state", {}).get("code")
        say(
            "request",
            method=method,
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            user=principal_of(scope).user,
            **({"code": code} if code else {}),
        )


def route_of(scope: Scope) -> str:
    """The path of the route that a request reached, as it was declared; empty where it reached none."""
    return str(getattr(scope.get("endpoint"), "path", ""))


@lru_cache(maxsize=512)
def resource_of(route: str) -> str:
    """What kind of thing a route is about: ``sessions``, ``tasks``, …; ``streams`` for whatever streams.

    ``none`` where no route was reached: there is none, or the gate had refused the request.
    """
    parts = [part for part in route.split("/") if part and not part.startswith("{")]
    if not route:
        return "none"
    if parts[-1:] in (["stream"], ["ws"]) or parts[:1] == ["ws"]:
        return "streams"
    if parts[:1] == ["v1"]:
        return parts[1]
    return parts[0].partition(".")[0] if parts and parts[0] in {"metrics", "docs", "openapi.json"} else "console"
