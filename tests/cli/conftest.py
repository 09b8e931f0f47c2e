"""What the command line's tests share: one server for the tests that do not hurt it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from puntini.cli import main
from tests.cli.terminal import NO_DIRECTORY, Ran
from tests.live.serving import Serving, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A running server, for reading and for sessions of one's own. Who kills it starts one of their own."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def at(server: Serving) -> str:
    """The flag that names the server."""
    return f"--url={server.url}"


Call = Callable[..., Ran]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command line in this process: a process of its own would say nothing more, and take longer."""
    for name in [name for name in os.environ if name.startswith("PUNTINI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", NO_DIRECTORY)

    def run(*arguments: str) -> Ran:
        code = main(arguments)
        return Ran(code, *capfd.readouterr())

    return run


Answer = tuple[int, str, str]
"""A status, a content type and a body."""


@contextmanager
def web_server(*answers: Answer) -> Iterator[str]:
    """A web server that is not ours, and its address: it gives one answer after the other, and the last for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        """Gives the next answer."""

        def do_GET(self) -> None:
            status, kind, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815 - the name is the base class's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()
