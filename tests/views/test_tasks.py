"""The open tasks of a session."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.protocol.events import (
    LoggedEvent,
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStarted,
    TaskStatus,
    TaskView,
)
from puntini.views.tasks import CHANGES, MOST_OPEN, PROMPT_SHOWN, STARTS, Change
from tests.views.said import End, asked, ended, fold, paused, progressed, resumed, started
from tests.views.strategies import tasks

OPEN: tuple[TaskStatus, ...] = ("queued", "running", "waiting", "paused")
TO: dict[TaskStatus, list[LoggedEvent]] = {
    "queued": [started(status="queued")],
    "running": [started()],
    "waiting": [started(), progressed(status="waiting")],
    "paused": [started(), paused()],
}


def status_after(events: list[LoggedEvent]) -> str | None:
    open_tasks = fold(events).tasks()
    return open_tasks[0].status if open_tasks else None


def test_a_task_is_shown_with_what_was_asked() -> None:
    view = fold([asked("m1", "Draw a cat."), started(at="10:00"), progressed(progress=0.5), progressed()])

    assert view.tasks() == [
        TaskView(
            task_id="t1",
            status="running",
            prompt="Draw a cat.",
            agent="dot",
            attempt=1,
            progress=0.5,
            started_at="10:00",
        )
    ]


def test_a_prompt_belongs_to_its_task() -> None:
    view = fold([asked("m1", "One"), asked("m2", "Two", task="t2"), started("t1"), started("t2"), started("t3")])

    assert [task.prompt for task in view.tasks()] == ["One", "Two", ""]


def test_a_long_prompt_is_cut_where_the_task_is_shown_and_nowhere_else() -> None:
    long = "x" * (PROMPT_SHOWN + 1)
    view = fold([asked("m1", long), started()])

    assert view.tasks()[0].prompt == "x" * PROMPT_SHOWN + "…"
    assert view.messages(limit=1)[0].content == long


def test_a_life_with_a_pause_and_a_crash() -> None:
    life: list[tuple[LoggedEvent, str | None]] = [
        (started(status="queued"), "queued"),
        (progressed(), "running"),
        (progressed(status="waiting"), "waiting"),
        (resumed(status="running"), "running"),
        (paused(), "paused"),
        (resumed(), "queued"),
        (progressed(attempt=2), "running"),
        (resumed(attempt=2), "queued"),  # the server died and came back
        (progressed(attempt=3), "running"),
        (ended(), None),
    ]
    events = [event for event, _ in life]

    assert [status_after(events[: at + 1]) for at in range(len(life))] == [status for _, status in life]
    assert fold(events[:-1]).tasks()[0].attempt == 3


@pytest.mark.parametrize("end", [TaskCompleted, TaskFailed, TaskCancelled])
@pytest.mark.parametrize("status", OPEN)
def test_an_end_ends_from_anywhere(status: TaskStatus, end: End) -> None:
    assert status_after([*TO[status], ended(end=end)]) is None


STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)


@pytest.mark.parametrize("now", OPEN)
@pytest.mark.parametrize("said", STATUSES)
@pytest.mark.parametrize("change", [TaskProgress, TaskPaused, TaskResumed])
def test_what_is_not_in_the_table_changes_nothing(now: TaskStatus, change: type[Change], said: TaskStatus) -> None:
    event = change(task_id="t1", data=TaskData(status=said, progress=0.7))
    before, after = fold(TO[now]), fold([*TO[now], event])

    if said in CHANGES[now].get(change, ()):
        assert [(task.status, task.progress) for task in after.tasks()] == [(said, 0.7)]
    else:
        assert after.tasks() == before.tasks()


def test_the_table_leads_to_every_open_status_and_never_to_an_end() -> None:
    reached = {to for changes in CHANGES.values() for statuses in changes.values() for to in statuses}

    assert set(CHANGES) == reached | STARTS == set(OPEN)


@pytest.mark.parametrize("status", ["waiting", "paused", "completed", "failed", "cancelled"])
def test_a_task_starts_queued_or_running(status: TaskStatus) -> None:
    assert fold([started(status=status)]).tasks() == []


def test_a_second_start_changes_nothing() -> None:
    assert status_after([started(), started(status="queued")]) == "running"


@given(st.lists(tasks))
def test_after_its_end_nothing_is_heard_of_a_task(events: list[LoggedEvent]) -> None:
    # The log refuses what a task says after its end, a start above all.
    late = [event for event in events if event.task_id == "t1" and not isinstance(event, TaskStarted)]

    assert status_after([started(), ended(), *late]) is None


def test_open_tasks_are_bounded() -> None:
    view = fold(started(f"t{number}", "queued") for number in range(MOST_OPEN + 1))
    assert len(view.tasks()) == MOST_OPEN

    fold([ended("t0"), progressed(f"t{MOST_OPEN}"), started("more")], view)
    assert [view.tasks()[at].task_id for at in (0, -1)] == ["t1", "more"]
