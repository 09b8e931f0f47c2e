"""Log lines: structured, to standard error, as text for people or as JSON for machines."""

import logging
import sys
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog

from puntini.redaction import Redaction

QUIET = ("uvicorn", "sse_starlette", "httpx", "websockets")
OTHERS_WORDS = frozenset({"error", "reason"})
"""Keys under which our own lines quote what an agent, a model or a library said."""
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Careful:
    """A stream without secrets, that lets a line go when it can't be written.

    A full disk must not end what the line tells of. And whatever an exception of anybody's has in its text comes by
    here last.
    """

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        self._stream = stream
        self._redacted = Redaction(secrets)

    def write(self, text: str) -> None:
        """Write, if that is possible."""
        text = self._redacted(text)
        with suppress(OSError, ValueError):  # the latter where it is closed
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(
    form: Literal["text", "json"],
    level: str,
    secrets: Iterable[str] = (),
    *,
    redact_prompts: bool = False,
    node: str = "",
    ids: Callable[[], dict[str, str]] = dict,
) -> None:
    """Set logging up for the process. No line of any library shows one of the ``secrets``.

    No line of ours holds what people or models say. With ``redact_prompts`` neither does what others put into the text
    of an exception or into a line of their own: only its kind and its place in the code are told.

    Each line of ours names what is bound by ``structlog.contextvars`` (the request, the session, the task), what
    ``ids`` tells, and with ``json`` the ``node``: for people who look at one terminal it is the same in all of them.
    """
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
            _Also(ids, {"node": node} if node and form == "json" else {}),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([_without_words] if redact_prompts else []),
            *([structlog.processors.format_exc_info] if form == "json" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Wordless() if redact_prompts else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Also:
    """Adds to each line what is the case wherever it is written."""

    def __init__(self, ids: Callable[[], dict[str, str]], fixed: dict[str, str]) -> None:
        self._ids = ids
        self._fixed = fixed

    def __call__(self, _logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in (*self._fixed.items(), *self._ids().items()):
            line.setdefault(name, value)
        return line


def _without_words(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line of ours without the words of others."""
    for key in OTHERS_WORDS & line.keys():
        line[key] = "(left out)"
    match line.pop("exc_info", None):
        case BaseException() as error:
            line["exception"] = _places((type(error), error, error.__traceback__))
        case tuple() as found:
            line["exception"] = _places(found)
        case None | False:
            pass
        case _:
            line["exception"] = _places(sys.exc_info())
    return line


class _Wordless(logging.Formatter):
    """A line of a library: who it is, where it stands, what kind of exception it tells of."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the places of the exception behind it."""
        line = f"{record.levelname} {record.name}: its words are left out ({record.filename}:{record.lineno})"
        return f"{line}\n{_places(record.exc_info)}" if record.exc_info else line


def _places(found: ExcInfo) -> str:
    """An exception's kind and frames, without its text."""
    kind, _, frames = found
    return f"{''.join(traceback.format_tb(frames))}{kind.__name__ if kind else ''}"
