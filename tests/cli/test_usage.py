"""Help, versions, exit codes, and the one sentence for whatever can't be done."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from puntini import __version__
from puntini.cli import cli
from tests.cli.conftest import Call, web_server
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
def test_every_command_explains_itself(call: Call, words: tuple[str, ...]) -> None:
    ran = call(*words, "--help")

    assert (ran.code, ran.err) == (OK, "")
    assert ran.out.startswith(f"Usage: {' '.join(('puntini', *words))} ")
    assert ran == call(*words, "-h")


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_a_terminal_of_eighty_columns_holds_every_help(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert [line for line in call(*words, "--help").out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", [(), ("store",)], ids=" ".join)
def test_without_a_command_the_help_is_shown_as_an_error(call: Call, words: tuple[str, ...]) -> None:
    ran = call(*words)

    assert (ran.code, ran.out) == (USAGE, "")
    assert ran.err.startswith("Usage: puntini")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dance"], "No such command 'dance'; `puntini --help` lists what there is."),
        (["serve", "--prot=1"], "No such option '--prot'"),
        (["serve", "extra"], "Got unexpected extra argument"),
        (["tail"], "Missing argument 'SESSION'; `puntini tail --help` lists what there is."),
        (["chat", "a", "--loud"], "`puntini chat --help`"),
        (["replay", "s", "--speed=fast"], "'fast' is not a valid float"),
        (["replay", "s", "--speed=-1"], "--speed"),
        (["replay", "s", "--speed=nan"], "--speed"),
        (["replay", "s", "--longest-pause=nan"], "--longest-pause"),
        (["store", "burn"], "No such command 'burn'"),
        (["schema", "all"], "'all' is not one of 'events', 'commands', 'openapi'"),
        (["serve", "--durability=total"], "'total' is not one of 'normal', 'full'"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(call: Call, arguments: list[str], says: str) -> None:
    assert says in sentence(call(*arguments), USAGE)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "nowhere", "http://[::1", "http://a:b"]
)
@pytest.mark.parametrize("command", [["chat", "hello"], ["tail", "ses_1"], ["replay", "ses_1"]], ids=lambda c: c[0])
def test_an_address_that_is_none_is_a_wrong_command_line(call: Call, command: list[str], url: str) -> None:
    assert f"`{url}` is no address of a server" in sentence(call(*command, f"--url={url}"), USAGE)


@pytest.mark.parametrize("command", [["chat", "hello"], ["tail", "ses_1"], ["replay", "ses_1"]], ids=lambda c: c[0])
def test_without_a_server_the_user_is_told_how_to_start_one(call: Call, command: list[str]) -> None:
    told = sentence(call(*command, "--url=http://127.0.0.1:1"), FAILED)

    assert told.startswith("No server answers at http://127.0.0.1:1; start one with `puntini serve`")


def test_the_address_may_come_from_the_environment() -> None:
    told = sentence(puntini("tail", "ses_1", env={"PUNTINI_URL": "http://127.0.0.1:2"}), FAILED)

    assert "http://127.0.0.1:2" in told


def test_a_proxy_for_the_outer_world_is_not_asked_for_a_server_on_this_machine(server: Serving, at: str) -> None:
    proxy = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "nonsense"}

    assert puntini("chat", "play 1 event", at, env=proxy).code == OK


@pytest.mark.parametrize("command", [["tail"], ["replay"], ["chat", "hello", "--session"]], ids=lambda c: c[0])
def test_a_session_that_is_not_there_is_a_failure(call: Call, at: str, command: list[str]) -> None:
    assert "session" in sentence(call(*command, "ses_none", at), FAILED)


@pytest.mark.parametrize("command", [["tail", "x"], ["replay", "x"], ["chat", "hello"]], ids=lambda c: c[0])
def test_another_server_than_ours_is_recognized(call: Call, command: list[str]) -> None:
    with web_server((200, "text/html", "<h1>Welcome</h1>\n")) as elsewhere:
        told = sentence(call(*command, f"--url={elsewhere}"), FAILED)

    assert told == f"What answers at {elsewhere} is not a Puntini server; name one with --url."


def test_a_proxys_page_about_an_error_is_told_by_its_status(call: Call) -> None:
    with web_server((502, "text/html", "<h1>Bad gateway</h1>")) as elsewhere:
        assert sentence(call("chat", "hello", f"--url={elsewhere}"), FAILED) == "The server answered with 502."


def test_what_a_server_says_of_an_error_can_not_drive_the_terminal(call: Call) -> None:
    problem = json.dumps({"detail": "no \x1b[31m\nway"})
    with web_server((403, "application/problem+json", problem)) as elsewhere:
        assert sentence(call("tail", "x", f"--url={elsewhere}"), FAILED) == "no \ufffd[31m way."


@pytest.mark.parametrize("command", [["tail", b"caf\xe9"], ["chat", b"caf\xe9"]], ids=lambda c: c[0])
def test_words_that_are_not_utf_8_are_refused(at: str, command: list[str | bytes]) -> None:
    assert sentence(puntini(*command, at), USAGE) == "What was typed is not UTF-8."


def test_an_input_that_is_not_utf_8_is_refused(at: str) -> None:
    assert sentence(puntini("chat", "-", at, typed=b"caf\xe9"), USAGE) == "What was typed is not UTF-8."


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "schema"], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=20
        )

    assert (done.returncode, done.stderr) == (
        FAILED,
        b"puntini: The output can't be written: No space left on device.\n",
    )


@pytest.mark.parametrize("arguments", [["schema"], ["--help"]], ids=" ".join)
def test_whoever_reads_only_the_beginning_is_left_quietly(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=nobody, stderr=subprocess.PIPE, env=environment(), check=False, timeout=20
        )

    assert (done.returncode, done.stderr) == (FAILED, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_not_needed(at: str, closed: str) -> None:
    line = shlex.join([*PROGRAM, "chat", "play 1 event", at]) + f" {closed}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment(), check=False, timeout=20)

    assert (done.returncode, b"Traceback" in done.stderr) == (OK, False)
    assert (done.stdout == b"Played 1 events.\n") == (">&-" not in closed.replace("2>&-", ""))


def test_a_letter_that_the_output_can_not_show_is_left_out(at: str) -> None:
    ran = puntini("chat", "play 4 events", at, env={"PYTHONIOENCODING": "latin-1"})

    assert (ran.code, "  tool    count ? 4\n" in ran.err) == (OK, True)
