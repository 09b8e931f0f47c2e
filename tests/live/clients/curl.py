"""``curl``, as a person would type it."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.live.serving import ROOT

SECONDS = 20.0
HOST = "http://127.0.0.1:8000"


class Answer(NamedTuple):
    """What came back; ``headers`` are those of the last response, by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


def available() -> bool:
    """Whether there is a curl."""
    return shutil.which("curl") is not None


def run(arguments: list[str]) -> bytes:
    """Run a command line as it is; returns what it printed. Raises CalledProcessError or TimeoutExpired."""
    return subprocess.run(arguments, capture_output=True, timeout=SECONDS, check=True).stdout


def curl(*arguments: str) -> Answer:
    """Ask with curl, and see status and headers too."""
    raw = run(["curl", "-sS", "-i", "--no-buffer", *arguments])
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Answer(int(first.split()[1]), headers, body)


def examples(document: str, beginning: str = "curl ") -> list[str]:
    """The lines that begin so, in the code blocks of one of the project's documents."""
    text = Path(ROOT / document).read_text("utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.startswith(beginning)]


def typed(line: str, url: str) -> list[str]:
    """A documented line as a shell would split it, with another address in it. Raises AssertionError."""
    assert HOST in line, f"this example calls nobody: {line}"
    return shlex.split(line.replace(HOST, url))
