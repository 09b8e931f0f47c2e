"""``puntini tasks``: what there is to do and was done, as the server tells it."""

import json

import pytest

from tests.cli.conftest import Call
from tests.cli.terminal import in_a_terminal, sentence
from tests.live.serving import Serving

OK, FAILED, USAGE = 0, 1, 2


@pytest.fixture(scope="module")
def session(server: Serving) -> str:
    """A session in which two tasks have ended."""
    session_id = server.create()
    for prompt in ("play 14 events", "play 900 events every 0 ms"):
        server.finish(server.play(session_id, prompt))
    return session_id


@pytest.fixture
def task(server: Serving, session: str) -> str:
    """The first of them."""
    return str(server.get(f"/v1/tasks?session_id={session}")["items"][0]["task_id"])


def test_a_session_s_tasks_are_listed(call: Call, at: str, session: str, task: str) -> None:
    ran = call("tasks", f"--session={session}", at)

    first, second = ran.out.splitlines()
    assert (ran.code, ran.err) == (OK, "")
    assert first.split()[:2] == [task, "completed"]
    assert first.endswith("scripted  play 14 events")
    assert second.endswith("play 900 events every 0 ms")


def test_a_list_is_by_status_and_agent(call: Call, at: str, session: str) -> None:
    where = (f"--session={session}", at)

    assert len(call("tasks", "--status=completed", "--agent=scripted", *where).out.splitlines()) == 2
    assert call("tasks", "--status=failed", *where) == (OK, "", "There are no such tasks.\n")


def test_where_nothing_is_open_it_is_told_how_ended_tasks_are_listed(call: Call, at: str, session: str) -> None:
    ran = call("tasks", "--agent=nobody", at)

    assert (ran.code, ran.out) == (OK, "")
    assert ran.err.startswith("No task is open; --session ID lists a session's, ended ones too")


def test_a_task_is_what_it_came_to(call: Call, at: str, task: str) -> None:
    ran = call("tasks", task, at)

    assert (ran.code, ran.err) == (OK, "")
    assert ran.out.startswith("completed after ")
    assert ran.out.endswith("\nPlayed 14 events.\n")


def test_a_task_that_runs_is_said_to(call: Call, server: Serving, at: str) -> None:
    task_id = server.play(server.create(), "play 1000 events every 1 s")

    assert call("tasks", task_id, at).out == "running, not ended yet\n"
    assert task_id in call("tasks", at).out
    server.ask("DELETE", f"/v1/tasks/{task_id}").raise_for_status()
    server.finish(task_id)


def test_steps_plan_and_tools_are_shown(call: Call, at: str, task: str) -> None:
    assert call("tasks", task, "--steps", at).out == "5 Step 5 ok\n12 Step 12 ok\n"
    assert call("tasks", task, "--plan", at).out == "1. Say 13\n2. Say 14\n"
    assert call("tasks", task, "--tools", at).out == "count → 4\ncount → 11\n"


def test_as_json_each_is_a_line(call: Call, server: Serving, at: str, session: str, task: str) -> None:
    other = server.get(f"/v1/tasks?session_id={session}")["items"][1]["task_id"]

    steps = [json.loads(line) for line in call("tasks", other, "--steps", "--json", at).out.splitlines()]

    assert [step["step_number"] for step in steps] == list(range(5, 901, 7)), "more than a page of them"
    assert json.loads(call("tasks", task, "--json", at).out) == server.get(f"/v1/tasks/{task}/result")


def test_a_prompt_can_not_drive_the_terminal(server: Serving, at: str) -> None:
    session_id = server.create()
    task_id = server.play(session_id, "\x1b[2J\x9b31mCat")

    for flag in ("", "--json"):
        _, shown = in_a_terminal("tasks", f"--session={session_id}", *filter(None, [flag]), at, env={"NO_COLOR": "1"})
        assert "Cat" in shown
        assert [letter for letter in shown if letter in "\x1b\x9b"] == []
    server.ask("DELETE", f"/v1/tasks/{task_id}")


def test_a_task_that_is_not_there_is_told(call: Call, at: str) -> None:
    assert "There is no task `tsk_none`." in sentence(call("tasks", "tsk_none", at), FAILED)


@pytest.mark.parametrize(("words", "says"), [(["t", "--session=s"], "not both"), (["--steps"], "Name the task whose")])
def test_what_does_not_go_together_is_told(call: Call, words: list[str], says: str) -> None:
    assert says in sentence(call("tasks", *words), USAGE)
