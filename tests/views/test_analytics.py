"""Executions and what they amount to."""

import random
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.views.analytics import HOUR_MS, Execution, Executions, Outcome
from puntini.views.analytics_numbers import (
    DAY_MS,
    RUN,
    Cost,
    Numbers,
    Spread,
    cost,
    groups,
    in_order,
    numbers,
    rank,
    series,
    spread,
)
from puntini.views.analytics_report import report
from puntini.views.analytics_topics import reason, topic
from puntini.views.analytics_trends import trends

outcomes: st.SearchStrategy[Outcome] = st.sampled_from(["completed", "failed", "cancelled"])


def ran(number: int = 1, at: int = HOUR_MS, **fields: Any) -> Execution:
    """An execution."""
    values: dict[str, Any] = {
        "session_id": "ses_1",
        "user": "ann",
        "agent": "puntini",
        "topic": "dig",
        "outcome": "completed",
        "seq": 1,
        "duration_ms": 1_000,
        "steps": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
    }
    return Execution(ended_at=at, task_id=f"tsk_{number}", **values | fields)


@st.composite
def executions(draw: st.DrawFn) -> list[Execution]:
    """Some, each of a task of its own."""
    return [
        ran(
            number,
            draw(st.integers(0, 3 * HOUR_MS)),
            session_id=draw(st.sampled_from(["ses_1", "ses_2"])),
            outcome=draw(outcomes),
            duration_ms=draw(st.integers(0, 10**9)),
            cost_usd=draw(st.none() | st.floats(0, 100)),
            seq=draw(st.integers(1, 5)),
            result_size=draw(st.none() | st.integers(0, 9)),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


# The fold.


@given(found=executions(), most=st.integers(1, 12), seed=st.randoms(use_true_random=False))
def test_the_order_and_the_portions_of_taking_in_make_no_difference(
    found: list[Execution], most: int, seed: random.Random
) -> None:
    together, apart = Executions(most), Executions(most)
    together.take(found)
    for each in seed.sample(found, len(found)):
        apart.take([each, each])

    assert apart.between(0, 1 << 50) == together.between(0, 1 << 50) == sorted(found)[-most:]
    assert apart.left_out == together.left_out == (len(found) > most)
    assert numbers(seed.sample(found, len(found))) == numbers(found)


@given(found=executions(), start=st.integers(0, 3 * HOUR_MS), width=st.integers(0, 3 * HOUR_MS))
def test_a_time_is_cut_where_it_begins_and_ends(found: list[Execution], start: int, width: int) -> None:
    all_of_them = Executions()
    all_of_them.take(found)

    chosen = all_of_them.between(start, start + width)

    assert chosen == [each for each in sorted(found) if start <= each.ended_at < start + width]


@given(found=executions(), floor=st.integers(0, 5))
def test_forgetting_and_trimming_are_as_if_it_had_never_been_otherwise(found: list[Execution], floor: int) -> None:
    changed, never = Executions(), Executions()
    changed.take(found)
    changed.forget({"ses_2"})
    changed.trim({"ses_1": floor})
    of_first = [each for each in found if each.session_id == "ses_1"]
    never.take([each.unsaid() if each.seq <= floor else each for each in of_first])

    assert changed.between(0, 1 << 50) == never.between(0, 1 << 50)
    assert len(changed) == len(of_first)


# Numbers.


@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_numbers_agree_with_pythons_own(values: list[int]) -> None:
    found = spread(values)

    assert found is not None
    assert (found.min, found.max) == (min(values), max(values))
    assert found.mean == pytest.approx(statistics.mean(values))
    assert found.std_dev == pytest.approx(statistics.pstdev(values), rel=1e-6, abs=1e-5)
    assert found.p50 == statistics.median_low(values)


def test_a_small_spread_around_large_values_is_not_lost() -> None:
    values = [10**15 + offset for offset in (4, 7, 13, 16)]
    assert spread(values) == Spread(10**15 + 4, 10**15 + 10, 10**15 + 7, 10**15 + 16, 10**15 + 16, 4.743416)


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(1, 50, 1), (1, 95, 1), (2, 50, 1), (10, 50, 5), (10, 95, 10), (20, 95, 19), (100, 95, 95), (101, 95, 96)],
)
def test_a_percentile_is_by_nearest_rank(count: int, percent: int, expected: int) -> None:
    assert rank(range(1, count + 1), percent) == expected


