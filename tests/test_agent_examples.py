"""The examples of agents and tools do what they say, in a real server that is started as their first lines tell."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.agent.models.messages_server import answer, text, tool_use
from tests.agent.models.messages_server import serving as messages
from tests.live.serving import ROOT, Serving, serving, wait_for

SECONDS = 20.0


@contextmanager
def beside(directory: Path, module: str, **settings: object) -> Iterator[Serving]:
    """A server that is started beside an example, as in its folder."""
    shutil.copy(ROOT / "examples" / f"{module}.py", directory)
    with serving(directory, **settings) as server:
        yield server


def said(server: Serving, session_id: str, kind: str) -> list[dict[str, Any]]:
    """What was said of one kind."""
    return [event["data"] for event in server.events(session_id) if event["type"] == kind]


def asked(server: Serving, session_id: str) -> dict[str, Any]:
    """What a person is asked, once the task waits for it."""

    path = f"/v1/sessions/{session_id}/approvals"
    return dict(wait_for(lambda: server.get(path)["items"], SECONDS, "a question")[0])


# An embedder.


def test_a_slip_of_the_pen_finds_what_it_meant_to_a_person_and_to_an_agent(tmp_path: Path) -> None:
    with beside(tmp_path, "own_embedder", embedder="own_embedder:trigrams", model="offline") as server:
        for title, text in (("Approvals", "The management approves each contract."), ("Bees", "They fly.")):
            server.ask("POST", "/v1/documents", {"title": title, "text": text}).raise_for_status()
        search = "/v1/search?q=managment+aproval"
        wait_for(lambda: server.get(search)["note"] == "", SECONDS, "the vectors")
        found = server.get(search)
        session_id = server.create(agent="puntini")
        server.finish(server.play(session_id, "search the documents for managment"))
        (call,) = [each for each in said(server, session_id, "tool_call") if each["status"] == "succeeded"]

    assert found["ranking"] == "words and vectors"
    assert found["items"][0]["title"] == "Approvals"
    assert call["result"]["ranking"] == "words and vectors"
    assert call["result"]["passages"][0]["title"] == "Approvals"


# A LangGraph graph.


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with the graph."""
    with beside(tmp_path_factory.mktemp("shop"), "langgraph_agent", agent="shop=langgraph_agent:graph") as server:
        yield server


@pytest.mark.parametrize(("decision", "words"), [("approved", "It is ordered."), ("denied", "Then I leave it.")])
def test_the_graph_looks_up_asks_and_answers(shop: Serving, decision: str, words: str) -> None:
    session_id = shop.create()
    task_id = shop.play(session_id, "a lamp")
    approval = asked(shop, session_id)
    assert approval["question"] == "Shall I order a lamp for 40 euros?"

    shop.command(session_id, "approval_response", approval_id=approval["approval_id"], decision=decision)

    assert shop.finish(task_id) == "completed"
    answers = said(shop, session_id, "assistant_response")
    assert "".join(each["text"] for each in answers if each["chunk"]) == words
    assert [each["text"] for each in answers if not each["chunk"]] == [words]
    assert [each["status"] for each in said(shop, session_id, "tool_call")] == ["started", "succeeded"]
    assert [each["name"] for each in said(shop, session_id, "step")] == ["look", "tools", "ask", "answer"]
    assert said(shop, session_id, "reasoning")[0]["text"].startswith("I have to know what a lamp costs")


def test_the_graph_waits_through_a_crash_and_repeats_nothing(tmp_path: Path) -> None:
    with beside(tmp_path, "langgraph_agent", agent="shop=langgraph_agent:graph") as server:
        session_id = server.create()
        task_id = server.play(session_id, "a desk")
        approval = asked(server, session_id)
        server.kill()
        server.start()
        server.command(session_id, "approval_response", approval_id=approval["approval_id"], decision="approved")

        assert server.finish(task_id) == "completed"
        assert len(said(server, session_id, "tool_call")) == 2
        assert len(said(server, session_id, "approval_request")) == 1


