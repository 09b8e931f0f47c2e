"""What deploy/nginx says and why: without it a stream is late, or cut, or a secret is written down."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn

from puntini.settings import Settings
from tests.deploy.certificates import self_signed
from tests.deploy.proxies import DEPLOY, Front, free_port, proxied
from tests.live.clients.transports import logged, sse, stream_path, until
from tests.live.clients.wire import Wire, upgrade
from tests.live.serving import Serving, wait_for

# The servers and proxies of this file are started once.
pytestmark = pytest.mark.xdist_group("test_nginx")

SOON = 1.5
COMPRESSED = {
    "gzip off;": "gzip on; gzip_types text/event-stream; gzip_proxied any;",
    "proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;",
    "proxy_read_timeout 90s;": "proxy_read_timeout 2s;",
}


@pytest.fixture(scope="module")
def front(node: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx as it is in deploy/."""
    with proxied("nginx", tmp_path_factory.mktemp("nginx"), [node.port]) as running:
        yield running


def seconds_to_a_task_s_end(server: Serving) -> float:
    """How long a reader waits for the end of a task of some 0.2 seconds, on a stream that stays open."""
    session_id = server.create()
    began = time.monotonic()
    server.play(session_id, "play 2 events every 100 ms")
    with suppress(httpx.RemoteProtocolError), opened(server, session_id) as answer:
        next((line for line in answer.iter_lines() if line == "event: task_completed"), None)
    return time.monotonic() - began


def opened(server: Serving, session_id: str) -> AbstractContextManager[httpx.Response]:
    """A stream by a client that takes compressed answers, too, as browsers do."""
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    url = f"{server.url}{stream_path(session_id)}?after=earliest"
    return httpx.stream("GET", url, headers=headers, timeout=15.0, trust_env=False)


# Each setting matters.


def test_with_buffers_and_compression_events_would_be_late(node: Serving, front: Front, tmp_path: Path) -> None:
    with proxied("nginx", tmp_path / "nginx", [node.port], COMPRESSED) as slow:
        late = seconds_to_a_task_s_end(slow.to(node))

    assert min(seconds_to_a_task_s_end(front.to(node)) for _ in range(3)) < SOON < late


def test_with_a_short_read_timeout_a_silent_stream_would_be_cut(node: Serving, tmp_path: Path) -> None:
    changes = {"proxy_read_timeout 90s;": "proxy_read_timeout 1s;"}
    with proxied("nginx", tmp_path / "nginx", [node.port], changes) as hasty:
        session_id = hasty.to(node).create()

        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            list(sse(hasty.to(node), stream_path(session_id)))


def test_without_the_upgrade_header_there_would_be_no_socket(node: Serving, front: Front, tmp_path: Path) -> None:
    changes = {"proxy_set_header Upgrade $http_upgrade;": ""}
    with proxied("nginx", tmp_path / "nginx", [node.port], changes) as deaf:
        assert handshake(deaf.to(node)) != 101

    assert handshake(front.to(node)) == 101


def handshake(server: Serving) -> int:
    """The status that a WebSocket's request is answered with."""
    path = stream_path(server.create())
    with Wire(server) as wire:
        return upgrade(wire, path).answer_head()[0]


def test_a_silent_stream_is_never_silent_for_as_long_as_nginx_waits() -> None:
    assert "proxy_read_timeout 90s;" in (DEPLOY / "nginx" / "puntini.conf").read_text()
    assert Settings().ping_seconds * 4 < 90


def test_a_connection_is_given_up_before_the_node_closes_it(node: Serving) -> None:
    seconds = uvicorn.Config("nothing").timeout_keep_alive

    assert "    keepalive_timeout 4s;" in (DEPLOY / "nginx" / "puntini.conf").read_text()
    assert seconds > 4


# What it says itself.


def test_no_credential_of_an_address_is_written_down(node: Serving, front: Front) -> None:
    httpx.get(f"{front.url}/v1/health?ticket=a-secret", trust_env=False)

    line = wait_for(lambda: [line for line in front.said().splitlines() if "/v1/health" in line], 5.0, "a line")[-1]
    assert "a-secret" not in front.said()
    assert '"GET /v1/health" 200' in line


def test_without_any_node_it_says_so_in_the_form_of_the_api(tmp_path: Path) -> None:
    with proxied("nginx", tmp_path / "nginx", [free_port()]) as front:
        answer = httpx.post(f"{front.url}/v1/sessions", json={}, trust_env=False)

    assert (answer.status_code, answer.headers["retry-after"]) == (502, "2")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unreachable"


def test_a_503_of_the_node_is_not_taken_for_its_death() -> None:
    """Else, when the store is away, all nodes would be left alone, and who asks would not be told when to try again."""
    text = (DEPLOY / "nginx" / "puntini.conf").read_text()

    assert "http_503" not in text
    assert "non_idempotent" not in text


# HTTPS.


def test_over_https_browsers_get_http_2_and_the_server_knows_how_they_came(node: Serving, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    port = free_port()
    https = (DEPLOY / "nginx" / "puntini.d" / "listen-https.conf").read_text()
    for old, new in {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "/etc/nginx/certificates/puntini.example.pem": str(certificate),
        "/etc/nginx/certificates/puntini.example.key": str(key),
        "/var/log/nginx/": f"{tmp_path}/",
    }.items():
        assert old in https
        https = https.replace(old, new)
    (tmp_path / "listen-https.conf").write_text(https)
    changes = {
        "include puntini.d/listen.conf;": f"include puntini.d/listen.conf; include {tmp_path}/listen-https.conf;"
    }
    with proxied("nginx", tmp_path / "nginx", [node.port], changes) as front:
        seen = front.to(node)
        seen.url = f"https://127.0.0.1:{port}"
        session_id = node.create()
        node.play(session_id, "play 3 events every 1 ms")

        # THEN streams come over HTTP/1.1, and HTTP/2 is offered
        read = until(logged(sse(seen, stream_path(session_id), after="earliest")), "task_completed")
        assert read == node.events(session_id)
        assert offered(port) == "h2"
        answer = httpx.get(f"{seen.url}/v1/health", verify=False, trust_env=False)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def offered(port: int) -> str | None:
    """The protocol that is chosen by a client which knows both."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as secured:
        return secured.selected_alpn_protocol()


# The files of others.


@pytest.mark.parametrize("nodes", ["nginx/puntini.d/nodes.conf", "compose/nginx/nodes.conf"])
@pytest.mark.parametrize("listen", ["nginx/puntini.d/listen.conf", "compose/nginx/listen.conf"])
def test_nginx_takes_each_of_the_files(tmp_path: Path, nodes: str, listen: str) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx was not found")
    conf = tmp_path / "conf"
    shutil.copytree(DEPLOY / "nginx", conf)
    shutil.copy(DEPLOY / nodes, conf / "puntini.d" / "nodes.conf")
    listening = (DEPLOY / listen).read_text()
    assert re.search(r"^access_log \S+ puntini;", listening, re.MULTILINE), "the usual format has queries"
    (conf / "puntini.d" / "listen.conf").write_text(listening.replace("/var/log/nginx/", f"{tmp_path}/"))

    tried = subprocess.run(
        ["nginx", "-t", "-p", f"{tmp_path}/", "-c", str(conf / "nginx.conf")], capture_output=True, text=True
    )

    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr
