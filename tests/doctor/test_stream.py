"""What a stream says of what it went through; a real server, and a real nginx in front of it."""

import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path

import pytest
from msgspec.structs import replace

from puntini.client.proxy import Heard, skew_of
from puntini.doctor.stream import findings, judged
from tests.live.serving import Serving, serving, wait_for

GOOD = Heard(first=0.02, spread=1.0, encoding="", named=True, resumes=True, cursor=True, skew=0.3)


def states(heard: Heard) -> dict[str, str]:
    return {each.about: each.state for each in judged(heard)}


ALL_OK = {"stream": "ok", "compression": "ok", "headers": "ok"}


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, {}),
        ({"first": None, "spread": None}, {"stream": "fail"}),
        ({"spread": None}, {"stream": "fail"}),
        ({"spread": 0.0}, {"stream": "fail"}),
        ({"first": 3.0}, {"stream": "fail"}),
        ({"encoding": "gzip"}, {"compression": "warn"}),
        ({"resumes": False}, {"headers": "fail"}),
        ({"cursor": False}, {"headers": "warn"}),
        ({"named": False}, {"headers": "warn"}),
        ({"skew": -40.0}, {"clock": "warn"}),
        ({"skew": 40.0}, {"clock": "warn"}),
        ({"skew": None}, {}),
    ],
)
def test_each_fault_is_told_by_itself(change: dict[str, object], differs: dict[str, str]) -> None:
    assert states(replace(GOOD, **change)) == ALL_OK | differs


def test_without_a_worker_it_says_so_and_accuses_nobody_else() -> None:
    found = {each.about: each for each in judged(replace(GOOD, spread=None, waits=True))}

    assert "stream" not in found
    assert found["workers"].state == "fail"
    assert "`scripted`" in found["workers"].said
    assert "start `puntini worker`" in found["workers"].said


@pytest.mark.slow
def test_a_server_that_has_no_worker_is_told_from_one_behind_a_bad_proxy(database: str, tmp_path: Path) -> None:
    with serving(tmp_path, store=database, no_worker=True) as alone:
        assert {each.about: each.state for each in findings(alone.url)} == {
            "workers": "fail",
            "compression": "ok",
            "headers": "ok",
        }


@pytest.mark.parametrize(
    ("asked", "answered", "skew"),
    [
        (100.2, 100.3, 0.0),
        (99.9, 100.1, 0.0),
        (100.9, 101.4, 0.0),
        (90.0, 112.0, 0.0),
        (60.0, 61.0, 39.0),
        (140, 150, -39),
    ],
)
def test_a_date_is_off_by_what_no_delay_explains(asked: float, answered: float, skew: float) -> None:
    assert skew_of(formatdate(100, usegmt=True), asked, answered) == skew
    assert skew_of("", asked, answered) is None


def test_where_nobody_answers_it_says_so() -> None:
    [finding] = findings("http://127.0.0.1:9")
    assert finding.state == "fail"
    assert finding.said.startswith("No server answers at http://127.0.0.1:9")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def test_a_server_without_anything_in_front_is_well(server: Serving) -> None:
    assert {each.about: each.state for each in findings(server.url)} == ALL_OK
    assert server.get("/v1/sessions")["total"] == 0, "nothing is left behind"


NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
BAD = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {to}; proxy_http_version 1.1; {more} }}
  }}
}}
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def in_front(folder: Path, to: str, more: str) -> Iterator[str]:
    """An nginx with such lines, and its address."""
    assert NGINX is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(BAD.format(folder=folder, port=port, to=to, more=more))
    process = subprocess.Popen([NGINX, "-c", str(config), "-e", str(folder / "error.log")])
    try:
        wait_for(lambda: listens(port), 5, "nginx")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.slow
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize(
    ("more", "differs"),
    [
        ("", {}),
        ('proxy_set_header Last-Event-ID "";', {"headers": "fail"}),
        ("proxy_hide_header Puntini-Cursor;", {"headers": "warn"}),
        ("gzip on; gzip_types text/event-stream; gzip_proxied any;", {"compression": "warn"}),
    ],
)
def test_what_a_proxy_does_to_streams_is_found(
    server: Serving, tmp_path: Path, more: str, differs: dict[str, str]
) -> None:
    with in_front(tmp_path, server.url, more) as url:
        looked = findings(url)
    assert {each.about: each.state for each in looked} == ALL_OK | differs, looked


@contextmanager
def holding_back(port: int, seconds: float) -> Iterator[str]:
    """A relay in front of a server that lets a stream through only after so long, and its address."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                up = threading.Thread(target=relayed, args=(self.request, server))
                up.start()
                relayed(server, self.request, hold=seconds)
                up.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Relay) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def relayed(source: socket.socket, sink: socket.socket, hold: float = 0.0) -> None:
    """Carry bytes one way until either side is gone; a stream's are held back first."""
    with suppress(OSError):
        while piece := source.recv(65_536):
            if hold and b"text/event-stream" in piece:
                until = time.monotonic() + hold
                source.settimeout(0.1)
                while time.monotonic() < until:
                    with suppress(TimeoutError):
                        piece += source.recv(65_536)
                source.settimeout(None)
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.slow
def test_what_holds_streams_back_is_found(server: Serving) -> None:
    with holding_back(server.port, 3.0) as url:
        looked = {each.about: each for each in findings(url)}
    assert looked["stream"].state == "fail"
    assert "turn buffering off" in looked["stream"].said.lower()
