"""Answers to what agents ask: ``approve``, ``deny``, or words of one's own."""

from typing import Any
from urllib.parse import quote

from puntini.client.http import Client

_APPROVED = frozenset({"approve", "approved", "yes", "y"})
_DENIED = frozenset({"deny", "denied", "no", "n"})


def answer(client: Client, session_id: str, approval_id: str, words: str) -> None:
    """Decide. Raises Refused, when it is decided already, say."""
    command = {"type": "approval_response", "data": {"approval_id": approval_id, **decision(words)}}
    client.ask("POST", f"/v1/sessions/{quote(session_id, safe='')}/commands", command)


def decision(words: str) -> dict[str, Any]:
    """What words mean."""
    match words.strip().lower():
        case said if said in _APPROVED:
            return {"decision": "approved"}
        case said if said in _DENIED:
            return {"decision": "denied"}
        case _:
            return {"decision": "answered", "value": words.strip()}
