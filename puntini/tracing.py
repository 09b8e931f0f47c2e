"""Traces by OpenTelemetry, where the settings ask for them. Where they don't, nothing of it is imported.

One for the process. No attribute holds what people or models say, and no exception's text goes along.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from puntini.errors import Misconfigured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

Kind = Literal["internal", "server", "client", "producer", "consumer"]
About = Mapping[str, str | int | float | bool]
T = TypeVar("T")
NOTHING: About = MappingProxyType({})
KEPT_AS = "trace"
"""The kind under which a task's trace is kept beside it, so that whoever runs it goes on with it."""
NOT_INSTALLED = "Traces (otlp_endpoint) need OpenTelemetry: pip install 'puntini[otel]'."


class Span(Protocol):
    """A stretch of work in a trace."""

    def note(self, about: About) -> None:
        """Add to what is said of it."""

    def end(self, *, error: str = "") -> None:
        """It is over; with ``error``, a word for what went wrong."""

    @contextmanager
    def current(self) -> Iterator[None]:
        """While inside, what begins is a part of it, and log lines name it."""
        ...


class _NoSpan:
    """What there is without traces."""

    def note(self, about: About) -> None:
        pass

    def end(self, *, error: str = "") -> None:
        pass

    @contextmanager
    def current(self) -> Iterator[None]:
        yield


class _Tracer(Protocol):
    """Where spans come from."""

    def begin(self, name: str, kind: Kind, parent: str | None, since_ms: int, about: About) -> Span:
        """See ``begin`` below."""
        ...

    def traceparent(self) -> str:
        """See below."""
        ...

    def ids(self) -> dict[str, str]:
        """See below."""
        ...

    def close(self) -> None:
        """Send what waits."""


NO_SPAN: Span = _NoSpan()
_tracer: _Tracer | None = None


def on() -> bool:
    """Whether there are traces."""
    return _tracer is not None


def begin(
    name: str, kind: Kind = "internal", *, parent: str | None = None, since_ms: int = 0, about: About = NOTHING
) -> Span:
    """A span that has begun, now or at ``since_ms``; a part of the current one, or of ``parent`` where that is given.

    ``parent`` is a ``traceparent`` (W3C Trace Context); an empty one, or one that is none, begins a trace.
    """
    return _tracer.begin(name, kind, parent, since_ms, about) if _tracer is not None else NO_SPAN


def traceparent() -> str:
    """The current span for another process; empty without one."""
    return _tracer.traceparent() if _tracer is not None else ""


def headers() -> dict[str, str]:
    """What a request to somebody else says of the trace that it belongs to."""
    return {"traceparent": told} if (told := traceparent()) else {}


def ids() -> dict[str, str]:
    """What log lines say of the current span."""
    return _tracer.ids() if _tracer is not None else {}


async def within(span: Span, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items; each comes about inside of the span."""
    while True:
        with span.current():
            try:
                item = await anext(items)
            except StopAsyncIteration:
                return
        yield item


def configure(endpoint: str, version: str, *, exporter: "SpanExporter | None" = None) -> None:
    """Send traces to ``endpoint`` from now on, by OTLP over HTTP, or to another ``exporter``; to none, no traces.

    The standard variables (``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_TRACES_SAMPLER``,
    ``OTEL_EXPORTER_OTLP_HEADERS``, …) hold. Raises Misconfigured.
    """
    global _tracer
    close()
    if not endpoint and exporter is None:
        return
    if exporter is None and not endpoint.startswith(("http://", "https://")):
        raise Misconfigured("`otlp_endpoint` is no address: write one like http://127.0.0.1:4318.")
    try:
        from puntini.tracing_otel import Sdk
    except ImportError:
        raise Misconfigured(NOT_INSTALLED) from None
    _tracer = Sdk(version, exporter=exporter, address=f"{endpoint.rstrip('/')}/v1/traces")


def close() -> None:
    """Send what waits, for two seconds at most, and trace no more."""
    global _tracer
    if _tracer is not None:
        _tracer.close()
        _tracer = None
