"""``puntini chat``: what goes where, what Ctrl-C does, and what it survives."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.terminal import (
    PROGRAM,
    SECONDS,
    Ran,
    Started,
    environment,
    in_a_terminal,
    puntini,
    sentence,
    started,
    terminal,
)
from tests.live.serving import Serving, serving, wait_for

OK, FAILED, INTERRUPTED = 0, 1, 130
SHORT = "play 21 events"
LONG = "play 2000 events every 5 ms"
CTRL_C, CTRL_D = "\x03", "\x04"
NASTY = "\x1b[31mred\x1b[0m \x9b2J\x07 \x1b]0;title\x07 \u202egnp.exe"


def types_of(ran: Ran) -> list[str]:
    """The types of the events that ``--json`` printed."""
    return [json.loads(line)["type"] for line in ran.out.splitlines()]


def session_of(ran: Ran) -> str:
    """The session that a chat made, as it told."""
    return next(line.split()[1] for line in ran.err.splitlines() if line.startswith("  session "))


def log_of(server: Serving, session_id: str) -> list[str]:
    """The types of all events of a session."""
    return [event["type"] for event in server.events(session_id)]


def test_the_answer_is_the_output_and_the_rest_goes_beside(call: Call, at: str) -> None:
    ran = call("chat", SHORT, at)

    assert ran.code == OK
    assert ran.out == "7 14 21 \nPlayed 21 events.\n"
    for shown in (
        "  think   Thought 1.",
        "  tool    count",
        "  graph   + Number node-0",
        "  plan    Say ",
        "  done after ",
    ):
        assert shown in ran.err


def test_the_events_can_be_had_as_json(call: Call, server: Serving, at: str) -> None:
    session_id = server.create()
    ran = call("chat", SHORT, "--json", "--session", session_id, at)

    read = [event for event in map(json.loads, ran.out.splitlines()) if "id" in event]
    assert (ran.code, ran.err) == (OK, "")
    assert read == server.events(session_id)


def test_a_prompt_can_come_from_the_input(at: str) -> None:
    ran = puntini("chat", "-", at, typed=f"\n{SHORT}\n\n")

    assert (ran.code, ran.out) == (OK, "7 14 21 \nPlayed 21 events.\n")


def test_each_line_that_is_typed_is_a_prompt_in_the_same_session(server: Serving, at: str) -> None:
    ran = puntini("chat", at, typed="play 1 event\n\n  play 2 events  \n")

    assert (ran.code, ran.out) == (OK, "Played 1 events.\nPlayed 2 events.\n")
    assert ran.err.count("  session ") == 1
    assert log_of(server, session_of(ran)).count("user_prompt") == 2


def test_without_a_prompt_and_without_input_nothing_is_asked(at: str) -> None:
    assert puntini("chat", at) == (OK, "", "")


def test_a_conversation_goes_on_in_its_session(call: Call, server: Serving, at: str) -> None:
    first = call("chat", "play 1 event", at)
    again = call("chat", "play 2 events", "--session", session_of(first), at)

    assert (again.code, again.out) == (OK, "Played 2 events.\n")
    assert session_of(first) not in again.err, "the user knows it"
    assert (
        first.err.splitlines()[-1]
        == f"  note    go on with: puntini chat --session {session_of(first)} {at.replace('=', ' ')}"
    )
    assert log_of(server, session_of(first)).count("user_prompt") == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["", "--json"], "prompt"), (["hello", "--agent=nobody"], "nobody"), (["x" * 270_000], "prompt")],
    ids=["nothing", "an unknown agent", "too much"],
)
def test_what_the_server_refuses_is_told_in_its_words(at: str, arguments: list[str], says: str) -> None:
    ran = puntini("chat", "-", *arguments[1:], at, typed=arguments[0])

    assert says in sentence(ran, FAILED)


def test_quiet_leaves_the_answer_alone(call: Call, at: str) -> None:
    assert call("chat", SHORT, "--quiet", at) == (OK, "7 14 21 \nPlayed 21 events.\n", "")


def test_who_has_to_wait_for_another_s_task_is_told(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    task_id = server.play(session_id, LONG)
    with started(tmp_path, "chat", "play 1 event", "--session", session_id, at) as chat:
        chat.wait_for("  note    queued: it waits for its turn\n")
        server.ask("POST", f"/v1/tasks/{task_id}/control", {"action": "stop"}).raise_for_status()

        assert chat.end().out == "Played 1 events.\n"


def test_a_closed_session_takes_no_prompt(call: Call, server: Serving, at: str) -> None:
    session_id = server.create()
    server.command(session_id, "close_session")

    assert "closed" in sentence(call("chat", SHORT, "--session", session_id, at), FAILED)


def test_a_task_that_is_stopped_by_another_is_a_failure(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    with started(tmp_path, "chat", LONG, "--session", session_id, at) as chat:
        chat.wait_for("Thought 8.")
        [task] = server.get(f"/v1/tasks?session_id={session_id}")["items"]
        server.ask("POST", f"/v1/tasks/{task['task_id']}/control", {"action": "stop"}).raise_for_status()
        ran = chat.end()

    assert ran.code == FAILED
    assert "  stopped after " in ran.err


# Ctrl-C.


def test_ctrl_c_stops_the_task_and_not_only_the_display(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    with started(tmp_path, "chat", LONG, "--session", session_id, at) as chat:
        chat.wait_for("Thought 8.")
        chat.interrupt()
        ran = chat.end()

    assert ran.code == INTERRUPTED
    assert "stopping the task" in ran.err
    assert ran.err.splitlines()[-1].startswith("  stopped after ")
    assert "Traceback" not in ran.err
    assert log_of(server, session_id)[-1] == "task_cancelled"


def test_ctrl_c_while_nothing_is_said_stops_the_task_too(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    with started(tmp_path, "chat", "play 3 events every 20000 ms", "--session", session_id, "--json", at) as chat:
        chat.wait_for("task_started")
        chat.interrupt()
        ran = chat.end()

    assert (ran.code, types_of(ran)[-1]) == (INTERRUPTED, "task_cancelled")


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as server,
        started(tmp_path / "chat", "chat", LONG, f"--url={server.url}") as chat,
    ):
        chat.wait_for("Thought 8.")
        server.process.send_signal(signal.SIGSTOP)
        chat.interrupt()
        chat.wait_for("Ctrl-C again leaves at once")
        chat.interrupt()
        ran = chat.end()
        server.process.send_signal(signal.SIGCONT)

    assert ran.code == INTERRUPTED
    assert "Traceback" not in ran.err


# Servers that come and go.


def is_speaking(chat: Started) -> bool:
    """Whether a good part of the work, and not all of it, is there."""
    return chat.err.count("Thought ") > 20


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_an_answer_is_whole_though_the_server_is_gone_for_a_while(tmp_path: Path, how: str) -> None:
    words = ("chat", "play 700 events every 2 ms")
    with serving(tmp_path) as server, started(tmp_path / "chat", *words, f"--url={server.url}") as chat:
        chat.wait_until(is_speaking, "the answer's beginning")
        getattr(server, how)()
        server.wait()
        chat.wait_for("the connection was lost")
        server.start()
        ran = chat.end()

    assert ran.code == OK
    assert ran.out == "".join(f"{n} " for n in range(7, 701, 7)) + "\nPlayed 700 events.\n"


def test_a_pipe_gets_no_word_of_an_attempt_that_died(tmp_path: Path) -> None:
    with (
        serving(tmp_path, agent="puntini", offline_pause_seconds=0.05) as server,
        started(tmp_path / "chat", "chat", "help", "--session", server.create(), f"--url={server.url}") as chat,
    ):
        [session] = server.get("/v1/sessions")["items"]
        wait_for(
            lambda: "assistant_response" in log_of(server, session["session_id"]), SECONDS, "the answer's beginning"
        )
        server.kill()
        server.start()
        ran = chat.end()
        [task] = server.get(f"/v1/tasks?session_id={session['session_id']}")["items"]
        answer = server.get(f"/v1/tasks/{task['task_id']}/result")["final_answer"]

    assert "  note    attempt 1 was cut off; it is done again\n" in ran.err
    assert (ran.code, ran.out) == (OK, f"{answer}\n")


def test_the_user_is_told_once_that_the_server_is_gone(tmp_path: Path) -> None:
    with serving(tmp_path) as server, started(tmp_path / "chat", "chat", LONG, f"--url={server.url}") as chat:
        chat.wait_until(is_speaking, "the answer's beginning")
        server.kill()
        with socket.create_server(("127.0.0.1", server.port)) as door:
            door.settimeout(SECONDS)
            for _ in range(2):  # so often it tries in vain
                door.accept()[0].close()
        chat.interrupt()
        ran = chat.end()

    assert ran.code == FAILED, "the task could not be stopped"
    assert ran.err.count("the connection was lost") == 1
    assert ran.err.splitlines()[-1].startswith(f"puntini: No server answers at {server.url}")


def test_several_words_are_one_prompt(at: str) -> None:
    assert "You said: hello wide world" in puntini("chat", "hello", "wide", "world", at).out


# Terminals.


def test_an_agent_can_not_drive_the_terminal(at: str) -> None:
    code, shown = in_a_terminal("chat", NASTY, at, env={"NO_COLOR": "1"})

    assert code == OK
    assert [letter for letter in shown if letter in "\x1b\x9b\x07\u202e"] == []
    assert "You said: �[31mred" in shown


def test_colours_are_for_terminals_and_for_those_who_want_them(at: str) -> None:
    dim = "\x1b[2m"

    assert dim in in_a_terminal("chat", SHORT, at)[1]
    assert dim in in_a_terminal("chat", SHORT, at, env={"NO_COLOR": ""})[1]
    assert "\x1b" not in in_a_terminal("chat", SHORT, at, env={"NO_COLOR": "1"})[1]
    assert "\x1b" not in puntini("chat", SHORT, at).err


LINES = ["7 ", "14 ", "21 ", "Played 21 events."]


def test_in_a_terminal_each_thing_has_its_own_line(at: str) -> None:
    _, shown = in_a_terminal("chat", SHORT, at, env={"NO_COLOR": "1"})

    assert [line for line in shown.replace("\r\n", "\n").splitlines() if not line.startswith("  ")] == LINES


def test_in_one_file_with_the_rest_each_thing_has_its_own_line(at: str) -> None:
    words = [*PROGRAM, "chat", SHORT, at]
    both = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), check=True).stdout

    lines = [line for line in both.decode().splitlines() if not line.startswith("  ")]
    assert lines == ["7 14 21 ", "Played 21 events."]


def test_who_types_is_asked_again_after_each_answer_and_after_ctrl_c(at: str) -> None:
    with terminal("chat", at, env={"NO_COLOR": "1"}) as chat:
        chat.wait_for("> ")
        chat.type("play 1 event\n")
        chat.wait_for("Played 1 events.", "> ")
        chat.type(f"{LONG}\n")
        chat.wait_for("Thought 8.")
        chat.type(CTRL_C)
        chat.wait_for("stopped after", "> ")
        chat.type("play 2 events\n")
        chat.wait_for("Played 2 events.", "> ")
        chat.type(CTRL_D)

        assert chat.end() == OK
    assert chat.shown.splitlines()[-2] == "> "
    assert chat.shown.splitlines()[-1].startswith("  note    go on with: puntini chat --session ses_")


def test_ctrl_c_where_nothing_runs_leaves(at: str) -> None:
    with terminal("chat", at) as chat:
        chat.wait_for("> ")

        assert chat.leave(CTRL_C) == INTERRUPTED
    assert "Traceback" not in chat.shown


def test_a_list_of_prompts_ends_where_ctrl_c_stops_it(server: Serving, at: str, tmp_path: Path) -> None:
    session_id = server.create()
    (tmp_path / "prompts").write_text(f"{LONG}\nplay 1 event\n", "utf-8")
    with started(tmp_path, "chat", "--session", session_id, at, typed=tmp_path / "prompts") as chat:
        chat.wait_for("Thought 8.")
        chat.interrupt()
        ran = chat.end()

    assert ran.code == INTERRUPTED
    assert log_of(server, session_id).count("user_prompt") == 1
