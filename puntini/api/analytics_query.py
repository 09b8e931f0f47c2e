"""Which tasks numbers are about: of which time, of which agent, whose."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, cast, get_args

from msgspec import Meta, Struct
from starlette.requests import Request

from puntini.auth.guard import principal_of
from puntini.errors import Forbidden, Invalid
from puntini.log.mint import now_ms
from puntini.views.analytics import HOUR_MS, Execution
from puntini.views.analytics_numbers import DAY_MS

UNITS = {"m": 60_000, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
USUAL_MS = 7 * DAY_MS
LONGEST_MS = 3_660 * DAY_MS
EARLIEST_MS, LATEST_MS = 7_305 * DAY_MS, 84_006 * DAY_MS
"""1990 and 2200: what is far from these no calendar may hold, nor the time before it."""
MOST_POINTS = 1_000
HOURLY_MS = 3 * DAY_MS
"""Up to so long a time is told by hours, unless said otherwise."""

By = Literal["agent", "user", "status"]
Interval = Literal["hour", "day"]
L = TypeVar("L")

From = Annotated[
    str, Meta(description="since when: a time, or how long ago (`30m`, `24h`, `7d`, `4w`); `7d` before `to`")
]
To = Annotated[str, Meta(description="until when, in the same words; now unless said")]
PERIOD: dict[str, Any] = {"from": From, "to": To, "agent": str, "user": str}


class Period(Struct, frozen=True):
    """From ``start`` on and before ``end``, in ms."""

    start: int
    end: int

    @property
    def span(self) -> int:
        """How long it is."""
        return self.end - self.start

    @property
    def before(self) -> "Period":
        """The one of the same length that ends where this begins."""
        return Period(self.start - self.span, self.start)


class Wanted(Struct, frozen=True):
    """What a question is about; all agents, all users where none is named."""

    period: Period
    agent: str | None
    user: str | None

    def of(self, executions: Iterable[Execution]) -> list[Execution]:
        """Those of the agent and the user."""
        return [
            each
            for each in executions
            if (self.agent is None or each.agent == self.agent) and (self.user is None or each.user == self.user)
        ]


def wanted(request: Request) -> Wanted:
    """Read a question. Raises Invalid, and Forbidden where it is about somebody else's tasks."""
    return Wanted(_period(request, now_ms()), request.query_params.get("agent"), _user(request))


def _user(request: Request) -> str | None:
    """Whose tasks: those in the sessions that one owns, and to an admin everybody's."""
    who, named = principal_of(request.scope), request.query_params.get("user")
    if who.is_admin:
        return named
    if named not in {None, who.user}:
        raise Forbidden("Others' numbers take an admin; leave `user` out for your own.")
    return who.user


def _period(request: Request, now: int) -> Period:
    end = _time(request, "to", now, now)
    start = _time(request, "from", now, end - USUAL_MS)
    if not end - LONGEST_MS <= start < end:
        raise Invalid("from: give a time before `to`, at most ten years", path="from")
    return Period(start, end)


def _time(request: Request, name: str, now: int, default: int) -> int:
    """A time (of UTC, where it names no zone), or a span that counts back from now."""
    text = request.query_params.get(name)
    if text is None:
        return default
    at = _moment(text, now)
    if at is None or not EARLIEST_MS <= at <= LATEST_MS:
        raise Invalid(f"{name}: give a time (2026-11-21T10:00:00Z) or how long ago (24h, 7d)", path=name)
    return at


def _moment(text: str, now: int) -> int | None:
    """What a text names in ms; None for what is no time."""
    if found := re.fullmatch("([0-9]{1,5})([mhdw])", text):
        return now - int(found[1]) * UNITS[found[2]]
    try:
        at = datetime.fromisoformat(text)
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def grouping(request: Request) -> By:
    """By what groups are made. Raises Invalid and Forbidden."""
    by: By = _one_of(request, "by", By, "agent")
    if by == "user" and not principal_of(request.scope).is_admin:
        raise Forbidden("Numbers by user take an admin.")
    return by


def width(request: Request, period: Period) -> tuple[Interval, int]:
    """The interval of a series, and its ms. Raises Invalid."""
    usual: Interval = "hour" if period.span <= HOURLY_MS else "day"
    interval: Interval = _one_of(request, "interval", Interval, usual)
    ms = HOUR_MS if interval == "hour" else DAY_MS
    if period.span > MOST_POINTS * ms:
        raise Invalid(
            f"interval: these are more than {MOST_POINTS:,} points; ask for days, or a shorter time", path="interval"
        )
    return interval, ms


def _one_of(request: Request, name: str, type_: Any, default: L) -> L:
    given = request.query_params.get(name, default)
    if given not in get_args(type_):
        raise Invalid(f"{name}: use one of {', '.join(get_args(type_))}", path=name)
    return cast("L", given)
