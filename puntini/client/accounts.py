"""What ``puntini login``, ``logout`` and ``whoami`` do."""

import os
from contextlib import suppress

import click

from puntini.client.http import Client, place_of
from puntini.client.logins import LogIn, own_log_ins
from puntini.client.refusals import Refused, Unreachable
from puntini.client.showing import API_KEY, TOKEN, Fixed, Spoken, own_credential, tokens_of
from puntini.client.text import one_line
from puntini.errors import PuntiniError


def log_in(url: str, name: str, password: str) -> None:
    """Log in at a server, and keep the log-in; an earlier one there ends.

    Raises Refused, Unreachable, and Misconfigured where no log-in can be kept.
    """
    place, file = place_of(url), own_log_ins(os.environ)
    comes_second = isinstance(own_credential(place, os.environ), Fixed)
    with Client(url, Spoken([password])) as client:
        with file.locked():
            tokens = tokens_of(client.ask("POST", "/v1/login", {"username": name, "password": password}), url)
            made = LogIn(name.strip().lower(), tokens.access_token, tokens.refresh_token)
            before = file.get(place)
            file.put(place, made)
        if before is not None:
            with suppress(PuntiniError):  # it is forgotten here, and ends by itself
                _end(client, before)
    click.echo(f"{one_line(made.username)} is logged in at {url}.", err=True)
    if comes_second:
        click.echo(f"The credential in {TOKEN} or {API_KEY} comes first; unset it to use the log-in.", err=True)


def log_out(url: str) -> None:
    """End a log-in, and forget it. Raises Refused and Unreachable where the server can't be told."""
    place, file = place_of(url), own_log_ins(os.environ)
    with file.locked():
        kept = file.get(place)
        if kept is not None:
            file.put(place, None)
    if kept is None:
        click.echo(f"Nobody was logged in at {url}.", err=True)
        return
    with Client(url, Spoken([kept.access_token, kept.refresh_token])) as client:
        try:
            _end(client, kept)
        except (Refused, Unreachable) as error:
            raise type(error)(f"The log-in is forgotten here, but the server was not told: {error.message}") from None
    click.echo(f"{one_line(kept.username)} is logged out of {url}.", err=True)


def who_am_i(url: str) -> None:
    """Print who one is at a server: name, role and scopes. Raises Refused and Unreachable."""
    with Client(url) as client:
        me = client.ask("GET", "/v1/me")
    click.echo("\t".join(one_line(each) for each in (me["username"], me["role"], ",".join(me["scopes"]))))


def _end(client: Client, login: LogIn) -> None:
    client.ask("POST", "/v1/logout", {"refresh_token": login.refresh_token})
