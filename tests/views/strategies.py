"""Hypothesis strategies for sessions in which few things are talked about, so that what is said meets."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import UNSET

from puntini.protocol.events import LoggedEvent, TaskCancelled, TaskCompleted, TaskFailed
from puntini.protocol.graph import GraphOp
from tests.views import said

TASK_STATUSES = ("queued", "running", "waiting", "paused", "completed", "failed", "cancelled")

message_ids = st.sampled_from(["m1", "m2", "m3"])
task_ids = st.sampled_from(["t1", "t2"])
times = st.sampled_from(["10:00", "10:01"])
texts = st.text("aé😀", max_size=4)
offsets = st.integers(-1, 9)
statuses: SearchStrategy[Any] = st.sampled_from(TASK_STATUSES)
attempts = st.integers(0, 2)

messages: SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(said.piece, message_ids, texts, offsets, task=task_ids, at=times),
    st.builds(said.piece, message_ids, texts, offsets, task=task_ids, at=times),
    st.builds(said.whole, message_ids, texts, task=task_ids, at=times),
    st.builds(said.asked, message_ids, texts, task=task_ids, at=times),
)

tasks: SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(said.started, task_ids, statuses, at=times),
    st.builds(said.progressed, task_ids, statuses, attempt=attempts, progress=st.none() | st.floats(0, 1)),
    st.builds(said.paused, task_ids),
    st.builds(said.resumed, task_ids, statuses, attempt=attempts),
    st.builds(said.ended, task_ids, st.sampled_from([TaskCompleted, TaskFailed, TaskCancelled])),
)

approval_ids = st.sampled_from(["a1", "a2"])
asides: SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(said.requested, approval_ids, texts, task=task_ids, at=times),
    st.builds(said.resolved, approval_ids, task=task_ids),
    st.builds(said.status, st.sampled_from(["dot", "dash"]), st.sampled_from(["idle", "busy"]), texts, task=task_ids),
)

ids = st.sampled_from("abcd")
edge_ids = st.sampled_from("xyz")
labels = st.sampled_from("LM")
keys = st.sampled_from([UNSET, "", "1", "2"])
props = st.dictionaries(st.sampled_from("pq"), st.sampled_from([None, 1, 2, [None]]), max_size=2)
nodes = st.builds(lambda id_, label, key, props: said.node(id_, label, key, **props), ids, labels, keys, props)
edges = st.builds(
    lambda id_, s, t, label, props: said.edge(id_, s, t, label, **props), edge_ids, ids, ids, labels, props
)

graph_ops: SearchStrategy[GraphOp] = st.one_of(
    st.builds(GraphOp, st.sampled_from(["add_node", "update_node"]), node=nodes),
    st.builds(GraphOp, st.sampled_from(["add_node", "update_node"]), node=nodes),
    st.builds(GraphOp, st.sampled_from(["add_edge", "update_edge"]), edge=edges),
    st.builds(GraphOp, st.sampled_from(["add_edge", "update_edge"]), edge=edges),
    st.builds(said.remove_node, ids),
    st.builds(said.remove_edge, edge_ids),
    st.just(said.CLEAR),
    # What an agent may say that means nothing.
    st.sampled_from([GraphOp("add_node"), GraphOp("remove_node"), GraphOp("update_edge", node=said.node("a"))]),
)
deltas = st.lists(graph_ops, max_size=12)
graphs: SearchStrategy[LoggedEvent] = st.builds(
    lambda delta, version: said.drawn(*delta, version=version), deltas, st.integers(0, 5)
)

values: SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, 1, 1.0, "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "~", "/", ""]), inner),
    max_leaves=6,
)
documents: SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"a": values, "b": values}), st.lists(values, min_size=2, max_size=3), values
)
tokens = st.sampled_from(["a", "a", "b", "0", "0", "1", "-", "", "~0", "~1", "~", "01"])
pointers = st.lists(tokens, max_size=3).map(lambda tokens: "".join(f"/{token}" for token in tokens))


def pointers_in(document: Any) -> list[str]:
    """Pointers to all there is in a document, but to the whole of it."""
    match document:
        case dict():
            members = [(name.replace("~", "~0").replace("/", "~1"), value) for name, value in document.items()]
        case list():
            members = [(str(at), value) for at, value in enumerate(document)]
        case _:
            members = []
    return [f"/{token}{below}" for token, value in members for below in ["", *pointers_in(value)]]


def _aimed(document: Any) -> SearchStrategy[tuple[Any, str, str]]:
    there = st.sampled_from(pointers_in(document))
    return st.tuples(st.just(document), there, there | there.map("{}/a".format) | pointers)


aimed: SearchStrategy[tuple[Any, str, str]] = documents.filter(pointers_in).flatmap(_aimed)
"""A document, a pointer to something in it, and another to where something is or could be."""


def _operation(op: str, **members: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.just(op), "path": pointers, **members})


operations: SearchStrategy[dict[str, Any]] = st.one_of(
    _operation("add", value=values),
    _operation("replace", value=values),
    _operation("test", value=values),
    _operation("remove"),
    _operation("move", **{"from": pointers}),
    _operation("copy", **{"from": pointers}),
)
states: SearchStrategy[LoggedEvent] = st.one_of(
    st.builds(said.snapshot, documents, version=st.integers(0, 5)),
    st.builds(lambda patch: said.patched(*patch), st.lists(operations, max_size=3)),
)

plans: SearchStrategy[LoggedEvent] = st.builds(
    lambda steps, thought, task: said.planned(*steps, reflection=thought, task=task),
    st.lists(texts, max_size=2),
    texts,
    task_ids,
)

events: SearchStrategy[LoggedEvent] = st.one_of(
    messages, messages, tasks, asides, plans, graphs, states, st.just(said.closed())
)
