"""Proxies in front of real servers: those of deploy/, on free ports and in private directories."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from copy import copy
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.live.serving import ROOT, Serving, wait_for

DEPLOY = ROOT / "deploy"
START_SECONDS = 20.0
STOP_SECONDS = 20.0
PROXIES = ("nginx", "caddy", "traefik")


class Front:
    """A proxy that runs: its address, and what it has said."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def said(self) -> str:
        """Its output so far."""
        return self._log.read_text(errors="replace")

    def to(self, server: Serving) -> Serving:
        """The server, as it is reached through this proxy."""
        seen = copy(server)
        seen.url = self.url
        return seen


def needed(program: str) -> str:
    """The same, or the test is skipped where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} was not found")
    return program


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def proxied(
    kind: str, directory: Path, nodes: Sequence[int], changes: Mapping[str, str] | None = None
) -> Iterator[Front]:
    """One of deploy/'s proxies in front of these ports; ``changes`` are made to the text of its configuration."""
    needed(kind)
    directory.mkdir(exist_ok=True)
    front = Front(free_port(), directory / "proxy.log")
    command, environment = _PREPARE[kind](directory, front.port, nodes, changes or {})
    with front._log.open("ab") as sink:
        process = subprocess.Popen(
            command, cwd=directory, env=os.environ | environment, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: _works(front, process), START_SECONDS, kind)
        yield front
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _works(front: Front, process: "subprocess.Popen[bytes]") -> bool:
    """Whether it hands requests on: Traefik listens before it knows where to."""
    assert process.poll() is None, f"the proxy ended: {front.said()[-2000:]}"
    with suppress(httpx.TransportError):
        return httpx.get(f"{front.url}/v1/health", trust_env=False).status_code != 404
    return False


Command = tuple[list[str], dict[str, str]]


def _nginx(directory: Path, port: int, nodes: Sequence[int], changes: Mapping[str, str]) -> Command:
    """As nginx.conf says: the whole folder, with other nodes and another place to listen."""
    conf, prefix = directory / "conf", directory / "run"
    shutil.copytree(DEPLOY / "nginx", conf)
    prefix.mkdir()
    (conf / "puntini.d" / "nodes.conf").write_text(
        "".join(f"server 127.0.0.1:{node} max_fails=1 fail_timeout=2s;\n" for node in nodes)
    )
    (conf / "puntini.d" / "listen.conf").write_text(f"listen 127.0.0.1:{port};\naccess_log /dev/stdout puntini;\n")
    _change(
        conf / "nginx.conf", {"worker_connections 32768": "worker_connections 512", "worker_rlimit_nofile 65536;": ""}
    )
    _change(conf / "puntini.conf", changes)
    # What root starts gives its workers to nobody, who has no business in a test's folder.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    return ["nginx", "-p", f"{prefix}/", "-c", str(conf / "nginx.conf"), *user], {}


def _caddy(directory: Path, port: int, nodes: Sequence[int], changes: Mapping[str, str]) -> Command:
    """The file as it is: what differs comes from the environment. Its admin's port stays closed."""
    file = directory / "Caddyfile"
    shutil.copy(DEPLOY / "caddy" / "Caddyfile", file)
    _change(file, {"{\n\tservers": "{\n\tadmin off\n\tservers", **changes})
    upstreams = " ".join(f"127.0.0.1:{node}" for node in nodes)
    private = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    site = {"PUNTINI_SITE": f"http://127.0.0.1:{port}", "PUNTINI_NODES": upstreams}
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"], private | site


def _traefik(directory: Path, port: int, nodes: Sequence[int], changes: Mapping[str, str]) -> Command:
    shutil.copy(DEPLOY / "traefik" / "traefik.yaml", directory)
    _change(directory / "traefik.yaml", {"127.0.0.1:8080": f"127.0.0.1:{port}", **changes})
    dynamic = msgspec.yaml.decode((DEPLOY / "traefik" / "puntini.yaml").read_bytes())
    servers = [{"url": f"http://127.0.0.1:{node}"} for node in nodes]
    dynamic["http"]["services"]["puntini"]["loadBalancer"]["servers"] = servers
    (directory / "puntini.yaml").write_bytes(msgspec.yaml.encode(dynamic))
    return ["traefik", "--configfile", str(directory / "traefik.yaml")], {}


_PREPARE = {"nginx": _nginx, "caddy": _caddy, "traefik": _traefik}


def _change(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{path.name} has no {old!r}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
