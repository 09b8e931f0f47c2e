"""Two stream nodes and a worker as processes of their own: what one of them is told holds at the others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from tests.live.collecting import Collector, collecting
from tests.live.serving import Serving, wait_for
from tests.metrics.scraped import Scrape
from tests.postgres import Postgres

pytestmark = pytest.mark.slow
ADMIN = "0123456789" * 4
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
MOST_REQUESTS = 500
FIRST_SECONDS = 60
"""Requests that may pass besides, before one node has told the other: at the pace of the test, some seconds' worth."""
SPEED = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


class Trio(NamedTuple):
    """The processes, and what they send their traces to."""

    a: Serving
    b: Serving
    worker: Serving
    collector: Collector


@pytest.fixture(scope="module")
def trio(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """All of them, started."""
    with ExitStack() as stack:
        address, collector = stack.enter_context(collecting())
        shared: dict[str, Any] = {
            "store": postgres_server.database(),
            "key": ADMIN,
            "agent": "scripted,puntini",
            "otlp_endpoint": address,
            "rate_limit": MOST_REQUESTS,
            "rate_limit_address": 0,
        }

        def make(name: str, **how: Any) -> Serving:
            environ = {"OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={name}", **SPEED}
            made = Serving(tmp_path_factory.mktemp(name), environ=environ, **how, **shared)
            stack.callback(made.stop)
            return made

        made = make("a", no_worker=True), make("b", no_worker=True), make("worker", command="worker")
        with ThreadPoolExecutor(len(made)) as threads:
            a, b, worker = threads.map(Serving.start, made)
        yield Trio(a, b, worker, collector)


@pytest.fixture(scope="module")
def ann(trio: Trio) -> Iterator[httpx.Client]:
    """Somebody who has an account, at the first node."""
    said = {"username": "ann", "password": "wet hammock, nineteen lions"}
    trio.b.ask("POST", "/v1/register", said).raise_for_status()
    with httpx.Client(base_url=trio.a.url, trust_env=False, timeout=15) as http:
        token = http.post("/v1/login", json=said).raise_for_status().json()["access_token"]
        http.headers["authorization"] = f"Bearer {token}"
        yield http


def key_of(ann: httpx.Client, name: str) -> dict[str, Any]:
    """A new key."""
    return dict(ann.post("/v1/keys", json={"name": name, "scopes": ["read"]}).raise_for_status().json())


def status(node: Serving, path: str, **headers: str) -> int:
    """How a request is answered, without the credential that the node is asked by else."""
    return httpx.get(node.url + path, headers=headers, trust_env=False).status_code


def test_a_key_that_is_revoked_at_one_node_ends_at_the_other_with_its_streams(trio: Trio, ann: httpx.Client) -> None:
    session = ann.post("/v1/sessions", json={}).json()["session_id"]
    key = key_of(ann, "ci")
    headers = {"x-api-key": key["key"]}
    with (
        httpx.Client(trust_env=False, headers=headers, timeout=10) as http,
        http.stream("GET", f"{trio.b.url}/v1/sessions/{session}/stream") as stream,
    ):
        lines = stream.iter_lines()
        assert "event: live" in lines
        ann.delete(f"/v1/keys/{key['key_id']}").raise_for_status()
        # Docs: a second until the other node knows, and two more until its streams end.
        assert "the credential was revoked" in "\n".join(lines)
    assert status(trio.b, "/v1/sessions", **headers) == 401


def test_a_ticket_opens_one_stream_at_one_node(trio: Trio) -> None:
    session = trio.a.create()

    def opened(address: str) -> int:
        with httpx.stream("GET", address, trust_env=False) as stream:
            return stream.status_code

    tickets = [trio.a.ask("POST", "/v1/tickets", {"session_id": session}).json()["url"] for _ in range(5)]
    with ThreadPoolExecutor(2) as threads:
        for ticket in tickets:
            both = threads.map(opened, [trio.a.url + ticket, trio.b.url + ticket])
            assert sorted(both) == [200, 401], "used at both at once"
    assert [status(node, tickets[0]) for node in (trio.a, trio.b)] == [401, 401], "used once more"


def test_requests_are_counted_over_nodes(trio: Trio, ann: httpx.Client) -> None:
    headers = {"x-api-key": key_of(ann, "busy")["key"]}
    with httpx.Client(trust_env=False, headers=headers) as http:
        passed = sum(http.get(f"{trio.a.url}/v1/agents").status_code == 200 for _ in range(MOST_REQUESTS - 20))
        assert passed == MOST_REQUESTS - 20

        def refused() -> bool:
            nonlocal passed
            code = http.get(f"{trio.b.url}/v1/agents").status_code
            passed += code == 200
            return code == 429

        wait_for(refused, 20, "the limit at the other node")
        assert passed <= MOST_REQUESTS + FIRST_SECONDS
        wait_for(lambda: http.get(f"{trio.a.url}/v1/agents").status_code == 429, 20, "the limit at the first")


def test_log_ins_that_fail_are_counted_over_nodes(trio: Trio) -> None:
    body = {"username": "nobody", "password": "not the password"}

    def tried(number: int) -> int:
        node = trio.b if number % 2 else trio.a
        return httpx.post(f"{node.url}/v1/login", json=body, trust_env=False, timeout=20).status_code

    assert [tried(number) for number in range(32)] == [401] * 30 + [429] * 2


def test_tasks_are_counted_for_all_and_what_runs_for_each(trio: Trio) -> None:
    session = trio.a.create(agent="scripted")
    first, second = (trio.a.play(session, "play 100000 events every 20 ms") for _ in range(2))
    wait_for(lambda: trio.b.get(f"/v1/tasks/{first}")["status"] == "running", 20, "its start")
    try:
        for node in trio[:3]:
            wait_for(lambda: _counts(node, running=1, queued=1), 20, "both tasks")  # noqa: B023
            seen = _scrape(node)
            assert 0 < seen.value("puntini_tasks_oldest_seconds", status="queued") < 60
            assert 0 < seen.value("puntini_tasks_oldest_seconds", status="running") < 60
            runs_here = node is trio.worker
            assert seen.value("puntini_tasks_here", status="running") == runs_here, "of this process alone"
            wait_for(lambda: _scrape(node).value("puntini_tasks_here", status="queued") == 1, 20, "what waits for all")  # noqa: B023
    finally:
        for task in (second, first):
            trio.b.command(session, "control", task_id=task, action="stop")
    assert trio.a.finish(first) == trio.a.finish(second) == "cancelled"
    for node in trio[:3]:
        wait_for(lambda: _counts(node, running=0, queued=0), 20, "their end")  # noqa: B023


def _scrape(node: Serving) -> Scrape:
    return Scrape(node.ask("GET", "/metrics").raise_for_status().text)


def _counts(node: Serving, **by_status: int) -> bool:
    """Whether a node says that there are so many tasks of each status."""
    seen = _scrape(node)
    return all(seen.value("puntini_tasks", status=name) == count for name, count in by_status.items())


def test_a_trace_goes_over_two_processes(trio: Trio) -> None:
    session = trio.a.create(agent="puntini")
    body = {"type": "user_prompt", "data": {"prompt": "Create a node called Alpha"}}
    asked = trio.a.ask("POST", f"/v1/sessions/{session}/commands", body, headers={"traceparent": CALLER})
    assert trio.b.finish(asked.raise_for_status().json()["task_id"]) == "completed"

    attempt = wait_for(lambda: trio.collector.of("task attempt", TRACE), 20, "the worker's spans")[0]
    request = wait_for(lambda: trio.collector.of("POST", TRACE), 20, "the node's spans")[0]
    answers = wait_for(lambda: trio.collector.of("model answer", TRACE), 20, "the model's spans")
    [queue] = trio.collector.of("task queue", TRACE)
    assert request.parent_span_id.hex() == CALLER.split("-")[2]
    assert {queue.parent_span_id, attempt.parent_span_id} == {request.span_id}
    assert {answer.parent_span_id for answer in answers} == {attempt.span_id}
    who = trio.collector.instances
    assert who[request.span_id] == "a"
    assert {who[span.span_id] for span in (queue, attempt, *answers)} == {"worker"}
