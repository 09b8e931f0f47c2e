"""How a task is shown: every word of an answer once, whatever pieces it comes in, and the rest on lines of its own."""

from typing import Any

import pytest

from puntini.client.names import Names
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


def shown(capfd: Capture, *events: dict[str, Any], held: bool = False, quiet: bool = False) -> tuple[str, list[str]]:
    """What a transcript of these writes to the output, and the lines beside it."""
    transcript = Transcript(Names(), held=held, quiet=quiet)
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


VOID = {"type": "task_retracted", "data": {"attempt": 1, "from_id": "e.4", "to_id": "e.9"}}


def test_what_is_said_after_a_retraction_stands_apart_from_what_is_void(capfd: Capture) -> None:
    out, beside = shown(capfd, said("Hel", offset=0) | {"id": "e.5"}, VOID, said("Hi", offset=0), ended())

    assert out == "Hel\nHi\n"
    assert "  note    attempt 1 was cut off; what it said last does not count, and is done again" in beside


def test_a_held_answer_has_nothing_that_was_retracted(capfd: Capture) -> None:
    stands = said("One", "m1") | {"id": "e.3"}
    pieces = [said("Hel", "m2", offset=0) | {"id": "e.5"}, said("lo", "m2", offset=3) | {"id": "e.9"}]
    anew = said("Hi", "m2", offset=0) | {"id": "e.12"}

    out, _ = shown(capfd, stands, *pieces, VOID, anew, ended(final_answer="Hi"), held=True)

    assert out == "One\nHi\n"


def test_a_held_answer_comes_at_the_end_even_of_a_task_that_failed(capfd: Capture) -> None:
    so_far = said("Hel", offset=0), said("lo", offset=3)

    assert shown(capfd, *so_far, held=True) == ("", [])
    assert shown(capfd, *so_far, ended("task_failed", error="No."), held=True)[0] == "Hello\n"


@pytest.mark.parametrize("held", [True, False])
def test_a_speaker_is_named_when_it_is_another(capfd: Capture, held: bool) -> None:
    prompt = {"type": "user_prompt", "agent": "boss", "data": {"prompt": "Go", "user_id": "ada"}}
    words = [
        said("One", "m1") | {"agent": "a"},
        said("Two", "m2") | {"agent": "a"},
        said("All", "m3") | {"agent": "boss"},
    ]

    out, _ = shown(capfd, prompt, *words, ended(), held=held)

    assert out == "a:\nOne\nTwo\n\nboss:\nAll\n"


def test_who_speaks_alone_is_not_named(capfd: Capture) -> None:
    assert shown(capfd, said("One", "m1") | {"agent": "a"}, ended() | {"agent": "a"})[0] == "One\n"


def test_a_prompt_that_reaches_the_task_later_is_shown(capfd: Capture) -> None:
    prompts = [{"type": "user_prompt", "data": {"prompt": words, "user_id": "ada"}} for words in ("Go", "And\nblue")]

    assert shown(capfd, *prompts) == ("", ["  said    ada: And blue"])


def test_a_task_that_has_to_wait_its_turn_is_said_to(capfd: Capture) -> None:
    assert shown(capfd, {"type": "task_started", "data": {"status": "queued"}})[1] == [
        "  note    queued: it waits for its turn"
    ]


@pytest.mark.parametrize("quiet", [False, True])
def test_what_a_task_waits_for_in_vain_is_said(capfd: Capture, quiet: bool) -> None:
    waits = {"type": "task_progress", "data": {"status": "queued", "detail": "no worker has the agent: it waits"}}

    assert shown(capfd, waits, quiet=quiet)[1] == ["  note    no worker has the agent: it waits"]


def test_the_work_is_told_once(capfd: Capture) -> None:
    call = {"tool_name": "add_nodes", "parameters": {"nodes": [{"label": "T"}, {"label": "U"}]}, "call_id": "c"}
    node = {"id": "n", "label": "Task", "key": "Launch"}
    work = [
        {"type": "tool_call", "data": call | {"status": "started"}},
        {"type": "graph_update", "data": {"delta": [{"action": "add_node", "node": node}]}},
        {"type": "tool_call", "data": call | {"status": "succeeded", "result": {}}},
        {"type": "step", "data": {"step_number": 1, "name": "add_nodes", "success": True, "duration_seconds": 0.1}},
        {"type": "task_progress", "data": {"status": "running", "progress": 0.5, "detail": "step 1"}},
    ]

    assert shown(capfd, *work)[1] == ["  tool    add_nodes(2 nodes)", "  graph   + Task Launch"]
    assert shown(capfd, work[-1])[1] == ["  task    running 50% step 1"], "when nothing else tells of it"


def test_quiet_leaves_the_answer_and_what_a_person_has_to_know(capfd: Capture) -> None:
    question = {"type": "approval_request", "data": {"approval_id": "a1", "question": "Why?", "options": []}}
    debug = {"type": "debug", "data": {"level": "info", "message": "Hm."}}

    done = shown(capfd, thought("Who?"), debug, question, said("Hi"), ended(), quiet=True)
    failed = shown(capfd, ended("task_failed", error="No."), quiet=True)

    assert done == ("Hi\n", ["  ask     Why?"])
    assert failed[1] == ["  failed after 1.2 s: No."]


APPROVAL = {"approval_id": "a1", "question": "Delete\nit?", "options": ["approve", "deny"]}


@pytest.mark.parametrize(
    ("type_", "data", "line"),
    [
        ("approval_request", APPROVAL, "  ask     Delete it?"),
        (
            "approval_request",
            APPROVAL | {"question": "May I?", "tool_name": "drop", "parameters": {"id": "n1"}},
            "  ask     May I? drop(id: n1) [approve|deny]",
        ),
        (
            "approval_resolved",
            {"approval_id": "a1", "decision": "approved", "by": "ada"},
            "  ask     approved by ada",
        ),
        (
            "approval_resolved",
            {"approval_id": "a1", "decision": "answered", "by": "ada", "value": "blue"},
            "  ask     answered by ada: blue",
        ),
        ("approval_resolved", {"approval_id": "a1", "decision": "expired"}, "  ask     expired"),
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


def test_an_answer_that_was_a_thought_too_is_written(capfd: Capture) -> None:
    assert shown(capfd, thought("Seven"), ended(final_answer="Seven"))[0] == "Seven\n"


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
