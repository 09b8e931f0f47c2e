"""A real ``puntini serve`` in a process of its own, in a private directory, on a free port."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from tests.databases import databases

ROOT = Path(__file__).parents[2]
START_SECONDS = 20.0
STOP_SECONDS = 15.0


class Asking:
    """Talks to whatever answers at a ``url``: a server, or what stands in front of several.

    With a ``key``, it asks with that credential.
    """

    url: str

    def __init__(self, key: str = "") -> None:
        self._http = httpx.Client(timeout=15.0, trust_env=False, headers={"X-API-Key": key} if key else {})

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        """One request; a body is sent as JSON."""
        if body is not None:
            options["content"] = json.dumps(body)
        return self._http.request(method, self.url + path, **options)

    def get(self, path: str) -> Any:
        """The JSON at a path. Raises for a status that is no success."""
        return self.ask("GET", path).raise_for_status().json()

    def create(self, **body: object) -> str:
        """A new session's id."""
        return str(self.ask("POST", "/v1/sessions", body).raise_for_status().json()["session_id"])

    def command(self, session_id: str, type_: str, *, command_id: str = "", **data: object) -> dict[str, Any]:
        """Send a command; returns what it was answered with."""
        command = {"type": type_, "data": data} | ({"command_id": command_id} if command_id else {})
        answer = self.ask("POST", f"/v1/sessions/{session_id}/commands", command)
        return dict(answer.raise_for_status().json())

    def play(self, session_id: str, prompt: str, **data: object) -> str:
        """Prompt the session; returns the task's id."""
        command = {"type": "user_prompt", "data": {"prompt": prompt, **data}}
        answer = self.ask("POST", f"/v1/sessions/{session_id}/commands", command)
        return str(answer.raise_for_status().json()["task_id"])

    def finish(self, task_id: str, seconds: float = 30.0) -> str:
        """Wait until a task has ended; returns its status."""

        def ended() -> str:
            status = str(self.get(f"/v1/tasks/{task_id}")["status"])
            return status if status in {"completed", "failed", "cancelled"} else ""

        return wait_for(ended, seconds, f"the end of {task_id}")

    def events(self, session_id: str, after: str = "earliest") -> list[dict[str, Any]]:
        """All events of a session after a cursor, read page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask(
                "GET",
                f"/v1/sessions/{session_id}/stream",
                params={"after": after},
                headers={"accept": "application/json"},
            )
            body = page.raise_for_status().json()
            found += body["events"]
            if body["live"]:
                return found
            after = body["next"]


class Serving(Asking):
    """A server that can be killed, frozen, stopped and started again on the same port and store.

    With a ``key``, an admin's, it takes no requests without a credential, and is asked by this one. ``command`` is
    what it is to do; ``environ`` is added to its environment. With pytest's ``--postgres`` the store is a database.
    """

    def __init__(
        self,
        directory: Path,
        *,
        command: Literal["serve", "worker"] = "serve",
        limits: Mapping[int, int] | None = None,
        key: str = "",
        environ: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.directory = directory
        self._command = command
        self._environ = dict(environ or {})
        self.settings = {"store": "puntini.db", "port": 0, "log_format": "json", "agent": "scripted", **settings}
        store = str(self.settings["store"])
        if databases.server and not store.startswith("postgresql://"):
            self.settings["store"] = databases.place_of(directory / store)
        self.log = directory / "server.log"
        self._limits = dict(limits or {})
        self._key = key
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(key)

    # Its life.

    def start(self) -> "Serving":
        """Start it, wait until it serves, and keep its port for the next start. Raises AssertionError."""
        began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "puntini", self._command, *self._flags()],
                cwd=self.directory,
                env={
                    name: value for name, value in os.environ.items() if not name.startswith(("PUNTINI_", "ANTHROPIC_"))
                }
                | {"PYTHONPATH": str(ROOT)}
                | ({"PUNTINI_API_KEYS": f"tests:admin:{self._key}"} if self._key else {})
                | self._environ,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=self._limit,
            )
        self.url = wait_for(lambda: self._find_url(began), START_SECONDS, "the server's address")
        if "port" in self.settings:
            self.settings["port"] = self.port
        return self

    def _flags(self) -> list[str]:
        named = {f"--{name.replace('_', '-')}": value for name, value in self.settings.items()}
        return [name if value is True else f"{name}={value}" for name, value in named.items()]

    def _limit(self) -> None:
        for which, most in self._limits.items():
            resource.setrlimit(which, (most, most))

    def _find_url(self, began: int) -> str:
        for line in self.said()[began:].splitlines():
            if line.startswith("{") and (said := json.loads(line)).get("event") == "serving":
                return str(said["url"])
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}: {self.said()[-2000:]}"
        return ""

    def kill(self) -> None:
        """SIGKILL, and wait until it is dead."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.terminate()

    def interrupt(self) -> None:
        """What Ctrl-C sends, without waiting."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for its end; returns its exit code."""
        return self.process.wait(seconds)

    def stop(self) -> None:
        """SIGTERM and wait; with force when that does not help."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self.close()

    def restart(self) -> None:
        """End it well and start it again, on the same port and store."""
        self.terminate()
        self.wait()
        self.start()

    def become(self, release: Path) -> None:
        """From the next start on, be the program that is in another folder."""
        self._environ["PYTHONPATH"] = str(release)

    # What it is.

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def said(self) -> str:
        """Its output so far, of all its lives."""
        return self.log.read_text(errors="replace")


def store_of(directory: Path) -> str:
    """The store of servers in this directory, for who comes before them, after them or beside them."""
    return databases.place_of(directory / "puntini.db")


@contextmanager
def serving(directory: Path, **options: Any) -> Iterator[Serving]:
    """A server for the length of a block."""
    server = Serving(directory, **options)
    try:
        yield server.start()
    finally:
        server.stop()


Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], seconds: float, what: str) -> Found:
    """Look until something true is found, at first often: a look is work. Raises AssertionError after ``seconds``."""
    until, pause = time.monotonic() + seconds, 0.01
    while not (found := look()):
        assert time.monotonic() < until, f"{what} did not come within {seconds} s"
        time.sleep(pause)
        pause = min(1.1 * pause, 0.04)
    return found


def seq_of(event: Mapping[str, Any]) -> int:
    """The number in an event's id."""
    return int(str(event["id"]).rpartition(".")[2])
