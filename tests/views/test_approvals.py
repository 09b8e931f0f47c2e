"""What people are asked, until they decide."""

import pytest
from msgspec.structs import replace

from puntini.protocol.events import ApprovalRequest, ApprovalView, LoggedEvent, TaskCancelled
from puntini.views.approvals import MOST_BYTES, MOST_OPEN
from puntini.views.session import SessionView
from tests.views.said import ended, fold, reopened, requested, resolved


def open_in(view: SessionView) -> list[str]:
    return [each.approval_id for each in view.approvals()]


def test_a_request_is_open_with_all_that_is_needed_to_decide() -> None:
    request = requested("a1", "Delete it?", task="t1", at="10:00")
    data = replace(
        request.data,
        tool_name="delete",
        parameters={"id": "n1"},
        response_schema={"type": "boolean"},
        expires_at="11:00",
    )

    assert fold([replace(request, data=data)]).approvals() == [
        ApprovalView(
            approval_id="a1",
            task_id="t1",
            agent="dot",
            question="Delete it?",
            tool_name="delete",
            parameters={"id": "n1"},
            options=["approve", "deny"],
            response_schema={"type": "boolean"},
            expires_at="11:00",
            requested_at="10:00",
        )
    ]


@pytest.mark.parametrize("event", [resolved("a1"), ended("t1"), ended("t1", TaskCancelled)])
def test_it_is_open_until_it_is_decided_or_its_task_has_ended(event: LoggedEvent) -> None:
    view = fold([requested("a1"), requested("a2", task="t2")])
    assert open_in(view) == ["a1", "a2"]

    assert open_in(fold([event], view)) == ["a2"]


def test_a_decision_that_nobody_asked_for_changes_nothing() -> None:
    assert open_in(fold([requested("a1"), resolved("a2")])) == ["a1"]


def test_what_is_asked_again_is_open_once_and_as_it_was_asked_last() -> None:
    view = fold([requested("a1", "May I?"), requested("a2"), requested("a1", "May I now?")])

    assert [(each.approval_id, each.question) for each in view.approvals()] == [("a2", "May I?"), ("a1", "May I now?")]


def test_they_are_there_after_a_snapshot_and_old_snapshots_have_none() -> None:
    view = fold([requested("a1"), requested("a2")])

    assert reopened(view).approvals() == view.approvals()
    assert SessionView.decode(b'{"seq":3}').approvals() == []


def test_so_many_are_open_at_a_time() -> None:
    view = fold(requested(f"a{number}") for number in range(MOST_OPEN + 1))
    assert open_in(view)[-1] == f"a{MOST_OPEN - 1}"

    assert open_in(fold([resolved("a0"), requested("late")], view))[-1] == "late"


def test_together_they_are_so_large_also_after_a_snapshot() -> None:
    def large(id_: str) -> ApprovalRequest:
        return requested(id_, "x" * (MOST_BYTES // 2))

    view = reopened(fold([large("a1"), large("a2")]))
    assert open_in(view) == ["a1"]

    assert open_in(fold([resolved("a1"), large("a3")], view)) == ["a3"]
