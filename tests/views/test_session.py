"""A session's view as a whole: what clients get, and the laws of folding."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from puntini.protocol.decode import decode_event
from puntini.protocol.entries import encode, entry_of
from puntini.protocol.events import AgentView, GraphUpdate, LoggedEvent, PlanView, SessionReady, TaskView
from puntini.protocol.graph import Graph
from puntini.protocol.select import LOGGED_TYPES
from puntini.views.messages import MOST_MESSAGES
from puntini.views.session import READY_MESSAGES, SessionView
from tests.protocol.strategies import logged_events, structs
from tests.views.said import (
    add_node,
    asked,
    closed,
    drawn,
    ended,
    fold,
    node,
    paused,
    piece,
    planned,
    progressed,
    reopened,
    requested,
    resolved,
    resumed,
    snapshot,
    started,
    status,
    whole,
)
from tests.views.strategies import events

logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


def type_of(event: LoggedEvent) -> str:
    return str(event.__struct_config__.tag)


def ready(view: SessionView) -> SessionReady:
    return view.ready(session_id="ses_1", cursor="e.1", agent="dot")


def test_a_client_that_comes_late_is_told_everything() -> None:
    view = fold(
        [
            asked("m1", "Draw a cat."),
            started(at="10:00"),
            piece("m2", "Here it ", 0),
            drawn(add_node("cat"), version=4),
            snapshot({"mood": "good"}),
            planned("Look.", "Draw.", at="10:01"),
            requested(),
            status(),
        ]
    )

    data = view.ready(session_id="ses_1", cursor="e.5", agent="dot").data

    assert (data.session_id, data.status, data.cursor, data.agent) == ("ses_1", "active", "e.5", "dot")
    assert [(message.role, message.content) for message in data.messages] == [
        ("user", "Draw a cat."),
        ("assistant", "Here it "),
    ]
    assert data.initial_graph == Graph(4, [node("cat")], [])
    assert data.state == {"mood": "good"}
    assert data.tasks == [
        TaskView(task_id="t1", status="running", prompt="Draw a cat.", agent="dot", attempt=1, started_at="10:00")
    ]
    assert data.state_version == 1
    assert data.plan == PlanView(current_plan=["Look.", "Draw."], task_id="t1", updated_at="10:01")
    assert data.approvals == view.approvals() != []
    assert data.agents == [AgentView(agent="dot", status="busy", task_id="t1")]


def test_an_answer_is_partial_until_it_is_whole_or_its_task_has_ended() -> None:
    view = fold([started(), started("t2"), piece("m1", "He", 0), piece("m2", "So", 0, task="t2")])

    def growing() -> list[tuple[str, bool]]:
        return [(message.task_id, message.partial) for message in view.messages(limit=9)]

    assert growing() == [("t1", True), ("t2", True)]
    fold([whole("m1", "Hello"), ended("t2")], view)
    assert growing() == [("t1", False), ("t2", False)]


def test_a_plan_keeps_what_was_thought_of_it_until_another_task_plans() -> None:
    view = fold([planned("a", reflection="Too slow."), planned("b")])
    assert view.plan == PlanView(current_plan=["b"], last_reflection="Too slow.", task_id="t1")

    assert fold([planned("c", task="t2")], view).plan == PlanView(current_plan=["c"], task_id="t2")


def test_an_empty_session_is_active_and_a_closed_one_closed() -> None:
    assert ready(SessionView()).data.status == "active"
    assert ready(fold([closed()])).data.status == "closed"


def test_a_client_is_told_the_newest_messages_only() -> None:
    view = fold(asked(f"m{number}", "?") for number in range(READY_MESSAGES + 1))

    shown = ready(view).data.messages

    assert (len(shown), shown[0].id, shown[-1].id) == (READY_MESSAGES, "m1", f"m{READY_MESSAGES}")


@given(st.lists(events, max_size=10), st.lists(events, max_size=5))
def test_what_was_handed_out_does_not_change(before: list[LoggedEvent], after: list[LoggedEvent]) -> None:
    view = fold(before)
    handed_out = ready(view)
    then = encode(handed_out)

    fold(after, view)

    assert encode(handed_out) == then


def test_seq_is_the_last_that_passed() -> None:
    view = SessionView()
    view.apply(1, asked("m1", "Hi"))
    view.skip(7)

    assert view.seq == reopened(view).seq == 7


CHANGES: list[LoggedEvent] = [
    asked("m1", "Hi"),
    whole("m1", "Hi"),
    drawn(add_node("a")),
    snapshot({"a": 1}),
    planned("Look."),
    started("t2"),
    progressed(progress=0.5),
    paused(),
    resumed(),
    ended(),
    status(),
    requested("a2"),
    resolved(),
    closed(),
]


def test_the_relevant_types_are_logged_types_and_those_that_change_something() -> None:
    view = fold([started(), piece("m0", "Hi", 0), requested()])
    changing = {type_of(event) for event in CHANGES if changes(view, event)}

    # All three ends are one case, and `ended` says one of them.
    assert changing | {"task_failed", "task_cancelled"} == SessionView.RELEVANT < LOGGED_TYPES


def changes(view: SessionView, event: LoggedEvent) -> bool:
    applied, skipped = reopened(view), reopened(view)
    applied.apply(99, event)
    skipped.skip(99)
    return applied.encode() != skipped.encode()


irrelevant: st.SearchStrategy[LoggedEvent] = st.one_of(
    [
        structs(class_, frozenset({"id", "session_id"}))
        for class_ in LoggedEvent.__args__
        if class_.__struct_config__.tag not in SessionView.RELEVANT
    ]
)


@given(st.lists(events, max_size=5), irrelevant)
def test_all_other_types_may_be_skipped(before: list[LoggedEvent], event: LoggedEvent) -> None:
    assert not changes(fold(before), event)


@given(st.lists(events, max_size=15))
def test_a_fold_can_be_broken_off_and_taken_up_anywhere(said: list[LoggedEvent]) -> None:
    straight = fold(said)

    for at in range(len(said) + 1):
        resumed_view = fold(said[at:], reopened(fold(said[:at])))
        assert resumed_view.encode() == straight.encode()
        assert ready(resumed_view) == ready(straight)
        assert resumed_view.message_count == straight.message_count


@given(st.lists(logged_events, max_size=5))
def test_whatever_is_logged_can_be_folded_kept_and_shown(said: list[LoggedEvent]) -> None:
    view = fold(logged.decode(entry_of(event).line) for event in said)

    assert reopened(view).encode() == view.encode()
    assert isinstance(decode_event(encode(ready(view))), SessionReady)


def test_a_snapshot_in_the_middle_of_an_answer_loses_nothing() -> None:
    view = reopened(fold([piece("m1", "😀 Hel", 0)]))

    fold([piece("m1", "Hel", 2), piece("m1", "lo", 5)], view)

    assert view.messages(limit=1)[0].content == "😀 Hello"


def test_a_window_that_slides_is_the_same_after_a_snapshot() -> None:
    said: list[LoggedEvent] = [asked(f"m{number}", "?") for number in range(MOST_MESSAGES + 20)]

    for at in (0, 10, MOST_MESSAGES, MOST_MESSAGES + 10):
        assert fold(said[at:], reopened(fold(said[:at]))).encode() == fold(said).encode()


def test_a_snapshot_with_less_or_more_in_it_can_be_read() -> None:
    assert SessionView.decode(b'{"seq":3,"a field of the future":1}').seq == 3

    with pytest.raises(msgspec.ValidationError):
        SessionView.decode(b'{"seq":"three"}')


@given(st.lists(events, max_size=5), st.lists(events, max_size=5))
def test_of_what_was_taken_back_only_versions_stay(said: list[LoggedEvent], void: list[LoggedEvent]) -> None:
    view = fold(said)
    before = ready(view).data

    for event in void:
        view.void(view.seq + 1, event)

    after = ready(view).data
    assert replace(after, initial_graph=before.initial_graph, state_version=before.state_version) == before
    assert replace(after.initial_graph, version=0) == replace(before.initial_graph, version=0)
    versions = [event.data.version for event in void if isinstance(event, GraphUpdate)]
    assert after.initial_graph.version == max([before.initial_graph.version, *versions])


def test_versions_of_the_state_never_go_back() -> None:
    view = fold([snapshot({"a": 1}, version=3)])
    view.void(2, snapshot({"a": 2}, version=5))
    assert (view.state, view.state_version) == ({"a": 1}, 5)

    assert fold([snapshot({"a": 3}, version=4)], view).state_version == 5
