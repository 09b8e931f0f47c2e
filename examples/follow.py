"""Follow a session with httpx-sse, across lost connections and restarts of the server, without losing or repeating.

    pip install httpx-sse
    python examples/follow.py http://127.0.0.1:8000 ses_…
    python examples/follow.py http://127.0.0.1:8000 ses_… k3x9ab.42

The third word is the id to go on after. A program that must not lose anything when it ends itself keeps the last id
beside what it made of the event, and begins with it the next time.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
from httpx_sse import connect_sse

LATER = {429, 502, 503, 504}


def follow(server: str, session_id: str, after: str = "earliest") -> Iterator[dict[str, Any]]:
    """The session's events, until it is closed. Raises httpx.HTTPStatusError when there is no such session."""
    url, pause = f"{server}/v1/sessions/{session_id}/stream", 2.0
    # A server says something at least every 15 seconds: a connection that is silent for 60 is dead.
    with httpx.Client(timeout=httpx.Timeout(10, read=60)) as client:
        while True:
            try:
                with connect_sse(client, "GET", url, headers={"last-event-id": after}) as source:
                    response = source.response
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return  # the session is closed, and all of it was read
                    if response.status_code not in LATER:
                        response.raise_for_status()
                        for event in source.iter_sse():
                            # Blocks without data are no events: they set the id to come back with, and the pause.
                            after = event.id or after
                            pause = pause if event.retry is None else event.retry / 1000
                            if event.data:
                                yield event.json()
            except httpx.TransportError:
                pass  # whatever happened to the connection: come back with the last id
            time.sleep(pause)


if __name__ == "__main__":
    for said in follow(*sys.argv[1:]):
        # A `gap` says that what was asked for is no longer kept: the `session_ready` after it replaces all before.
        print(said.get("id", "-"), said["type"], json.dumps(said["data"]), flush=True)
