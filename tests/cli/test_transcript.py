"""How a task is shown: every word of an answer once, whatever pieces it comes in, and the rest on lines of its own."""

from typing import Any

import pytest

from puntini.client.transcript import Transcript

Capture = pytest.CaptureFixture[str]


def said(text: str, message_id: str = "m1", *, offset: int | None = None) -> dict[str, Any]:
    """An answer: whole, or a piece at an offset."""
    data: dict[str, Any] = {"message_id": message_id, "text": text, "chunk": offset is not None, "offset": offset or 0}
    return {"type": "assistant_response", "data": data}


def thought(text: str, *, offset: int | None = None) -> dict[str, Any]:
    """Reasoning as text."""
    return said(text, "r1", offset=offset) | {"type": "reasoning"}


def ended(type_: str = "task_completed", **data: str) -> dict[str, Any]:
    """A task's end."""
    return {"type": type_, "data": {"duration_seconds": 1.23, **data}}


def shown(capfd: Capture, *events: dict[str, Any]) -> tuple[str, list[str]]:
    """What a transcript of these writes to the output, and the lines beside it."""
    transcript = Transcript()
    for event in events:
        transcript.show(event)
    out, err = capfd.readouterr()
    return out, err.splitlines()


@pytest.mark.parametrize(
    "events",
    [
        [said("Hello you")],
        [said("Hello ", offset=0), said("you", offset=6)],
        [said("Hello ", offset=0), said("you", offset=6), said("Hello you")],
        [said("Hello ", offset=0), said("Hello you")],
        [said("Hello ", offset=0), thought("Who?"), said("you", offset=6), said("Hello you")],
        [said("Hello ", offset=0), said("lo you", offset=3)],
        [],
    ],
    ids=["whole", "pieces", "pieces and whole", "a piece and whole", "interrupted", "overlapping", "at the end only"],
)
def test_an_answer_is_written_once(capfd: Capture, events: list[dict[str, Any]]) -> None:
    out, _ = shown(capfd, *events, ended(final_answer="Hello you"))

    assert out == "Hello you\n"


def test_offsets_count_letters_and_not_bytes(capfd: Capture) -> None:
    out, _ = shown(capfd, said("𝄞é", offset=0), said("𝄞é ok", offset=0), ended())

    assert out == "𝄞é ok\n"


def test_each_message_begins_on_a_line_of_its_own(capfd: Capture) -> None:
    out, _ = shown(capfd, said("One", "m1"), said("Two", "m2"), ended(final_answer="Three"))

    assert out == "One\nTwo\nThree\n"


def test_an_answer_that_is_not_what_its_pieces_said_is_written_anew(capfd: Capture) -> None:
    out, _ = shown(capfd, said("Helo", offset=0), said("Hello"), ended())

    assert out == "Helo\nHello\n"


def test_what_is_said_after_a_retraction_stands_apart_from_what_is_void(capfd: Capture) -> None:
    void = {"type": "task_retracted", "data": {"attempt": 1, "from_id": "e.4", "to_id": "e.9"}}

    out, beside = shown(capfd, said("Hel", offset=0), void, said("Hi", offset=0), ended())

    assert out == "Hel\nHi\n"
    assert "  note    retracted: what attempt 1 said from e.4 to e.9 is void" in beside


APPROVAL = {"approval_id": "a1", "question": "Delete\nit?", "options": ["approve", "deny"]}


@pytest.mark.parametrize(
    ("type_", "data", "line"),
    [
        ("approval_request", APPROVAL, "  ask     approval a1: Delete it? [approve|deny]"),
        (
            "approval_request",
            {"approval_id": "a1", "question": "May I?", "options": [], "tool_name": "drop", "parameters": {"id": "n1"}},
            "  ask     approval a1: May I? drop(id: n1)",
        ),
        (
            "approval_resolved",
            {"approval_id": "a1", "decision": "approved", "by": "ada"},
            "  ask     approval a1: approved by ada",
        ),
        (
            "approval_resolved",
            {"approval_id": "a1", "decision": "answered", "by": "ada", "value": "blue"},
            "  ask     approval a1: answered by ada: blue",
        ),
        ("approval_resolved", {"approval_id": "a1", "decision": "expired"}, "  ask     approval a1: expired"),
        (
            "workflow_update",
            {"from_agent": "driver", "to_agent": "creator", "reason": "make one"},
            "  team    driver → creator: make one",
        ),
        ("workflow_update", {"to_agent": "creator", "reason": "make one"}, "  team    → creator: make one"),
    ],
    ids=["ask", "ask for a tool", "approved", "answered", "expired", "hand-off", "hand-off by a person"],
)
def test_approvals_and_hand_offs_are_a_line_each(capfd: Capture, type_: str, data: dict[str, Any], line: str) -> None:
    assert shown(capfd, {"type": type_, "data": data}) == ("", [line])


def test_a_thought_that_comes_in_pieces_is_one_line(capfd: Capture) -> None:
    _, beside = shown(capfd, thought("Who ", offset=0), thought("is it?", offset=4), thought("Who is it?"), ended())

    assert beside == ["  think   Who is it?", "  done after 1.2 s"]


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (ended("task_failed", error="The model\nis away."), "  failed after 1.2 s: The model is away."),
        (ended("task_cancelled"), "  stopped after 1.2 s"),
    ],
    ids=["failed", "stopped"],
)
def test_the_end_says_how_and_why(capfd: Capture, end: dict[str, Any], line: str) -> None:
    assert shown(capfd, end) == ("", [line])


def test_windows_line_ends_are_line_ends(capfd: Capture) -> None:
    out, _ = shown(capfd, said("one\r", offset=0), said("\ntwo\x1b", offset=4), ended())

    assert out == "one\ntwo�\n"


def test_types_that_are_not_known_are_passed_over(capfd: Capture) -> None:
    assert shown(capfd, {"type": "dance", "data": {"steps": 3}}, {"type": "live"}) == ("", [])
