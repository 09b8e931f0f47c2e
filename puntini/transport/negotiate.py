"""Which transport a request asks for, by its ``Accept`` header (RFC 9110, 12.5.1)."""

from typing import Literal

from puntini.errors import NotAcceptable

Form = Literal["sse", "ndjson", "page"]
MEDIA: dict[str, Form] = {
    "text/event-stream": "sse",
    "application/x-ndjson": "ndjson",
    "application/json": "page",
}


def choose(accept: str) -> Form:
    """The best of what is accepted, a named format before a wildcard; SSE where it is left open.

    Raises NotAcceptable.
    """
    ranges = _ranges(accept)
    if not ranges:
        return "sse"
    best = max(MEDIA, key=lambda media: (_quality(media, ranges), media in ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(f"Accept one of {', '.join(MEDIA)}.")
    return MEDIA[best]


def prefers(accept: str, media: str, default: str) -> bool:
    """Whether ``media`` is asked for rather than ``default``, which is what a wildcard means."""
    ranges = _ranges(accept)
    return media in ranges and ranges[media] > 0 and ranges[media] >= _quality(default, ranges)


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media:
            ranges[media] = max(ranges.get(media, 0.0), _q(parameters))
    return ranges


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _quality(media: str, ranges: dict[str, float]) -> float:
    """The most specific range decides."""
    for wanted in (media, media.partition("/")[0] + "/*", "*/*"):
        if wanted in ranges:
            return ranges[wanted]
    return 0.0
