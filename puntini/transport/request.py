"""What a request for a stream says: whose events, from where, which of them, how often."""

import re

from msgspec import Struct

from puntini.errors import Invalid
from puntini.protocol.mistakes import suggestion
from puntini.protocol.select import Selection, select
from puntini.transport.asgi import Scope, header, query

KNOWN = frozenset(
    {"after", "events", "level", "max_rate", "wait", "limit", "token", "api_key", "ticket", "lastEventId"}
)
PAGE_LIMIT = 1_000
WHOLE = re.compile(r"[0-9]{1,9}")
WAIT_LIMIT = 60.0
RATE_LIMIT = 1_000.0


class StreamRequest(Struct, frozen=True, kw_only=True):
    """``after`` None means that the request names no cursor."""

    session_id: str
    selection: Selection = Selection()
    after: str | None = None
    max_rate: float = 0.0
    wait: float = 0.0
    limit: int = 100


def stream_request(scope: Scope, session_id: str, task_id: str = "") -> StreamRequest:
    """Read headers and query. Raises Invalid, which names the parameter."""
    given = query(scope)
    for name in sorted(given.keys() - KNOWN):
        raise Invalid(
            f"{name[:40]}: there is no such query parameter; {suggestion(name, sorted(KNOWN))}", path=name[:40]
        )
    after = header(scope, b"last-event-id") or given.get("after") or given.get("lastEventId")
    return StreamRequest(
        session_id=session_id,
        selection=select(given.get("events"), given.get("level"), task_id, debug=sees_debug(scope)),
        after=after or None,
        max_rate=_number(given, "max_rate", 0.0, RATE_LIMIT),
        wait=_number(given, "wait", 0.0, WAIT_LIMIT),
        limit=_whole(given, "limit", 100, PAGE_LIMIT),
    )


def sees_debug(scope: Scope) -> bool:
    """Whether whoever asks may see debug events: editors and owners may."""
    return bool(scope.get("state", {}).get("role") != "viewer")


def _number(given: dict[str, str], name: str, default: float, most: float) -> float:
    text = given.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= most and not (name == "wait" and value == 0):
        raise Invalid(f"{name}: give a number above 0, at most {most:g}", path=name)
    return value


def _whole(given: dict[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise Invalid(f"{name}: give a whole number from 1 to {most}", path=name)
    return int(text)
