"""Lines for a shell, taken apart: which programs they call, and with which words."""

import re
import shlex
from collections.abc import Iterator
from itertools import groupby

import click
from msgspec import Struct

from puntini.cli import cli

ASSIGNMENT = re.compile(r"\w+=")
WITHIN = re.compile(r"""(?:"\$\(([^"()]*)\)"|(?<=[:=/])\$\(([^"'()]*)\)(?=\s|\\))""")
"""What another command prints, as a word or a part of one."""


class Call(Struct, frozen=True):
    """One program that a block calls."""

    program: str
    words: list[str]


def calls(code: str) -> Iterator[Call]:
    """Every call in a block, also those in pipes and in ``$(…)``. Raises ValueError where a quotation does not end."""
    code = re.sub(r"\\\n", " ", code)
    for inner in WITHIN.findall(code):
        yield from calls("".join(inner))
    for line in _whole_lines(WITHIN.sub("x", code)):
        yield from _calls(line)


def _calls(line: str) -> Iterator[Call]:
    """The calls of one line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    waiting: list[str] = []
    to_a_file = False
    for is_operator, group in groupby(lexer, lambda word: bool(re.fullmatch(r"[();<>|&]+", word))):
        words = list(group)
        if not is_operator:
            waiting += words[1:] if to_a_file else words
        elif to_a_file := bool(re.search(r"[<>]", words[0])):
            waiting = waiting[:-1] if waiting[-1:] in (["1"], ["2"]) else waiting
        else:
            yield from _call(waiting)
            waiting = []
    yield from _call(waiting)


def _whole_lines(code: str) -> Iterator[str]:
    """Lines, joined where a quotation goes on in the next, without comments."""
    held = ""
    for line in code.splitlines():
        held = f"{held}\n{line}" if held else re.sub(r"(^|\s)#.*$", "", line)
        if _closed(held):
            yield held
            held = ""
    if held:
        raise ValueError(f"a quotation does not end: {held[:80]}")


def _closed(line: str) -> bool:
    try:
        shlex.split(line)
    except ValueError:
        return False
    return True


def _call(words: list[str]) -> Iterator[Call]:
    """The program behind assignments, if there is one."""
    while words and (ASSIGNMENT.match(words[0]) or words[0] == "$"):
        words = words[1:]
    if words:
        yield Call(words[0], words[1:])


# Puntini's own.


def commands(command: click.Command = cli, path: str = "puntini") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, member in command.commands.items():
        yield from commands(member, f"{path} {name}")


COMMANDS = dict(commands())


def understood(words: list[str]) -> None:
    """Let click read the words. Raises click.ClickException, or KeyError where there is no such command."""
    path = "puntini"
    if words and words[0] in {"--version", "--help"}:
        return
    while f"{path} {words[0]}" not in COMMANDS:
        path, words = f"{path} {words[0]}", words[1:]
        if not words:
            raise KeyError(path)
    context = COMMANDS[f"{path} {words[0]}"].make_context(words[0], words[1:], **cli.context_settings)
    if context.args:
        raise click.UsageError(f"{context.args} are too many")


# curl.


class Request(Struct, frozen=True):
    """What a line with curl asks for."""

    method: str
    url: str
    body: str | None


def request(words: list[str]) -> Request:
    """Read curl's words: those that the pages use. Raises ValueError for others."""
    method, url, body = "", "", None
    rest = iter(words)
    for word in rest:
        match word:
            case "-X" | "--request":
                method = next(rest)
            case "-d" | "--data" | "--data-binary" | "--json":
                body = next(rest)
            case "-H" | "--header" | "-o" | "-u" | "--max-time" | "--cookie" | "-b" | "-c" | "--retry" | "-w":
                next(rest)
            case "-T" | "--upload-file":
                method, body = method or "PUT", next(rest)
            case "-I" | "--head":
                method = "HEAD"
            case _ if word.startswith("-"):
                if not re.fullmatch(r"-[sNSfigLkv]+|--(no-buffer|silent|fail|get|compressed|retry-connrefused)", word):
                    raise ValueError(f"curl's {word} is not known to this test")
            case _ if url:
                raise ValueError(f"curl is given two addresses: {url} and {word}")
            case _:
                url = word
    return Request(method or ("GET" if body is None else "POST"), url, body)
