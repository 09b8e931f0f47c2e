"""``/v1/analytics``: what tasks take and come to. Folds over the log; nothing is counted anywhere else."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio
from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.analytics_query import PERIOD, By, Interval, Period, Wanted, grouping, wanted, width
from puntini.api.analytics_tally import Tally
from puntini.api.analytics_works import SAMPLE, sample, work_of
from puntini.api.http import PAGE, PAGE_MOST, Door, Json, Limit, resource, whole
from puntini.api.tasks import task_of
from puntini.auth.rights import READ, VIEW_TASK
from puntini.log.contract import Store, TaskRow
from puntini.log.mint import now_ms, timestamp
from puntini.views.analytics import Execution, Executions
from puntini.views.analytics_numbers import Group, Numbers, Point, Tokens, groups, numbers, series, success_rate
from puntini.views.analytics_report import Report, report
from puntini.views.analytics_task import Steps, Times, Tool, Work
from puntini.views.analytics_trends import Trends, trends

MOST_GROUPS = 100
MOST_SAMPLED = 2 * SAMPLE
"""Of so many of the latest tasks some may be gone, or have too many events."""
T = TypeVar("T")


class Covered(Struct, frozen=True):
    """What is counted: all ended tasks, or where these are too many, those that ended from ``since`` on."""

    complete: bool
    since: str | None


class Span(Struct, frozen=True):
    """A time: what ended from ``from`` on and before ``to``."""

    from_: str = field(name="from")
    to: str


class Overview(Struct, frozen=True):
    """What the tasks of a time amount to, the times in which they ended, and the groups that they make."""

    period: Span
    covered: Covered
    totals: Numbers
    interval: Interval
    series: list[Point]
    by: By
    groups: list[Group]
    groups_left_out: int


class Performance(Struct, frozen=True):
    """How the agents do, beside the time before."""

    period: Span
    compared_with: Span
    covered: Covered
    report: Report


class Trending(Struct, frozen=True):
    """What is asked for, beside the time before."""

    period: Span
    compared_with: Span
    covered: Covered
    trends: Trends


class Calls(Struct, frozen=True):
    """How a task's tool calls came out; those that have not ended are neither."""

    total: int
    succeeded: int
    failed: int
    success_rate: float | None
    by_tool: list[Tool]


class Approvals(Struct, frozen=True):
    """How often people were asked, and how often they, or time, have decided."""

    asked: int
    decided: int


class TaskAnalytics(Struct, frozen=True):
    """The numbers of one task, without what was retracted; of one that has not ended, up to now."""

    task_id: str
    session_id: str
    agent: str
    status: str
    attempts: int
    submitted_at: str
    ended_at: str | None
    duration_seconds: float
    seconds: Times
    first_answer_seconds: float | None
    steps: Steps
    tools: Calls
    approvals: Approvals
    tokens: Tokens
    cost_usd: float | None
    result_size: int | None
    complete: bool


