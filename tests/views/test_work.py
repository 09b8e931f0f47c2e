"""A task's work, folded from what it said: at once or in pieces, and without what it took back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.protocol.events import LoggedEvent, TaskFailed, TaskRetractedData
from puntini.protocol.retraction import RETRACTED, Void, read_retraction
from puntini.protocol.select import LOGGED_TYPES
from puntini.views.window import Window
from puntini.views.work import LINE_BYTES, MOST_STEPS, VALUE_BYTES, WorkView
from tests.protocol.strategies import logged_events
from tests.views.said import asked, ended, piece, whole
from tests.views.working import (
    Numbered,
    call,
    decision,
    lives,
    numbered,
    plan,
    request,
    shown,
    step,
    summed,
    thought,
    took_back,
    worked,
)

# Laws.


@given(lives(), st.integers(0, 25), st.integers(0, 25))
def test_folding_in_pieces_is_folding_at_once(life: Numbered, one: int, other: int) -> None:
    view = WorkView("t1")
    for upto in (*sorted((one, other)), len(life)):
        view = worked(life[:upto], view)

    assert shown(view) == shown(worked(life))


@given(lives())
def test_what_is_taken_back_was_never_said(life: Numbered) -> None:
    void = Void(filter(None, (read_retraction(*pair) for pair in life)))
    never_said = [pair for pair in life if pair[1].kind != RETRACTED and not void.covers(*pair)]

    assert shown(worked(life)) == shown(worked(never_said))


@given(lives())
def test_other_tasks_are_no_concern(life: Numbered) -> None:
    assert shown(worked(life)) == shown(worked([pair for pair in life if pair[1].task_id == "t1"]))


@given(st.lists(logged_events.map(lambda event: msgspec.structs.replace(event, task_id="t1")), max_size=6))
def test_whatever_is_logged_can_be_taken_in_and_shown(events: list[LoggedEvent]) -> None:
    view = worked(numbered(events))

    assert view.seq == len(events)
    assert shown(view)


def test_the_types_that_are_looked_at_are_logged_ones() -> None:
    assert WorkView.RELEVANT < LOGGED_TYPES
    assert WorkView.LONG < WorkView.RELEVANT


# What it amounts to.


def test_steps_stand_in_their_order_with_the_events_that_told_them() -> None:
    view = worked(numbered([step(1), thought("Hm."), step(2, name="x" * 5_000)]))

    assert [(each.seq, each.data.step_number, len(each.data.name)) for each in view.steps] == [(1, 1, 4), (3, 2, 1_000)]


def test_a_call_s_end_meets_its_beginning() -> None:
    view = worked(
        numbered(
            [
                call("c", "started", at="10:00", parameters={"what": "a cat"}),
                call("d", "started", at="10:01"),
                call("c", "failed", at="10:02", error="No ink.", duration_seconds=2.0),
            ]
        )
    )

    first, second = view.calls
    assert (first.timestamp, first.data.status, first.data.error) == ("10:00", "failed", "No ink.")
    assert bytes(first.data.parameters) == b'{"what":"a cat"}'
    assert (second.timestamp, second.data.status) == ("10:01", "started")


def test_a_value_that_is_too_large_is_left_out_of_a_call_and_named() -> None:
    large = "x" * VALUE_BYTES
    began = call("c", "started", parameters={"text": large})
    [only] = worked(numbered([began, call("c", result=large)])).calls

    assert set(only.cut) == {"parameters", "result"}
    assert bytes(only.data.result) == bytes(only.data.parameters) == b"null"


def test_the_plan_is_the_newest_and_a_reflection_stays_until_the_next() -> None:
    view = worked(numbered([plan("a", "b", reflection="So far so good.", at="10:00"), plan("b", at="10:01")]))

    assert (view.plan.current_plan, view.plan.last_reflection, view.plan.updated_at) == (
        ["b"],
        "So far so good.",
        "10:01",
    )


def test_messages_are_what_was_asked_and_answered() -> None:
    view = worked(numbered([asked("m1", "Hi"), piece("m2", "Hel", 0), piece("m2", "lo", 3), whole("m3", "Bye")]))

    assert [(each.role, each.content) for each in view.messages()] == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("assistant", "Bye"),
    ]


def test_thoughts_are_joined_whether_they_come_whole_or_in_pieces_with_a_name_or_without() -> None:
    view = worked(
        numbered(
            [
                thought("First.", "a", "b"),
                thought("Se", message_id="m", chunk=True),
                thought("Th", chunk=True),
                thought("cond.", message_id="m", chunk=True, offset=2),
                thought("ird.", chunk=True, offset=2),
                thought("Fourth.", chunk=True),
            ]
        )
    )

    assert view.reasoning(100) == "a\nb\nFirst.\nSecond.\nThird.\nFourth."
    assert view.reasoning(8) == "…\nFourth."


def test_the_newest_summary_is_the_summary() -> None:
    assert WorkView("t1").summary == ""
    assert worked(numbered([summed("one"), summed("two")])).summary == "two"


def test_an_approval_is_open_until_it_is_decided() -> None:
    view = worked(numbered([request("a"), request("b"), decision("a"), decision("unknown")]))

    assert [each.approval_id for each in view.open_approvals()] == ["b"]
    assert [each.resolved is not None for each in view.approvals] == [True, False]


def test_an_end_is_kept() -> None:
    view = worked(numbered([ended(end=TaskFailed)]))

    assert (view.status, view.end is not None) == ("failed", True)


# Taking back.


def test_a_retraction_brings_back_what_stood_before() -> None:
    life = numbered([plan("old"), call("c", "started"), piece("m", "Hel", 0), *dead_attempt(), took_back(4, 6)])
    view = worked(life)

    assert view.plan.current_plan == ["old"]
    assert [each.data.status for each in view.calls] == ["started"]
    assert [each.content for each in view.messages()] == ["Hel"]


def dead_attempt() -> list[LoggedEvent]:
    return [plan("new"), call("c"), whole("m", "Hello")]


def test_what_the_server_and_people_said_is_not_taken_back() -> None:
    view = worked(numbered([asked("m", "Hi"), request("a"), decision("a"), ended(), took_back(1, 4)]))

    assert [each.content for each in view.messages()] == ["Hi"]
    assert view.status == "completed"


@pytest.mark.parametrize(("first", "last"), [("e.3", "e.2"), ("x", "e.2"), ("e.1", "earliest")])
def test_a_retraction_that_names_nothing_takes_nothing_back(first: str, last: str) -> None:
    event = took_back(1, 1)
    event = msgspec.structs.replace(event, data=TaskRetractedData(attempt=1, from_id=first, to_id=last))

    assert len(worked(numbered([step(1), step(2), step(3), event])).steps) == 3


# Bounds.


def test_of_too_many_steps_the_newest_are_kept() -> None:
    view = worked(numbered(step(number) for number in range(MOST_STEPS + 30)))

    assert (len(view.steps), view.steps.left_out) == (MOST_STEPS, 30)
    assert view.steps.page(2, 0)[0].data.step_number == 30
    assert [each.data.step_number for each in view.steps.page(5, MOST_STEPS - 1)] == [MOST_STEPS + 29]


def test_an_event_that_is_too_large_is_passed_over_and_that_is_told() -> None:
    view = worked(numbered([plan("x" * LINE_BYTES), step(1)]))

    assert (view.plan.current_plan, len(view.steps), view.complete) == ([], 1, False)


def test_a_large_answer_and_a_large_end_are_taken_in() -> None:
    view = worked(numbered([whole("m", "x" * LINE_BYTES), call("c", result="x" * LINE_BYTES)]))

    assert (len(view.messages()), len(view.calls), view.complete) == (1, 1, True)


def test_what_can_t_be_read_any_more_is_told() -> None:
    view = WorkView("t1")
    view.missed(7)

    assert (view.seq, view.complete) == (7, False)
    assert not view.anew().overtaken


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9))), st.integers(1, 4), st.integers(1, 20))
def test_a_window_holds_the_newest_within_its_bounds(puts: list[tuple[str, int]], most: int, most_bytes: int) -> None:
    window: Window[int] = Window(most, most_bytes)
    for number, (key, size) in enumerate(puts):
        window.put(key, number, size)
        kept = list(window)

        assert 1 <= len(kept) == len(window) <= most
        assert window.get(key) in {number, None}, "one that grows may have to go, if newer ones came"
        assert len(kept) == 1 or sum(puts[each][1] for each in kept) <= most_bytes
    assert window.page(2, 1) == list(window)[1:3]
    assert window.get("z") is None
