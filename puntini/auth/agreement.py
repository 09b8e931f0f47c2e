"""Settings that all nodes of a database must have alike, compared by marks that tell nothing of what is secret."""

import hmac
from collections.abc import Iterable, Mapping

import structlog

from puntini.auth.secret import derived
from puntini.log.nodes import Nodes
from puntini.settings import Settings

SECRET = "secret"
FOR_ALL = ("retention_days", "retention_bytes_per_session", "session_idle_seconds", "audit_days", "embedder")
"""What is forgotten, closed and filled in: whichever node has the turn does it by its own setting."""
FOR_CALLERS = ("api_keys", "registration", "jwks_url", "jwt_issuer", "jwt_audience", "jwt_admin")
"""Who may come in: whom one node lets in, another would refuse. What is secret among them is so in no mark."""
MARK = 16
Marks = Mapping[str, str]
log = structlog.get_logger("puntini")


def marks_of(settings: Settings, secret: bytes, *, serves: bool = True) -> Marks:
    """A mark for each setting. A worker, which ``serves`` nobody, needs no credentials and has no marks of them."""
    plain = {name: str(getattr(settings, name)) for name in FOR_ALL}
    if not serves:
        return plain
    said = {name: str(getattr(settings, name)) for name in FOR_CALLERS}
    said["api_keys"] = " ".join(sorted(key.reveal() for key in settings.api_keys))
    return plain | {name: _mark(secret, f"{name} {text}") for name, text in {SECRET: "", **said}.items()}


def differing(ours: Marks, others: Iterable[Marks]) -> frozenset[str]:
    """The settings that some other node has otherwise. Under another secret those for callers can't be compared."""
    found = {name for each in others for name in ours.keys() & each.keys() if ours[name] != each[name]}
    return frozenset(found - {*FOR_CALLERS} if SECRET in found else found)


def advice(names: Iterable[str]) -> str:
    """What to do about it."""
    return f"Not all nodes of the database have the same {', '.join(sorted(names))}: give all of them the same."


def _mark(secret: bytes, text: str) -> str:
    return hmac.digest(derived(secret, "comparison"), text.encode(), "sha256").hex()[:MARK]


class Agreement:
    """What this node and the others do not agree on."""

    def __init__(self, nodes: Nodes, node: str, marks: Marks) -> None:
        self._nodes = nodes
        self._node = node
        self._marks = marks
        self._differing: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Tell the others this node's marks and compare theirs; say what is new. Raises StoreUnavailable."""
        found = differing(self._marks, await self._nodes.marked(self._node, self._marks))
        if found - self._differing:
            log.warning(advice(found))
        self._differing = found

    @property
    def said(self) -> str:
        """What to do, in a sentence; empty while there is nothing."""
        return advice(self._differing) if self._differing else ""
