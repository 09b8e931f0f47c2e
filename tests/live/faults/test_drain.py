"""SIGTERM and Ctrl-C: everybody is told, everything ends at a boundary, in time, and goes on after the restart."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from time import monotonic

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import assert_task_told_once, numbers_played, tasks_of
from tests.live.faults.streams import ACCEPT, FORMS, request
from tests.live.serving import Serving, serving, wait_for

pytestmark = pytest.mark.anyio

STREAMS = 500
POLLS = 20
SESSIONS = 5
PLAYED = 160
USUAL_GRACE = 10.0
GRACE = 3.0
A_MOMENT = 1.5
"""For the process itself to end, on a busy machine."""
NO_SAFE_POINT = "play 3 events every 600000 ms"
BY_SIGNAL: dict[str, Callable[[Serving], None]] = {"SIGTERM": Serving.terminate, "Ctrl-C": Serving.interrupt}


@pytest.fixture(params=BY_SIGNAL)
def end(request: pytest.FixtureRequest) -> Callable[[Serving], None]:
    """Sends the signal."""
    return BY_SIGNAL[request.param]


@pytest.fixture
def brisk(tmp_path: Path) -> Iterator[Serving]:
    """A server with little time to end."""
    with serving(tmp_path, grace=GRACE) as running:
        yield running


def stats(server: Serving) -> dict[str, int]:
    return dict(server.get("/v1/connections/stats"))


async def until_open(server: Serving, count: int) -> None:
    await run_sync(lambda: wait_for(lambda: stats(server)["open"] >= count, 20, f"{count} open streams"))


class Polls:
    """Long-polls that wait for news which never come."""

    def __init__(self, server: Serving) -> None:
        self.session = server.create()
        self.pages: list[httpx.Response] = []
        self._url = f"{server.url}/v1/sessions/{self.session}/stream?after=now&wait=60"

    async def ask(self) -> None:
        """One page."""
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as http:
            self.pages.append(await http.get(self._url, headers={"accept": "application/json"}))


class Crowd:
    """Sessions in which tasks run, and all that follow them."""

    def __init__(self, server: Serving) -> None:
        self.server = server
        self.sessions = [server.create() for _ in range(SESSIONS)]
        self.readers = [Reader(server, self.sessions[n % SESSIONS], [FORMS[n % len(FORMS)]]) for n in range(STREAMS)]
        self.polls = Polls(server)

    async def read_until(self, end: Callable[[Serving], None]) -> None:
        """Follow running tasks until a signal ends the server."""
        async with anyio.create_task_group() as tasks:
            for reader in self.readers:
                tasks.start_soon(reader.read_once)
            for _ in range(POLLS):
                tasks.start_soon(self.polls.ask)
            await until_open(self.server, STREAMS + POLLS)
            for session in self.sessions:
                await run_sync(self.server.play, session, f"play {PLAYED} events every 20 ms")
            await caught_up(self.readers, PLAYED // 4)
            end(self.server)
            assert await run_sync(self.server.wait, USUAL_GRACE) == 0

    async def go_on(self) -> None:
        """Start the server again and read on, until all has been said."""
        await run_sync(self.server.start)
        for session in self.sessions:
            task = (await run_sync(self.server.get, f"/v1/tasks?session_id={session}"))["items"][0]
            await run_sync(self.server.finish, task["task_id"])
        async with anyio.create_task_group() as tasks:
            for reader in self.readers:
                tasks.start_soon(reader.run)
            for session in self.sessions:
                await caught_up(self.readers_of(session), len(self.server.events(session)))
            tasks.cancel_scope.cancel()

    def readers_of(self, session: str) -> Sequence[Reader]:
        """Who reads a session."""
        return [reader for reader in self.readers if reader.session_id == session]


@pytest.fixture
def crowd(server: Serving) -> Crowd:
    return Crowd(server)


@pytest.mark.parametrize("signal_name", ["SIGTERM", pytest.param("Ctrl-C", marks=pytest.mark.slow)])
async def test_five_hundred_streams_are_told_to_reconnect_and_lose_nothing(crowd: Crowd, signal_name: str) -> None:
    await crowd.read_until(BY_SIGNAL[signal_name])
    for reader in crowd.readers:
        assert_told(reader)
    for page in crowd.polls.pages:
        assert page.status_code == 200
        assert page.json()["events"] == []
    await crowd.go_on()
    for session in crowd.sessions:
        assert_whole_story(crowd, session)


def assert_told(reader: Reader) -> None:
    """The last word was ``reconnect``; a socket was closed with 1001, a response had its last chunk."""
    assert reader.controls[-1]["type"] == "reconnect", reader.controls[-1]
    assert reader.controls[-1]["data"]["reason"] == "drain"
    assert reader.controls[-1]["data"]["retry_ms"] > 0
    assert reader.ends in (["whole"], ["1001"])


def assert_whole_story(crowd: Crowd, session: str) -> None:
    """The task was taken up again, ended once, and every reader read all of it."""
    log = crowd.server.events(session)
    [told] = tasks_of(log).values()
    assert_task_told_once(told)
    assert told[-1]["type"] == "task_completed"
    assert told[-1]["attempt"] == 2
    assert numbers_played(told) == list(range(1, PLAYED + 1))
    for reader in crowd.readers_of(session):
        assert reader.ids == list(range(1, len(log) + 1))
        assert len(reader.epochs) == 1
        assert not reader.told("gap")


def test_readiness_goes_false_at_once_and_nobody_new_is_let_in(server: Serving) -> None:
    busy(server)
    with httpx.Client(trust_env=False, base_url=server.url) as balancer:
        assert balancer.get("/v1/ready").status_code == 200
        server.terminate()
        wait_for(lambda: balancer.get("/v1/ready").status_code == 503, 1.0, "a server that is not ready")
        assert balancer.get("/v1/ready").json()["code"] == "unavailable"
        assert server.process.poll() is None, "it is still draining"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def busy(server: Serving) -> str:
    """A session whose agent has begun and comes to no safe point."""
    session = server.create()
    server.play(session, NO_SAFE_POINT)
    wait_for(lambda: any(event["type"] == "reasoning" for event in server.events(session)), 5, "its first words")
    return session


@pytest.mark.parametrize("form", [*ACCEPT, "page"])
def test_a_client_that_never_reads_can_not_hold_up_the_end(brisk: Serving, form: str) -> None:
    session = brisk.create()
    brisk.finish(brisk.play(session, "play 900 events of 8000 bytes"))
    accept = ACCEPT.get(form, "application/json")
    with stuck(brisk, request(brisk.port, session, accept, "earliest", "&limit=1000")):
        assert_ends_in_time(brisk)


@pytest.mark.parametrize(
    "words",
    [b"", b"GET /v1/sta", b"POST /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_never_becomes_whole_can_not_hold_up_the_end(brisk: Serving, words: bytes) -> None:
    with stuck(brisk, words):
        assert_ends_in_time(brisk)


async def test_a_socket_that_never_reads_can_not_hold_up_the_end(brisk: Serving) -> None:
    session = await run_sync(brisk.create)
    reader = Reader(brisk, session, ["websocket"], buffer=4_096)
    reader.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.run)
        await until_open(brisk, 1)
        await run_sync(lambda: brisk.finish(brisk.play(session, "play 900 events of 8000 bytes")))
        await run_sync(assert_ends_in_time, brisk)
        tasks.cancel_scope.cancel()


def test_an_agent_that_comes_to_no_safe_point_can_not_hold_up_the_end(brisk: Serving) -> None:
    session = busy(brisk)
    assert_ends_in_time(brisk)
    brisk.start()
    [task] = brisk.get(f"/v1/tasks?session_id={session}")["items"]
    wait_for(lambda: brisk.get(f"/v1/tasks/{task['task_id']}")["attempt"] == 2, 5, "another attempt")
    brisk.kill()


class stuck:  # noqa: N801 - used as a word in a with statement
    """A client that says something and then neither reads nor speaks."""

    def __init__(self, server: Serving, words: bytes) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.sendall(words)
        wait_for(lambda: server.get("/v1/health"), 5, "a server that had time to read it")

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def assert_ends_in_time(server: Serving) -> None:
    """SIGTERM ends it within its grace, and well."""
    server.terminate()
    assert server.wait(GRACE + A_MOMENT) == 0


@pytest.mark.parametrize("second", ["SIGTERM", "Ctrl-C"])
def test_a_second_signal_ends_the_server_at_once(server: Serving, end: Callable[[Serving], None], second: str) -> None:
    busy(server)
    end(server)
    with pytest.raises(TimeoutExpired):
        server.wait(0.3)
    BY_SIGNAL[second](server)
    assert server.wait(1.0) in {-signal.SIGTERM, -signal.SIGINT}


def test_a_server_without_work_ends_soon(server: Serving) -> None:
    session = server.create()
    began = monotonic()
    server.stop()
    assert monotonic() - began < A_MOMENT
    assert server.process.returncode == 0
    assert not (server.directory / "puntini.db-wal").exists(), "the store was put away"
    with serving(server.directory) as again:
        assert again.get(f"/v1/sessions/{session}")["status"] == "active"


HOLDS_ON = """
import time
from langgraph.graph import START, MessagesState, StateGraph

def wait(state):
    open("began", "w").close()
    time.sleep(60)

made = StateGraph(MessagesState)
made.add_node("wait", wait)
made.add_edge(START, "wait")
graph = made.compile()
"""


def test_an_agent_s_thread_does_not_keep_the_process(tmp_path: Path) -> None:
    (tmp_path / "holds_on.py").write_text(HOLDS_ON)
    with serving(tmp_path, agent="holds_on:graph", grace=0.5) as server:
        session = server.create()
        task = server.play(session, "hold on")
        wait_for((tmp_path / "began").exists, 10, "the agent's thread")
        server.terminate()
        server.wait(12.0)
        said = server.said()
        server.start()

        assert "the server leaves without them" in said
        assert server.get(f"/v1/tasks/{task}")["status"] in {"queued", "running"}
        server.kill()
