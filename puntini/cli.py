"""The command line. Each command imports what it needs when it runs, so that ``--help`` and errors come at once."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EPIPE
from functools import partial
from io import TextIOWrapper
from math import isnan
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import click
from click.core import ParameterSource
from msgspec.structs import FieldInfo, fields

from puntini import __version__
from puntini.cli_account import key, login, logout, whoami
from puntini.cli_doctor import doctor
from puntini.cli_server import URL
from puntini.cli_server import url_option as _url
from puntini.cli_store import store
from puntini.cli_user import user
from puntini.errors import Misconfigured, PuntiniError
from puntini.settings import DOCS, LISTS, PREFIX, SECRETS, Settings, load

FAILED, USAGE, INTERRUPTED = 1, 2, 130
Command = TypeVar("Command", bound=Callable[..., Any])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code. What goes wrong is told in one sentence."""
    _ready_streams()
    color = False if os.environ.get("NO_COLOR") else None
    try:
        code = cli.main(arguments, prog_name="puntini", standalone_mode=False, color=color)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        return _fail(_advised(error), error.exit_code)
    except Misconfigured as error:
        return _fail(error.message, USAGE)
    except PuntiniError as error:
        return _fail(error.message, FAILED)
    except UnicodeError:  # of an argument or the input: on the way out, what can't be shown is replaced
        return _fail("What was typed is not UTF-8.", USAGE)
    except OSError as error:
        return _unwritten(error)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED


def _ready_streams() -> None:
    """A stream that is closed, or can't show a letter, shall not end the command."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # its number is free, and the file gets it
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays open
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _unwritten(error: OSError) -> int:
    """The output can't be written. Raises the error when it is about something else."""
    if error.errno not in {EPIPE, ENOSPC, EDQUOT, EFBIG, EIO}:
        raise error
    # What is buffered goes nowhere, or the interpreter would complain at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == EPIPE:
        return FAILED  # who read it has seen enough
    return _fail(f"The output can't be written: {error.strerror}.", FAILED)


def _fail(sentence: str, code: int) -> int:
    click.echo(f"puntini: {sentence}{'' if sentence.endswith(('.', '?')) else '.'}", err=True)
    return code


def _advised(error: click.ClickException) -> str:
    """A usage error's sentence, with the command whose help says more."""
    sentence = error.format_message().strip().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{sentence}; `{context.command_path} --help` lists what there is." if context else sentence


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="puntini %(version)s")
def cli() -> None:
    """Serve AI agents as durable event streams, and talk to them."""


# The server.


def _flag(field: FieldInfo, words: str = "") -> Callable[[Command], Command]:
    """A setting as a flag. Bounds are checked where all settings are; a flag that is not given is no setting."""
    words = words or f"{_sentence(DOCS[field.name])}  [{PREFIX}{field.name.upper()}; default: {_shown(field)}]"
    return click.option(
        f"--{field.name.replace('_', '-')}",
        type=_click_type(field.name),
        default=() if field.name in LISTS else None,
        multiple=field.name in LISTS,
        metavar=None if _is_choice(field.name) else _METAVARS.get(field.name, "TEXT"),
        help=words,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _is_choice(name: str) -> bool:
    return get_origin(get_type_hints(Settings)[name]) is Literal


def _click_type(name: str) -> click.ParamType[Any]:
    hint = get_type_hints(Settings)[name]
    return click.Choice(get_args(hint)) if _is_choice(name) else click.STRING


def _shown(field: FieldInfo) -> str:
    if isinstance(field.default, bool):
        return str(field.default).lower()
    if isinstance(field.default, tuple):
        return ",".join(field.default) or "none"
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default) or "none"


_METAVARS = {
    name: {
        bool: "true|false",
        int: "NUMBER",
        float: "SECONDS" if "seconds" in name or name == "grace" else "NUMBER",
    }.get(hint, "TEXT")
    for name, hint in get_type_hints(Settings).items()
} | {
    "store": "STORE",
    "cors_origins": "ORIGINS",
    "host": "ADDRESS",
    "agent": "AGENT",
    "tools": "MODULE",
    "workspace": "DIRECTORY",
    "embedder": "[NAME=]MODULE:ATTRIBUTE",
    "trusted_proxies": "ADDRESSES",
}


def _every_setting(command: Command, **words: str) -> Command:
    for field in reversed(fields(Settings)):
        if field.type not in SECRETS:  # everyone on a machine can read the command lines of its programs
            command = _flag(field, words.get(field.name, ""))(command)
    return command


WORKERS_PORT = "Port on which to tell how it is, and its metrics; 0 picks a free one.  [default: none]"
WORKERS_AGENT = (
    "Take tasks of this agent alone, one by name or as [NAME=]MODULE:ATTRIBUTE; may be given several times.  "
    "[default: all that there are]"
)


