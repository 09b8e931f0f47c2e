"""Every error a client can be told about: a stable code, an HTTP status, a WebSocket close code, one sentence.

The message says whose fault it is and what to do. ``path`` names the field when a field is to blame.
"""

from collections.abc import Sequence

from puntini.figures import figures


class PuntiniError(Exception):
    """The root of the tree. Subclasses fix the code and the statuses; an instance adds the sentence."""

    code: str = "internal"
    status: int = 500
    close: int = 1011
    title: str = "Internal error"
    retryable: bool = False
    retry_after: int | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class Invalid(PuntiniError):
    """What was sent cannot be understood; sending it again will not help."""

    code, status, close, title = "invalid", 400, 1008, "Invalid request"


class Unauthorized(PuntiniError):
    """No credential, or one that is not good, or not any more."""

    code, status, close, title = "unauthorized", 401, 4401, "Unauthorized"


class Forbidden(PuntiniError):
    """Understood and refused."""

    code, status, close, title = "forbidden", 403, 4403, "Forbidden"


class NotFound(PuntiniError):
    """There is no such thing, or none that this caller may see."""

    code, status, close, title = "not_found", 404, 4404, "Not found"


class NotAcceptable(PuntiniError):
    """None of the formats in ``Accept`` can be produced."""

    code, status, close, title = "not_acceptable", 406, 1008, "Not acceptable"


class Conflict(PuntiniError):
    """The request and the present state disagree."""

    code, status, close, title = "conflict", 409, 1008, "Conflict"


class TaskRunning(Conflict):
    """``if_busy: reject`` was asked and a task is running."""

    code = "task_running"


class SessionClosed(Conflict):
    """The session takes no more commands."""

    code = "session_closed"


class Exhausted(Conflict):
    """A task has used up what it was given: steps, time or attempts."""

    code = "exhausted"


class KeptAlready(Conflict):
    """Something was to be kept for the first time, and another was faster."""


class StaleGraph(Conflict):
    """A graph has a later version than its writer knew of. ``version`` is what it has."""

    def __init__(self, message: str, *, version: int = 0) -> None:
        super().__init__(message)
        self.version = version


class StaleAttempt(Conflict):
    """An append by an attempt that has been replaced, or after the task's end."""

    code = "stale_attempt"


class TooSlow(PuntiniError):
    """What was to be sent did not arrive in time; nothing was changed."""

    code, status, close, title = "too_slow", 408, 1008, "Too slow"
    retryable = True


class TooLarge(PuntiniError):
    """A body, frame or value above its limit."""

    code, status, close, title = "too_large", 413, 1009, "Too large"


class TooMany(PuntiniError):
    """A limit on how many or how often was reached; which one, for those who count how often.

    ``queued`` is how many tasks wait, where that was the reason.
    """

    code, status, close, title = "too_many", 429, 4429, "Too many"
    retryable, retry_after = True, 5

    def __init__(self, message: str, *, limit: str = "other", path: str = "", queued: int | None = None) -> None:
        super().__init__(message, path=path)
        self.queued = queued
        figures.limits[limit] += 1


class Unavailable(PuntiniError):
    """The server cannot do this now, and nothing was changed; try again."""

    code, status, close, title = "unavailable", 503, 1013, "Unavailable"
    retryable, retry_after = True, 1


class StoreUnavailable(Unavailable):
    """The store refused a write or a read: a full disk, a read-only file, a lost connection."""

    code = "store_unavailable"


class Misconfigured(PuntiniError):
    """A setting that stops the start, or a command line that cannot work."""

    code, title = "misconfigured", "Misconfigured"


def described(error: BaseException) -> str:
    """An exception of anybody's: its name and text; the name alone where its text is empty or can't be had."""
    name = type(error).__name__
    try:
        return f"{name}: {error}" if str(error) else name
    except Exception:  # noqa: BLE001 - `__str__` is anybody's code, too
        return name