class Analytics:
    """The routes."""

    def __init__(self, store: Store, tally: Tally) -> None:
        self._store = store
        self._tally = tally
        self._one = anyio.CapacityLimiter(1)
        """Numbers of many tasks are made one answer at a time, in a thread, so that others have their turns."""

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        at = "/v1/analytics"
        how = {**PERIOD, "by": By, "interval": Interval}
        return [
            resource(at, get=Door(READ, self.overview, how, gives=Overview)),
            resource(f"{at}/tasks/{{task_id}}", get=Door(VIEW_TASK, self.task, gives=TaskAnalytics)),
            resource(f"{at}/performance", get=Door(READ, self.performance, PERIOD, gives=Performance)),
            resource(f"{at}/trending", get=Door(READ, self.trending, {**PERIOD, "limit": Limit}, gives=Trending)),
        ]

    async def overview(self, request: Request) -> Response:
        """Totals, a series and groups."""
        asked, by = wanted(request), grouping(request)
        interval, ms = width(request, asked.period)
        executions = await self._tally.executions()
        chosen = executions.between(asked.period.start, asked.period.end)
        covered = _covered(executions)
        return Json(await self._make(partial(_overview, asked, chosen, covered, by, interval, ms)))

    async def performance(self, request: Request) -> Response:
        """A report."""
        asked = wanted(request)
        executions = await self._tally.executions()
        covered = _covered(executions)
        now, before = await self._two(asked, executions)
        works = await sample(self._store, [each.task_id for each in reversed(now[-MOST_SAMPLED:])])
        told = await self._make(partial(report, now, before, asked.period.span, works))
        return Json(Performance(_span(asked.period), _span(asked.period.before), covered, told))

    async def trending(self, request: Request) -> Response:
        """Topics and agents."""
        asked, limit = wanted(request), whole(request, "limit", PAGE, 1, PAGE_MOST)
        executions = await self._tally.executions()
        covered = _covered(executions)
        told = await self._make(partial(trends, *await self._two(asked, executions), limit))
        return Json(Trending(_span(asked.period), _span(asked.period.before), covered, told))

    async def task(self, request: Request) -> Response:
        """One task."""
        row = await task_of(self._store, request)
        return Json(_task(row, await work_of(self._store, row)))

    async def _two(self, asked: Wanted, executions: Executions) -> tuple[list[Execution], list[Execution]]:
        """What ended in the time that is asked for, and in the one before."""
        now, before = (executions.between(each.start, each.end) for each in (asked.period, asked.period.before))
        return await self._make(lambda: (asked.of(now), asked.of(before)))

    async def _make(self, make: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(make, limiter=self._one)


def _overview(
    asked: Wanted, found: Sequence[Execution], covered: Covered, by: By, interval: Interval, ms: int
) -> Overview:
    chosen = asked.of(found)
    told, left_out = groups(chosen, _NAMES[by], MOST_GROUPS)
    return Overview(
        period=_span(asked.period),
        covered=covered,
        totals=numbers(chosen),
        interval=interval,
        series=series(chosen, asked.period.start, asked.period.end, ms),
        by=by,
        groups=told,
        groups_left_out=left_out,
    )


_NAMES: dict[By, Callable[[Execution], str]] = {
    "agent": lambda each: each.agent,
    "user": lambda each: each.user,
    "status": lambda each: each.outcome,
}


def _covered(executions: Executions) -> Covered:
    since = executions.since if executions.left_out else None
    return Covered(complete=not executions.left_out, since=None if since is None else timestamp(since))


def _span(period: Period) -> Span:
    return Span(from_=timestamp(period.start), to=timestamp(period.end))


def _task(row: TaskRow, work: Work) -> TaskAnalytics:
    ends = row.updated_at if row.ended else now_ms()
    return TaskAnalytics(
        task_id=row.task_id,
        session_id=row.session_id,
        agent=row.agent,
        status=row.status,
        attempts=row.attempt,
        submitted_at=timestamp(row.created_at),
        ended_at=timestamp(row.updated_at) if row.ended else None,
        duration_seconds=max(0, ends - row.created_at) / 1000,
        seconds=work.times,
        first_answer_seconds=work.first_answer_seconds,
        steps=work.steps,
        tools=_calls(work),
        approvals=Approvals(work.approvals_asked, work.approvals_decided),
        tokens=Tokens(row.input_tokens, row.output_tokens, row.input_tokens + row.output_tokens),
        cost_usd=row.cost_usd,
        result_size=work.result_size,
        complete=work.complete,
    )


def _calls(work: Work) -> Calls:
    succeeded, failed = sum(tool.succeeded for tool in work.tools), sum(tool.failed for tool in work.tools)
    total = sum(tool.calls for tool in work.tools)
    return Calls(total, succeeded, failed, success_rate(succeeded, failed), work.tools)
