"""Where ids and times are made: the one place that reads the clock and the random source for the log."""

import secrets
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_id(prefix: str) -> str:
    """A new id that nobody can guess, like ``ses_4k2j…`` (about 103 random bits)."""
    return f"{prefix}_{_random(20)}"


def new_epoch() -> str:
    """A new name for a log's life."""
    return _random(6)


SLACK_MS = 50
"""So little two clocks may differ without one going by the other."""
SUDDEN_MS = 1_000
SLOWLY_MS = 25
_ahead_ms = 0


def now_ms() -> int:
    """Milliseconds since 1970, by the clock that is shared with other processes where there is one."""
    return time.time_ns() // 1_000_000 + _ahead_ms


def share_clock(ahead_ms: int) -> None:
    """Go by a clock that is so far ahead of this machine's: bit by bit, but for what is sudden."""
    global _ahead_ms
    change = (ahead_ms if abs(ahead_ms) > SLACK_MS else 0) - _ahead_ms
    _ahead_ms += change if abs(change) > SUDDEN_MS else max(-SLOWLY_MS, min(SLOWLY_MS, change))


def now() -> float:
    """Seconds since 1970, by the same clock."""
    return time.time() + _ahead_ms / 1000


def timestamp(ms: int | None = None) -> str:
    """RFC 3339 in UTC with milliseconds."""
    at = now_ms() if ms is None else ms
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


_last_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def _second(seconds: int) -> str:
    global _last_second
    if _last_second[0] != seconds:
        _last_second = (seconds, datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return _last_second[1]
