"""What stands out in a report, in sentences. Each rule is a threshold, so that the same numbers say the same."""

from collections.abc import Iterator, Sequence

from puntini.views.analytics_numbers import Numbers, Spread
from puntini.views.analytics_task import Tool

FEW = 10
"""Of fewer tasks nothing is said: a single one would decide."""
MANY_FAIL = 0.2
FEWEST_FAILURES = 3
SLOWER = 1.5
MUCH_SLOWER_AGENT = 2.0
BUSIER = 1.5
LONG_QUEUE_SECONDS = 5.0
FEWEST_CALLS = 5


def findings(
    now: Numbers,
    before: Numbers,
    agents: Sequence[tuple[str, Numbers]],
    reason: str,
    queued: Spread | None,
    tools: Sequence[Tool],
) -> list[str]:
    """One sentence each; one that says so where nothing stands out. ``reason`` is the most frequent of failures."""
    found = [
        *_failing("all agents", now, reason),
        *(sentence for name, each in agents if len(agents) > 1 for sentence in _failing(f"`{name}`", each, "")),
        *_durations(now, before),
        *_throughput(now.executions, before.executions),
        *(sentence for name, each in agents for sentence in _slow_agent(name, each, now)),
        *_queue(queued),
        *(sentence for tool in tools for sentence in _tool(tool)),
        *_prices(now),
    ]
    return found or ["Nothing stands out."]


def _failing(whose: str, of: Numbers, reason: str) -> Iterator[str]:
    decided = of.completed + of.failed
    if of.failed >= FEWEST_FAILURES and of.failed >= MANY_FAIL * decided:
        why = f" Most often: {reason}" if reason else ""
        yield f"Of {decided:,} tasks of {whose}, {of.failed:,} failed ({of.failed / decided:.0%}).{why}"


def _durations(now: Numbers, before: Numbers) -> Iterator[str]:
    if now.executions < FEW or before.executions < FEW or not now.duration_seconds or not before.duration_seconds:
        return
    last, first = now.duration_seconds.p95, before.duration_seconds.p95
    if last >= SLOWER * first and last > first:
        yield f"Tasks take longer: 95% end within {last:g} s, and within {first:g} s in the period before."
    elif first >= SLOWER * last and first > last:
        yield f"Tasks are quicker: 95% end within {last:g} s, and within {first:g} s in the period before."


def _throughput(now: int, before: int) -> Iterator[str]:
    if max(now, before) < FEW:
        return
    if now >= BUSIER * before:
        yield f"More tasks ended: {now:,}, and {before:,} in the period before."
    elif before >= BUSIER * now:
        yield f"Fewer tasks ended: {now:,}, and {before:,} in the period before."


def _slow_agent(name: str, of: Numbers, everybody: Numbers) -> Iterator[str]:
    if of.executions < FEW or not of.duration_seconds or not everybody.duration_seconds:
        return
    own, usual = of.duration_seconds.p50, everybody.duration_seconds.p50
    if own >= MUCH_SLOWER_AGENT * usual and own > usual:
        yield f"`{name}` is slow: half of its tasks take {own:g} s or more, and {usual:g} s of all agents'."


def _queue(queued: Spread | None) -> Iterator[str]:
    if queued and queued.p95 >= LONG_QUEUE_SECONDS:
        yield f"Tasks wait for their turn: 5% of the latest for {queued.p95:g} s or more."


def _tool(tool: Tool) -> Iterator[str]:
    decided = tool.succeeded + tool.failed
    if decided >= FEWEST_CALLS and tool.failed >= MANY_FAIL * decided:
        yield f"Of the latest {decided:,} calls of `{tool.tool_name}`, {tool.failed:,} failed."


def _prices(now: Numbers) -> Iterator[str]:
    if now.cost.unknown:
        yield f"What {now.cost.unknown:,} tasks cost is not known: their models have no known price."
