"""Which server a command of the command line talks to."""

import click

from puntini.settings import PREFIX

URL = "http://127.0.0.1:8000"
url_option = click.option(
    "--url", envvar=f"{PREFIX}URL", default=URL, metavar="URL", help=f"The server.  [{PREFIX}URL; default: {URL}]"
)
