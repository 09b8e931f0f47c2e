"""Thousands of tasks wait on one database, and two workers come: each user gets a share, and all comes to its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.live.serving import Serving, wait_for
from tests.postgres import Postgres

pytestmark = pytest.mark.slow
KEYS = {name: f"{'k' * 40}{name}" for name in ("ops", "ann", "bob")}
WAITING, OF_BOB, OF_A_SESSION = 5_000, 400, 10
UNSURE = 100
"""What waits is counted once a second; a node adds what it has taken since."""
PLACES = 8
"""Of each worker."""
LOOK_AT = 100
"""So many of the tasks of one who came late, against those of who asked for all the others before."""
ENDED = "SELECT s.owner, count(*) FROM tasks t JOIN sessions s ON s.num = t.session WHERE t.status = %s GROUP BY 1"


@pytest.fixture
def processes(postgres_server: Postgres, tmp_path: Path) -> Iterator[tuple[Serving, list[Serving], str]]:
    """A stream node that was started, two workers that were not, and their database."""
    dsn = postgres_server.database()
    roles = [f"{name}:{'admin' if name == 'ops' else 'user'}:{key}" for name, key in KEYS.items()]
    shared: dict[str, Any] = {
        "store": dsn,
        "rate_limit": 0,
        "rate_limit_address": 0,
        "max_queued_tasks": WAITING,
        "key": KEYS["ops"],
        "environ": {"PUNTINI_API_KEYS": ",".join(roles)},
    }
    with ExitStack() as stack:
        made = []
        for name in ("node", "one", "other"):
            (tmp_path / name).mkdir()
            how: dict[str, Any] = (
                {"no_worker": True} if name == "node" else {"command": "worker", "max_concurrent_tasks": PLACES}
            )
            made.append(Serving(tmp_path / name, **how, **shared))
            stack.callback(made[-1].stop)
        yield made[0].start(), made[1:], dsn


def ask_for(node: Serving, name: str, count: int) -> None:
    """So many tasks, one after the other in each of their sessions."""
    with httpx.Client(base_url=node.url, headers={"x-api-key": KEYS[name]}, trust_env=False, timeout=30) as http:

        def ask(_: int) -> None:
            session = http.post("/v1/sessions", json={"agent": "scripted"}).raise_for_status().json()["session_id"]
            for _ in range(OF_A_SESSION):
                command = {"type": "user_prompt", "data": {"prompt": "play 2 events every 20 ms"}}
                http.post(f"/v1/sessions/{session}/commands", json=command).raise_for_status()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(ask, range(count // OF_A_SESSION)))


@pytest.mark.timeout(400)
def test_thousands_wait_and_everybody_has_a_turn(processes: tuple[Serving, list[Serving], str]) -> None:
    node, workers, dsn = processes
    ask_for(node, "ann", WAITING - OF_BOB - UNSURE)
    ask_for(node, "bob", OF_BOB)

    def refused() -> httpx.Response | None:
        session = node.create(agent="scripted")
        command = {"type": "user_prompt", "data": {"prompt": "play 1 event"}}
        answer = node.ask("POST", f"/v1/sessions/{session}/commands", command)
        return answer if answer.status_code == 429 else None

    answer = wait_for(refused, 20, "a refusal")
    assert answer is not None
    assert WAITING <= answer.json()["queued"] <= WAITING + UNSURE
    assert int(answer.headers["retry-after"]) > 0

    with psycopg.connect(dsn, autocommit=True) as connection:

        def counted(status: str) -> dict[str, int]:
            return dict(connection.execute(ENDED, (status,)).fetchall())

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(Serving.start, workers))
        wait_for(lambda: counted("completed").get("bob", 0) >= LOOK_AT, 60, "tasks of who came late")
        done = counted("completed")
        assert done.get("ann", 0) < 2 * done["bob"], "who asked for thousands before is not served before"
        wait_for(lambda: not counted("queued") and not counted("running"), 240, "the end of all")
        assert sum(counted("completed").values()) >= WAITING - UNSURE
        assert counted("failed") == {}
