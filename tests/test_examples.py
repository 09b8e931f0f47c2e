"""The examples do what they say: each is run as its first lines tell."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

from tests.cli.terminal import Started, environment, in_a_terminal, puntini, started
from tests.live.serving import ROOT, Serving, serving, wait_for

EXAMPLES = ROOT / "examples"
SECONDS = 20.0
ENDS = {"task_completed", "task_failed", "task_cancelled"}


@contextmanager
def uvicorn(directory: Path, app: str, port: int = 0, **env: str) -> Iterator[str]:
    """An example under uvicorn; its address."""
    flags = ["--app-dir", str(EXAMPLES), app, "--port", str(port), "--timeout-graceful-shutdown", "2"]
    with served(directory, "-m", "uvicorn", *flags, **env) as url:
        yield url


@contextmanager
def served(directory: Path, *words: str, **env: str) -> Iterator[str]:
    """What Python serves with these words; its address."""
    log = directory / "served.log"
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=directory, env=environment(env), stdout=sink, stderr=sink
        )
    try:
        yield wait_for(lambda: address_in(log.read_text("utf-8")[began:]), SECONDS, "the example's address")
    finally:
        process.terminate()
        process.wait(SECONDS)


def address_in(log: str) -> str:
    """What uvicorn, or Puntini, says when it serves."""
    found = re.search(r"(?:running on|address) +(http://[\d.:]+)", log)
    return found[1] if found else ""


@contextmanager
def files(directory: Path) -> Iterator[str]:
    """What ``python -m http.server`` does."""
    handler = partial(Quiet, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A running server."""
    with serving(tmp_path) as running:
        yield running


# An agent of one's own.


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the example's agent."""
    with counting(tmp_path_factory.mktemp("counter")) as url:
        yield url


def counting(directory: Path) -> AbstractContextManager[str]:
    """The example's server."""
    return served(directory, str(EXAMPLES / "agent.py"), PUNTINI_PORT="0")


def test_the_agent_answers(counter: str) -> None:
    ran = puntini("chat", "count to 3", f"--url={counter}")

    assert (ran.code, ran.out) == (0, "I counted to 3.\n")
    assert [line for line in ran.err.splitlines() if "say " in line] == [
        f"  step    {n} say {n} ok in 0.1 s" for n in (1, 2, 3)
    ]


def test_the_agent_fails_with_a_reason(counter: str) -> None:
    ran = puntini("chat", "count", f"--url={counter}")

    assert (ran.code, ran.out) == (1, "")
    assert "ValueError: there is no number in the prompt to count to" in ran.err


def test_a_terminal_shows_how_far_the_agent_is(counter: str) -> None:
    code, shown = in_a_terminal("chat", "count to 4", f"--url={counter}", env={"NO_COLOR": "1"})

    bars = re.findall(r"\r  \[([#.]{20})\] +(\d+)% (\d) of 4", shown)
    assert code == 0
    assert bars == [("#" * 5 * n + "." * (20 - 5 * n), str(25 * n), str(n)) for n in (1, 2, 3, 4)]
    assert re.search(r"\r +\rI counted to 4\.\r\n", shown), "the bar is wiped out before the answer"
    assert "[#" not in in_a_terminal("chat", "count to 2", f"--url={counter}", env={"TERM": "dumb"})[1]


def test_the_agent_goes_on_with_the_next_number_after_a_restart(tmp_path: Path) -> None:
    with counting(tmp_path) as url:
        task = httpx.post(f"{url}/v1/sessions", json={}).json()
        path = f"/v1/sessions/{task['session_id']}"
        command = {"type": "user_prompt", "data": {"prompt": "count to 25"}}
        httpx.post(f"{url}{path}/commands", json=command).raise_for_status()
        wait_for(lambda: len(steps(url, path)) > 3, SECONDS, "the fourth number")
    with counting(tmp_path) as url:
        wait_for(lambda: types(url, path) & ENDS, SECONDS, "the end")

        assert steps(url, path) == list(range(1, 26))


def events(url: str, path: str) -> list[dict[str, Any]]:
    """All events of a session."""
    page = httpx.get(f"{url}{path}/stream?after=earliest&limit=1000", headers={"accept": "application/json"})
    return list(page.raise_for_status().json()["events"])


def steps(url: str, path: str) -> list[int]:
    """The numbers that were said."""
    return [event["data"]["step_number"] for event in events(url, path) if event["type"] == "step"]


