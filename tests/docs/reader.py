"""A reader who does what a page says, block by block: writes files, types lines into a shell, looks at what comes.

A comment right above a block says what to do with it:

``file: NAME``      save it under this name
``serve``           type it, and wait until the server answers
``run``             type it, and wait until it has ended well
``run until: TEXT`` type it, wait for this text, and press Ctrl-C
``start: NAME``     type it in a terminal of its own, and leave it running
``prints``          what the last line printed is like this, where ``…`` stands for anything
``ends: NAME``      what was left running has ended by itself, and printed this
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.docs.blocks import Block
from tests.live.serving import ROOT, wait_for

SECONDS = 30.0
DOES = re.compile(r"file: |serve$|run$|run until: |start: |prints$|ends: ")
"""The words above blocks that are done; a block with none of them is only shown."""
PROGRAMS = {"puntini": "-m puntini", "python": "", "uvicorn": "-m uvicorn", "pytest": "-m pytest -p no:cacheprovider"}


class Reader:
    """Someone with an empty folder, a shell, and a port for their server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.printed = ""
        self._variables = folder / ".variables"
        self._variables.touch()
        self._started: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        self._groups: list[int] = []
        self._environment = self._made(port)

    def _made(self, port: int) -> dict[str, str]:
        """The environment of a shell with our programs on its path, and with nothing of this one's."""
        programs = self.folder / ".bin"
        programs.mkdir()
        for name, words in PROGRAMS.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            (programs / name).chmod(0o755)
        left_out = ("PUNTINI_", "ANTHROPIC_", "PYTEST_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return inherited | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PUNTINI_PORT": str(port),
            "PUNTINI_URL": self.url,
            "PUNTINI_OFFLINE_PAUSE_SECONDS": "0",
            "XDG_CONFIG_HOME": "/dev/null/none",
        }

    def do(self, block: Block) -> None:
        """What the comment above a block says. Raises AssertionError where it does not come to what the page says."""
        code = block.code.replace("http://127.0.0.1:8000", self.url)
        verb, _, name = block.word.partition(": ")
        match verb:
            case "file":
                self._save(name, code)
            case "serve":
                self._type(code)
                wait_for(self._answers, SECONDS, "the server")
            case "run":
                self._type(code)
            case "run until":
                self._until(code, name)
            case "start":
                self._started[name] = self._begin(code)
            case "prints":
                self._compare(self.printed, code, block)
            case "ends":
                process, out = self._started[name]
                assert process.wait(SECONDS) == 0, out.read_text()
                self._compare(out.read_text(), code, block)

    def _save(self, name: str, code: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, "utf-8")
        if name.endswith(".ts"):
            # Node.js before 22.18 does not read TypeScript; what pages show has no types in it but the SDK's.
            path.with_suffix(".mjs").write_text(code, "utf-8")
            link_the_sdk(self.folder)

    def _type(self, code: str) -> None:
        """Type lines, and wait for their end. What they leave in the background goes on."""
        process, out = self._begin(code)
        code_ = process.wait(SECONDS)
        self.printed = out.read_text("utf-8", "replace")
        assert code_ == 0, f"{code}\n{self.printed}"

    def _until(self, code: str, text: str) -> None:
        process, out = self._begin(code)
        wait_for(lambda: text in out.read_text("utf-8", "replace"), SECONDS, f"{text} from {code}")
        end(process.pid)
        process.wait(SECONDS)

    def _begin(self, code: str) -> tuple[subprocess.Popen[bytes], Path]:
        """A shell that knows the variables of those before it, in a process group of its own."""
        names = " ".join(dict.fromkeys(re.findall(r"^([A-Z]+)=", code, re.MULTILINE)))
        keep = f"\ndeclare -p {names} >> {self._variables}" if names else ""
        out = self.folder / f".printed-{len(self._groups)}"
        code = code.replace("node follow.ts", "node follow.mjs")
        with out.open("wb") as sink:
            process = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", f"source {self._variables}\n{code}{keep}"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self._groups.append(process.pid)
        return process, out

    def _compare(self, printed: str, expected: str, block: Block) -> None:
        pattern = re.escape(expected.strip()).replace("…", ".*")
        assert re.search(pattern, printed, re.DOTALL), f"{block.name}: {printed!r} is not like {expected!r}"

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/v1/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def leave(self) -> None:
        """End everything that was begun."""
        for group in self._groups:
            end(group)


def end(group: int) -> None:
    """Kill a process group, if it is still there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def link_the_sdk(folder: Path) -> None:
    """What ``npm install`` of the packed SDK comes to."""
    home = folder / "node_modules" / "@puntini"
    home.mkdir(parents=True, exist_ok=True)
    (home / "client").symlink_to(ROOT / "sdk" / "typescript")


def has_the_sdk() -> bool:
    """Whether TypeScript of a page can be run."""
    return shutil.which("node") is not None and (ROOT / "sdk/typescript/dist/index.js").exists()


@contextmanager
def reading(folder: Path, port: int) -> Iterator[Reader]:
    """A reader for the length of a block."""
    reader = Reader(folder, port)
    try:
        yield reader
    finally:
        reader.leave()
