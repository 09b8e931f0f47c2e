"""Streams, sockets and commands through the proxies of deploy/: nothing held back, nothing lost, nothing sent twice."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.deploy.proxies import PROXIES, Front, free_port, needed, proxied
from tests.deploy.silent import silent_node
from tests.live.clients.transports import TASK_ENDS, TRANSPORTS, dialled, events_of, logged, sse, stream_path, until
from tests.live.serving import Serving, serving, wait_for

# The servers and proxies of this file are started once.
pytestmark = pytest.mark.xdist_group("test_proxies")

SOON = 1.0
TOKEN = "x" * 1_000
HTTP = httpx.Client(timeout=15.0, trust_env=False)


@pytest.fixture(scope="module", params=PROXIES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which proxy."""
    return needed(str(request.param))


@pytest.fixture(scope="module")
def front(kind: str, node: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """That proxy in front of one server."""
    with proxied(kind, tmp_path_factory.mktemp(kind), [node.port]) as running:
        yield running


@pytest.fixture
def server(front: Front, node: Serving) -> Serving:
    """The server, as it is reached through the proxy."""
    return front.to(node)


# Reading.


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_transport_says_the_same_through_a_proxy(server: Serving, node: Serving, transport: str) -> None:
    session_id = server.create()
    with closing(TRANSPORTS[transport](server, stream_path(session_id), after="earliest")) as events:
        server.play(session_id, "play 50 events every 1 ms")
        read = until(logged(events), *TASK_ENDS)

    assert read == node.events(session_id)


@pytest.mark.parametrize("transport", ["sse", "ndjson"])
def test_an_event_comes_at_once_while_the_stream_stays_open(server: Serving, transport: str) -> None:
    # The best of three: other tests may keep the machine busy for a moment.
    assert min(seconds_to_the_first_event(server, transport) for _ in range(3)) < SOON


def seconds_to_the_first_event(server: Serving, transport: str) -> float:
    """Of a task that then says nothing for 20 seconds."""
    session_id = server.create()
    task_id = server.play(session_id, "play 2 events every 20 s")
    began = time.monotonic()
    with closing(TRANSPORTS[transport](server, stream_path(session_id), after="earliest")) as events:
        until(events, "task_started")
        took = time.monotonic() - began
    server.ask("POST", f"/v1/tasks/{task_id}/control", {"action": "stop"}).raise_for_status()
    return took


def test_a_long_poll_is_answered_when_something_is_said(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 1 events every 0 ms"))
    path, last = stream_path(session_id), server.events(session_id)[-1]["id"]

    with httpx.Client(base_url=server.url, timeout=15.0, trust_env=False) as http:
        empty = http.get(path, params={"after": last, "wait": 1}, headers={"accept": "application/json"}).json()
        server.play(session_id, "play 1 events every 0 ms")
        full = http.get(path, params={"after": last, "wait": 10}, headers={"accept": "application/json"}).json()

    assert empty["events"] == []
    assert full["events"]


def test_a_large_snapshot_comes_whole(server: Serving, node: Serving) -> None:
    session_id = server.create()
    nodes = [{"id": f"n{n}", "label": "Thing", "props": {"text": "x" * 1_000}} for n in range(3_000)]
    server.ask("POST", f"/v1/sessions/{session_id}/graph", {"nodes": nodes, "edges": []}).raise_for_status()

    through, directly = (next(TRANSPORTS["ndjson"](of, stream_path(session_id))) for of in (server, node))

    assert through["type"] == "session_ready"
    assert len(through["data"]["initial_graph"]["nodes"]) == 3_000
    assert through["data"] == directly["data"]


def test_a_socket_carries_commands_and_events(server: Serving) -> None:
    session_id = server.create()
    with dialled(server, stream_path(session_id), subprotocol="puntini.v1") as socket:
        until(events_of(socket), "live")
        socket.send(json.dumps({"type": "user_prompt", "data": {"prompt": "play 3 events every 1 ms"}}))

        assert until(events_of(socket), *TASK_ENDS)[-1]["type"] == "task_completed"


# Asking.


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"authorization": f"Bearer {TOKEN}"}},
        {"params": {"token": TOKEN}},
        {"headers": {"x-api-key": TOKEN}},
    ],
    ids=["header", "query", "key"],
)
def test_a_long_token_reaches_the_server(server: Serving, request_: dict[str, Any]) -> None:
    answer = HTTP.get(f"{server.url}/v1/token", **request_)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_long_token_in_a_subprotocol_reaches_the_server(server: Serving) -> None:
    with pytest.raises(InvalidStatus) as refused:
        dialled(server, stream_path(server.create()), headers={"sec-websocket-protocol": f"puntini.v1, bearer.{TOKEN}"})

    assert json.loads(refused.value.response.body or b"null")["code"] == "unauthorized"


