"""Puntini and its rivals, each as a stage: a running server with one session to follow and a way to make it speak."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, astuple

from bench import servers
from bench.load import get, post, upgrade
from bench.rivals import nchan
from bench.servers import Server

APP = (sys.executable, "-m", "uvicorn", "--port", "0", "--no-access-log", "--backlog", "4096")
SUBPROTOCOL = "puntini.v1"
CONNECTIONS = 16
EVENTS = 10_000_000
"""More than anybody can say in the time."""


class Script(Struct, frozen=True):
    """What to say: a number of events, at a pace or as fast as can be, of about ``size`` bytes of JSON."""

    count: int = EVENTS
    every_ms: float = 0
    size: int = 230

    @property
    def prompt(self) -> str:
        """For Puntini's scripted agent."""
        size = f" of {self.size} bytes" if self.size else ""
        return f"play {self.count} events every {self.every_ms:g} ms{size}"


class Stage(NamedTuple):
    """A server, the address of its one session's stream, and how to make it speak. Puntini's has a ``session_id``."""

    server: Server
    path: str
    play: Callable[[Script], None]
    subprotocol: str = ""
    session_id: str = ""

    def come_back(self) -> bytes:
        """The request of a reader that has everything up to now, over SSE."""
        if isinstance(self.server, Puntini):
            return get(stream(self.session_id, self.server.head(self.session_id)))
        return get(self.path)

    def request(self, *, socket: bool = False) -> bytes:
        """A reader's request, over SSE or WebSocket."""
        return upgrade(self.path, self.subprotocol) if socket else get(self.path)


Open = Callable[[], AbstractContextManager[Stage]]


class Contender(NamedTuple):
    """Somebody to measure; ``missing`` says why that can't be done here."""

    name: str
    open: Open
    script: Script = Script()
    missing: str = ""


class Puntini(Server):
    """A Puntini server with its scripted agent. ``store`` is a file in the server's directory, ``memory:`` or Postgres.

    Of several nodes, one that does no ``work`` leaves the tasks to the others.
    """

    def __init__(
        self,
        store: str = "memory:",
        *,
        durability: str = "normal",
        directory: Path | None = None,
        core: int = servers.SERVER_CORE,
        work: bool = True,
    ) -> None:
        options = ["--port", "0", "--store", store, "--agent", "scripted", "--log-format", "json"]
        idle = [] if work else ["--no-worker"]
        super().__init__(
            [*servers.PUNTINI, *options, "--durability", durability, *idle], core=core, directory=directory
        )

    def create(self) -> str:
        """A new session."""
        return str(self.ask("POST", "/v1/sessions", {})["session_id"])

    def play(self, session_id: str, script: Script) -> str:
        """Make the session speak; returns the task's id."""
        command = {"type": "user_prompt", "data": {"prompt": script.prompt}}
        return str(self.ask("POST", f"/v1/sessions/{session_id}/commands", command)["task_id"])

    def play_all(self, session_ids: Sequence[str], script: Script) -> None:
        """Make many sessions speak, as nearly at once as can be: each connection sends its prompts without waiting."""
        body = msgspec.json.encode({"type": "user_prompt", "data": {"prompt": script.prompt}})
        asked = [(session_ids[n::CONNECTIONS], socket.create_connection(self.address)) for n in range(CONNECTIONS)]
        try:
            for mine, sock in asked:
                sock.sendall(b"".join(post(f"/v1/sessions/{session_id}/commands", body) for session_id in mine))
            for mine, sock in asked:
                _await_accepted(sock, len(mine))
        finally:
            for _, sock in asked:
                sock.close()

    def finish(self, task_id: str, seconds: float) -> None:
        """Wait for a task's end. Raises RuntimeError when it does not come, or is not a success."""
        deadline = time.monotonic() + seconds
        while (status := self.ask("GET", f"/v1/tasks/{task_id}")["status"]) in {"queued", "running"}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"a task was still {status} after {seconds:.0f} s")
            time.sleep(0.1)
        if status != "completed":
            raise RuntimeError(f"a task ended as {status}")

    def head(self, session_id: str, *, back: int = 0) -> str:
        """The newest event's id, or the id so many events before it."""
        epoch, _, seq = str(self.ask("GET", f"/v1/sessions/{session_id}")["cursor"]).partition(".")
        return f"{epoch}.{int(seq) - back}"

    def stats(self) -> dict[str, Any]:
        """The server's own counters."""
        return self.ask("GET", "/v1/connections/stats")


def _await_accepted(sock: socket.socket, count: int) -> None:
    """Wait for so many answers. Raises RuntimeError when one is not 202."""
    sock.settimeout(60.0)
    got = b""
    while got.count(b"HTTP/1.1 ") < count or not got.endswith(b"}"):
        if not (more := sock.recv(1 << 16)):
            break
        got += more
    if got.count(b"HTTP/1.1 202 ") != count:
        raise RuntimeError(f"not every prompt was accepted: {got[-300:].decode()}")


def stream(session_id: str, after: str = "now") -> str:
    """The path of a session's stream; no ``after`` begins with a snapshot."""
    return f"/v1/sessions/{session_id}/stream" + (f"?after={after}" if after else "")


@contextmanager
def puntini(store: str) -> Iterator[Stage]:
    """Puntini, with a session."""
    with Puntini(store) as server:
        session_id = server.create()

        def play(script: Script) -> None:
            server.play(session_id, script)

        yield Stage(server, stream(session_id), play, SUBPROTOCOL, session_id)


@contextmanager
def app(module: str, *options: str) -> Iterator[Stage]:
    """One of the rivals that run under uvicorn, with its defaults."""
    with Server([*APP, *options, f"bench.rivals.{module}:app"]) as server:
        yield Stage(server, "/stream", partial(_ask_to_play, server))


@contextmanager
def bare_sockets() -> Iterator[Stage]:
    """The ceiling."""
    with Server([sys.executable, "-m", "bench.rivals.bare_sockets"]) as server:
        yield Stage(server, "/stream", partial(_ask_to_play, server))


def _ask_to_play(server: Server, script: Script) -> None:
    server.ask("POST", "/play", asdict(script))


@contextmanager
def nginx_nchan() -> Iterator[Stage]:
    """nginx with nchan, and a publisher on the load's core."""
    publishers: list[subprocess.Popen[bytes]] = []
    with Server([sys.executable, "-m", "bench.rivals.nchan"]) as server:

        def play(script: Script) -> None:
            arguments = [str(server.port), *map(str, astuple(script))]
            publishers.append(
                servers.spawn([sys.executable, "-m", "bench.rivals.publish", *arguments], server.directory)
            )

        try:
            yield Stage(server, "/stream", play)
        finally:
            for publisher in publishers:
                publisher.kill()
                publisher.wait()


MEMORY = Contender("Puntini, memory", partial(puntini, "memory:"))
SQLITE = Contender("Puntini, SQLite", partial(puntini, "puntini.db"))
SSE_STARLETTE = Contender("sse-starlette", partial(app, "sse_starlette_app"))
STREAMING_RESPONSE = Contender("StreamingResponse", partial(app, "streaming_response_app"))
RAW_ASGI = Contender("raw ASGI", partial(app, "raw_asgi_app"))
WEBSOCKET = Contender("Starlette WebSocket", partial(app, "websocket_app"))
NCHAN = Contender("nginx + nchan", nginx_nchan, missing=nchan.missing())
CEILING = Contender("bare send() (ceiling)", bare_sockets)
