"""Starts that must fail: ``puntini serve`` run to its end."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.serving import ROOT

START_SECONDS = 20.0


def puntini_serve(directory: Path, *flags: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run it where it must not start. ``before`` goes before the command. Raises TimeoutExpired when it serves."""
    process = begin(directory, *flags, before=before)
    try:
        return ended(process)
    finally:
        process.kill()
        process.wait()


def begin(directory: Path, *flags: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """Start it, and wait for nothing."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "puntini", "serve", *flags],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if not name.startswith("PUNTINI_")}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Its end, and all that it said. Raises TimeoutExpired."""
    output, errors = process.communicate(timeout=START_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def assert_one_sentence(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2, nothing on the output, and one sentence with these words."""
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("puntini: ")
    assert sentence.endswith(".")
    for word in words:
        assert word in sentence


def as_anybody() -> tuple[str, ...]:
    """What to put before a command so that file permissions count, for root too. Skips where that can't be had."""
    if os.geteuid() != 0:
        return ()
    plain = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
    if shutil.which("setpriv") is None or subprocess.run([*plain, "true"], check=False).returncode:
        pytest.skip("permissions do not bind root, and setpriv is not there to make them")
    return plain
