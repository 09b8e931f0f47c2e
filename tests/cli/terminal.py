"""The command line as its user has it: commands that are run, started, or run in a terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.live.serving import ROOT, wait_for

SECONDS = 20.0
PROGRAM = (sys.executable, "-m", "puntini")
NO_DIRECTORY = "/dev/null/none"
"""Where nobody has ever logged in."""
OWN_TERMINAL = "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR)); os.execv(sys.argv[1], sys.argv[1:])"
"""Becomes another program, in a terminal that is its own: whoever begins a session owns the terminal they open first.

Only so is Ctrl-C a signal there.
"""


class Ran(NamedTuple):
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a user who has set nothing but ``given``."""
    left_out = ("PUNTINI_", "ANTHROPIC_", "NO_COLOR", "TERM", "COLUMNS", "XDG_CONFIG_HOME")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return inherited | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "XDG_CONFIG_HOME": NO_DIRECTORY} | dict(given or {})


def puntini(
    *arguments: str | bytes, typed: str | bytes = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ran:
    """Run ``puntini …`` to its end, with ``typed`` as its input."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=typed.encode() if isinstance(typed, str) else typed,
        capture_output=True,
        timeout=SECONDS,
        cwd=cwd,
        env=environment(env),
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


class Started:
    """A command under way. What it writes goes to two files, so that it can be looked at any time."""

    def __init__(self, directory: Path, *words: str, env: Mapping[str, str] | None, typed: Path) -> None:
        self._out, self._err = directory / "out", directory / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err, typed.open("rb") as keys:
            self.process = subprocess.Popen(
                words,
                stdin=keys,
                stdout=out,
                stderr=err,
                cwd=directory,
                env=environment(env),
            )

    @property
    def out(self) -> str:
        """What it has written to its output."""
        return self._out.read_text("utf-8")

    @property
    def err(self) -> str:
        """What it has written beside."""
        return self._err.read_text("utf-8")

    def wait_for(self, what: str) -> None:
        """Wait until it has written ``what``, to either."""
        wait_for(lambda: what in self.out or what in self.err, SECONDS, repr(what))

    def wait_until(self, look: Callable[["Started"], object], what: str) -> None:
        """Wait until ``look`` finds something."""
        wait_for(lambda: look(self), SECONDS, what)

    def interrupt(self) -> None:
        """What Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> Ran:
        """Wait for its end."""
        return Ran(self.process.wait(SECONDS), self.out, self.err)


@contextmanager
def started(
    directory: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    typed: Path = Path(os.devnull),
    program: Sequence[str] = PROGRAM,
) -> Iterator[Started]:
    """``puntini …``, or another program, for the length of a block, with a file as its input."""
    directory.mkdir(exist_ok=True)
    command = Started(directory, *program, *arguments, env=env, typed=typed)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()


class Terminal:
    """A command in a terminal of its own, which it has for its input and both outputs, and whose keys can be typed."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._ours, its = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *PROGRAM, *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            env=environment(env),
            start_new_session=True,
        )
        os.close(its)
        self._until = 0.0
        self._read = b""
        self._seen = 0

    @property
    def shown(self) -> str:
        """What the terminal got so far."""
        return self._read.decode()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_for(self, *what: str) -> None:
        """Wait until each of these was shown after the one before."""
        for each in what:
            self._until = time.monotonic() + SECONDS
            while (place := self._read.find(each.encode(), self._seen)) < 0:
                assert self._more(), f"{each!r} was not shown: {self.shown}"
            self._seen = place + len(each.encode())

    def end(self) -> int:
        """Wait until the command has ended; its exit code."""
        self._until = time.monotonic() + SECONDS
        while self._more():
            pass
        return self.process.wait(SECONDS)

    def leave(self, keys: str) -> int:
        """Press keys that end the command, and wait for its end; its exit code.

        A signal between Python's last look for one and its wait for input is noticed after that wait: as anybody in
        front of a terminal would, this presses once more when nothing has happened for a second.
        """
        self.type(keys)
        if not self._ends_within(1.0):
            self.type(keys)
        return self.end()

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _ends_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _more(self) -> bool:
        """Take in what comes next; whether there was something. Raises AssertionError when it takes too long."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, self._until - time.monotonic()))
        assert ready, f"the command did not go on: {self.shown}"
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # on Linux: nobody has the other side open any more
            return False
        self._read += piece
        return bool(piece)


@contextmanager
def terminal(*arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """``puntini …`` in a terminal for the length of a block."""
    opened = Terminal(*arguments, env=env)
    try:
        yield opened
    finally:
        opened.close()


def in_a_terminal(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run ``puntini …`` in a terminal to its end; its exit code and what the terminal got."""
    with terminal(*arguments, env=env) as opened:
        return opened.end(), opened.shown


def sentence(ran: Ran, code: int) -> str:
    """The one sentence of a command that failed with ``code``. Raises AssertionError for anything else."""
    assert ran.code == code, ran
    assert ran.out == "", ran
    assert ran.err.startswith("puntini: "), ran
    assert ran.err.endswith((".\n", "?\n")), ran
    assert ran.err.count("\n") == 1, ran
    return ran.err.removeprefix("puntini: ").rstrip("\n")