def test_what_is_too_large_is_refused_in_the_server_s_own_words(server: Serving) -> None:
    answer = server.ask("POST", "/v1/sessions", {"title": "x" * 1_500_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_what_the_server_says_of_a_request_comes_through(server: Serving) -> None:
    answer = HTTP.get(f"{server.url}/v1/nothing", headers={"x-request-id": "mine-1"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (404, "mine-1")
    assert answer.headers["content-type"] == "application/problem+json"


def test_metrics_are_not_for_those_outside(server: Serving, node: Serving) -> None:
    assert node.ask("GET", "/metrics").status_code == 200
    assert server.ask("GET", "/metrics").status_code == 404


@pytest.mark.parametrize("forged", ["x-forwarded-for: 203.0.113.9", "forwarded: for=203.0.113.9"])
def test_who_calls_is_who_reached_the_proxy_whatever_they_claim(server: Serving, node: Serving, forged: str) -> None:
    name, claim = forged.split(": ")
    wrong = {"username": name, "password": "a wrong password"}
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), trust_env=False) as elsewhere:
        elsewhere.post(f"{server.url}/v1/login", json=wrong, headers={name: claim})

    # THEN the audit log has the address from which the proxy was called
    entries = wait_for(lambda: node.get(f"/v1/audit?who={name}")["items"], 5.0, "an entry of the audit log")
    assert {entry["address"] for entry in entries} == {"127.0.0.2"}


# When a node fails.


def test_a_command_is_never_sent_twice(kind: str, tmp_path: Path) -> None:
    with silent_node() as one, silent_node() as other, proxied(kind, tmp_path / kind, [one.port, other.port]) as front:
        answer = HTTP.post(f"{front.url}/v1/chat", json={"prompt": "pay the bill"})

        assert answer.status_code in {502, 503}
        assert [*one.heard, *other.heard] == ["POST /v1/chat"]


def test_a_reader_goes_on_behind_its_last_event_when_the_server_was_killed(kind: str, tmp_path: Path) -> None:
    with serving(tmp_path) as node, proxied(kind, tmp_path / kind, [node.port]) as front:
        server = front.to(node)
        session_id = server.create()
        task_id = server.play(session_id, "play 100 events every 10 ms")
        with closing(sse(server, stream_path(session_id), after="earliest")) as events:
            read = [event for event, _ in zip(logged(events), range(20), strict=False)]
            node.kill()
        node.start()

        # WHEN it comes back through the same proxy, once that has noticed
        wait_for(lambda: HTTP.get(f"{front.url}/v1/health").status_code == 200, 10.0, "the server, through the proxy,")
        with closing(sse(server, stream_path(session_id), after=read[-1]["id"])) as events:
            read += until(logged(events), *TASK_ENDS)

        # THEN it has each event once
        assert read == node.events(session_id)
        assert server.finish(task_id) == "completed"


@pytest.mark.slow
def test_a_reader_is_told_to_come_back_when_the_server_is_restarted(kind: str, tmp_path: Path) -> None:
    with serving(tmp_path, grace=2) as node, proxied(kind, tmp_path / kind, [node.port]) as front:
        server = front.to(node)
        session_id = server.create()
        task_id = server.play(session_id, "play 100 events every 20 ms")
        with closing(sse(server, stream_path(session_id), after="earliest")) as events:
            read = [next(events) for _ in range(20)]
            node.terminate()
            read += until(events, "reconnect")
        node.wait()
        node.start()
        wait_for(lambda: HTTP.get(f"{front.url}/v1/health").status_code == 200, 10.0, "the server, through the proxy,")

        # WHEN it does, behind the last event that it has
        read = list(logged(read))
        with closing(sse(server, stream_path(session_id), after=read[-1]["id"])) as events:
            read += until(logged(events), *TASK_ENDS)

        # THEN it has each event once
        assert read == node.events(session_id)
        assert server.finish(task_id) == "completed"


def test_who_asks_is_answered_by_the_other_node_when_one_is_gone(kind: str, node: Serving, tmp_path: Path) -> None:
    with proxied(kind, tmp_path / kind, [free_port(), node.port]) as front:
        # WHEN they ask again and again, each time over a new connection
        answers = [httpx.post(f"{front.url}/v1/sessions", json={}, trust_env=False).status_code for _ in range(10)]
        answers += [httpx.get(f"{front.url}/v1/health", trust_env=False).status_code for _ in range(10)]

    assert set(answers) == {200, 201}
