"""Behind a real PgBouncer, which keeps no sessions: nodes that only poll, and nodes with a direct address besides."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from tests.live.serving import Serving, seq_of, wait_for
from tests.postgres import NOBODY, Postgres

CONFIGURATION = """[databases]
* = host=127.0.0.1 port={database} user=puntini
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="pgbouncer was not found: install Debian's pgbouncer"),
]


@contextmanager
def pooled(server: Postgres, dsn: str) -> Iterator[str]:
    """The address of a database by way of a pooler."""
    with TemporaryDirectory(prefix="puntini-pgbouncer-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        file = directory / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(database=server.port, port=port))
        by_nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        with (directory / "log").open("wb") as sink:
            process = subprocess.Popen(["pgbouncer", str(file)], stdout=sink, stderr=sink, **by_nobody)
        address = dsn.replace(f":{server.port}/", f":{port}/")
        try:
            wait_for(lambda: _answers(address), 10, "PgBouncer")
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2, prepare_threshold=None).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["poll only", "a direct address"])
def test_nodes_work_together(how: str, postgres_server: Postgres, database: str, tmp_path: Path) -> None:
    with pooled(postgres_server, database) as address, ExitStack() as stack:
        way = {"store_listen": "false"} if how == "poll only" else {"store_direct": database}
        shared: dict[str, Any] = {"store": address, "agent": "scripted,puntini", **way}

        def start(name: str, **how: Any) -> Serving:
            (tmp_path / name).mkdir()
            made = Serving(tmp_path / name, **how, **shared)
            stack.callback(made.stop)
            return made.start()

        one, other = start("one", no_worker=True), start("other", no_worker=True)
        start("worker", command="worker")

        session = one.create(agent="puntini")
        assert other.finish(one.play(session, "Create a project management graph")) == "completed"
        assert [seq_of(event) for event in other.events(session)] == list(range(1, len(other.events(session)) + 1))

        task = one.play(session, "Create a family graph")
        other.command(session, "control", task_id=task, action="stop")
        assert one.finish(task, 10) in {"cancelled", "completed"}
