"""Reads GraphML, ours and other programs', from anybody: no document type, no entities, and a bound on everything.

Of files that are not ours a node's label is its ``labels``, its key ``key``, ``name`` or ``label``, and an edge's label
``label``, ``labels`` or ``type``. Nested graphs are read as one; drawings, ports and the graph's own data are passed
over. Edges without direction get the one they are written in.
"""

import math
import re
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

import msgspec
from msgspec import UNSET

from puntini.errors import Invalid, TooLarge
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.graph import Edge, Graph, Node
from puntini.views.graphml import JSON_WORD, LONGS

MOST_ELEMENTS = 50_000
MOST_DEPTH = 32
MOST_KEYS = 10_000
MOST_DEFAULTS = 32
MOST_CHARACTERS = 16 << 20
LONGEST_DEFAULT = 1_000
NODE_LABEL = "Node"
EDGE_LABEL = "RELATED_TO"
OTHERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("node", "label"): ("labels",),
    ("node", "key"): ("key", "name", "label"),
    ("edge", "label"): ("label", "labels", "type"),
}
"""Where other programs have what we call so."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class _Key:
    """A declared ``<key>``."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.of = attributes.get("for", "all")
        self.name = _word(attributes.get("attr.name", attributes["id"]))
        self.type = attributes.get("puntini:type", attributes.get("attr.type", "string"))
        self.role = attributes.get("puntini:role", "property")

    def suits(self, of: str) -> bool:
        """Whether a node or an edge can have it."""
        return self.of in {of, "all"}


class _Open:
    """A node or an edge that is being read."""

    def __init__(self, of: str, attributes: Mapping[str, str]) -> None:
        self.of = of
        self.attributes = attributes
        self.data: dict[str, str] = {}


class GraphmlReader:
    """Is fed a document in parts and has its graph in the end. Everything raises Invalid or TooLarge."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}
        self._path: list[str] = []
        self._open: list[_Open] = []
        self._text: list[str] | None = None
        self._data = ""
        self._latest = ""
        self._defaults: dict[str, tuple[Any, int]] = {}
        """Values by key, read once, and how much text each is."""
        self._size = 0
        self._ours = False
        self._nodes: dict[str, Node] = {}
        self._edges: list[Edge] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said

    def feed(self, part: bytes, *, last: bool = False) -> None:
        """Read on."""
        try:
            self._parser.Parse(part, last)
        except expat.ExpatError as error:
            reason = expat.errors.messages[error.code]
            raise Invalid(f"This is not XML: {reason} (line {error.lineno}).") from None
        except (LookupError, ValueError):  # the declared encoding is none, or no text
            raise Invalid("Write GraphML in UTF-8.") from None

    def graph(self) -> Graph:
        """What was read, once all was fed."""
        return Graph(0, list(self._nodes.values()), self._edges)

    # The parser's words.

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self._path and name != "graphml":
            raise Invalid("This is not GraphML: its first element is not `graphml`.")
        self._path.append(name)
        if len(self._path) > MOST_DEPTH:
            raise Invalid(f"Nest elements at most {MOST_DEPTH} deep.")
        match name:
            case "key":
                self._declare(attributes)
            case "node" | "edge":
                self._open.append(_Open(name, attributes))
            case "data" if self._parent in {"node", "edge"}:
                self._data, self._text = _needed(attributes, "key", "data"), []
            case "default" if self._parent == "key":
                self._text = []
            case "hyperedge":
                raise Invalid("A hyperedge has no place in this graph; make it a node with edges.")
            case _:
                self._text = None

    def _end(self, name: str) -> None:
        match self._path[-1]:
            case "node":
                self._take_node(self._open.pop())
            case "edge":
                self._take_edge(self._open.pop())
            case "data" if self._text is not None:
                self._open[-1].data[self._data] = "".join(self._text)
            case "default" if self._text is not None:
                self._take_default("".join(self._text))
        self._path.pop()
        self._text = None

    def _said(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    @property
    def _parent(self) -> str:
        return self._path[-2] if len(self._path) > 1 else ""

    # What it amounts to.

    def _declare(self, attributes: Mapping[str, str]) -> None:
        if len(self._keys) >= MOST_KEYS:
            raise TooLarge(f"Declare at most {MOST_KEYS} keys.")
        self._latest = _needed(attributes, "id", "key")
        key = self._keys[self._latest] = _Key(attributes)
        self._ours |= key.role != "property"

    def _take_default(self, text: str) -> None:
        if len(text) > LONGEST_DEFAULT or len(self._defaults) >= MOST_DEFAULTS:
            raise TooLarge(f"Give at most {MOST_DEFAULTS} defaults of at most {LONGEST_DEFAULT} characters.")
        if text:
            self._defaults[self._latest] = _typed(self._keys[self._latest], text), len(text)

    def _take_node(self, read: _Open) -> None:
        self._count()
        node_id = _word(_needed(read.attributes, "id", "node"))
        if node_id in self._nodes:
            raise Invalid(f"There are two nodes with the id `{node_id[:80]}`.")
        roles, props = self._values(read)
        label = roles.get("label", NODE_LABEL)
        self._nodes[node_id] = Node(node_id, label, roles.get("key", UNSET), props)

    def _take_edge(self, read: _Open) -> None:
        self._count()
        source, target = (_word(_needed(read.attributes, end, "edge")) for end in ("source", "target"))
        roles, props = self._values(read)
        label = roles.get("label", read.attributes.get("label", EDGE_LABEL))
        given = read.attributes.get("id")
        edge_id = f"{source}-{label}-{target}" if given is None else _word(given)
        self._edges.append(Edge(edge_id, label, source, target, props))

    def _count(self) -> None:
        if len(self._nodes) + len(self._edges) >= MOST_ELEMENTS:
            raise TooLarge(f"Send at most {MOST_ELEMENTS} nodes and edges at a time.")

    def _grow(self, size: int) -> None:
        """Count what the graph will hold: a default is there for each element again."""
        self._size += size
        if self._size > MOST_CHARACTERS:
            raise TooLarge(f"The properties come to more than {MOST_CHARACTERS >> 20} MiB, defaults counted each time.")

    def _values(self, read: _Open) -> tuple[dict[str, str], dict[str, Any]]:
        """Label and key, as far as they are there, and the properties."""
        values: dict[str, Any] = {}
        for name, (value, size) in self._defaults.items():
            if name not in read.data and self._keys[name].suits(read.of):
                self._grow(size)
                values[name] = value
        for name, text in read.data.items():
            if name not in self._keys:
                raise Invalid(f"There is no key `{name[:80]}`; declare it before the graph.")
            self._grow(len(text))
            values[name] = _typed(self._keys[name], text)
        roles: dict[str, str] = {}
        props: dict[str, Any] = {}
        for name, value in values.items():
            key = self._keys[name]
            if key.role != "property" and isinstance(value, str):
                roles[key.role] = value
            elif value is not None:
                props[key.name] = value
        if not self._ours:
            roles |= _theirs(read.of, props)
        return roles, props


def _theirs(of: str, props: dict[str, Any]) -> dict[str, str]:
    """Takes label and key out of another program's properties."""
    roles: dict[str, str] = {}
    for (kind, role), names in OTHERS.items():
        found = next((name for name in names if kind == of and isinstance(props.get(name), str)), None)
        if found is not None:
            roles[role] = _first(props.pop(found)) if found == "labels" else props.pop(found)
    return roles


