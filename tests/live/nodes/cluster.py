"""Several stream nodes and workers on one Postgres, behind nginx: each a process of its own that can be killed."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.deploy.proxies import proxied
from tests.live.nodes.relay import Link, relay
from tests.live.serving import Asking, Serving, wait_for
from tests.postgres import Postgres, postgres

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SKEWED_SECONDS = 90
OPEN = "SELECT count(*) FROM tasks WHERE status NOT IN ('completed', 'failed', 'cancelled')"


class Cluster(Asking):
    """What answers at ``url`` is nginx. ``nodes`` are the stream nodes, ``workers`` run the tasks.

    ``links`` are what the nodes, then the workers reach the database by, where they do so by a relay.
    """

    def __init__(
        self, database: Postgres, dsn: str, nodes: list[Serving], workers: list[Serving], links: list[Link]
    ) -> None:
        super().__init__()
        self.database = database
        self.dsn = dsn
        self.nodes = nodes
        self.workers = workers
        self.links = links

    def count(self, query: str) -> int:
        """What a query counts, asked of the database itself."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def quiet(self, seconds: float = 90.0) -> None:
        """Wait until every task has ended."""
        wait_for(lambda: not self.count(OPEN), seconds, "the end of all tasks")

    def cut(self) -> None:
        """Cut every connection to the database."""
        with psycopg.connect(self.database.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )


@contextmanager
def cluster(
    directory: Path, *, nodes: int, workers: int, skewed: bool = False, relayed: bool = False, **settings: object
) -> Iterator[Cluster]:
    """A cluster for the length of a block. With ``skewed``, the clocks of the last node and the last worker are off.

    With ``relayed``, each process has a link to the database that can be cut.
    """
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        dsn = database.database()
        network = stack.enter_context(relay()) if relayed else None
        links: list[Link] = []
        shared: dict[str, Any] = {
            "agent": "scripted,puntini",
            "rate_limit": 0,
            "rate_limit_address": 0,
            **settings,
        }

        def start(kind: str, number: int, environ: dict[str, str]) -> Serving:
            home = directory / f"{kind}-{number}"
            home.mkdir(parents=True)
            store = dsn
            if network:
                links.append(network.link(database.port))
                store = dsn.replace(f":{database.port}/", f":{links[-1].port}/")
            if kind == "node":
                made = Serving(
                    home, environ=environ, store=store, no_worker=True, trusted_proxies="127.0.0.1", **shared
                )
            else:
                made = Serving(home, command="worker", environ=environ, store=store, **shared)
            stack.callback(made.stop)
            return made.start()

        off = [{}, _off()] if skewed else [{}, {}]
        running = [start("node", number, off[number == nodes - 1]) for number in range(nodes)]
        working = [start("worker", number, off[number == workers - 1]) for number in range(workers)]
        front = stack.enter_context(proxied("nginx", directory / "nginx", [node.port for node in running]))
        made = Cluster(database, dsn, running, working, links)
        made.url = front.url
        stack.callback(made.close)
        yield made


def _off() -> dict[str, str]:
    """The environment of a process whose clock is wrong."""
    if not FAKETIME.exists():
        pytest.skip("libfaketime was not found: install Debian's faketime")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"+{SKEWED_SECONDS}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


# What may happen to a cluster.

Fault = Callable[[Cluster, random.Random], None]


def kill_node(cluster: Cluster, dice: random.Random) -> None:
    """A stream node dies and comes back."""
    node = dice.choice(cluster.nodes)
    node.kill()
    node.start()


def kill_worker(cluster: Cluster, dice: random.Random) -> None:
    """A worker dies and comes back."""
    worker = dice.choice(cluster.workers)
    worker.kill()
    worker.start()


def replace_node(cluster: Cluster, dice: random.Random) -> None:
    """A stream node is told to end and started again."""
    dice.choice(cluster.nodes).restart()


def replace_worker(cluster: Cluster, dice: random.Random) -> None:
    """A worker is told to end and started again."""
    dice.choice(cluster.workers).restart()


def freeze_worker(cluster: Cluster, dice: random.Random) -> None:
    """A worker stands still for longer than its leases last, and goes on as if nothing had been."""
    worker = dice.choice(cluster.workers)
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: _held(cluster) < 2, 14.0, "the takeover of what a frozen worker holds")
    except AssertionError:
        pass  # it held nothing, or others hold much: that is looked at in a test of its own
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)


def _held(cluster: Cluster) -> int:
    """How many workers hold leases."""
    return cluster.count("SELECT count(DISTINCT node) FROM leases WHERE until > clock_timestamp()")


def restart_database(cluster: Cluster, dice: random.Random) -> None:
    """Postgres is restarted, or dies and mends itself."""
    if dice.random() < 0.5:
        cluster.database.kill()
    cluster.database.restart()


def cut_connections(cluster: Cluster, _dice: random.Random) -> None:
    """Every connection to Postgres is lost."""
    cluster.cut()


def cut_a_link(cluster: Cluster, dice: random.Random) -> None:
    """The network between one process and the database is cut for a while, sometimes for longer than a lease lasts."""
    link = dice.choice(cluster.links)
    link.cut(deaf=dice.random() < 0.5)
    time.sleep(dice.uniform(0.5, 6))
    if dice.random() < 0.5:
        link.refuse()
        time.sleep(dice.uniform(0.5, 8))
    link.heal(lost=dice.random() < 0.5)


FAULTS: tuple[Fault, ...] = (
    kill_node,
    kill_worker,
    replace_node,
    replace_worker,
    freeze_worker,
    restart_database,
    cut_connections,
    cut_a_link,
)
