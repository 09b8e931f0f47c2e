"""A report of how the agents do: the numbers beside those of the period before, and what stands out, in sentences."""

from collections.abc import Sequence

from msgspec import Struct

from puntini.views.analytics import HOUR_MS, Execution
from puntini.views.analytics_findings import findings
from puntini.views.analytics_numbers import Numbers, Spread, by, moment, numbers, spread, success_rate
from puntini.views.analytics_task import Tool, Work

MOST_AGENTS = 100
MOST_SLOWEST = MOST_REASONS = 10


class AgentReport(Struct, frozen=True):
    """An agent's numbers now and before."""

    agent: str
    now: Numbers
    before: Numbers


class Slow(Struct, frozen=True):
    """A task that took long."""

    task_id: str
    agent: str
    topic: str
    status: str
    duration_seconds: float
    ended_at: str


class Failure(Struct, frozen=True):
    """Why tasks failed, as their ends say; empty where the log does not hold these any more.

    ``share`` is of all that failed; ``task_id`` is the latest.
    """

    reason: str
    count: int
    share: float
    agents: list[str]
    task_id: str


class Throughput(Struct, frozen=True):
    """Tasks that ended an hour; ``change`` by what was before, null where nothing was."""

    per_hour: float
    before_per_hour: float
    change: float | None


class Sample(Struct, frozen=True):
    """What the latest tasks of the period say of themselves: seconds in the queue, waiting for people, to an answer."""

    tasks: int
    queued_seconds: Spread | None
    waiting_seconds: Spread | None
    first_answer_seconds: Spread | None
    tools: list[Tool]


class Report(Struct, frozen=True):
    """How the agents do."""

    now: Numbers
    before: Numbers
    throughput: Throughput
    agents: list[AgentReport]
    slowest: list[Slow]
    failures: list[Failure]
    sample: Sample
    findings: list[str]


def report(now: Sequence[Execution], before: Sequence[Execution], span: int, works: Sequence[Work]) -> Report:
    """The report of a period of ``span`` ms, the one before it, and the work of its latest tasks."""
    first, last = numbers(now), numbers(before)
    agents = _agents(now, before)
    failures = _failures(now)
    sample = _sample(works)
    each = [(agent.agent, agent.now) for agent in agents]
    reason = failures[0].reason if failures else ""
    return Report(
        now=first,
        before=last,
        throughput=_throughput(len(now), len(before), span),
        agents=agents,
        slowest=_slowest(now),
        failures=failures,
        sample=sample,
        findings=findings(first, last, each, reason, sample.queued_seconds, sample.tools),
    )


def _agents(now: Sequence[Execution], before: Sequence[Execution]) -> list[AgentReport]:
    now_by, before_by = by(now, _agent), by(before, _agent)
    names = sorted(now_by, key=lambda name: (-len(now_by[name]), name))[:MOST_AGENTS]
    return [AgentReport(name, numbers(now_by[name]), numbers(before_by.get(name, []))) for name in names]


def _throughput(now: int, before: int, span: int) -> Throughput:
    hours = span / HOUR_MS
    change = round((now - before) / before, 4) if before else None
    return Throughput(round(now / hours, 4), round(before / hours, 4), change)


def _slowest(of: Sequence[Execution]) -> list[Slow]:
    slowest = sorted(of, key=lambda each: (-each.duration_ms, each.task_id))[:MOST_SLOWEST]
    return [
        Slow(each.task_id, each.agent, each.topic, each.outcome, each.duration_ms / 1000, moment(each.ended_at))
        for each in slowest
    ]


def _failures(of: Sequence[Execution]) -> list[Failure]:
    failed = [each for each in of if each.outcome == "failed"]
    found = by(failed, lambda each: each.reason)
    reasons = sorted(found, key=lambda reason: (-len(found[reason]), reason))[:MOST_REASONS]
    return [
        Failure(
            reason=reason,
            count=len(found[reason]),
            share=round(len(found[reason]) / len(failed), 4),
            agents=sorted({each.agent for each in found[reason]})[:MOST_REASONS],
            task_id=found[reason][-1].task_id,
        )
        for reason in reasons
    ]


def _sample(works: Sequence[Work]) -> Sample:
    answered = [each.first_answer_seconds for each in works if each.first_answer_seconds is not None]
    return Sample(
        tasks=len(works),
        queued_seconds=_seconds([each.times.queued for each in works]),
        waiting_seconds=_seconds([each.times.waiting for each in works]),
        first_answer_seconds=_seconds(answered),
        tools=_joined([tool for each in works for tool in each.tools]),
    )


def _seconds(values: Sequence[float]) -> Spread | None:
    return spread([round(value * 1000) for value in values], 1000)


def _joined(told: Sequence[Tool]) -> list[Tool]:
    """The same tools of several tasks together."""
    found: dict[str, list[Tool]] = {}
    for each in told:
        found.setdefault(each.tool_name, []).append(each)
    joined = [_join(name, of) for name, of in found.items()]
    return sorted(joined, key=lambda each: (-each.calls, each.tool_name))[:MOST_AGENTS]


def _join(name: str, of: Sequence[Tool]) -> Tool:
    succeeded, failed = sum(each.succeeded for each in of), sum(each.failed for each in of)
    return Tool(
        tool_name=name,
        calls=sum(each.calls for each in of),
        succeeded=succeeded,
        failed=failed,
        success_rate=success_rate(succeeded, failed),
        seconds=round(sum(each.seconds for each in of), 6),
    )


def _agent(each: Execution) -> str:
    return each.agent
