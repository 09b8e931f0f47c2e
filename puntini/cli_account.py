"""``puntini login``, ``logout``, ``whoami`` and ``key``: who one is at a server, and the keys one has there."""

import sys

import click

from puntini.cli_server import url_option
from puntini.cli_user import asked_password, stdin_option
from puntini.errors import Misconfigured


@click.command()
@click.argument("name", default="")
@stdin_option
@url_option
def login(name: str, *, password_stdin: bool, url: str) -> None:
    """Log in at a server as NAME; the other commands are let in by it from then on.

    The log-in is kept in a file that only you may read. What is not given is asked for.
    """
    from puntini.client import accounts

    if not name and (password_stdin or not sys.stdin.isatty()):
        raise Misconfigured("Say who logs in: `puntini login NAME`.")
    name = name or str(click.prompt("Name", err=True))
    accounts.log_in(url, name, asked_password(typed=password_stdin, again=None))


@click.command()
@url_option
def logout(url: str) -> None:
    """End the log-in at a server, and forget it."""
    from puntini.client import accounts

    accounts.log_out(url)


@click.command()
@url_option
def whoami(url: str) -> None:
    """Say who you are at a server: name, role, and what your credential may do."""
    from puntini.client import accounts

    accounts.who_am_i(url)


@click.group()
def key() -> None:
    """Make API keys at a server, list them and revoke them."""


@key.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["read", "write", "admin"]),
    multiple=True,
    metavar="SCOPE",
    help="What it may do: read, write or admin; may be given several times. Without it: read and write.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=None,
    metavar="N",
    help="It ends after so many days. Without it: never.",
)
@url_option
def key_add(name: str, scopes: tuple[str, ...], days: int | None, url: str) -> None:
    """Make a key and print it, this once. NAME says what it is for."""
    from puntini.client import keys

    keys.add(url, name, scopes=scopes, days=days)


@key.command("list")
@url_option
def key_list(url: str) -> None:
    """List your keys: id, name, scopes, last use, end, and whether it is revoked."""
    from puntini.client import keys

    keys.show(url)


@key.command("revoke")
@click.argument("key_id", metavar="ID")
@url_option
def key_revoke(key_id: str, url: str) -> None:
    """End a key, and what is open by it."""
    from puntini.client import keys

    keys.revoke(url, key_id)
