"""Chromium against a real server: its ``EventSource``, ``WebSocket`` and ``fetch``, and what keeps strangers out."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from puntini.log.contract import Append, SessionRow
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Error, Nothing, Problem
from puntini.store.open import open_store
from tests.live.clients.transports import stream_path
from tests.live.serving import Serving, serving, store_of

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page

from tests.live.clients.pages import CHROMIUM, FOREIGN, chromium, connect, elsewhere, follow

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Serving) -> Iterator[Page]:
    """A page of the server's own origin."""
    with browser.new_page() as opened:
        opened.goto(f"{server.url}/v1/health")
        yield opened


@pytest.fixture
def own_page(browser: Browser, mortal: Serving) -> Iterator[Page]:
    """A page of the origin of a server that may be killed."""
    with browser.new_page() as opened:
        opened.goto(f"{mortal.url}/v1/health")
        yield opened


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page that another web server gave, under a name that is not of this machine."""
    with elsewhere() as port, browser.new_page() as opened:
        opened.goto(f"http://{FOREIGN}:{port}/")
        yield opened


# EventSource.


def test_event_source_follows_a_session_while_it_plays(server: Serving, page: Page) -> None:
    session_id = server.create()
    source = follow(page, stream_path(session_id))
    source.wait_for("live")

    server.play(session_id, "play 100 events every 1 ms")
    source.wait_for_the_end()

    assert [one["name"] for one in source.said if "name" in one][:2] == ["session_ready", "live"]
    assert source.logged == server.events(session_id)
    assert all(one["id"] == one["data"]["id"] for one in source.said if "id" in one.get("data", {}))
    assert [one["state"] for one in source.said if "state" in one] == ["open"]


def test_event_source_comes_back_by_itself_after_the_server_was_killed(mortal: Serving, own_page: Page) -> None:
    session_id = mortal.create()
    mortal.play(session_id, "play 400 events every 4 ms")
    source = follow(own_page, f"{stream_path(session_id)}?after=earliest")
    source.wait_for_many(150)

    mortal.kill()
    mortal.start()
    source.wait_for_the_end()

    states = [one["state"] for one in source.said if "state" in one]
    assert (states[0], states[-1]) == ("open", "open")
    assert "connecting" in states
    assert source.logged == mortal.events(session_id)


def test_event_source_comes_back_by_itself_to_a_quiet_session_after_a_restart(mortal: Serving, own_page: Page) -> None:
    session_id = mortal.create()
    source = follow(own_page, stream_path(session_id))
    source.wait_for("live")

    mortal.terminate()
    assert mortal.wait() == 0
    mortal.start()
    mortal.play(session_id, "play 20 events every 1 ms")
    source.wait_for_the_end()

    assert [one["data"]["data"]["reason"] for one in source.said if one.get("name") == "reconnect"] == ["drain"]
    assert source.logged == mortal.events(session_id), "the snapshot's id was enough to come back with"


def test_event_source_stops_for_good_when_the_session_is_closed(server: Serving, page: Page) -> None:
    session_id = server.create()
    source = follow(page, stream_path(session_id))
    source.wait_for("live")

    server.command(session_id, "close_session")
    source.wait_for(state="stopped")

    assert source.said[-1]["state"] == "stopped"
    assert source.logged == server.events(session_id)


def test_event_source_hears_of_what_it_chose_only(server: Serving, page: Page) -> None:
    session_id = server.create()
    source = follow(page, f"{stream_path(session_id)}?events=reasoning,graph_update&after=earliest")
    server.play(session_id, "play 70 events every 1 ms")
    source.wait_for_the_end()

    chosen = {"reasoning", "graph_update", "task_completed"}
    assert source.logged == [event for event in server.events(session_id) if event["type"] in chosen]


def test_event_source_is_told_of_a_cursor_that_cannot_be_honoured(server: Serving, page: Page) -> None:
    source = follow(page, f"{stream_path(server.create())}?after=zzzz.7")
    source.wait_for("live")

    names = [one["name"] for one in source.said if "name" in one]
    assert names == ["gap", "session_ready", "live"]


def test_an_error_of_the_log_is_a_problem_and_trouble_with_the_connection_is_an_error(
    tmp_path: Path, browser: Browser
) -> None:
    remember_an_error(store_of(tmp_path))
    with serving(tmp_path) as server, browser.new_page() as page:
        page.goto(f"{server.url}/v1/health")
        source = follow(page, f"{stream_path('ses_1')}?after=earliest")
        source.wait_for("live")
        quiet = source.said
        server.kill()
        source.wait_for(state="connecting")

        assert [one["name"] for one in quiet if "name" in one] == ["problem", "live"]
        assert quiet[1]["data"]["type"] == "error"
        assert quiet[1]["data"]["error"]["message"] == "The model does not answer."
        assert not any("error" in one for one in quiet)
        assert source.said[-1] == {"state": "connecting", "error": "Event"}


def remember_an_error(place: str) -> None:
    """Make a store that holds a session with one event: an error."""

    async def write() -> None:
        store = await open_store(place)
        problem = Problem(code=502, reason="model", message="The model does not answer.", retryable=True)
        made = SessionRow(session_id="ses_1", owner="local", agent="scripted", created_at=1, updated_at=1)
        entry = entry_of(Error(data=Nothing(), error=problem, timestamp="2026-11-21T10:00:00.000Z"))
        await store.append(Append(session_id="ses_1", create=made, entries=[entry], at=1))
        await store.close()

    with ThreadPoolExecutor(1) as pool:  # the browser's driver has a loop in this thread
        pool.submit(lambda: asyncio.run(write())).result()


# WebSocket and fetch.


@pytest.mark.parametrize("protocols", [[], ["puntini.v1"]])
def test_a_page_talks_and_listens_through_one_socket(server: Serving, page: Page, protocols: list[str]) -> None:
    session_id = server.create()
    socket = connect(page, server.url.replace("http", "ws") + stream_path(session_id), *protocols)
    socket.wait_for("live")

    page.evaluate("""() => {
        socket.send(JSON.stringify({type: 'user_prompt', data: {prompt: 'play 200 events every 2 ms'}}))
        socket.send(JSON.stringify({type: 'ping', data: 'while it runs'}))
    }""")
    socket.wait_for_the_end()
    page.evaluate("socket.send(JSON.stringify({type: 'close_session'}))")
    socket.wait_for(state="closed")

    names = [one["name"] for one in socket.said if "name" in one]
    assert names.index("pong") < names.index("task_completed")
    assert socket.logged == server.events(session_id)
    assert (socket.said[0], socket.said[-1]) == (
        {"state": "open", "protocol": "".join(protocols)},
        {"state": "closed", "code": 1000},
    )


CHAT = """async () => {
    const answer = await fetch('/v1/chat', {
        method: 'POST',
        headers: {accept: 'application/x-ndjson', 'content-type': 'application/json'},
        body: JSON.stringify({prompt: 'play 50 events every 20 ms'}),
    })
    let text = ''
    let pieces = 0
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let piece; !(piece = await reader.read()).done; pieces++) text += piece.value
    return {session: answer.headers.get('puntini-session'), pieces, lines: text.trim().split('\\n').map(JSON.parse)}
}"""


def test_a_page_reads_a_chat_as_it_comes(server: Serving, page: Page) -> None:
    chat = page.evaluate(CHAT)

    assert chat["pieces"] > 5, "it came in one piece at the end"
    assert [line for line in chat["lines"] if "id" in line] == server.events(chat["session"])


# Strangers.

ATTEMPT = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options)
        return {type: answer.type, status: answer.status, text: await answer.text()}
    } catch (error) {
        return {refused: error.name}
    }
}"""


