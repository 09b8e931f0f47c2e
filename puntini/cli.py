"""The command line. Each command imports what it needs when it runs, so that ``--help`` and errors come at once."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import click
from msgspec.structs import FieldInfo, fields

from puntini import __version__
from puntini.errors import Misconfigured, PuntiniError
from puntini.settings import DOCS, PREFIX, Settings, load

FAILED, USAGE, INTERRUPTED = 1, 2, 130
URL = "http://127.0.0.1:8000"
Command = TypeVar("Command", bound=Callable[..., Any])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code. What goes wrong is told in one sentence."""
    try:
        code = cli.main(arguments, prog_name="puntini", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return USAGE
    except click.ClickException as error:
        return _fail(_advised(error), error.exit_code)
    except Misconfigured as error:
        return _fail(error.message, USAGE)
    except PuntiniError as error:
        return _fail(error.message, FAILED)
    except BrokenPipeError:
        # Who read our output has seen enough. What is buffered goes nowhere, or the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED


def _fail(sentence: str, code: int) -> int:
    click.echo(f"puntini: {sentence}", err=True)
    return code


def _advised(error: click.ClickException) -> str:
    """A usage error's sentence, with the command whose help says more."""
    sentence = error.format_message().strip().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{sentence}; `{context.command_path} --help` lists what there is." if context else f"{sentence}."


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="puntini %(version)s")
def cli() -> None:
    """Serve AI agents as durable event streams, and talk to them."""


# The server.


def _flag(field: FieldInfo) -> Callable[[Command], Command]:
    """A setting as a flag. Bounds are checked where all settings are; a flag that is not given is no setting."""
    return click.option(
        f"--{field.name.replace('_', '-')}",
        type=_click_type(field.name),
        default=None,
        metavar=None if _is_choice(field.name) else _METAVARS.get(field.name, "TEXT"),
        help=f"{_sentence(DOCS[field.name])}  [{PREFIX}{field.name.upper()}; default: {_shown(field)}]",
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _is_choice(name: str) -> bool:
    return get_origin(get_type_hints(Settings)[name]) is Literal


def _click_type(name: str) -> click.ParamType[Any]:
    hint = get_type_hints(Settings)[name]
    return click.Choice(get_args(hint)) if _is_choice(name) else click.STRING


def _shown(field: FieldInfo) -> str:
    if isinstance(field.default, tuple):
        return ",".join(field.default) or "none"
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


_METAVARS = {
    name: {int: "NUMBER", float: "SECONDS" if "seconds" in name or name == "grace" else "NUMBER"}.get(hint, "TEXT")
    for name, hint in get_type_hints(Settings).items()
} | {"store": "FILE", "cors_origins": "ORIGINS", "host": "ADDRESS", "agent": "NAME"}


def _every_setting(command: Command) -> Command:
    for field in reversed(fields(Settings)):
        command = _flag(field)(command)
    return command


@cli.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with settings.  [default: puntini.toml]",
)
@_every_setting
def serve(config: Path | None, **flags: str | None) -> int:
    """Run the server until Ctrl-C or SIGTERM.

    Each flag is also a setting in a TOML file (max_streams = 100) and in the environment (PUNTINI_MAX_STREAMS=100). A
    flag wins over the environment, and the environment over the file.
    """
    settings = load({name: value for name, value in flags.items() if value is not None}, os.environ, Path.cwd(), config)
    from puntini.server import run

    return run(settings)


@cli.command()
@click.argument("which", type=click.Choice(["events", "commands"]), required=False)
def schema(which: str | None) -> None:
    """Print the JSON Schema of the events, of the commands, or of both."""
    import json

    from puntini.protocol.schema import command_schema, event_schema

    made = {"events": event_schema, "commands": command_schema}
    document = made[which]() if which else {name: make() for name, make in made.items()}
    click.echo(json.dumps(document, indent=2))
