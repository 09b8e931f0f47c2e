"""What a deployment hands to Puntini - variables, commands, flags - held against what there is."""

from collections.abc import Iterable, Mapping, Sequence

import click
from msgspec.structs import fields

from puntini.cli import cli
from puntini.settings import CREDENTIALS, PREFIX, Settings, load
from tests.live.serving import ROOT

DEPLOY = ROOT / "deploy"
SECONDS_AFTER_GRACE = 5.0
"""What a server that can't end takes besides its grace (puntini/server.py)."""
VARIABLES = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)} | CREDENTIALS


def unknown_variables(names: Iterable[str]) -> set[str]:
    """Those that look like settings and are none."""
    return {name for name in names if name.startswith(PREFIX)} - VARIABLES


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that such an environment makes. Raises Misconfigured."""
    return load({}, environment, DEPLOY)


def understood(words: Sequence[str]) -> bool:
    """Whether ``puntini`` with these words is a command line. Raises click.UsageError, which says why not."""
    command: click.Command = cli
    left = list(words)
    while isinstance(command, click.Group):
        member = command.commands.get(left[0])
        if member is None:
            raise click.UsageError(f"there is no `puntini {' '.join(words)}`")
        command, left = member, left[1:]
    context = command.make_context(words[0], left, **cli.context_settings)
    return context.args == []
