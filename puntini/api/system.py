"""Health, readiness, status, connections, metrics: what operators and load balancers ask."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini import __version__
from puntini.api.http import Door, Json, resource
from puntini.auth.rights import ADMIN, ANYBODY, READ
from puntini.errors import Unavailable
from puntini.log.contract import Store
from puntini.log.hub import Hub
from puntini.transport.connections import Connections

COUNTERS = frozenset({"appends", "events", "commits", "reads", "store_reads", "opened", "aborted"})


class Alive(Struct, frozen=True):
    """A sign of life."""

    status: Literal["ok", "ready"]


class Status(Struct, frozen=True, kw_only=True):
    """What runs. ``node`` is which process answers, ``engine`` counts its tasks."""

    api: Literal["ok"]
    agents_initialized: bool
    agents: list[str]
    database: str
    engine: dict[str, int]
    node: str
    version: str


class System:
    """The routes."""

    def __init__(
        self,
        store: Store,
        hub: Hub,
        connections: Connections,
        work: Callable[[], dict[str, int]],
        agents: Iterable[str],
        *,
        node: str,
    ) -> None:
        self._store = store
        self._hub = hub
        self._connections = connections
        self._work = work
        self._agents = agents
        self._node = node
        self._registry = CollectorRegistry()
        self._registry.register(_Stats(self._numbers))

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource("/v1/health", get=Door(ANYBODY, self.health, gives=Alive)),
            resource("/v1/ready", get=Door(ANYBODY, self.ready, gives=Alive)),
            resource("/v1/status", get=Door(READ, self.status, gives=Status)),
            resource("/v1/connections/stats", get=Door(ADMIN, self.stats, gives=dict[str, Any])),
            resource("/metrics", get=Door(ADMIN, self.metrics, gives=str, gives_also=("text/plain",))),
        ]

    async def health(self, _request: Request) -> Response:
        """The process is alive."""
        return Json(Alive("ok"))

    async def ready(self, _request: Request) -> Response:
        """Whether to send traffic here: not while draining, not without the store."""
        if self._connections.draining:
            raise Unavailable("The server is shutting down.")
        await self._store.sessions(limit=1, offset=0)
        return Json(Alive("ready"))

    async def status(self, _request: Request) -> Response:
        """What runs."""
        return Json(
            Status(
                api="ok",
                agents_initialized=True,
                agents=sorted(self._agents),
                database=type(self._store).__name__,
                engine=self._work(),
                node=self._node,
                version=__version__,
            )
        )

    async def stats(self, _request: Request) -> Response:
        """Streams and the hub."""
        return Json({"node": self._node, **self._connections.stats, **self._hub.stats, "store": self._store.stats})

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _numbers(self) -> dict[str, Any]:
        streams = {name: value for name, value in self._connections.stats.items() if name != "by_transport"}
        tasks = {f"tasks_{name}": value for name, value in self._work().items()}
        return {**{f"streams_{k}": v for k, v in streams.items()}, **self._hub.stats, **self._store.stats, **tasks}


class _Stats(Collector):
    """Reads the counters when it is scraped; keeping them costs nothing besides."""

    def __init__(self, numbers: Callable[[], dict[str, Any]]) -> None:
        self._numbers = numbers

    def collect(self) -> list[Metric]:
        """One metric a number."""
        metrics: list[Metric] = []
        for name, value in self._numbers().items():
            if not isinstance(value, int | float):
                continue
            counter = name.removeprefix("streams_") in COUNTERS
            family = CounterMetricFamily if counter else GaugeMetricFamily
            metrics.append(family(f"puntini_{name}", name.replace("_", " "), value=float(value)))
        return metrics
