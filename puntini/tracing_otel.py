"""OpenTelemetry's SDK behind the few words of ``puntini.tracing``. Imported when there are traces, and else never."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from puntini.tracing import About, Kind

FLUSH_MS = 2_000
KINDS = {kind.name.lower(): kind for kind in trace.SpanKind}


class SdkSpan:
    """One span."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, about: About) -> None:
        """Add attributes."""
        self._span.set_attributes(about)

    def end(self, *, error: str = "") -> None:
        """End it."""
        if error:
            self._span.set_status(trace.Status(trace.StatusCode.ERROR, error))
        self._span.end()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the current one. An exception's text may quote prompts, so none is recorded."""
        with trace.use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield


class Sdk:
    """Sends spans to ``address``, in batches, or to another ``exporter``, one by one."""

    def __init__(self, version: str, *, address: str, exporter: SpanExporter | None = None) -> None:
        ours = Resource.create({SERVICE_NAME: "puntini", SERVICE_VERSION: version})
        self._provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=address))
            if exporter is None
            else SimpleSpanProcessor(exporter)
        )
        self._tracer = self._provider.get_tracer("puntini", version)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, name: str, kind: Kind, parent: str | None, since_ms: int, about: About) -> SdkSpan:
        """A span that has begun."""
        context = None if parent is None else self._propagator.extract({"traceparent": parent}, Context())
        since = since_ms * 1_000_000 or None
        span = self._tracer.start_span(name, context, kind=KINDS[kind], attributes=about, start_time=since)
        return SdkSpan(span)

    def traceparent(self) -> str:
        """The current span for another process."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent", "")

    def ids(self) -> dict[str, str]:
        """The current span for log lines."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def close(self) -> None:
        """Send what waits."""
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()
