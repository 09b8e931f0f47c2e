"""What ``puntini fork`` does: a new session that begins as another was."""

from secrets import token_hex
from urllib.parse import quote

import click

from puntini.client.http import Client


def forked(url: str, session_id: str, at: str) -> int:
    """Fork a session and print the new one's id. Raises Refused and Unreachable."""
    with Client(url) as client:
        made = client.ask("POST", f"/v1/sessions/{quote(session_id, safe='')}/fork", key=token_hex(16), at=at)
    click.echo(made["session_id"])
    return 0
