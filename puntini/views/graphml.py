"""A graph as GraphML (http://graphml.graphdrawing.org), with typed properties, and nothing lost on the way back.

What GraphML has no word for is told in a namespace of our own, which other programs pass over: which ``key`` holds the
labels and natural keys (``puntini:role``), and which text is JSON (``puntini:type``): lists, objects, and texts with
characters that XML can't hold. An id or a name with such characters is written as ``json:"…"``.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import msgspec

from puntini.protocol.graph import Edge, Graph, Node

MEDIA_TYPE = "application/graphml+xml"
JSON_WORD = 'json:"'
SLICE = 500
"""So many elements are written in one go."""
LONGS = range(-(1 << 63), 1 << 63)
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""

Role = Literal["label", "key", "property"]
Type = Literal["string", "boolean", "long", "double", "json"]

_encoder = msgspec.json.Encoder()
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:puntini="urn:puntini:graphml">
"""
_TAIL = "</graph>\n</graphml>\n"


class Column(NamedTuple):
    """What a ``<key>`` declares: values of one name and type, of nodes or of edges."""

    of: Literal["node", "edge"]
    role: Role
    name: str
    type: Type


class Value(NamedTuple):
    """One ``<data>``."""

    column: Column
    text: str


def pieces(graph: Graph) -> Iterator[str]:
    """The document, piece by piece. Some pieces are empty: looking through a large graph takes time, too."""
    columns: dict[Column, str] = {}
    for part in _slices(graph):
        for element in part:
            for column, _ in _values(element):
                columns.setdefault(column, f"d{len(columns)}")
        yield ""
    yield _HEAD + "".join(_declaration(column, name) for column, name in columns.items())
    yield '<graph edgedefault="directed">\n'
    for part in _slices(graph):
        yield "".join(_element(element, columns) for element in part)
    yield _TAIL


def _slices(graph: Graph) -> Iterator[list[Node] | list[Edge]]:
    for start in range(0, len(graph.nodes), SLICE):
        yield graph.nodes[start : start + SLICE]
    for start in range(0, len(graph.edges), SLICE):
        yield graph.edges[start : start + SLICE]


def _values(element: Node | Edge) -> Iterable[Value]:
    of: Literal["node", "edge"] = "node" if isinstance(element, Node) else "edge"
    own: list[Value] = [_value(of, "label", "label", element.label)]
    if isinstance(element, Node) and isinstance(element.key, str):
        own.append(_value(of, "key", "key", element.key))
    return chain(own, (_value(of, "property", name, value) for name, value in element.props.items()))


def _value(of: Literal["node", "edge"], role: Role, name: str, value: Any) -> Value:
    type_, text = _typed(value)
    return Value(Column(of, role, name, type_), text)


def _typed(value: Any) -> tuple[Type, str]:
    match value:
        case bool():
            return "boolean", "true" if value else "false"
        case int() if value in LONGS:
            return "long", str(value)
        case float():
            return "double", repr(value)
        case str() if not UNWRITABLE.search(value):
            return "string", value
        case _:
            return "json", _json(value)


def _json(value: Any) -> str:
    """JSON in which what XML can't hold is escaped: such characters are in strings only."""
    return UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", _encoder.encode(value).decode())


def _word(text: str) -> str:
    """An attribute's value, in quotes."""
    plain = not UNWRITABLE.search(text) and not text.startswith(JSON_WORD)
    return quoteattr(text if plain else f"json:{_json(text)}")


def _declaration(column: Column, name: str) -> str:
    type_ = "string" if column.type == "json" else column.type
    ours = f' puntini:role="{column.role}"' if column.role != "property" else ""
    ours += ' puntini:type="json"' if column.type == "json" else ""
    return f'<key id="{name}" for="{column.of}" attr.name={_word(column.name)} attr.type="{type_}"{ours}/>\n'


def _element(element: Node | Edge, columns: dict[Column, str]) -> str:
    data = "".join(f'<data key="{columns[column]}">{_text(text)}</data>' for column, text in _values(element))
    if isinstance(element, Node):
        return f"<node id={_word(element.id)}>{data}</node>\n"
    ends = f"source={_word(element.source)} target={_word(element.target)}"
    return f"<edge id={_word(element.id)} {ends}>{data}</edge>\n"


def _text(text: str) -> str:
    # A carriage return that is not escaped is read as a line feed.
    return escape(text, {"\r": "&#13;"})
