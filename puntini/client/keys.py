"""What ``puntini key`` does: API keys of one's own, made, listed and revoked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import click

from puntini.client.http import Client
from puntini.client.text import one_line
from puntini.errors import Misconfigured

DAY = 86_400


def add(url: str, name: str, *, scopes: Sequence[str], days: int | None) -> None:
    """Make a key and print it, alone, so that it can be piped; what there is to know of it is told beside."""
    body: dict[str, object] = {"name": name}
    if scopes:
        body["scopes"] = scopes
    if days is not None:
        body["expires_in"] = days * DAY
    with Client(url) as client:
        made = client.ask("POST", "/v1/keys", body)
    click.echo(one_line(made["key"]))
    ends = f"until {_day(made['expires_at'])}" if made["expires_at"] else "without end"
    click.echo(
        one_line(f"{made['key_id']} may {', '.join(made['scopes'])}, {ends}. It is not shown again: keep it now."),
        err=True,
    )


def show(url: str) -> None:
    """Print one's keys, one a line: all but the keys themselves."""
    with Client(url) as client:
        for key in client.items("/v1/keys"):
            used, ends = _day(key["last_used_at"]) or "never", _day(key["expires_at"]) or "never"
            cells = (key["key_id"], key["name"], ",".join(key["scopes"]), _state(key), f"used {used}", f"ends {ends}")
            click.echo("\t".join(one_line(cell) for cell in cells))


def revoke(url: str, key_id: str) -> None:
    """End a key. Raises Misconfigured without an id."""
    if not key_id:
        raise Misconfigured("Name a key by its id; `puntini key list` tells them.")
    with Client(url) as client:
        client.ask("DELETE", f"/v1/keys/{quote(key_id, safe='')}")
    click.echo(f"{one_line(key_id)} is revoked.")


def _state(key: Mapping[str, Any]) -> str:
    if key["revoked"]:
        return "revoked"
    ends = key["expires_at"]
    return "ended" if ends and datetime.fromisoformat(ends) <= datetime.now(UTC) else "valid"


def _day(moment: str | None) -> str:
    return (moment or "")[:10]
