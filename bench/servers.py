"""Start a server on a core of its own, ask the kernel what it uses, stop it. Linux only, like the load generator."""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

ROOT = Path(__file__).parents[1]
PUNTINI = (sys.executable, "-m", "puntini", "serve")
START_SECONDS = 20.0
STOP_SECONDS = 5.0
HOST = "127.0.0.1"

_USABLE = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, LOAD_CORE = _USABLE[0], _USABLE[-1]
"""A core each; the same one when the machine has no other."""

_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)")
TICKS = os.sysconf("SC_CLK_TCK")


class Busy(msgspec.Struct, frozen=True):
    """Processor seconds that a process has used, in its own code and in the kernel."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """Both."""
        return self.user + self.system

    def __sub__(self, before: "Busy") -> "Busy":
        return Busy(self.user - before.user, self.system - before.system)


def busy(pid: int | str = "self") -> Busy:
    """What a process has used so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Busy(int(fields[11]) / TICKS, int(fields[12]) / TICKS)


class Server:
    """A running server. Its output goes to a file in ``directory``, which is removed with it.

    The port is read from the output, where every server here names its address. Raises RuntimeError when it does not
    start.
    """

    def __init__(self, command: Sequence[str], *, core: int = SERVER_CORE, directory: Path | None = None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="puntini-bench-") if directory is None else None
        self.directory = directory or Path(self._temporary.name if self._temporary else "")
        self._output = self.directory / "output.txt"
        self._process = spawn(command, self.directory, output=self._output, core=core)
        self.pid = self._process.pid
        try:
            self.port = self._find_port()
        except BaseException:
            self.stop()
            raise

    def _find_port(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if (found := _ADDRESS.search(self._output.read_bytes())) and _listens(int(found[1])):
                return int(found[1])
            time.sleep(0.02)
        said = self._output.read_text(errors="replace")[-800:]
        raise RuntimeError(f"The server did not start: {said.strip() or 'it said nothing'}")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return HOST, self.port

    @property
    def busy(self) -> Busy:
        """Processor time used so far."""
        return busy(self.worker)

    @property
    def worker(self) -> int:
        """The process that does the work: the only child, where the server has one."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(children[0]) if children else self.pid

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.worker}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def ask(self, method: str, path: str, body: object = None, *, seconds: float = 30.0) -> dict[str, object]:
        """One JSON request. Raises RuntimeError for a status that is no success."""
        connection = http.client.HTTPConnection(*self.address, timeout=seconds)
        try:
            connection.request(method, path, None if body is None else msgspec.json.encode(body))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} was answered with {response.status}: {content[:300].decode()}")
        return msgspec.json.decode(content, type=dict[str, object]) if content else {}

    def stop(self) -> None:
        """End the process, with force when asking does not help."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def spawn(
    command: Sequence[str], directory: Path, *, output: Path = Path(os.devnull), core: int = LOAD_CORE
) -> subprocess.Popen[bytes]:
    """Start a process that runs on ``core`` only: a child inherits where its parent may run."""
    mine = os.sched_getaffinity(0)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PUNTINI_")}
    environment = {**ours, "PYTHONPATH": str(ROOT)}
    os.sched_setaffinity(0, {core})
    try:
        with output.open("wb") as sink:
            return subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, cwd=directory, env=environment)
    finally:
        os.sched_setaffinity(0, mine)
