"""The npm package ``eventsource`` against a real server, in a Node.js process: it comes back by itself."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from puntini.protocol.select import CONTROL_TYPES, LOGGED_TYPES
from tests.live.clients.transports import TASK_ENDS, stream_path
from tests.live.serving import ROOT, Serving

NODE = shutil.which("node")
FOLDER = ROOT / "tests" / "live" / "node"
SECONDS = 20.0

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "eventsource").exists(),
        reason="the npm packages are not installed: `npm ci`",
    ),
]

Said = dict[str, Any]


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


class Follower:
    """The Node.js process that follows a stream."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._said: Queue[Said | None] = Queue()
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def __iter__(self) -> Iterator[Said]:
        """What it says, until it ends by itself. Raises Empty when it says nothing for long."""
        while (said := self._said.get(timeout=SECONDS)) is not None:
            yield said

    def wait(self) -> int:
        """Its exit code. Raises TimeoutExpired when it does not end."""
        return self._process.wait(SECONDS)

    def stop(self) -> None:
        """End it, whatever it is doing."""
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()


@contextmanager
def following(server: Serving, path: str) -> Iterator[Follower]:
    """A client at work."""
    assert NODE is not None
    names = ",".join(sorted((LOGGED_TYPES | CONTROL_TYPES) - {"error"} | {"problem"}))
    command = [NODE, "follow.mjs", server.url + path, names]
    follower = Follower(subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, text=True))
    try:
        yield follower
    finally:
        follower.stop()


def logged(said: list[Said]) -> list[Said]:
    """The events of the log among what was said."""
    return [one["data"] for one in said if "event" in one and "id" in one["data"]]


def up_to_the_end(follower: Follower) -> list[Said]:
    """What it says up to a task's end."""
    said: list[Said] = []
    for one in follower:
        said.append(one)
        if one.get("event") in TASK_ENDS:
            return said
    raise AssertionError(f"it stopped before the task did: {said[-3:]}")


def test_it_comes_back_by_itself_after_the_server_was_killed(mortal: Serving) -> None:
    session_id = mortal.create()
    mortal.play(session_id, "play 400 events every 4 ms")
    said: list[Said] = []
    with following(mortal, f"{stream_path(session_id)}?after=earliest") as follower:
        for one in follower:
            said.append(one)
            if len(logged(said)) == 150:
                break
        mortal.kill()
        mortal.start()
        said += up_to_the_end(follower)

    states = [one["state"] for one in said if "state" in one]
    assert states[0] == "open"
    assert "trouble" in states
    assert states[-1] == "open"
    assert logged(said) == mortal.events(session_id)


def test_it_comes_back_by_itself_after_a_restart(mortal: Serving) -> None:
    session_id = mortal.create()
    said: list[Said] = []
    with following(mortal, stream_path(session_id)) as follower:
        for one in follower:
            said.append(one)
            if one.get("event") == "live":
                break
        mortal.terminate()
        assert mortal.wait() == 0
        mortal.start()
        mortal.play(session_id, "play 20 events every 1 ms")
        said += up_to_the_end(follower)

    assert [one["data"]["data"]["reason"] for one in said if one.get("event") == "reconnect"] == ["drain"]
    assert logged(said) == mortal.events(session_id)


def test_it_stops_for_good_when_the_session_is_closed(server: Serving) -> None:
    session_id = server.create()
    with following(server, stream_path(session_id)) as follower:
        said = []
        for one in follower:
            said.append(one)
            if one.get("event") == "live":
                server.command(session_id, "close_session")

        assert follower.wait() == 0
    assert [one["event"] for one in said if "event" in one] == ["session_ready", "live", "session_closed"]
    assert said[-1] == {"state": "stopped", "code": 204}


def test_it_stops_for_good_when_the_task_has_ended(server: Serving) -> None:
    session_id = server.create()
    task_id = server.play(session_id, "play 20 events every 1 ms")
    with following(server, f"/v1/tasks/{task_id}/stream") as follower:
        said = list(follower)

    assert logged(said) == server.events(session_id)
    assert said[-1] == {"state": "stopped", "code": 204}


def test_each_event_carries_the_id_to_come_back_with(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 30 events every 0 ms"))
    with following(server, f"{stream_path(session_id)}?after=earliest") as follower:
        said = [one for one in up_to_the_end(follower) if "event" in one]

    assert [one["id"] for one in said] == [one["data"]["id"] for one in said]