def test_many_values_are_put_in_order_in_runs() -> None:
    values = [number * 7_919 % 100_003 for number in range(2 * RUN + 5)]
    assert in_order(values) == sorted(values)


def test_costs_are_summed_where_they_are_known() -> None:
    known = [ran(number, cost_usd=0.1, input_tokens=5) for number in range(10)]
    free, unpriced = ran(11), ran(12, output_tokens=1)

    assert cost([*known, free, unpriced]) == Cost(usd=1.0, known=10, unknown=1)
    assert cost([free]) == Cost(usd=None, known=0, unknown=0)


def test_the_largest_groups_are_told_and_how_many_are_not() -> None:
    of = [ran(number, agent="abbccc"[number]) for number in range(6)]

    told, left_out = groups(of, lambda each: each.agent, 2)

    assert ([(group.name, group.numbers.executions) for group in told], left_out) == ([("c", 3), ("b", 2)], 1)


def test_a_series_begins_and_ends_with_whole_hours() -> None:
    of = [ran(1, HOUR_MS), ran(2, 2 * HOUR_MS - 1), ran(3, 3 * HOUR_MS)]

    points = series(of, HOUR_MS + 5, 3 * HOUR_MS + 1, HOUR_MS)

    assert [(point.at[11:16], point.executions) for point in points] == [("01:00", 2), ("02:00", 0), ("03:00", 1)]
    assert [point.at for point in series([], 0, DAY_MS, DAY_MS)] == ["1970-01-01T00:00:00.000Z"]


# Topics.


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Create  a node\n for ana.", "create a node for ana"),
        ("play 2000 events every 5 ms", "play # events every # ms"),
        ("Stop tsk_0123456789abcdefghij!", "stop #"),
        ("undo 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "undo #"),
        ("add defaced cafe", "add defaced cafe"),
        ("\uff26\uff35\uff2c\uff2c width", "full width"),
        ("x" * 200, "x" * 100 + "…"),
        ("", ""),
    ],
)
def test_prompts_that_ask_for_the_same_have_one_topic(prompt: str, expected: str) -> None:
    assert topic(prompt) == expected


@given(st.text())
def test_any_prompt_has_a_topic_and_a_topic_is_its_own(prompt: str) -> None:
    assert len(topic(prompt)) <= 101
    assert len(reason(prompt)) <= 201


def test_a_reason_is_the_first_line_without_numbers() -> None:
    assert reason("  Timeout after 30.5 s\nTraceback …") == "Timeout after # s"


def test_what_has_no_topic_does_not_trend() -> None:
    assert trends([ran(topic="")], [], 5).asked == []


# What stands out.


def findings(now: list[Execution], before: list[Execution]) -> list[str]:
    """What a report says."""
    return report(now, before, DAY_MS, []).findings


def many(count: int, **fields: Any) -> list[Execution]:
    """Executions that are alike."""
    return [ran(number, **fields) for number in range(count)]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (many(50), many(50), "Nothing stands out."),
        (many(2, outcome="failed"), [], "Nothing stands out."),
        (
            many(9) + many(3, outcome="failed", reason="No light."),
            many(12),
            "Of 12 tasks of all agents, 3 failed (25%). Most often: No light.",
        ),
        (
            many(20, duration_ms=1_000),
            many(20, duration_ms=3_000),
            "Tasks are quicker: 95% end within 1 s, and within 3 s in the period before.",
        ),
        (many(10), many(30), "Fewer tasks ended: 10, and 30 in the period before."),
        (
            many(30) + many(10, agent="slow", duration_ms=4_000),
            many(40),
            "`slow` is slow: half of its tasks take 4 s or more, and 1 s of all agents'.",
        ),
        (
            many(12, input_tokens=1),
            many(12),
            "What 12 tasks cost is not known: their models have no known price.",
        ),
    ],
)
def test_what_stands_out_is_said(now: list[Execution], before: list[Execution], expected: str) -> None:
    assert expected in findings(now, before)


def test_the_same_numbers_say_the_same() -> None:
    now, before = many(12, outcome="failed", agent="x") + many(5), many(2)
    assert findings(now, before) == findings(now[::-1], before[::-1])


def test_numbers_of_nothing_are_none() -> None:
    told: Numbers = numbers([])
    assert (told.executions, told.success_rate, told.duration_seconds, told.cost.usd) == (0, None, None, None)