def test_a_tool_that_fails_fails_the_graphs_task_with_its_words(shop: Serving) -> None:
    session_id = shop.create()

    assert shop.finish(shop.play(session_id, "a yacht")) == "failed"
    assert "There is no a yacht; there is a lamp and a desk." in said(shop, session_id, "task_failed")[0]["error"]


# An asynchronous generator.


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with the generator."""
    with beside(tmp_path_factory.mktemp("counter"), "generator_agent", agent="generator_agent:countdown") as server:
        yield server


def test_the_generator_answers(counter: Serving) -> None:
    session_id = counter.create()

    assert counter.finish(counter.play(session_id, "count down from 3")) == "completed"
    assert said(counter, session_id, "task_completed")[0]["final_answer"] == "3 … 2 … 1 … 0"


def test_the_generator_fails_with_a_reason(counter: Serving) -> None:
    session_id = counter.create()

    assert counter.finish(counter.play(session_id, "count")) == "failed"
    assert "there is no number in the prompt" in said(counter, session_id, "task_failed")[0]["error"]


def test_the_generator_goes_on_from_what_it_is_told(counter: Serving) -> None:
    session_id = counter.create()
    task_id = counter.play(session_id, "count down from 1000")
    wait_for(lambda: said(counter, session_id, "assistant_response"), SECONDS, "its first number")

    counter.command(session_id, "user_prompt", prompt="2", if_busy="steer")

    assert counter.finish(task_id) == "completed"
    assert said(counter, session_id, "task_completed")[0]["final_answer"].endswith(" … 2 … 1 … 0")


def test_the_generator_begins_anew_after_a_pause(counter: Serving) -> None:
    session_id = counter.create()
    task_id = counter.play(session_id, "count down from 4")
    wait_for(lambda: said(counter, session_id, "assistant_response"), SECONDS, "its first number")
    counter.command(session_id, "control", task_id=task_id, action="pause")
    wait_for(lambda: said(counter, session_id, "task_paused"), SECONDS, "the pause")
    counter.command(session_id, "control", task_id=task_id, action="resume")

    assert counter.finish(task_id) == "completed"
    assert said(counter, session_id, "task_retracted")
    assert said(counter, session_id, "task_completed")[0]["final_answer"] == "4 … 3 … 2 … 1 … 0"


# Tools.


@pytest.mark.anyio
async def test_a_model_calls_the_tools_and_one_of_them_asks_first(tmp_path: Path) -> None:
    async with messages() as model:
        model.will(
            answer(
                tool_use("t1", "days_between", {"first": "2027-02-10", "last": "2027-03-01"}),
                tool_use("t2", "add_deadline", {"task": "Launch", "due": "2027-03-01"}),
            ),
            answer(text("19 days are left.")),
        )
        keys = f'anthropic_api_key = "sk-none"\nanthropic_base_url = "{model.url}"\n'
        (tmp_path / "puntini.toml").write_text(keys, "utf-8")
        found = await anyio.to_thread.run_sync(planned, tmp_path)

    assert found["question"] == "May I call add_deadline?"
    assert found["nodes"] == [("Task", "Launch", {"due": "2027-03-01"})]
    assert found["answer"] == "19 days are left."
    assert {each["tool_name"]: each.get("result") for each in found["calls"] if each["status"] == "succeeded"} == {
        "days_between": 19,
        "add_deadline": "Launch is due on 2027-03-01.",
    }


def planned(directory: Path) -> dict[str, Any]:
    """What becomes of a prompt that takes both tools, and an approval."""
    with beside(directory, "own_tools", agent="puntini", tools="own_tools") as server:
        session_id = server.create()
        task_id = server.play(session_id, "Add a task Launch for 2027-03-01; how many days are left from 2027-02-10?")
        approval = asked(server, session_id)
        server.command(session_id, "approval_response", approval_id=approval["approval_id"], decision="approved")
        assert server.finish(task_id) == "completed", said(server, session_id, "task_failed")
        nodes = server.get(f"/v1/sessions/{session_id}/graph")["nodes"]
        return {
            "question": approval["question"],
            "nodes": [(node["label"], node["key"], node["props"]) for node in nodes],
            "answer": said(server, session_id, "task_completed")[0]["final_answer"],
            "calls": said(server, session_id, "tool_call"),
        }
