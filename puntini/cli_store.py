"""Which store's file a command of the command line means."""

import os
from pathlib import Path

import click

from puntini.errors import Misconfigured
from puntini.settings import PREFIX, load

store_option = click.option(
    "--store", default=None, metavar="FILE", help=f"The store's file, if not the one that is set.  [{PREFIX}STORE]"
)


def store_file(named: str | None) -> Path:
    """The file that is meant. Raises Misconfigured when the store is none."""
    url = named or load({}, os.environ, Path.cwd()).store
    if url == "memory:" or "://" in url.replace("sqlite://", "", 1):
        raise Misconfigured(f"The store {url} is no SQLite file; name one with --store.")
    return Path(url.removeprefix("sqlite://"))
