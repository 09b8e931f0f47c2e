"""``puntini tail``: what it shows, where it begins, when it ends, and what it survives."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Call, web_server
from tests.cli.terminal import PROGRAM, Ran, environment, in_a_terminal, sentence, started
from tests.live.serving import Serving, serving

OK, FAILED, INTERRUPTED = 0, 1, 130


def logged(ran: Ran) -> list[dict[str, object]]:
    """The events of the log that ``--json`` printed."""
    return [event for event in map(json.loads, ran.out.splitlines()) if "id" in event]


def types_in(ran: Ran) -> list[str]:
    """The types of the events that are shown, each on its line."""
    return [line[21:].split()[0] for line in ran.out.splitlines()]


@pytest.fixture
def closed(server: Serving) -> str:
    """A session that is closed, with ten events of an agent in it."""
    session_id = server.create()
    server.finish(server.play(session_id, "play 10 events"))
    server.command(session_id, "close_session", reason="enough")
    return session_id


def test_a_session_is_followed_until_it_is_closed(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    with started(tmp_path, "tail", session_id, at) as tail:
        tail.wait_for(" live ")
        server.finish(server.play(session_id, "play 10 events"))
        tail.wait_for(" task_completed ")
        server.command(session_id, "close_session", reason="enough")
        ran = tail.end()

    assert (ran.code, ran.err) == (OK, "")
    assert types_in(ran) == ["session_ready", "live", *(event["type"] for event in server.events(session_id))]
    assert ran.out.splitlines()[-1].endswith(" session_closed     enough")


def test_a_line_tells_the_time_the_number_the_type_and_what_was_said(
    call: Call, server: Serving, at: str, closed: str
) -> None:
    line = call("tail", closed, "--after=earliest", at).out.splitlines()[4]

    event = server.events(closed)[4]
    assert line == f"{event['timestamp'][11:23]}      5  debug              info: Debug 2."


def test_json_is_what_the_server_says(call: Call, server: Serving, at: str, closed: str) -> None:
    assert logged(call("tail", closed, "--after=earliest", "--json", at)) == server.events(closed)


def test_it_begins_after_an_id(call: Call, server: Serving, at: str, closed: str) -> None:
    fourth = server.events(closed)[3]["id"]

    assert logged(call("tail", closed, f"--after={fourth}", "--json", at)) == server.events(closed)[4:]


def test_after_the_last_event_of_a_closed_session_there_is_nothing(
    call: Call, server: Serving, at: str, closed: str
) -> None:
    last = server.events(closed)[-1]["id"]

    assert call("tail", closed, f"--after={last}", at) == (OK, "", "")


def test_a_closed_session_without_a_cursor_is_its_snapshot(call: Call, at: str, closed: str) -> None:
    ran = call("tail", closed, at)

    assert (ran.code, ran.err) == (OK, "")
    assert types_in(ran)[0] == "session_ready"
    assert "closed, 2 messages, 2 nodes, 0 open tasks" in ran.out


def test_a_cursor_that_can_not_be_honoured_is_told(call: Call, at: str, closed: str) -> None:
    ran = call("tail", closed, "--after=nonsense", at)

    assert ran.code == OK
    assert "events are missing (malformed)" in ran.out


def test_only_the_types_that_are_wanted_are_shown(call: Call, at: str, closed: str) -> None:
    ran = call("tail", closed, "--after=earliest", "--events=plan_update,step", at)

    assert set(types_in(ran)) - {"live"} == {"plan_update", "step", "session_closed"} | {"task_completed"}


def test_only_the_levels_that_are_wanted_are_shown(call: Call, at: str, closed: str) -> None:
    assert "debug" in types_in(call("tail", closed, "--after=earliest", "--level=info", at))
    assert "debug" not in types_in(call("tail", closed, "--after=earliest", "--level=warning", at))


@pytest.mark.parametrize(("flag", "says"), [("--events=dances", "dances"), ("--level=loud", "use one of debug, info")])
def test_a_choice_that_there_is_not_is_told_in_the_servers_words(
    call: Call, at: str, closed: str, flag: str, says: str
) -> None:
    assert says in sentence(call("tail", closed, flag, at), FAILED)


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_nothing_is_lost_or_repeated_when_the_server_is_gone_for_a_while(tmp_path: Path, how: str) -> None:
    with serving(tmp_path) as server:
        session_id = server.create()
        with started(tmp_path / "tail", "tail", session_id, "--json", f"--url={server.url}") as tail:
            tail.wait_for('"live"')
            task_id = server.play(session_id, "play 300 events every 3 ms")
            tail.wait_for("Thought 50.")
            getattr(server, how)()
            server.wait()
            server.start()
            server.finish(task_id)
            server.command(session_id, "close_session")
            ran = tail.end()

        assert (ran.code, ran.err.count("the connection was lost")) == (OK, 1)
        assert logged(ran) == server.events(session_id)


def test_a_server_that_is_busy_when_one_comes_back_is_asked_again(call: Call) -> None:
    first, last = (
        f'{{"type":"{kind}","id":"k.{n}","data":{{"reason":"r"}}}}\n' for n, kind in ((1, "x"), (2, "session_closed"))
    )
    ndjson, problem = "application/x-ndjson", "application/problem+json"
    with web_server((200, ndjson, first), (503, problem, "{}"), (429, problem, "{}"), (200, ndjson, last)) as url:
        ran = call("tail", "ses_1", "--json", f"--url={url}")

    assert (ran.code, ran.out) == (OK, first + last)
    assert ran.err.count("the connection was lost") == 1


def test_a_session_that_is_deleted_is_a_failure(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    with started(tmp_path, "tail", session_id, at) as tail:
        tail.wait_for(" live ")
        server.ask("DELETE", f"/v1/sessions/{session_id}").raise_for_status()
        ran = tail.end()

    assert ran.code == FAILED
    assert ran.err.splitlines()[-1].startswith("puntini: ")


def test_ctrl_c_leaves_quietly(server: Serving, at: str, tmp_path: Path) -> None:
    with started(tmp_path, "tail", server.create(), at) as tail:
        tail.wait_for(" live ")
        tail.interrupt()
        ran = tail.end()

    assert (ran.code, ran.err.strip()) == (INTERRUPTED, "")


def test_whoever_reads_only_the_beginning_is_left_quietly(at: str, closed: str) -> None:
    read, write = os.pipe()
    words = [*PROGRAM, "tail", closed, "--after=earliest", at]
    with os.fdopen(write, "wb") as pipe:
        os.close(read)
        done = subprocess.run(words, stdout=pipe, stderr=subprocess.PIPE, env=environment(), timeout=20, check=False)

    assert (done.returncode, done.stderr) == (FAILED, b"")


@pytest.fixture
def nasty(server: Serving) -> str:
    """A closed session whose graph is out to drive terminals."""
    session_id = server.create()
    node = {"id": "n", "label": "\x1b[2J\x9b31mCat\r\n\x07", "key": "\x1b]0;k", "props": {"a\x1bb": "\x9c"}}
    server.command(session_id, "graph_edit", base_version=0, delta=[{"action": "add_node", "node": node}])
    server.command(session_id, "close_session", reason="\x1b[5m")
    return session_id


def test_a_graph_can_not_drive_the_terminal(at: str, nasty: str) -> None:
    code, shown = in_a_terminal("tail", nasty, "--after=earliest", at, env={"NO_COLOR": "1"})

    assert code == OK
    assert "+ �[2J�31mCat � �]0;k (a�b: �)\r\n" in shown
    assert [letter for letter in shown if letter in "\x1b\x9b\x9c\x07"] == []


def test_json_in_a_terminal_says_the_same_without_driving_it(server: Serving, at: str, nasty: str) -> None:
    _, shown = in_a_terminal("tail", nasty, "--after=earliest", "--json", at)

    assert [letter for letter in shown if letter in "\x1b\x9b\x9c\x07"] == []
    assert logged(Ran(OK, shown.replace("\r\n", "\n"), "")) == server.events(nasty)


def test_in_a_terminal_no_line_is_wider_than_it(server: Serving, at: str) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 10 events of 500 bytes"))
    server.command(session_id, "close_session")

    _, shown = in_a_terminal("tail", session_id, "--after=earliest", at, env={"NO_COLOR": "1", "COLUMNS": "70"})

    assert max(map(len, shown.splitlines())) == 70
