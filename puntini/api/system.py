"""Health, readiness, status, connections, metrics: what operators and load balancers ask."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini import __version__
from puntini.api.http import Door, Json, resource
from puntini.auth.rights import ADMIN, ANYBODY, READ
from puntini.errors import Unavailable
from puntini.log.contract import Store
from puntini.log.hub import Hub
from puntini.metrics.health import Health
from puntini.metrics.measures import Measures
from puntini.metrics.text import MEDIA_TYPE
from puntini.protocol.entries import encode
from puntini.transport.asgi import Check, problem_details, problem_headers, request_id_of
from puntini.transport.connections import Connections


class Alive(Struct, frozen=True):
    """A sign of life."""

    status: Literal["ok"]


class Ready(Struct, frozen=True):
    """Traffic may come. What is ``warn`` among the checks does not keep it away."""

    status: Literal["ready"]
    checks: list[Check]


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
        health: Health,
        measures: Measures,
    ) -> None:
        self._store = store
        self._hub = hub
        self._connections = connections
        self._work = work
        self._agents = agents
        self._node = node
        self._health = health
        self._measures = measures

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource("/v1/health", get=Door(ANYBODY, self.health, gives=Alive)),
            resource("/v1/ready", get=Door(ANYBODY, self.ready, gives=Ready)),
            resource("/v1/status", get=Door(READ, self.status, gives=Status)),
            resource("/v1/connections/stats", get=Door(ADMIN, self.stats, gives=dict[str, Any])),
            resource("/metrics", get=Door(ADMIN, self.metrics, gives=str, gives_also=("text/plain",))),
        ]

    async def health(self, _request: Request) -> Response:
        """The process is alive."""
        return Json(Alive("ok"))

    async def ready(self, request: Request) -> Response:
        """Whether to send traffic here, and what speaks for or against it."""
        checks = await self._health.look()
        failed = [check.detail for check in checks if check.state == "fail"]
        return _unready(request, failed, checks) if failed else Json(Ready("ready", checks))

    async def status(self, _request: Request) -> Response:
        """What runs."""
        return Json(
            Status(
                api="ok",
                agents_initialized=True,
                agents=sorted(self._agents),
                database=self._store.kind,
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
        return Response(await self._measures.text(), media_type=MEDIA_TYPE)


def _unready(request: Request, failed: Sequence[str], checks: list[Check]) -> Response:
    """A problem, with the checks beside it."""
    error = Unavailable(" ".join(failed))
    details = replace(problem_details(error, request_id_of(request.scope)), checks=checks)
    headers = {name.decode(): value.decode() for name, value in problem_headers(error)}
    return Response(encode(details) + b"\n", error.status, headers, "application/problem+json")
