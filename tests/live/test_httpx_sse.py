"""``httpx-sse`` against a real server: what its users write, and how they come back.

Other than a browser, it hands out blocks without data too: the retry time and the start cursor, and pings that move it.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent, SSEError, connect_sse

from tests.live.clients.transports import TASK_ENDS, stream_path
from tests.live.serving import Serving


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


@contextmanager
def connected(server: Serving, path: str, *, method: str = "GET", **options: Any) -> Iterator[EventSource]:
    """An open event stream."""
    with (
        httpx.Client(base_url=server.url, timeout=15.0, trust_env=False) as client,
        connect_sse(client, method, path, **options) as source,
    ):
        yield source


def telling(source: EventSource) -> Generator[ServerSentEvent, None, None]:
    """What a browser would dispatch: the blocks with data."""
    yield from (event for event in source.iter_sse() if event.data)


def up_to(events: Iterator[ServerSentEvent], *names: str) -> list[ServerSentEvent]:
    """What comes up to the first event of one of these names, that one too."""
    found: list[ServerSentEvent] = []
    for event in events:
        found.append(event)
        if event.event in names:
            return found
    raise AssertionError(f"the stream ended without {names}")


def test_a_stream_is_followed_from_its_snapshot_to_the_tasks_end(server: Serving) -> None:
    session_id = server.create()
    with connected(server, stream_path(session_id)) as source, closing(telling(source)) as events:
        source.response.raise_for_status()
        ready, live = up_to(events, "live")
        server.play(session_id, "play 20 events every 1 ms")
        read = up_to(events, *TASK_ENDS)

    assert ready.id == json.loads(ready.data)["data"]["cursor"] == json.loads(live.data)["data"]["cursor"]
    assert [event.json() for event in read] == server.events(session_id)
    assert [(event.id, event.event) for event in read] == [(e["id"], e["type"]) for e in server.events(session_id)]


def test_the_server_says_when_to_come_back(server: Serving) -> None:
    with connected(server, f"{stream_path(server.create())}?after=now") as source:
        events = source.iter_sse()
        first, second = next(events), next(events)

    assert first.retry is not None
    assert 1_000 <= first.retry <= 3_000
    assert (second.id, second.data) == (source.response.headers["puntini-cursor"], "")


def test_a_client_that_comes_back_with_its_last_id_misses_and_repeats_nothing(server: Serving) -> None:
    session_id = server.create()
    server.play(session_id, "play 500 events every 2 ms")
    read: list[ServerSentEvent] = []
    headers = {"last-event-id": "0"}
    while not read or read[-1].event not in TASK_ENDS:
        with connected(server, stream_path(session_id), headers=headers) as source, closing(telling(source)) as events:
            for event, _ in zip(events, range(120), strict=False):
                if "id" in event.json():
                    read.append(event)
                if event.event in TASK_ENDS:
                    break
        headers = {"last-event-id": read[-1].id}

    assert [event.json() for event in read] == server.events(session_id)


def test_the_last_id_survives_a_server_that_was_killed(mortal: Serving) -> None:
    session_id = mortal.create()
    mortal.play(session_id, "play 300 events every 5 ms")
    read: list[ServerSentEvent] = []
    path = stream_path(session_id)
    with suppress(httpx.TransportError), connected(mortal, path, params={"after": "earliest"}) as source:
        for event in telling(source):
            read += [event] if "id" in event.json() else []
            if len(read) == 100:
                mortal.kill()
    mortal.start()
    with connected(mortal, path, headers={"last-event-id": read[-1].id}) as source, closing(telling(source)) as events:
        read += [event for event in up_to(events, *TASK_ENDS) if "id" in event.json()]

    assert [event.json() for event in read] == mortal.events(session_id)


def test_chat_is_a_stream_too(server: Serving) -> None:
    body = {"prompt": "play 10 events every 1 ms"}
    with connected(server, "/v1/chat", method="POST", json=body) as source, closing(telling(source)) as events:
        read = list(events)

    assert read[-1].event == "task_completed"
    session_id = source.response.headers["puntini-session"]
    assert [event.json() for event in read if event.event != "live"] == server.events(session_id)


def test_a_drained_stream_ends_after_a_whole_event_that_says_reconnect(mortal: Serving) -> None:
    session_id = mortal.create()
    mortal.play(session_id, "play 100000 events every 1 ms")
    with connected(mortal, stream_path(session_id), params={"after": "now"}) as source:
        events = telling(source)
        next(events)
        mortal.terminate()
        *_, last = events

    assert last.event == "reconnect"
    assert last.json()["data"]["reason"] == "drain"
    assert last.retry == last.json()["data"]["retry_ms"] or last.retry is None
    assert mortal.wait() == 0


def test_a_refusal_is_no_event_stream(server: Serving) -> None:
    with connected(server, "/v1/sessions/ses_nobody/stream") as source:
        with pytest.raises(SSEError, match="application/problem"):
            next(source.iter_sse())
        assert source.response.status_code == 404