_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with settings.  [default: puntini.toml]",
)


@cli.command()
@_config
@click.option("--setup", is_flag=True, help="Without an admin, print a link by which the first one is made.")
@click.option("--no-worker", is_flag=True, help="Leave all tasks to others on the same Postgres: see `puntini worker`.")
@_every_setting
def serve(config: Path | None, *, setup: bool, no_worker: bool, **flags: str | tuple[str, ...] | None) -> int:
    """Run the server until Ctrl-C or SIGTERM.

    Each flag is also a setting in a TOML file (max_streams = 100) and in the environment (PUNTINI_MAX_STREAMS=100). A
    flag wins over the environment, and the environment over the file.
    """
    return _run(config, flags, setup=setup, share="streams" if no_worker else "all")


@cli.command()
@_config
@partial(_every_setting, port=WORKERS_PORT, agent=WORKERS_AGENT)
def worker(config: Path | None, **flags: str | tuple[str, ...] | None) -> int:
    """Run the tasks of servers on the same Postgres, until Ctrl-C or SIGTERM.

    It takes those of all agents that it has, with --agent those of the named ones alone, and those that workers left
    that are gone. It listens nowhere, unless a --port is given: there it tells how it is, and its metrics. Its settings
    are those of `puntini serve`.
    """
    return _run(config, flags, share="tasks", named_only=bool(flags["agent"]), http=flags["port"] is not None)


def _run(config: Path | None, flags: dict[str, str | tuple[str, ...] | None], **how: Any) -> int:
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    settings = load(given, os.environ, Path.cwd(), config)
    gc.disable()  # what is imported stays: looking through it again and again would be a sixth of the start
    from puntini.server import run

    gc.freeze()
    gc.enable()
    return run(settings, **how)


# Talking to a server.

_json = click.option("--json", "as_json", is_flag=True, help="Print the events as JSON, one a line.")


@cli.command()
@click.argument("words", metavar="[PROMPT]", nargs=-1)
@click.option("--session", default="", metavar="ID", help="Go on in this session instead of a new one.")
@click.option("--agent", default="", metavar="NAME", help="The agent to ask, instead of the server's usual one.")
@click.option("--quiet", "-q", is_flag=True, help="Show the answer alone, and what you have to know or decide.")
@_json
@_url
def chat(words: tuple[str, ...], session: str, agent: str, quiet: bool, as_json: bool, url: str) -> int:
    """Ask an agent, and show how it works and what it answers.

    The answer is written to the output, everything else beside it, so `puntini chat "..." > answer.txt` works. A file
    or a pipe gets it when the task ends. The
    prompt `-` is read from the input; without a prompt, each line of the input is one. Ctrl-C stops the task.
    """
    from puntini.client import talk

    prompt = " ".join(words)
    prompts = _lines_typed() if not words else [sys.stdin.read() if prompt == "-" else prompt]
    return talk.chat(url, prompts, session_id=session, agent=agent, as_json=as_json, quiet=quiet, flags=_reaching(url))


def _reaching(url: str) -> str:
    """The flag with which another command reaches the same server; none where it needs none."""
    typed = click.get_current_context().get_parameter_source("url") is ParameterSource.COMMANDLINE
    return f" --url {url}" if typed and url != URL else ""


def _lines_typed() -> Iterator[str]:
    """What is typed, line by line, until the end of the input."""
    asking = sys.stdin.isatty()
    if asking:
        click.secho("Ctrl-D ends the conversation.", dim=True, err=True)
    while line := _line_typed(asking=asking):
        if line.strip():
            yield line.strip()


def _line_typed(*, asking: bool) -> str:
    """The next line, with its end; empty at the end of the input."""
    if asking:
        click.secho("> ", bold=True, nl=False, err=True)
    line = sys.stdin.readline()
    if asking and not line:
        click.echo(err=True)  # the shell's prompt shall not stand behind ours
    return line


@cli.command()
@click.argument("session")
@click.option("--after", default="", metavar="ID", help="Begin after this event; `earliest` for all that is kept.")
@click.option("--events", default="", metavar="TYPES", help="Only these types, separated by commas.")
@click.option(
    "--level", default="", metavar="LEVEL", help="The least important debug events: debug, info, warning, error."
)
@_json
@_url
def tail(session: str, after: str, events: str, level: str, as_json: bool, url: str) -> int:
    """Follow a session until it is closed.

    It goes on across lost connections and restarts of the server, and shows every event once.
    """
    from puntini.client import tail

    return tail.tail(url, session, after=after, as_json=as_json, events=events, level=level)


def _number(context: click.Context, option: click.Parameter, value: float) -> float:
    """A value that is a number: to a range, `nan` is neither too small nor too large."""
    if isnan(value):
        raise click.BadParameter("nan is no number.", context, option)
    return value


