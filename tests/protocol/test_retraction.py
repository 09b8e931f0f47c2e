"""What a retraction takes back, and where a fold may go on from."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    SERVERS_OWN,
    Reasoning,
    ReasoningData,
    TaskData,
    TaskProgress,
    TaskRetracted,
    TaskRetractedData,
    TaskStarted,
)
from puntini.protocol.retraction import Retraction, Void, read_retraction
from puntini.protocol.select import LOGGED_TYPES


def thought(task: str) -> Entry:
    return entry_of(Reasoning(task_id=task, data=ReasoningData(text="hm")))


def retracted(from_id: str, to_id: str, task: str = "t1") -> Entry:
    return entry_of(TaskRetracted(task_id=task, data=TaskRetractedData(attempt=1, from_id=from_id, to_id=to_id)))


def test_a_retraction_names_a_range_of_a_task_in_whatever_epoch() -> None:
    assert read_retraction(9, retracted("a.3", "b.8")) == Retraction(9, "t1", 3, 8)


def test_nothing_after_a_retraction_is_taken_back_by_it() -> None:
    assert read_retraction(9, retracted("a.3", "a.20")) == Retraction(9, "t1", 3, 8)


@pytest.mark.parametrize(
    "entry",
    [
        retracted("a.4", "a.3"),
        retracted("a.9", "a.9"),
        retracted("a.0", "a.0"),
        retracted("", ""),
        retracted("earliest", "now"),
        retracted("a.1", "a.2", task=""),
        thought("t1"),
    ],
    ids=["turned round", "itself", "before the first", "empty", "words", "no task", "another event"],
)
def test_what_takes_back_nothing_is_no_retraction(entry: Entry) -> None:
    assert read_retraction(9, entry) is None


def test_the_agents_words_are_void_and_everybody_elses_stand() -> None:
    void = Void([Retraction(9, "t1", 3, 8)])
    progress = entry_of(TaskProgress(task_id="t1", data=TaskData(status="running")))
    start = entry_of(TaskStarted(task_id="t1", data=TaskData(status="running")))

    assert void.covers(5, thought("t1"))
    assert void.covers(5, progress)
    assert not void.covers(5, start)
    assert not void.covers(5, thought("t2"))
    assert not void.covers(5, thought(""))


def test_what_the_server_says_for_people_and_tasks_are_logged_types() -> None:
    assert SERVERS_OWN < LOGGED_TYPES
    assert "approval_resolved" in SERVERS_OWN, "a person's decision stands, whatever becomes of the attempt"


def test_without_retractions_nothing_is_void() -> None:
    void = Void([])

    assert (void.newest, void.clean(7)) == (0, 7)
    assert not void.covers(1, thought("t1"))


retraction = st.builds(
    lambda at, first, last, task: Retraction(at, task, min(first, at - 1), max(min(first, at - 1), min(last, at - 1))),
    st.integers(2, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(["t1", "t2"]),
)


@given(st.lists(retraction, max_size=8), st.sampled_from(["t1", "t2"]))
def test_an_event_is_void_when_any_range_of_its_task_holds_it(known: list[Retraction], task: str) -> None:
    void = Void(known)
    for seq in range(45):
        held = any(each.task_id == task and each.first <= seq <= each.last for each in known)
        assert void.covers(seq, thought(task)) == held


@given(st.lists(retraction, max_size=8))
@example([Retraction(9, "t1", first, last) for first, last in ((1, 1), (2, 2), (1, 2))])
def test_one_more_says_whether_it_makes_anything_void_that_was_not(known: list[Retraction]) -> None:
    void, model = Void(), set[tuple[str, int]]()
    for each in known:
        taken = {(each.task_id, seq) for seq in range(each.first, each.last + 1)}

        assert void.add(each) == bool(taken - model)
        model |= taken


@given(st.lists(retraction, max_size=8), st.integers(0, 45))
def test_a_fold_goes_on_from_the_last_place_outside_of_all_stretches(known: list[Retraction], seq: int) -> None:
    outside = [at for at in range(seq + 1) if not any(each.first <= at < each.at for each in known)]

    assert Void(known).clean(seq) == max(outside)
