"""What the doctor says: one finding a thing that was looked at."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """``ok``; ``warn``, which may be meant so; or ``fail``, which won't work. ``said`` is a sentence that says what to
    do."""

    about: str
    state: State
    said: str


def ok(about: str, said: str) -> Finding:
    """It is well."""
    return Finding(about, "ok", said)


def warn(about: str, said: str) -> Finding:
    """It may be meant so."""
    return Finding(about, "warn", said)


def fail(about: str, said: str) -> Finding:
    """It won't work."""
    return Finding(about, "fail", said)
