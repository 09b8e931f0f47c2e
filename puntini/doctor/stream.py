"""What a stream that went through whatever is in front of a server says of it."""

from collections.abc import Iterator

from puntini.client.proxy import AGENT, Heard, listen
from puntini.doctor.findings import Finding, fail, ok, warn
from puntini.errors import PuntiniError

SLOW_SECONDS = 2.0
LEAST_SPREAD = 0.5
"""The events were said over a second: what brings them closer together has held them back."""
CLOCK_OFF_SECONDS = 5.0


def findings(url: str) -> list[Finding]:
    """Follow a stream at ``url``, and judge."""
    try:
        return list(judged(listen(url)))
    except PuntiniError as error:
        return [fail("stream", error.message)]


def judged(heard: Heard) -> Iterator[Finding]:
    """What a stream says of what it went through."""
    yield _timely(heard)
    if heard.encoding:
        yield warn(
            "compression",
            f"Streams are packed ({heard.encoding}), which holds events back: leave them out.",
        )
    else:
        yield ok("compression", "Streams come as they are.")
    yield _headers(heard)
    if heard.skew is not None and abs(heard.skew) > CLOCK_OFF_SECONDS:
        yield warn("clock", f"The server's clock is {heard.skew:.0f} s off this machine's: see which of them is wrong.")


def _timely(heard: Heard) -> Finding:
    if heard.waits:
        return fail(
            "workers",
            f"No worker took up a task of the agent `{AGENT}`, so streams could not be timed: start `puntini worker`, "
            "or wait until one has room.",
        )
    if heard.first is None or heard.spread is None:
        return fail(
            "stream",
            "A stream did not come through whole: something holds it back until it ends, or cuts it off. Turn "
            "buffering off for it (nginx: proxy_buffering off).",
        )
    if heard.spread < LEAST_SPREAD or heard.first > SLOW_SECONDS:
        return fail(
            "stream",
            f"Events are held back: the first bytes took {heard.first:.1f} s, and what was said over a second came "
            f"within {heard.spread:.1f}. Turn buffering off (nginx: proxy_buffering off).",
        )
    return ok("stream", f"The first bytes came after {heard.first * 1000:.0f} ms, and events as they were said.")


def _headers(heard: Heard) -> Finding:
    if not heard.resumes:
        return fail("headers", "Last-Event-ID does not reach the server, so streams can't resume: let it pass.")
    missing = [name for name, there in (("X-Request-ID", heard.named), ("Puntini-Cursor", heard.cursor)) if not there]
    if missing:
        return warn("headers", f"{' and '.join(missing)} of answers do not come through: let them pass.")
    return ok("headers", "Last-Event-ID, X-Request-ID and Puntini-Cursor come through.")
