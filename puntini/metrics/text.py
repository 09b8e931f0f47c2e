"""Measures as Prometheus reads them. The one file that knows its client."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from puntini.figures import Durations
from puntini.metrics.names import METRICS, Named

MEDIA_TYPE = CONTENT_TYPE_LATEST
Labels = tuple[str, ...]
Measured = Mapping[str, Mapping[Labels, float | Durations]]
"""By metric and by the values of its labels."""


def written(measured: Measured) -> bytes:
    """All of it, and what there is to say of the process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(measured))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Given(Collector):
    """What was measured, for the client's writer."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured

    def collect(self) -> Iterator[Metric]:
        """One family a metric."""
        for name, values in self._measured.items():
            yield _family(METRICS[name], values)


def _family(named: Named, values: Mapping[Labels, float | Durations]) -> Metric:
    if named.kind == "histogram":
        histogram = HistogramMetricFamily(named.name, named.help, labels=named.labels)
        for labels, value in values.items():
            assert isinstance(value, Durations)
            histogram.add_metric(labels, list(_buckets(value)), value.seconds)
        return histogram
    family = CounterMetricFamily if named.kind == "counter" else GaugeMetricFamily
    metric = family(named.name, named.help, labels=named.labels)
    for labels, value in values.items():
        assert not isinstance(value, Durations)
        metric.add_metric(labels, value)
    return metric


def _buckets(durations: Durations) -> Iterable[tuple[str, float]]:
    """How many took no longer than each bound."""
    bounds = [*map(floatToGoString, durations.bounds), "+Inf"]
    return zip(bounds, accumulate(durations.buckets), strict=True)
