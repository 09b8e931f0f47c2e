"""One reader a transport: a generator of envelopes that ends with the stream.

Closing it closes the connection, wherever it stands. Control events come too; ``logged`` leaves them out.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.live.serving import Serving
from tests.protocol.sse import SseParser

Event = dict[str, Any]
Events = Generator[Event, None, None]
Read = Callable[..., Events]
SECONDS = 20.0
TASK_ENDS = frozenset({"task_completed", "task_failed", "task_cancelled"})


def stream_path(session_id: str) -> str:
    """The address of a session's stream."""
    return f"/v1/sessions/{session_id}/stream"


def sse(server: Serving, path: str, **query: Any) -> Events:
    """Server-Sent Events, read with a parser written from the standard."""
    parser, given = SseParser(), 0
    with _opened(server, path, "text/event-stream", query) as answer:
        for piece in answer.iter_raw():
            parser.feed(piece)
            for block in parser.blocks[given:]:
                given += 1
                yield json.loads(block.data)


def ndjson(server: Serving, path: str, **query: Any) -> Events:
    """One envelope a line; an empty line is a sign of life."""
    waiting = b""
    with _opened(server, path, "application/x-ndjson", query) as answer:
        for piece in answer.iter_raw():
            *lines, waiting = (waiting + piece).split(b"\n")
            yield from (json.loads(line) for line in lines if line)


def pages(server: Serving, path: str, **query: Any) -> Events:
    """Page after page, with a long poll where nothing is there yet, until nothing can follow."""
    headers = {"accept": "application/json"}
    with httpx.Client(base_url=server.url, timeout=SECONDS, trust_env=False, verify=False, headers=headers) as client:
        while True:
            page = client.get(path, params={"wait": 2, "limit": 50, **_texts(query)}).raise_for_status().json()
            yield from page["events"]
            if page["ended"]:
                return
            query["after"] = page["next"]


def websocket(server: Serving, path: str, **query: Any) -> Events:
    """One envelope a frame."""
    with dialled(server, path, **query) as socket:
        yield from events_of(socket)


def joined_websocket(server: Serving, path: str, **query: Any) -> Events:
    """Envelopes joined in frames, one a line."""
    with dialled(server, path, subprotocol="puntini.v1", **query) as socket:
        yield from events_of(socket)


TRANSPORTS: dict[str, Read] = {
    "sse": sse,
    "websocket": websocket,
    "joined websocket": joined_websocket,
    "ndjson": ndjson,
    "pages": pages,
}


def dialled(
    server: Serving,
    path: str,
    *,
    subprotocol: str = "",
    headers: Mapping[str, str] | None = None,
    stalled: bool = False,
    **query: Any,
) -> ClientConnection:
    """An open socket; ``stalled`` takes next to nothing in before it is read. Raises InvalidStatus when refused."""
    return connect(
        str(httpx.URL(server.url.replace("http", "ws", 1) + path).copy_merge_params(_texts(query))),
        subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
        additional_headers=headers,
        proxy=None,
        compression=None,
        max_size=None,
        max_queue=1 if stalled else None,  # what waits to be read would hold up the closing
        open_timeout=SECONDS,
        close_timeout=0.1 if stalled else SECONDS,
    )


def events_of(socket: ClientConnection) -> Iterator[Event]:
    """What a socket says, until it is closed."""
    try:
        while True:
            yield from (json.loads(line) for line in str(socket.recv(SECONDS)).split("\n"))
    except ConnectionClosed:
        return


def close_code(socket: ClientConnection) -> int:
    """Read to the end; the code the server closed with. Raises AssertionError when it left without a close frame."""
    for _ in events_of(socket):
        pass
    assert socket.protocol.close_rcvd is not None, "the server left without a close frame"
    return socket.protocol.close_rcvd.code


def logged(events: Iterable[Event]) -> Iterator[Event]:
    """Those of the log: what has an id."""
    return (event for event in events if "id" in event)


def until(events: Iterable[Event], *types: str) -> list[Event]:
    """What comes up to the first event of one of these types, that one too. Raises AssertionError when none does."""
    found: list[Event] = []
    for event in events:
        found.append(event)
        if event["type"] in types:
            return found
    raise AssertionError(f"the stream ended without {' or '.join(types)}: {[event['type'] for event in found][-5:]}")


def _opened(server: Serving, path: str, accept: str, query: dict[str, Any]) -> "_Answer":
    return _Answer(server.url + path, {"accept": accept}, _texts(query))


class _Answer:
    """A streamed response with a client of its own, so that leaving closes the connection."""

    def __init__(self, url: str, headers: dict[str, str], params: dict[str, str]) -> None:
        self._client = httpx.Client(timeout=SECONDS, trust_env=False, verify=False)
        self._stream = self._client.stream("GET", url, headers=headers, params=params)

    def __enter__(self) -> httpx.Response:
        return self._stream.__enter__().raise_for_status()

    def __exit__(self, *about: Any) -> None:
        self._stream.__exit__(*about)
        self._client.close()


def _texts(query: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items()}
