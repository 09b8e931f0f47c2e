"""``/v1/sessions/{id}/graph``: the graph at any id, as JSON or GraphML; bringing one in; questions about it."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import anyio.lowlevel
from msgspec import UNSET, Meta, Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from puntini.api.etags import KNOWN, etag, has, same
from puntini.api.graph_bodies import XML_TYPES, NewGraph, graph_in
from puntini.api.http import ONCE, At, Door, Json, Limit, Listed, idempotency_key, resource, user_of, whole
from puntini.api.imports import Imports
from puntini.api.moments import Moments
from puntini.api.repeats import named
from puntini.auth.rights import EDIT, VIEW
from puntini.errors import Conflict, Invalid, NotFound
from puntini.log.contract import Store
from puntini.log.keeper import Keeper
from puntini.protocol.graph import Graph, Node
from puntini.transport.negotiate import prefers
from puntini.views import graphml
from puntini.views.graph import GraphView
from puntini.views.query import Neighbourhood, Path, Search, TooFar, Wanted, neighbourhood, shortest_path
from puntini.views.references import Unresolved, resolve
from puntini.views.session import SessionView

JSON_TYPE = "application/json"
Form = Literal["json", "graphml"]
Mode = Literal["merge", "replace"]
Depth = Annotated[int, Meta(ge=1, le=10, description="how many edges away to look; 1 unless said")]
Nearest = Annotated[int, Meta(ge=1, le=1_000, description="how many nodes to answer with at most; 50 unless said")]
NodeName = Annotated[str, Meta(min_length=1, description="a node's id, its key, or Label:key")]


class Imported(Struct, frozen=True):
    """What was brought in, and the cursor behind it."""

    cursor: str
    nodes: int
    edges: int


class Graphs:
    """The routes."""

    def __init__(self, store: Store, keeper: Keeper[SessionView]) -> None:
        self._store = store
        self._moments = Moments(store, keeper)
        self._imports = Imports(store, keeper)

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        one = "/v1/sessions/{session_id}/graph"
        wanted = {"label": str, "text": str, "property": str, "value": str, "limit": Limit}
        ends = {"from": NodeName, "to": NodeName}
        around = {"node": NodeName, "depth": Depth, "limit": Nearest}
        return [
            resource(
                one,
                get=Door(
                    VIEW, self.get, {"at": At, "format": Form}, gives=Graph, gives_also=(graphml.MEDIA_TYPE,), **KNOWN
                ),
                post=Door(
                    EDIT,
                    self.bring,
                    {"mode": Mode},
                    takes=NewGraph,
                    takes_also=sorted(XML_TYPES),
                    gives=Imported,
                    status=202,
                    headers=ONCE,
                    name="importSessionGraph",
                ),
            ),
            resource(f"{one}/query", get=Door(VIEW, self.query, wanted, gives=Listed[Node], name="queryGraph")),
            resource(
                f"{one}/neighbourhood", get=Door(VIEW, self.neighbourhood, around, gives=Neighbourhood, needs=("node",))
            ),
            resource(f"{one}/path", get=Door(VIEW, self.path, ends, gives=Path, needs=("from", "to"))),
        ]

    async def get(self, request: Request) -> Response:
        """The graph now, or as it was ``at`` an event; GraphML by ``format`` or ``Accept``."""
        form = _form(request)
        view = await self._moments.view(request)
        tag = etag(f"{self._store.epoch}.{view.seq}.{form}") | {"vary": "Accept"}
        if has(request, tag):
            return same(tag)
        graph = view.graph.graph()
        if form == "json":
            return Json(graph, headers=tag)
        name = f"{request.path_params['session_id']}.graphml"
        headers = tag | {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_document(graph), headers=headers, media_type=graphml.MEDIA_TYPE)

    async def bring(self, request: Request) -> Response:
        """Bring a graph in: ``mode`` merge (the default) or replace. ``Idempotency-Key`` makes a retry safe."""
        session_id = request.path_params["session_id"]
        instead = _one_of(request, "mode", "merge", "replace") == "replace"
        key = idempotency_key(request.headers.get("idempotency-key", ""))
        graph = await graph_in(request)
        once = named("graph", session_id, key)
        user = user_of(request)
        done = await self._imports.bring(session_id, graph, instead=instead, user=user, once=once)
        cursor = f"{self._store.epoch}.{done.last}"
        return Json(Imported(cursor, len(graph.nodes), len(graph.edges)), status_code=202)

    async def query(self, request: Request) -> Response:
        """Nodes by label, text, property and value: all that is given must hold."""
        given = request.query_params
        wanted = Wanted(given.get("label"), given.get("text"), given.get("property"), given.get("value", UNSET))
        limit = whole(request, "limit", 20, 1, 100)
        search = Search((await self._view(request)).nodes(), wanted, limit)
        for _ in search:
            await anyio.lowlevel.checkpoint()
        return Json(Listed(search.found, search.total))

    async def neighbourhood(self, request: Request) -> Response:
        """What is around a node, the nearest first."""
        depth, limit = whole(request, "depth", 1, 1, 10), whole(request, "limit", 50, 1, 1_000)
        view = await self._view(request)
        return Json(neighbourhood(view, _node(view, request, "node"), depth, limit))

    async def path(self, request: Request) -> Response:
        """A shortest path, over edges of either direction; without nodes when there is none."""
        view = await self._view(request)
        try:
            path = shortest_path(view, _node(view, request, "from"), _node(view, request, "to"))
        except TooFar as error:
            raise Conflict(error.message) from None
        return Json(path or Path([], [], []))

    async def _view(self, request: Request) -> GraphView:
        return (await self._moments.view(request)).graph


def _form(request: Request) -> Form:
    if "format" in request.query_params:
        return "graphml" if _one_of(request, "format", "json", "graphml") == "graphml" else "json"
    accept = request.headers.get("accept", "")
    return "graphml" if prefers(accept, graphml.MEDIA_TYPE, JSON_TYPE) else "json"


def _one_of(request: Request, name: str, *values: str) -> str:
    """A query parameter that is one of some words, the first where it is left out."""
    value = request.query_params.get(name, values[0])
    if value not in values:
        raise Invalid(f"{name}: use {' or '.join(values)}", path=name)
    return value


async def _document(graph: Graph) -> AsyncIterator[str]:
    for piece in graphml.pieces(graph):
        if piece:
            yield piece
        await anyio.lowlevel.checkpoint()


def _node(view: GraphView, request: Request, name: str) -> Node:
    """The node that a query parameter names. Raises Invalid, NotFound or Conflict."""
    given = request.query_params.get(name)
    if not given:
        raise Invalid(f"{name}: name a node by its id, its key, or `Label:key`", path=name)
    try:
        return resolve(view, given)
    except Unresolved as error:
        raise (Conflict if error.ambiguous else NotFound)(f"{name}: {error.message}", path=name) from None
