"""The property graph's words: nodes, edges and the operations that change them."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """A thing. ``key`` is its natural key: nodes with the same label and key are the same thing."""

    id: str
    label: str
    key: str | UnsetType = UNSET
    props: dict[str, Any] = {}


class Edge(Struct, frozen=True, forbid_unknown_fields=True):
    """A directed relation between two nodes."""

    id: str
    label: str
    source: str
    target: str
    props: dict[str, Any] = {}


GraphAction = Literal["add_node", "update_node", "remove_node", "add_edge", "update_edge", "remove_edge", "clear"]


class GraphOp(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One change. Adding and updating carry a ``node`` or an ``edge``; removing carries its ``id``.

    What is there already is merged with what is given: properties by name, and null removes one.
    """

    action: GraphAction
    node: Node | None = None
    edge: Edge | None = None
    id: str | None = None

    def problem(self) -> str | None:
        """Say what is missing for this action, or None when the operation is complete."""
        wanted = _WANTED[self.action]
        present = {name for name in ("node", "edge", "id") if getattr(self, name) is not None}
        if wanted is None:
            return f"{self.action} takes no node, edge or id" if present else None
        return None if present == {wanted} else f"{self.action} takes exactly `{wanted}`"


_WANTED: dict[GraphAction, str | None] = {
    "add_node": "node",
    "update_node": "node",
    "remove_node": "id",
    "add_edge": "edge",
    "update_edge": "edge",
    "remove_edge": "id",
    "clear": None,
}


class Graph(Struct, frozen=True):
    """A whole graph as clients see it; ``version`` counts the updates that made it."""

    version: int = 0
    nodes: list[Node] = []
    edges: list[Edge] = []


class GraphConflict(Struct, frozen=True):
    """An edit met what another author had changed meanwhile: ``field`` of ``element`` was ``theirs``, is now ``mine``.

    ``field`` is ``label``, ``key``, ``source``, ``target`` or ``props.<name>``; null is a value that is not there.
    With ``removed`` the other author had removed the element: what ``mine`` holds was not done. Long values are cut.
    """

    element: str
    field: str
    mine: Any = None
    theirs: Any = None
    author: str = ""
