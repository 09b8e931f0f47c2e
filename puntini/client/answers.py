"""Answers to what agents ask: ``approve``, ``deny``, another of the options, or words of one's own."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from puntini.client.http import Client
from puntini.client.text import one_line, short
from puntini.errors import Misconfigured

CONSENT = {"approve", "deny"}
_APPROVED = frozenset({"approve", "approved", "yes", "y"})
_DENIED = frozenset({"deny", "denied", "no", "n"})

Asked = Mapping[str, Any]


def answered(url: str, session_id: str, approval_id: str, words: str) -> int:
    """Answer what an agent has asked, and say so. Raises Misconfigured for what is none of the options, and Refused."""
    with Client(url) as client:
        asked = _open(client, session_id, approval_id)
        made = decide(client, session_id, approval_id, words, asked)
    what = f"answered {short(made['value'])}" if "value" in made else made["decision"]
    click.echo(one_line(f"{what}: {asked.get('question', approval_id)}"))
    return 0


def decide(client: Client, session_id: str, approval_id: str, words: str, asked: Asked) -> dict[str, Any]:
    """Send an answer; returns what it was taken for. Raises Misconfigured, and Refused when it is too late, say."""
    made = decision(words, asked)
    command = {"type": "approval_response", "data": {"approval_id": approval_id, **made}}
    client.ask("POST", f"/v1/sessions/{quote(session_id, safe='')}/commands", command)
    return made


def choices(asked: Asked) -> list[str]:
    """What one can choose from; nothing where any words will do.

    Consent is asked for a call: a question without one, whose options are the usual two, is a plain question.
    """
    options = [str(option) for option in asked.get("options", [])]
    is_plain = set(options) == CONSENT and not asked.get("tool_name")
    return [] if is_plain or asked.get("response_schema") else options


def decision(words: str, asked: Asked) -> dict[str, Any]:
    """What words mean as an answer to what is asked. Raises Misconfigured when they are none of its options."""
    said = words.strip()
    options = [str(option) for option in asked.get("options", [])]
    if set(options) >= CONSENT or not options:
        if said.lower() in _APPROVED:
            return {"decision": "approved"}
        if said.lower() in _DENIED:
            return {"decision": "denied"}
    chosen = next((option for option in options if option.lower() == said.lower()), "")
    if not chosen and (wanted := choices(asked)):
        raise Misconfigured(
            f"`{one_line(short(said))}` is none of the options; answer {one_line(' or '.join(wanted))}."
        )
    return {"decision": "answered", "value": chosen or said}


def _open(client: Client, session_id: str, approval_id: str) -> Asked:
    """What is asked; nothing when it is not open, which the server tells better."""
    path = f"/v1/sessions/{quote(session_id, safe='')}/approvals"
    return next((asked for asked in client.items(path) if asked["approval_id"] == approval_id), {})
