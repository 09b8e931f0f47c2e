"""What agents are doing, as they last said."""

from puntini.protocol.events import AgentView
from puntini.views.agents import DETAIL_SHOWN, MOST_AGENTS
from puntini.views.session import SessionView
from tests.views.said import ended, fold, paused, reopened, resumed, started, status


def test_the_latest_word_of_each_agent_counts() -> None:
    view = fold(
        [status("dot", "busy", "draws"), status("dash", "idle"), status("dot", "waiting", "for you", task="t2")]
    )

    assert view.agents() == [
        AgentView(agent="dash", status="idle", task_id="t1"),
        AgentView(agent="dot", status="waiting", detail="for you", task_id="t2"),
    ]


def test_when_a_task_ends_nobody_works_at_it_any_more() -> None:
    view = fold([status("dot", "busy", "draws"), status("dash", "failed"), status("other", task="t2"), ended("t1")])

    assert {each.agent: (each.status, each.detail) for each in view.agents()} == {
        "dot": ("idle", ""),
        "dash": ("failed", ""),
        "other": ("busy", ""),
    }


def test_when_a_task_is_paused_or_taken_up_nobody_works_at_it_until_it_is_said() -> None:
    for rest in (paused("t1"), resumed("t1")):
        view = fold([started("t1"), status("dot", "waiting"), status("dash", "busy", "draws"), rest])
        assert {each.agent: (each.status, each.detail) for each in view.agents()} == {
            "dot": ("idle", ""),
            "dash": ("idle", ""),
        }

        fold([status("dot", "busy")], view)
        assert [(each.agent, each.status) for each in view.agents()] == [("dash", "idle"), ("dot", "busy")]


def test_who_is_done_with_one_task_may_be_at_work_at_another() -> None:
    view = fold(
        [status("dot", "waiting", task="t1"), status("dot", "busy", task="t2"), status("dot", "idle", task="t1")]
    )

    assert view.agents() == [AgentView(agent="dot", status="busy", task_id="t2")]


def test_they_are_there_after_a_snapshot_and_old_snapshots_have_none() -> None:
    view = fold([status("dot"), status("dash")])

    assert reopened(view).agents() == view.agents()
    assert SessionView.decode(b'{"seq":3}').agents() == []


def test_of_too_many_the_one_that_was_silent_for_longest_is_forgotten() -> None:
    view = fold(status(f"agent {number}") for number in range(MOST_AGENTS))

    fold([status("agent 0", "idle"), status("one more")], view)

    known = [each.agent for each in view.agents()]
    assert (len(known), known[0], known[-2:]) == (MOST_AGENTS, "agent 2", ["agent 0", "one more"])


def test_a_long_detail_is_cut() -> None:
    view = fold([status(detail="x" * (DETAIL_SHOWN + 1))])

    assert view.agents()[0].detail == "x" * DETAIL_SHOWN + "…"