def types(url: str, path: str) -> set[str]:
    """What kinds of events there are."""
    return {event["type"] for event in events(url, path)}


# A follower.


def following(directory: Path, *words: str) -> AbstractContextManager[Started]:
    """The follower, under way."""
    return started(directory, *words, program=(sys.executable, str(EXAMPLES / "follow.py")))


def test_the_follower_reads_a_session_to_its_end_whatever_happens_to_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        session_id = server.create()
        task_id = server.play(session_id, "play 400 events every 3 ms")
        with following(tmp_path / "read", server.url, session_id) as follower:
            follower.wait_for("Thought 50.")
            server.kill()
            server.start()
            server.finish(task_id)
            server.command(session_id, "close_session")
            assert follower.end().code == 0
        read = [line.split(" ", 2) for line in follower.out.splitlines() if not line.startswith("- ")]

        assert [(i, t, json.loads(d)) for i, t, d in read] == [
            (e["id"], e["type"], e["data"]) for e in server.events(session_id)
        ]


def test_the_follower_goes_on_after_an_id(server: Serving, tmp_path: Path) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 5 events"))
    server.command(session_id, "close_session")
    third = server.events(session_id)[2]["id"]

    with following(tmp_path / "read", server.url, session_id, third) as follower:
        assert follower.end().code == 0

    ids = [line.split()[0] for line in follower.out.splitlines() if not line.startswith("- ")]
    assert ids == [event["id"] for event in server.events(session_id)[3:]]


# Within an application of one's own.


def read(url: str, last_id: str = "", most: int = 1_000_000) -> list[tuple[str, str]]:
    """Ids and names of what a stream dispatches, up to ``most``."""
    found: list[tuple[str, str]] = []
    headers = {"last-event-id": last_id} if last_id else {}
    with httpx.Client(timeout=SECONDS) as client, connect_sse(client, "GET", url, headers=headers) as source:
        for event in source.iter_sse():
            if event.data and "id" in event.json():
                found.append((event.id, event.event))
            if len(found) == most:
                break
    return found


def test_an_application_passes_a_session_on_with_its_ids(server: Serving, tmp_path: Path) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 70 events"))
    server.command(session_id, "close_session")
    shown = {"user_prompt", "assistant_response", "graph_update", "session_closed"} | ENDS
    said = [(e["id"], e["type"]) for e in server.events(session_id) if e["type"] in shown]

    with uvicorn(tmp_path, "embed_sse_starlette:app", PUNTINI_URL=server.url) as url:
        story = f"{url}/stories/{session_id}"
        first = read(story, most=5)

        assert first == said[:5]
        assert first + read(story, first[-1][0]) == said
        assert httpx.get(story, headers={"last-event-id": said[-1][0]}).status_code == 204
        assert httpx.get(f"{url}/stories/ses_none").status_code == 404


def test_readers_of_an_application_are_asked_to_come_back_while_there_is_no_server(tmp_path: Path) -> None:
    with uvicorn(tmp_path, "embed_sse_starlette:app", PUNTINI_URL="http://127.0.0.1:1") as url:
        answer = httpx.get(f"{url}/stories/ses_1")

    assert answer.status_code == 200
    assert "retry: 2000" in answer.text


# In a browser.


def test_a_page_asks_shows_the_answer_and_shows_it_again_after_a_reload(tmp_path: Path) -> None:
    pages = pytest.importorskip("tests.live.clients.pages", reason="playwright is not installed")
    if pages.CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with files(EXAMPLES) as origin, serving(tmp_path, cors_origins=origin) as server, pages.chromium() as browser:
        page = browser.new_page()
        page.goto(f"{origin}/browser.html?server={server.url}")
        page.fill("#prompt", "play 21 events")
        page.click("button")
        page.get_by_text("done: Played 21 events.").wait_for()
        before = page.inner_text("#log")
        page.reload()
        page.get_by_text("done: Played 21 events.").wait_for()

        assert page.inner_text("#log") == before
        assert page.inner_text("#answer").split() == ["7", "14", "21"]


def test_every_example_says_how_to_run_it_and_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    names = sorted(path.name for path in EXAMPLES.iterdir() if path.is_file())

    assert names
    for name in names:
        stem = name.partition(".")[0]
        assert re.search(rf"^    .*{stem}", (EXAMPLES / name).read_text("utf-8"), re.MULTILINE), name
        assert f"(examples/{name})" in readme
