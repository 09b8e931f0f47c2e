"""A graph in a request's body, read slice by slice: others have their turn in between."""

from collections.abc import Sequence
from typing import TypeVar

import anyio.lowlevel
from msgspec import Raw, Struct
from starlette.requests import Request

from puntini.errors import Invalid, TooLarge
from puntini.protocol.decode import decode
from puntini.protocol.graph import Edge, Graph, Node
from puntini.transport.asgi import read_body
from puntini.views.graphml import MEDIA_TYPE
from puntini.views.graphml_reader import MOST_ELEMENTS, GraphmlReader

IMPORT_LIMIT = 4 << 20
READ_SLICE = 16_384
DECODE_SLICE = 500
XML_TYPES = {MEDIA_TYPE, "application/xml", "text/xml"}
BEFORE_XML = b"\xef\xbb\xbf \t\r\n"
E = TypeVar("E", Node, Edge)


class GraphBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The same as ``NewGraph``, before its nodes and edges are read."""

    nodes: list[Raw]
    version: int = 0
    edges: list[Raw] = []


class NewGraph(Struct, frozen=True, forbid_unknown_fields=True):
    """A graph to bring in: what ``GET`` answers. ``version`` is the other graph's, and means nothing here."""

    nodes: list[Node]
    version: int = 0
    edges: list[Edge] = []


async def graph_in(request: Request) -> Graph:
    """The graph in the body, GraphML or JSON as its ``Content-Type`` says. Raises Invalid or TooLarge."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await read_body(request.receive, limit=IMPORT_LIMIT)
    if media in XML_TYPES:
        return await _from_graphml(raw)
    if raw.lstrip(BEFORE_XML)[:1] == b"<":
        raise Invalid(f"This looks like GraphML; send it as Content-Type: {MEDIA_TYPE}.")
    return await _from_json(raw)


async def _from_graphml(raw: bytes) -> Graph:
    reader = GraphmlReader()
    for start in range(0, len(raw), READ_SLICE):
        reader.feed(raw[start : start + READ_SLICE])
        await anyio.lowlevel.checkpoint()
    reader.feed(b"", last=True)
    return reader.graph()


async def _from_json(raw: bytes) -> Graph:
    body = decode(raw, GraphBody, limit=IMPORT_LIMIT, outside=True)
    if len(body.nodes) + len(body.edges) > MOST_ELEMENTS:
        raise TooLarge(f"Send at most {MOST_ELEMENTS} nodes and edges at a time.")
    return Graph(0, await _elements(body.nodes, Node, "nodes"), await _elements(body.edges, Edge, "edges"))


async def _elements(raw: Sequence[Raw], type_: type[E], name: str) -> list[E]:
    found: list[E] = []
    for at, each in enumerate(raw):
        try:
            found.append(decode(bytes(each), type_, limit=IMPORT_LIMIT))
        except Invalid as error:
            path = f"{name}[{at}].{error.path}" if error.path else f"{name}[{at}]"
            raise Invalid(f"{name}[{at}]{'.' if error.path else ': '}{error.message}", path=path) from None
        if at % DECODE_SLICE == 0:
            await anyio.lowlevel.checkpoint()
    return found
