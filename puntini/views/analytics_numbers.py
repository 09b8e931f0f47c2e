"""What executions amount to. Each number is one of a set: it does not depend on the order in which they came.

Sums are of whole numbers, and sums of dollars are rounded once (``fsum``), so nothing is lost on the way however many
there are. A percentile is by nearest rank: the least of the values that as many per cent do not exceed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from math import fsum, sqrt

from msgspec import Struct

from puntini.views.analytics import HOUR_MS, Execution

DAY_MS = 24 * HOUR_MS
RUN = 8_192
"""So many values are sorted in one go, during which no other thread has a turn."""


def moment(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class Spread(Struct, frozen=True):
    """How some values lie. ``std_dev`` is that of all values, not an estimate from a sample."""

    min: float
    mean: float
    p50: float
    p95: float
    max: float
    std_dev: float


class Tokens(Struct, frozen=True):
    """What models read and wrote."""

    input: int
    output: int
    total: int


class Cost(Struct, frozen=True):
    """``usd`` is what the ``known`` tasks cost, null without any; ``unknown`` took tokens that have no known price."""

    usd: float | None
    known: int
    unknown: int


class Numbers(Struct, frozen=True):
    """What some tasks amount to.

    ``success_rate`` is how many of those that completed or failed completed; what was cancelled is neither. Result
    sizes are bytes, of the ``results`` of completed tasks that the log still holds.
    """

    executions: int
    completed: int
    failed: int
    cancelled: int
    success_rate: float | None
    duration_seconds: Spread | None
    results: int
    result_size: Spread | None
    steps: int
    tokens: Tokens
    cost: Cost


class Group(Struct, frozen=True):
    """The tasks that have something in common."""

    name: str
    numbers: Numbers


class Point(Struct, frozen=True):
    """The tasks that ended in the hour, or day, that begins at ``at``."""

    at: str
    executions: int
    completed: int
    failed: int
    cancelled: int
    mean_seconds: float | None
    p95_seconds: float | None
    tokens: int
    cost_usd: float | None


def numbers(of: Sequence[Execution]) -> Numbers:
    """What executions amount to."""
    completed, failed = (sum(each.outcome == outcome for each in of) for outcome in ("completed", "failed"))
    sizes = [each.result_size for each in of if each.result_size is not None]
    return Numbers(
        executions=len(of),
        completed=completed,
        failed=failed,
        cancelled=len(of) - completed - failed,
        success_rate=success_rate(completed, failed),
        duration_seconds=spread([each.duration_ms for each in of], 1000),
        results=len(sizes),
        result_size=spread(sizes),
        steps=sum(each.steps for each in of),
        tokens=_tokens(of),
        cost=cost(of),
    )


def success_rate(completed: int, failed: int) -> float | None:
    """How many of those that completed or failed completed."""
    return round(completed / (completed + failed), 4) if completed + failed else None


def spread(values: Iterable[int], unit: int = 1) -> Spread | None:
    """How values lie, in ``unit``s of them; None without any."""
    ordered = in_order(list(values))
    if not ordered:
        return None
    count, total = len(ordered), sum(ordered)
    # Whole numbers: exact however large the sums, so that nothing cancels out.
    square = count * sum(value * value for value in ordered) - total * total
    return Spread(
        min=ordered[0] / unit,
        mean=round(total / count / unit, 6),
        p50=rank(ordered, 50) / unit,
        p95=rank(ordered, 95) / unit,
        max=ordered[-1] / unit,
        std_dev=round(sqrt(square) / count / unit, 6),
    )


def rank(ordered: Sequence[int], percent: int) -> int:
    """The percentile by nearest rank, of at least one value in order."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def in_order(values: list[int]) -> list[int]:
    """The same values in order. Runs are sorted first, which leaves others a turn; joining sorted runs is quick."""
    joined: list[int] = []
    for start in range(0, len(values), RUN):
        joined += sorted(values[start : start + RUN])
    return sorted(joined)


def _tokens(of: Iterable[Execution]) -> Tokens:
    read, written = sum(each.input_tokens for each in of), sum(each.output_tokens for each in of)
    return Tokens(read, written, read + written)


def cost(of: Iterable[Execution]) -> Cost:
    """What executions cost, as far as prices are known."""
    known = [each.cost_usd for each in of if each.cost_usd is not None]
    unknown = sum(each.cost_usd is None and each.input_tokens + each.output_tokens > 0 for each in of)
    return Cost(round(fsum(known), 9) if known else None, len(known), unknown)


def groups(of: Iterable[Execution], name: Callable[[Execution], str], most: int) -> tuple[list[Group], int]:
    """The same by name, the largest groups first, and how many groups beyond ``most`` were left out."""
    found = by(of, name)
    names = sorted(found, key=lambda each: (-len(found[each]), each))
    return [Group(each, numbers(found[each])) for each in names[:most]], max(0, len(names) - most)


def by(of: Iterable[Execution], name: Callable[[Execution], str]) -> dict[str, list[Execution]]:
    """The executions under each name."""
    found: dict[str, list[Execution]] = {}
    for each in of:
        found.setdefault(name(each), []).append(each)
    return found


def series(of: Iterable[Execution], start: int, end: int, width: int) -> list[Point]:
    """What ended in each ``width`` (ms, of UTC) from ``start`` to ``end``, also where nothing did."""
    found: dict[int, list[Execution]] = {}
    for each in of:
        found.setdefault(each.ended_at // width, []).append(each)
    return [_point(at * width, found.get(at, ())) for at in range(start // width, -(-end // width))]


def _point(at: int, of: Sequence[Execution]) -> Point:
    completed, failed = (sum(each.outcome == outcome for each in of) for outcome in ("completed", "failed"))
    durations = spread([each.duration_ms for each in of], 1000)
    return Point(
        at=moment(at),
        executions=len(of),
        completed=completed,
        failed=failed,
        cancelled=len(of) - completed - failed,
        mean_seconds=durations.mean if durations else None,
        p95_seconds=durations.p95 if durations else None,
        tokens=_tokens(of).total,
        cost_usd=cost(of).usd,
    )
