"""Merges an edit, made on an older version of the graph, with what others changed meanwhile: field by field.

A field that only others changed stays as they have it, one that only the editor changed becomes what the editor says.
Of one that both changed the later wins, which is the editor's, and that is a conflict. What others removed stays so.
A node that the editor adds and others have by its label and key is theirs, under the id that it has with them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from puntini.protocol.graph import Edge, GraphConflict, GraphOp, Node
from puntini.views.changes import EVERYTHING, REMOVED, Change, fields
from puntini.views.graph import GraphView
from puntini.views.patch import same

MOST_CONFLICTS = 100
MOST_SHOWN = 200
"""A value whose JSON is longer is told as the beginning of its JSON."""

_encoder = msgspec.json.Encoder()


class Merged(NamedTuple):
    """What there is to do, and the conflicts: at most ``MOST_CONFLICTS`` of them."""

    delta: list[GraphOp]
    conflicts: list[GraphConflict]


def merge(view: GraphView, base_version: int, author: str, delta: Sequence[GraphOp]) -> Merged:
    """Merge an edit that ``author`` made at ``base_version`` with the graph as it is now."""
    if base_version >= view.version:
        return Merged(list(delta), [])
    merging = _Merging(view, author, view.changes.since(base_version))
    done = [each for op in delta if (each := merging.op(op)) is not None]
    return Merged(done, merging.conflicts)


class _Merging:
    """One edit's merge, operation by operation."""

    def __init__(self, view: GraphView, author: str, changes: Iterable[Change]) -> None:
        self.conflicts: list[GraphConflict] = []
        self._view = view
        self._author = author
        self._first: dict[tuple[str, str], Change] = {}
        self._last: dict[tuple[str, str], Change] = {}
        self._added: set[str] = set()
        self._draft = view.draft()
        self._met: dict[str, str] = {}
        """Ids that the editor gave to nodes that are there already, with the ids that these have."""
        for change in changes:
            self._first.setdefault((change.element, change.field), change)
            self._last[change.element, change.field] = change

    def op(self, op: GraphOp) -> GraphOp | None:
        """The operation as it is to be carried out, None where what others did leaves nothing to do."""
        done = self._merged(op)
        if done is not None:
            self._draft.do(done)
        return done

    def _merged(self, op: GraphOp) -> GraphOp | None:
        match op.action:
            case "add_node" | "update_node" if op.node is not None:
                return self._node(op, self._known(op.node))
            case "add_edge" | "update_edge" if op.edge is not None:
                return self._edge(op, self._tied(op.edge))
            case "remove_node" | "remove_edge" if op.id is not None:
                return self._removal(op, op.id)
            case _:
                self._lost({element for element, _ in self._last})
                self._met.clear()
                return op

    # Who is who.

    def _known(self, node: Node) -> Node:
        """A node under the id that it has here. One that is not there by its id may be by its natural key."""
        if node.id not in self._draft.nodes and node.key and (holder := self._draft.holder(node.label, node.key)):
            self._met[node.id] = holder
        return replace(node, id=self._met.get(node.id, node.id))

    def _tied(self, edge: Edge) -> Edge:
        met = self._met
        return replace(edge, source=met.get(edge.source, edge.source), target=met.get(edge.target, edge.target))

    # Operation by operation.

    def _node(self, op: GraphOp, node: Node) -> GraphOp | None:
        there = self._view.node(node.id)
        if op.action == "update_node" and (gone := self._gone(node.id, there)):
            self._tell(node.id, REMOVED, node, None, gone.author)
            return None
        self._added.add(node.id)
        if there is None:
            return replace(op, node=node)
        kept = self._theirs(there, node)
        label = there.label if "label" in kept else node.label
        key = UNSET if "key" in kept else node.key
        return replace(op, node=Node(node.id, label, key, _without(node.props, kept)))

    def _edge(self, op: GraphOp, edge: Edge) -> GraphOp | None:
        there = self._view.edge(edge.id)
        for element in (edge.source, edge.target, *((edge.id,) if op.action == "update_edge" else ())):
            if gone := self._gone(element, self._view.node(element) or self._view.edge(element)):
                self._tell(element, REMOVED, edge, None, gone.author)
                return None
        self._added.add(edge.id)
        if there is None:
            return replace(op, edge=edge)
        kept = self._theirs(there, edge)
        own = {name: getattr(there if name in kept else edge, name) for name in ("label", "source", "target")}
        return replace(op, edge=Edge(id=edge.id, **own, props=_without(edge.props, kept)))

    def _removal(self, op: GraphOp, element: str) -> GraphOp | None:
        if op.action == "remove_node" and (self._met.pop(element, "") or element in self._met.values()):
            return None  # of two nodes that turned out to be one the other stays
        there = self._view.node(element) if op.action == "remove_node" else self._view.edge(element)
        if self._gone(element, there):
            return None
        self._lost([element])
        return op

    # Against what others did.

    def _others(self, element: str, field: str) -> Change | None:
        """The last change of a field, if it is another's."""
        change = self._last.get((element, field))
        return change if change is not None and change.author != self._author else None

    def _gone(self, element: str, there: Node | Edge | None) -> Change | None:
        """Another's removal of what is not there."""
        if there is not None or element in self._added:
            return None
        return self._others(element, REMOVED) or self._others(EVERYTHING, REMOVED)

    def _theirs(self, there: Node | Edge, mine: Node | Edge) -> set[str]:
        """The fields that the editor left as they were, and others changed. Those that both changed are told."""
        now, kept = fields(there), set()
        for field, value in fields(mine).items():
            change = self._others(there.id, field)
            if change is None or same(value, now.get(field)):
                continue
            before = self._first[there.id, field].before
            if before is not UNSET and same(value, before):
                kept.add(field)
            else:
                self._tell(there.id, field, value, now.get(field), change.author)
        return kept

    def _lost(self, removed: Collection[str]) -> None:
        """Tell what others changed of elements that are being removed."""
        for (element, field), change in self._last.items():
            there = self._view.node(element) or self._view.edge(element)
            if element in removed and change.author != self._author and there is not None and field != REMOVED:
                self._tell(element, field, None, fields(there).get(field), change.author)

    def _tell(self, element: str, field: str, mine: Any, theirs: Any, author: str) -> None:
        if len(self.conflicts) < MOST_CONFLICTS:
            self.conflicts.append(GraphConflict(element, field, _shown(mine), _shown(theirs), author))


def _without(props: dict[str, Any], kept: set[str]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if f"props.{name}" not in kept}


def _shown(value: Any) -> Any:
    raw = _encoder.encode(value)
    return value if len(raw) <= MOST_SHOWN else f"{raw.decode()[:MOST_SHOWN]}…"