@cli.command()
@click.argument("session")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    callback=_number,
    default=1.0,
    metavar="N",
    help="Show it so many times as fast; 0 shows it at once.  [default: 1]",
)
@click.option("--after", default="earliest", metavar="ID", help="Begin after this event.  [default: earliest]")
@click.option(
    "--longest-pause",
    type=click.FloatRange(min=0, max=86_400),
    callback=_number,
    default=5.0,
    metavar="SECONDS",
    help="Wait no longer than this between two events.  [default: 5]",
)
@_json
@_url
def replay(session: str, speed: float, after: str, longest_pause: float, as_json: bool, url: str) -> int:
    """Show what was said in a session at the pace it was said."""
    from puntini.client import tail

    return tail.replay(url, session, after=after, speed=speed, longest_pause=longest_pause, as_json=as_json)


@cli.command()
@click.argument("task", metavar="[TASK]", default="")
@click.option("--session", default="", metavar="ID", help="List this session's tasks, ended ones too.")
@click.option("--status", default="", metavar="STATUS", help="List those with this status, such as failed.")
@click.option("--agent", default="", metavar="NAME", help="List those of this agent.")
@click.option("--steps", "view", flag_value="steps", help="Show the steps of TASK.")
@click.option("--plan", "view", flag_value="plan", help="Show the plan of TASK.")
@click.option("--tools", "view", flag_value="tools", help="Show the tool calls of TASK.")
@click.option("--json", "as_json", is_flag=True, help="Print what is found as JSON, one item a line.")
@_url
def tasks(task: str, session: str, status: str, agent: str, view: str | None, as_json: bool, url: str) -> int:
    """List the tasks that have not ended, or show what one came to.

    Ended tasks are listed by --session or by --status.
    """
    from puntini.client import tasks

    if task and (session or status or agent):
        raise click.UsageError("Name a task, or what to list by, not both.", click.get_current_context())
    if view and not task:
        raise click.UsageError(f"Name the task whose {view} to show.", click.get_current_context())
    if task:
        return tasks.looked_into(url, task, view or "", as_json=as_json)
    return tasks.listed(url, session_id=session, status=status, agent=agent, as_json=as_json)


@cli.command()
@click.argument("session")
@click.argument("approval")
@click.argument("words", nargs=-1, required=True)
@_url
def answer(session: str, approval: str, words: tuple[str, ...], url: str) -> int:
    """Answer what an agent has asked in SESSION: `approve`, `deny`, another of its options, or WORDS of your own.

    What is none of the options is refused; a question without options takes any words.
    """
    from puntini.client import answers

    return answers.answered(url, session, approval, " ".join(words))


@cli.command()
@click.argument("session")
@click.option("--at", default="now", metavar="ID", help="Up to and with this event.  [default: now]")
@_url
def fork(session: str, at: str, url: str) -> int:
    """Make a new session that begins as SESSION was at an event, and print its id.

    Agents remember in it what was said before, and nothing after. SESSION itself stays as it is.
    """
    from puntini.client import forks

    return forks.forked(url, session, at)


@cli.group()
def knowledge() -> None:
    """Bring documents to a server, and search them."""


@knowledge.command("add")
@click.argument("files", type=click.Path(path_type=Path), metavar="FILE...", nargs=-1, required=True)
@_url
def knowledge_add(files: tuple[Path, ...], url: str) -> None:
    """Add files of text or Markdown, each as a document.

    A document is titled by its first heading, or its file's name. A file that was added before, and is the same, is
    not added again.
    """
    from puntini.client import knowledge

    knowledge.add(url, files)


@knowledge.command("search")
@click.argument("words", metavar="QUERY", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=5,
    metavar="N",
    help="Show so many passages at most.  [default: 5]",
)
@_url
def knowledge_search(words: tuple[str, ...], limit: int, url: str) -> None:
    """Show the passages that match a query best."""
    from puntini.client import knowledge

    knowledge.search(url, " ".join(words), limit=limit)


# The words.


@cli.command()
@click.argument("which", type=click.Choice(["events", "commands", "openapi"]), required=False)
def schema(which: str | None) -> None:
    """Print the JSON Schema of the events, of the commands, or of both.

    With openapi, print what a server answers at /openapi.json.
    """
    import json

    click.echo(json.dumps(_openapi() if which == "openapi" else _words(which), indent=2))


def _words(which: str | None) -> object:
    from puntini.protocol.schema import command_schema, event_schema

    made = {"events": event_schema, "commands": command_schema}
    return made[which]() if which else {name: make() for name, make in made.items()}


def _openapi() -> object:
    import anyio

    from puntini.app import described

    return anyio.run(described)


for each in (doctor, login, logout, whoami, key, user, store):
    cli.add_command(each)
