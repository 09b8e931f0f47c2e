"""The tools that read and edit the session's graph. Calling one again with the same arguments changes nothing more."""

from collections.abc import Sequence
from typing import Annotated, Any

import anyio.lowlevel
from msgspec import UNSET, Meta, Struct

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.protocol.graph import Edge, GraphOp, Node
from puntini.views.graph import GraphView
from puntini.views.query import (
    Search,
    TooFar,
    Wanted,
    as_text,
    describe,
    shortest_path,
)
from puntini.views.query import (
    neighbourhood as around,
)
from puntini.views.references import Unresolved, reference, resolve

MOST_ADDED = 500
TEXT_SHOWN = 500
"""A property's value is shown up to so many characters; what is longer is cut to a text."""

Reference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        description="A node: its id, else its key, else `Label:key`, else its key in any case.",
    ),
]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
Key = Annotated[str, Meta(min_length=1, max_length=500)]
Props = Annotated[dict[str, Any], Meta(max_length=100, description="Properties by name; null removes one.")]
NodeLabel = Annotated[Label, Meta(description="What kind of thing it is, like `Person`.")]
EdgeLabel = Annotated[Label, Meta(description="How they are related, like `KNOWS`.")]
NodeKey = Annotated[Key, Meta(description="What it is called; label and key together make it one thing.")]
Answer = dict[str, Any]


class NewNode(Struct, frozen=True, forbid_unknown_fields=True):
    """A node to be there: the one with this label and key, if there is one."""

    label: NodeLabel
    key: NodeKey
    props: Props = {}


class NewEdge(Struct, frozen=True, forbid_unknown_fields=True):
    """An edge to be there, from source to target."""

    source: Reference
    target: Reference
    label: EdgeLabel = "RELATED_TO"
    props: Props = {}


# Editing.


async def add_nodes(
    context: ToolContext, nodes: Annotated[list[NewNode], Meta(min_length=1, max_length=MOST_ADDED)]
) -> Answer:
    """Add nodes to the graph. One that is there already, with the same label and key, gets the properties given."""
    view = await context.graph()
    made: dict[tuple[str, str], str] = {}
    delta: list[GraphOp] = []
    told: list[Answer] = []
    for new in nodes:
        known = view.keyed(new.label, new.key)
        created = known is None and (new.label, new.key) not in made
        node_id = known.id if known else made.get((new.label, new.key)) or context.new_id()
        made[new.label, new.key] = node_id
        delta.append(GraphOp("add_node", node=Node(node_id, new.label, new.key, new.props)))
        told.append({"id": node_id, "label": new.label, "key": new.key, "created": created})
    await _edit(context, view, delta)
    return {"nodes": told}


async def connect(
    context: ToolContext,
    source: Reference,
    target: Reference,
    label: EdgeLabel = "RELATED_TO",
    props: Props | None = None,
) -> Answer:
    """Connect two nodes by an edge from source to target. One of that label that is there gets the properties given."""
    [(edge, created)] = await _connect(context, [NewEdge(source, target, label, props or {})])
    return {"edge": edge, "created": created}


async def add_edges(
    context: ToolContext, edges: Annotated[list[NewEdge], Meta(min_length=1, max_length=MOST_ADDED)]
) -> Answer:
    """Connect many nodes at once: all edges are made, or none where one names a node that is not there."""
    return {"edges": [edge | {"created": created} for edge, created in await _connect(context, edges)]}


async def _connect(context: ToolContext, edges: Sequence[NewEdge]) -> list[tuple[Answer, bool]]:
    view = await context.graph()
    made: dict[tuple[str, str, str], str] = {}
    delta: list[GraphOp] = []
    told: list[tuple[Answer, bool]] = []
    for new in edges:
        source, target = _resolved(view, new.source).id, _resolved(view, new.target).id
        known = next((edge.id for edge in view.edges_between(source, target) if edge.label == new.label), None)
        known = known or made.get((source, new.label, target))
        edge_id = made[source, new.label, target] = known or context.new_id()
        delta.append(GraphOp("add_edge", edge=Edge(edge_id, new.label, source, target, new.props)))
        told.append(({"id": edge_id, "label": new.label, "source": source, "target": target}, known is None))
    await _edit(context, view, delta)
    return told


async def update_node(
    context: ToolContext,
    node: Reference,
    key: Annotated[NodeKey | None, Meta(description="A new key: the node is renamed.")] = None,
    label: NodeLabel | None = None,
    props: Props | None = None,
) -> Answer:
    """Change a node: rename it, give it another label, set properties. What is not named stays; null removes one."""
    view = await context.graph()
    found = _resolved(view, node)
    new = Node(found.id, label or found.label, key or UNSET, props or {})
    await _edit(context, view, [GraphOp("update_node", node=new)])
    return {"node": _node((await context.graph()).node(found.id) or found)}


