"""What is asked for, and how much more or less than in the period before."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from puntini.views.analytics import Execution
from puntini.views.analytics_numbers import by, success_rate


class Trend(Struct, frozen=True):
    """A topic or an agent. ``growth`` is the change by what was before: 1.0 is twice as much; null where nothing was.

    ``task_id`` is the latest of its tasks.
    """

    name: str
    executions: int
    before: int
    change: int
    growth: float | None
    success_rate: float | None
    task_id: str


class Trends(Struct, frozen=True):
    """``rising`` are the topics that are asked for more than before, ``asked`` all, the most asked for first."""

    rising: list[Trend]
    asked: list[Trend]
    agents: list[Trend]


def trends(now: Sequence[Execution], before: Sequence[Execution], most: int) -> Trends:
    """Compare two periods; of each list the first ``most``."""
    topics = _compared(now, before, _topic)
    rising = sorted((each for each in topics if each.change > 0), key=lambda each: (-each.change, each.name))
    return Trends(rising[:most], topics[:most], _compared(now, before, _agent)[:most])


def _compared(now: Sequence[Execution], before: Sequence[Execution], name: Callable[[Execution], str]) -> list[Trend]:
    """By name, the most asked for first."""
    counts = {key: len(of) for key, of in by(before, name).items()}
    found = [_trend(key, of, counts) for key, of in by(now, name).items() if key]
    return sorted(found, key=lambda each: (-each.executions, each.name))


def _trend(name: str, of: Sequence[Execution], before: Mapping[str, int]) -> Trend:
    count, then = len(of), before.get(name, 0)
    completed = sum(each.outcome == "completed" for each in of)
    failed = sum(each.outcome == "failed" for each in of)
    return Trend(
        name=name,
        executions=count,
        before=then,
        change=count - then,
        growth=round((count - then) / then, 4) if then else None,
        success_rate=success_rate(completed, failed),
        task_id=of[-1].task_id,
    )


def _topic(each: Execution) -> str:
    return each.topic


def _agent(each: Execution) -> str:
    return each.agent
