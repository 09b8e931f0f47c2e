"""Help, versions, exit codes, and the one sentence for whatever can't be done."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from puntini import __version__
from puntini.cli import cli
from tests.cli.terminal import PROGRAM, environment, puntini, sentence
from tests.live.serving import Serving

OK, FAILED, USAGE = 0, 1, 2


def commands(command: click.Command = cli, *path: str) -> Iterator[tuple[str, ...]]:
    """The words that name each command, the groups too."""
    yield path
    if isinstance(command, click.Group):
        for name, member in command.commands.items():
            yield from commands(member, *path, name)


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_told(flag: str) -> None:
    assert puntini(flag) == (OK, f"puntini {__version__}\n", "")


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    ran = puntini(*words, "--help")

    assert (ran.code, ran.err) == (OK, "")
    assert ran.out.startswith(f"Usage: {' '.join(('puntini', *words))} ")
    assert ran == puntini(*words, "-h")


def test_a_terminal_of_eighty_columns_holds_every_help() -> None:
    for words in commands():
        text = puntini(*words, "--help", env={"COLUMNS": "80"}).out
        assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", [(), ("store",)], ids=" ".join)
def test_without_a_command_the_help_is_shown_as_an_error(words: tuple[str, ...]) -> None:
    ran = puntini(*words)

    assert (ran.code, ran.out) == (USAGE, "")
    assert ran.err.startswith("Usage: puntini")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dance"], "No such command 'dance'; `puntini --help` lists what there is."),
        (["serve", "--prot=1"], "No such option '--prot'"),
        (["serve", "extra"], "Got unexpected extra argument"),
        (["tail"], "Missing argument 'SESSION'; `puntini tail --help` lists what there is."),
        (["chat", "a", "b"], "`puntini chat --help`"),
        (["replay", "s", "--speed=fast"], "'fast' is not a valid float"),
        (["replay", "s", "--speed=-1"], "--speed"),
        (["replay", "s", "--speed=nan"], "--speed"),
        (["replay", "s", "--longest-pause=nan"], "--longest-pause"),
        (["store", "burn"], "No such command 'burn'"),
        (["schema", "all"], "'all' is not one of 'events', 'commands'"),
        (["serve", "--durability=total"], "'total' is not one of 'normal', 'full'"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(arguments: list[str], says: str) -> None:
    assert says in sentence(puntini(*arguments), USAGE)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "nowhere", "http://[::1", "http://a:b"])
@pytest.mark.parametrize("command", [["chat", "hello"], ["tail", "ses_1"], ["replay", "ses_1"]], ids=lambda c: c[0])
def test_an_address_that_is_none_is_a_wrong_command_line(command: list[str], url: str) -> None:
    assert f"`{url}` is no address of a server" in sentence(puntini(*command, f"--url={url}"), USAGE)


@pytest.mark.parametrize("command", [["chat", "hello"], ["tail", "ses_1"], ["replay", "ses_1"]], ids=lambda c: c[0])
def test_without_a_server_the_user_is_told_how_to_start_one(command: list[str]) -> None:
    told = sentence(puntini(*command, "--url=http://127.0.0.1:1"), FAILED)

    assert told.startswith("No server answers at http://127.0.0.1:1; start one with `puntini serve`")


def test_the_address_may_come_from_the_environment() -> None:
    told = sentence(puntini("tail", "ses_1", env={"PUNTINI_URL": "http://127.0.0.1:2"}), FAILED)

    assert "http://127.0.0.1:2" in told


def test_a_proxy_for_the_outer_world_is_not_asked_for_a_server_on_this_machine(server: Serving, at: str) -> None:
    proxy = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "nonsense"}

    assert puntini("chat", "hello", at, env=proxy).code == OK


@pytest.mark.parametrize("command", [["tail"], ["replay"], ["chat", "hello", "--session"]], ids=lambda c: c[0])
def test_a_session_that_is_not_there_is_a_failure(at: str, command: list[str]) -> None:
    assert "session" in sentence(puntini(*command, "ses_none", at), FAILED)


@pytest.mark.parametrize("command", [["tail", "x"], ["replay", "x"], ["chat", "hello"]], ids=lambda c: c[0])
def test_another_server_than_ours_is_recognized(command: list[str], elsewhere: str) -> None:
    told = sentence(puntini(*command, f"--url={elsewhere}"), FAILED)

    assert told == f"What answers at {elsewhere} is not a Puntini server; name one with --url."


def test_text_that_is_not_utf_8_can_be_said(at: str) -> None:
    ran = puntini("chat", b"caf\xe9", at)

    assert (ran.code, "You said: caf\ufffd" in ran.out) == (OK, True)
    assert "You said: caf\ufffd" in puntini("chat", "-", at, typed=b"caf\xe9").out


def test_a_session_that_is_not_utf_8_is_told_in_one_sentence(at: str) -> None:
    sentence(puntini("tail", b"caf\xe9", at), FAILED)


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "schema"], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=20
        )

    assert (done.returncode, done.stderr) == (FAILED, b"puntini: The output can't be written: No space left on device.\n")


@pytest.mark.parametrize("arguments", [["schema"], ["--help"]], ids=" ".join)
def test_whoever_reads_only_the_beginning_is_left_quietly(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=nobody, stderr=subprocess.PIPE, env=environment(), check=False, timeout=20
        )

    assert (done.returncode, done.stderr) == (FAILED, b"")


def test_an_output_that_can_only_show_ascii_gets_what_it_can_show(at: str) -> None:
    ran = puntini("chat", "grüße", at, env={"PYTHONIOENCODING": "ascii"})

    assert (ran.code, "You said: gr??e" in ran.out) == (OK, True)