async def remove_node(context: ToolContext, node: Reference) -> Answer:
    """Remove a node and all the edges that touch it."""
    view = await context.graph()
    found = _resolved(view, node)
    edges = view.degree(found.id)
    await _edit(context, view, [GraphOp("remove_node", id=found.id)])
    return {"removed": found.id, "edges": edges}


async def disconnect(
    context: ToolContext,
    source: Reference,
    target: Reference,
    label: Annotated[
        EdgeLabel | None, Meta(description="Only the edges of this label; all where it is left out.")
    ] = None,
) -> Answer:
    """Remove the edges that lead from source to target."""
    view = await context.graph()
    between = view.edges_between(_resolved(view, source).id, _resolved(view, target).id)
    removed = [edge.id for edge in between if label is None or edge.label == label]
    await _edit(context, view, [GraphOp("remove_edge", id=edge_id) for edge_id in removed])
    return {"removed": removed}


async def clear_graph(context: ToolContext) -> Answer:
    """Remove everything from the graph."""
    view = await context.graph()
    nodes, edges = view.size()
    if nodes:
        await context.edit([GraphOp("clear")])
    return {"nodes": nodes, "edges": edges}


async def _edit(context: ToolContext, view: GraphView, delta: Sequence[GraphOp]) -> None:
    """Make the changes that change anything. There may have been no await since the graph was asked for."""
    if altering := view.altering(delta):
        await context.edit(altering)


# Reading.


async def find_nodes(
    context: ToolContext,
    label: Annotated[str | None, Meta(description="Only nodes of this label.")] = None,
    text: Annotated[str | None, Meta(description="A text in their id, label, key or properties.")] = None,
    property: Annotated[str | None, Meta(description="The name of a property that they must have.")] = None,  # noqa: A002
    value: Annotated[
        str | int | float | bool | None, Meta(description="The value that the property, or any, must have.")
    ] = None,
    limit: Annotated[int, Meta(ge=1, le=100)] = 20,
) -> Answer:
    """Find nodes by label, text or property; all of what is given must hold. The best come first."""
    wanted = Wanted(label, text, property, UNSET if value is None else value)
    search = Search((await context.graph()).nodes(), wanted, limit)
    for _ in search:
        await anyio.lowlevel.checkpoint()
    return {"nodes": [_node(node) for node in search.found], "total": search.total}


async def neighbourhood(
    context: ToolContext,
    node: Reference,
    depth: Annotated[int, Meta(ge=1, le=5)] = 1,
    limit: Annotated[int, Meta(ge=1, le=200)] = 50,
) -> Answer:
    """Look at a node and what it is connected with, over edges of either direction; the nearest come first."""
    view = await context.graph()
    found = around(view, _resolved(view, node), depth, limit)
    told: Answer = {"nodes": [_node(each) for each in found.nodes], "edges": [_edge(edge) for edge in found.edges]}
    return told if found.complete else told | {"complete": False}


async def find_path(context: ToolContext, source: Reference, target: Reference) -> Answer:
    """Find a shortest way from one node to another. Edges may be followed backwards: `forward` says which are not."""
    view = await context.graph()
    try:
        path = shortest_path(view, _resolved(view, source), _resolved(view, target))
    except TooFar as error:
        raise ToolFailed(error.message) from None
    if path is None:
        return {"path": []}
    edges = [_edge(edge) | {"forward": forward} for edge, forward in zip(path.edges, path.forward, strict=True)]
    return {"path": [reference(view, node) for node in path.nodes], "edges": edges}


async def describe_graph(context: ToolContext) -> Answer:
    """Say how large the graph is, and which labels its nodes and edges have."""
    return describe(await context.graph())._asdict()


def _resolved(view: GraphView, name: str) -> Node:
    try:
        return resolve(view, name)
    except Unresolved as error:
        raise ToolFailed(error.message) from None


def _node(node: Node) -> Answer:
    return {"id": node.id, "label": node.label, "key": node.key or None, "props": _props(node.props)}


def _edge(edge: Edge) -> Answer:
    shown = {"props": _props(edge.props)} if edge.props else {}
    return {"id": edge.id, "label": edge.label, "source": edge.source, "target": edge.target, **shown}


def _props(props: dict[str, Any]) -> Answer:
    return {name: _shown(value) for name, value in props.items()}


def _shown(value: Any) -> Any:
    text = as_text(value)
    return value if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"


EDITORS = (add_nodes, connect, add_edges, update_node, remove_node, disconnect, clear_graph)
READERS = (find_nodes, neighbourhood, find_path, describe_graph)
NEED_CONSENT = frozenset({clear_graph})
