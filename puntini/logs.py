"""Log lines: structured, to standard error, as text for people or as JSON for machines."""

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog

REDACTED = "(secret)"
LEAST_SECRET = 6
"""What is shorter is a word that lines may have for other reasons."""
QUIET = ("uvicorn", "sse_starlette", "httpx", "websockets")


class _Careful:
    """A stream without secrets, that lets a line go when it can't be written.

    A full disk must not end what the line tells of. And whatever an exception of anybody's has in its text comes by
    here last.
    """

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        self._stream = stream
        self._secrets = [secret for secret in secrets if len(secret) >= LEAST_SECRET]

    def write(self, text: str) -> None:
        """Write, if that is possible."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError):
            self._stream.flush()


def configure(form: Literal["text", "json"], level: str, secrets: Iterable[str] = ()) -> None:
    """Set logging up for the process. No line of any library shows one of the ``secrets``."""
    stream = cast(TextIO, _Careful(sys.stderr, secrets))
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        # Plain: a formatter that shows local variables would show prompts and keys.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if form == "json" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(levelname)s %(name)s: %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
