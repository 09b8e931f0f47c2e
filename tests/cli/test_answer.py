"""``puntini answer``, and questions that are asked in a chat."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from puntini.client.answers import decision
from puntini.errors import Misconfigured
from tests.cli.conftest import Call
from tests.cli.terminal import sentence, started, terminal
from tests.live.serving import Serving, serving


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose agent asks before it clears a graph."""
    with serving(tmp_path_factory.mktemp("thinker"), agent="puntini", offline_pause_seconds=0) as running:
        yield running


PLAIN = {"options": ["approve", "deny"]}
CONSENT = {**PLAIN, "tool_name": "drop"}
COLOURS = {"options": ["Red", "light blue"]}


@pytest.mark.parametrize(
    ("asked", "words", "meant"),
    [
        (CONSENT, "approve", {"decision": "approved"}),
        (CONSENT, " Yes ", {"decision": "approved"}),
        (PLAIN, "n", {"decision": "denied"}),
        (PLAIN, "Take the blue one", {"decision": "answered", "value": "Take the blue one"}),
        ({}, "Seven", {"decision": "answered", "value": "Seven"}),
        (COLOURS, "red", {"decision": "answered", "value": "Red"}),
        (COLOURS, "light blue", {"decision": "answered", "value": "light blue"}),
        ({"options": ["yes", "later"]}, "yes", {"decision": "answered", "value": "yes"}),
        ({**COLOURS, "response_schema": {"type": "string"}}, "green", {"decision": "answered", "value": "green"}),
    ],
)
def test_words_mean_a_decision(asked: dict[str, object], words: str, meant: dict[str, str]) -> None:
    assert decision(words, asked) == meant


@pytest.mark.parametrize(
    ("asked", "words", "says"),
    [
        (COLOURS, "green", "`green` is none of the options; answer Red or light blue."),
        (COLOURS, "approve", "`approve` is none of the options; answer Red or light blue."),
        (CONSENT, "perhaps", "`perhaps` is none of the options; answer approve or deny."),
    ],
)
def test_what_is_none_of_the_options_is_refused(asked: dict[str, object], words: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(says)):
        decision(words, asked)


@pytest.mark.parametrize(("typed", "answer"), [("yes", "clear"), ("no", "agree")])
def test_who_sits_at_a_terminal_is_asked(thinker: Serving, typed: str, answer: str) -> None:
    with terminal("chat", f"--url={thinker.url}", env={"NO_COLOR": "1"}) as chat:
        chat.wait_for("> ")
        chat.type("Add a person named Alice\n")
        chat.wait_for("done after", "> ")
        chat.type("Clear the graph\n")
        chat.wait_for("May I call clear_graph?", "answer> ")
        chat.type("perhaps\n")
        chat.wait_for("`perhaps` is none of the options", "answer> ")
        chat.type(f"{typed}\n")
        chat.wait_for("done after", "> ")
        chat.type("\x04")

        assert chat.end() == 0
    assert answer in chat.shown[chat.shown.rindex("answer> ") :]


def test_elsewhere_it_is_told_how_to_answer_and_that_works(thinker: Serving, tmp_path: Path, call: Call) -> None:
    at = f"--url={thinker.url}"
    session_id = thinker.create()
    assert thinker.finish(thinker.play(session_id, "Add a person named Alice")) == "completed"
    with started(tmp_path, "chat", "--session", session_id, "Clear the graph", at) as chat:
        chat.wait_for("puntini answer")
        [asked] = thinker.get(f"/v1/sessions/{session_id}/approvals")["items"]
        assert f"puntini answer {session_id} {asked['approval_id']} approve" in chat.err
        assert (asked["tool_name"], asked["parameters"]) == ("clear_graph", {})

        wrong = call("answer", session_id, asked["approval_id"], "perhaps", at)
        assert "answer approve or deny" in sentence(wrong, 2)
        done = call("answer", session_id, asked["approval_id"], "approve", at)
        assert done == (0, "approved: May I call clear_graph?\n", "")
        assert chat.end().code == 0

    again = call("answer", session_id, asked["approval_id"], "deny", at)
    assert (again.code, "decided already" in again.err) == (1, True)
    nobody = call("answer", session_id, "apr_nobody", "deny", at)
    assert (nobody.code, "no open approval" in nobody.err) == (1, True)