def _typed(key: _Key, text: str) -> Any:
    """A text as its key's type says; None for a number that JSON has no word for."""
    bare = text.strip()
    match key.type:
        case "boolean" if bare.lower() in _TRUTH:
            return _TRUTH[bare.lower()]
        case "int" | "long" if _WHOLE.fullmatch(bare) and int(bare) in LONGS:
            return int(bare)
        case "float" | "double":
            return _number(key, bare)
        case "json":
            return _json(text)
        case "string":
            return text
        case _:
            raise _wrong(key, bare)


def _number(key: _Key, text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        raise _wrong(key, text) from None
    return number if math.isfinite(number) else None


def _wrong(key: _Key, text: str) -> Invalid:
    return Invalid(f"`{text[:80]}` is no {key.type[:80]} (key `{key.name[:80]}`).")


def _json(text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise Invalid(f"`{text[:80]}` is not JSON.") from None
    if deeper_than(text, DEPTH_LIMIT - 8):
        raise Invalid(f"Nest values at most {DEPTH_LIMIT - 8} deep.")
    return value


def _word(text: str) -> str:
    """An id or a name as it was before it was written."""
    if not text.startswith(JSON_WORD):
        return text
    word = _json(text.removeprefix("json:"))
    return word if isinstance(word, str) else text


def _needed(attributes: Mapping[str, str], name: str, element: str) -> str:
    if name not in attributes:
        raise Invalid(f"A `{element}` needs the attribute `{name}`.")
    return attributes[name]


def _first(labels: str) -> str:
    """One label; Neo4j writes several, as in `:Person:Author`."""
    return labels.strip(":").partition(":")[0]


def _refuse_doctype(*_: object) -> None:
    raise Invalid("GraphML needs no document type: send it without `<!DOCTYPE`.")
