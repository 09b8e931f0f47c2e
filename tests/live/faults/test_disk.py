"""The disk fills up under a running server: it says so, goes on reading, and goes on writing when there is room."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from anyio.to_thread import run_sync
from websockets.sync.client import connect

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.starts import assert_one_sentence, puntini_serve
from tests.live.faults.story import (
    all_quiet,
    assert_carried_out_once,
    assert_complete,
    assert_played_once,
    assert_read_by_all,
    attempts,
    whole_log,
)
from tests.live.faults.streams import FORMS
from tests.live.faults.writer import Writer
from tests.live.serving import ROOT, Serving, serving, wait_for

pytestmark = [pytest.mark.anyio, pytest.mark.not_on_postgres("the disk of a file is full")]

DISK_BYTES = 16 << 20
GRACE = 3.0


class Disk(Protocol):
    """Where a server's store is, and how to fill it."""

    server: Serving

    def fill(self) -> None:
        """Leave no room."""

    def make_room(self) -> None:
        """There is room again."""


class Limit:
    """No file of the server may grow: what everybody can do to a disk of their own."""

    def __init__(self, server: Serving) -> None:
        self.server = server

    def fill(self) -> None:
        """The largest file, the store's log, is as large as it may get."""
        self._set(max(file.stat().st_size for file in self.server.directory.iterdir()))

    def make_room(self) -> None:
        """No limit; one that has ended took its limit with it."""
        if self.server.process.poll() is None:
            self._set(resource.RLIM_INFINITY)

    def _set(self, most: int) -> None:
        _, hard = resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (most, hard))


class Volume:
    """A small file system of its own, with the server's log lines on it too. Needs root."""

    def __init__(self, server: Serving) -> None:
        self.server = server
        self._ballast = server.directory / "ballast"

    def fill(self) -> None:
        """Write until nothing more goes in."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (65_536, 4_096, 1):
                try:
                    while ballast.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        """Take the ballast away."""
        self._ballast.unlink()


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A directory with little room."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "puntini-test", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.fixture(params=[Limit, Volume], ids=["no file may grow", "the disk is full"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A server on a disk that can be filled."""
    if request.param is Volume:
        request.getfixturevalue("volume")
    with serving(tmp_path, grace=GRACE) as server:
        made: Callable[[Serving], Disk] = request.param
        yield made(server)


def prompt_refused(server: Serving, session: str) -> dict[str, object]:
    """The problem that a prompt is answered with, or nothing when it was accepted."""
    command = {"type": "user_prompt", "data": {"prompt": "play 1 event"}}
    answer = server.ask("POST", f"/v1/sessions/{session}/commands", command)
    if answer.status_code == 202:
        return {}
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    return dict(answer.json())


def creation_refused(server: Serving) -> dict[str, object]:
    """The problem that a new session is answered with, or nothing when there was room for it."""
    answer = server.ask("POST", "/v1/sessions", {})
    return {} if answer.status_code == 201 else dict(answer.json())


def refused(disk: Disk, session: str) -> dict[str, object]:
    """Fill the disk; the problem that comes of it. What little room is left in a page may take a few more prompts."""
    disk.fill()
    return wait_for(lambda: prompt_refused(disk.server, session), 5, "a refusal")


def test_commands_are_told_that_the_store_is_unavailable(disk: Disk) -> None:
    session = disk.server.create()
    problem = refused(disk, session)
    assert (problem["status"], problem["code"]) == (503, "store_unavailable")
    assert str(problem["detail"]).startswith("The store")
    assert "nothing was written" in str(problem["detail"])
    answer = wait_for(lambda: creation_refused(disk.server), 5, "a refusal")
    assert (answer["status"], answer["code"]) == (503, "store_unavailable")


def test_a_socket_is_told_with_an_error_and_stays_open(disk: Disk) -> None:
    session = disk.server.create()
    refused(disk, session)
    url = f"ws://127.0.0.1:{disk.server.port}/v1/sessions/{session}/stream?after=now"
    with connect(url, proxy=None) as websocket:
        assert '"live"' in str(websocket.recv(5))
        websocket.send('{"type":"user_prompt","command_id":"c1","data":{"prompt":"play 1 event"}}')
        told = str(websocket.recv(5))
        assert '"reason":"store_unavailable"' in told
        assert '"retryable":true' in told
        websocket.send('{"type":"ping","data":{}}')
        assert '"pong"' in str(websocket.recv(5))


def test_everything_can_still_be_read(disk: Disk) -> None:
    session = disk.server.create()
    disk.server.finish(disk.server.play(session, "play 300 events"))
    refused(disk, session)
    before = whole_log(disk.server, session)
    assert len(before) > 300
    for path in ("", "/messages", "/graph", "/state"):
        assert disk.server.get(f"/v1/sessions/{session}{path}")
    assert disk.server.get("/v1/ready")["status"] == "ready"
    assert prompt_refused(disk.server, session)
    assert whole_log(disk.server, session) == before, "what was refused left nothing behind"


async def test_it_goes_on_by_itself_when_there_is_room(disk: Disk) -> None:
    server = disk.server
    session = await run_sync(server.create)
    task = await run_sync(server.play, session, "play 400 events every 5 ms")
    readers = [Reader(server, session, [form]) for form in FORMS]
    writer = Writer(server, session)
    async with anyio.create_task_group() as tasks:
        for reader in readers:
            tasks.start_soon(reader.run)
        tasks.start_soon(writer.run)
        await caught_up(readers, 50)
        await run_sync(disk.fill)
        await run_sync(lambda: wait_for(lambda: writer.repeated > 3, 10, "refused commands"))
        await run_sync(disk.make_room)
        await run_sync(server.finish, task)
        writer.stopping = True
        await run_sync(all_quiet, server)
        log = await run_sync(whole_log, server, session)
        await caught_up(readers, len(log))
        tasks.cancel_scope.cancel()
    assert [reader.opened for reader in readers] == [1, 1, 1], "no stream was lost over it"
    assert attempts(log) == 1, "no task was interrupted by it"
    assert_complete(log)
    assert_read_by_all(readers, log)
    assert_carried_out_once(writer, log)
    assert_played_once(log)


def test_a_server_whose_disk_is_full_can_be_ended_and_goes_on_later(disk: Disk) -> None:
    server = disk.server
    session = server.create()
    task = server.play(session, "play 600 events every 2 ms")
    refused(disk, session)
    server.terminate()
    assert server.wait(GRACE + 1.5) == 0, server.said()
    assert "Traceback" not in server.said()
    disk.make_room()
    server.start()
    assert server.finish(task) == "completed"
    all_quiet(server)
    assert_complete(whole_log(server, session))
    assert_played_once(whole_log(server, session))


def test_a_server_does_not_start_on_a_full_disk_and_says_why(volume: Path) -> None:
    with serving(volume) as server:
        server.create()
        server.kill()
        Volume(server).fill()
    ended = puntini_serve(volume, "--store=puntini.db", "--port=0")
    assert_one_sentence(ended, "The store's disk is full")


def test_a_log_line_that_can_not_be_written_ends_nothing() -> None:
    words = "from puntini.logs import configure, structlog as s; configure('json', 'info'); s.get_logger().info('x')"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", f"{words}; print('it goes on')"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=full, check=True)
    assert done.stdout == b"it goes on\n"