def test_a_page_from_elsewhere_can_read_nothing(server: Serving, stranger: Page) -> None:
    session_id = server.create()
    opened = server.get("/v1/connections/stats")["opened"]
    source = follow(stranger, server.url + stream_path(session_id))
    source.wait_for(state="stopped")

    assert [one for one in source.said if "name" in one] == []
    assert stranger.evaluate(ATTEMPT, [f"{server.url}/v1/sessions", {}]) == {"refused": "TypeError"}
    assert server.get("/v1/connections/stats")["opened"] == opened


def test_a_page_from_elsewhere_can_change_nothing(server: Serving, stranger: Page) -> None:
    session_id = server.create()
    blind = {"method": "POST", "mode": "no-cors", "body": "{}"}
    prompt = {**blind, "body": json.dumps({"prompt": "play 3 events", "session_id": session_id})}

    answers = [
        stranger.evaluate(ATTEMPT, [f"{server.url}/v1/sessions", blind]),
        stranger.evaluate(ATTEMPT, [f"{server.url}/v1/chat", prompt]),
        stranger.evaluate(ATTEMPT, [f"{server.url}/v1/sessions/{session_id}", {"method": "DELETE"}]),
    ]

    assert [answer.get("text", "") for answer in answers] == ["", "", ""]
    assert server.get("/v1/sessions")["total"] == 1
    assert server.events(session_id) == []


def test_a_page_from_elsewhere_gets_no_socket(server: Serving, stranger: Page) -> None:
    socket = connect(stranger, f"{server.url.replace('http', 'ws')}/ws/chat")
    socket.wait_for(state="closed")

    assert socket.said == [{"state": "closed", "code": 1006}]


def test_a_name_that_was_bent_to_this_machine_is_refused(server: Serving, browser: Browser) -> None:
    with browser.new_page() as page:
        answer = page.goto(f"http://{FOREIGN}:{server.port}/v1/sessions")

    assert answer is not None
    assert answer.status == 403


def test_a_page_of_another_local_port_may_not_read_unless_it_is_named(browser: Browser, tmp_path: Path) -> None:
    with elsewhere() as named, elsewhere() as unnamed:
        origins = f"http://127.0.0.1:{named}"
        with serving(tmp_path, cors_origins=origins) as server, browser.new_page() as page:
            page.goto(f"http://127.0.0.1:{unnamed}/")
            assert page.evaluate(ATTEMPT, [f"{server.url}/v1/status", {}]) == {"refused": "TypeError"}

            page.goto(f"http://127.0.0.1:{named}/")
            assert page.evaluate(ATTEMPT, [f"{server.url}/v1/status", {}])["type"] == "cors"


def test_a_page_whose_origin_is_named_uses_the_server_as_its_own(browser: Browser, tmp_path: Path) -> None:
    with elsewhere() as port, serving(tmp_path, cors_origins=f"http://{FOREIGN}:{port}") as server:
        session_id = server.create()
        with browser.new_page() as page:
            page.goto(f"http://{FOREIGN}:{port}/")
            source = follow(page, server.url + stream_path(session_id))
            source.wait_for("live")
            chat = CHAT.replace("'/v1/chat'", f"'{server.url}/v1/chat'").replace(
                "{prompt:", f"{{session_id: '{session_id}', prompt:"
            )
            answer = page.evaluate(chat)
            source.wait_for_the_end()

            assert answer["session"] == session_id
            assert source.logged == server.events(session_id)
