"""Processes of our own that use a store, and may be killed, limited or stripped of rights."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, json, sys
from pathlib import Path
from puntini.store.open import open_store
from puntini.store.sqlite import admin
from tests.store.making import *
"""
WITHOUT_RIGHTS = """
import os
import puntini.store.sqlite.store
asyncio.run(asyncio.to_thread(int))  # imports what could not be read without rights
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
"""
"""What a program begins with that is to run as nobody."""


@contextmanager
def child(*program: str, given: Sequence[object], within: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs a program, with arguments, perhaps ``within`` a command; it is dead in the end."""
    text = "\n".join(textwrap.dedent(part) for part in (HEAD, *program))
    process = subprocess.Popen(
        [*within, sys.executable, "-c", text, *map(str, given)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def reported(*program: str, given: Sequence[object], within: Sequence[str] = ()) -> str:
    """What a program prints, run to its end."""
    with child(*program, given=given, within=within) as process:
        return process.communicate(timeout=40)[0]
