"""What a stream is told when its credential ends, and before that."""

from datetime import UTC, datetime
from typing import Literal

from puntini.errors import Unauthorized
from puntini.protocol.events import AuthExpiring, AuthExpiringData, Error, Nothing, Problem
from puntini.transport.connections import Connection

SENTENCES = {
    "expired": "The credential has expired; come back with a new one and the last id.",
    "revoked": "You may follow this no longer: the credential was revoked, open mode has ended, or you were removed.",
}


def refused(reason: Literal["expired", "revoked"]) -> Unauthorized:
    """The error, for whoever still waits for an answer."""
    return Unauthorized(SENTENCES[reason])


def refusal(reason: Literal["expired", "revoked"]) -> Error:
    """The same as the last event of a stream."""
    error = refused(reason)
    return Error(data=Nothing(), error=Problem(code=error.status, reason=error.code, message=error.message))


def warning(connection: Connection) -> AuthExpiring:
    """That the credential is about to end."""
    ends = datetime.fromtimestamp(connection.principal.expires_at, UTC)
    text = ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return AuthExpiring(session_id=connection.session_id, data=AuthExpiringData(expires_at=text))
