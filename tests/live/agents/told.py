"""What sessions with agents amount to: graphs without ids, messages, and logs folded by hand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.live.faults.story import Event, standing, tasks_of
from tests.live.serving import Serving, seq_of

PAGE = 100
SERVERS = ("task_", "user_", "agent_status")
NO_WORDS = frozenset({"task_resumed", "task_progress", "agent_status"})
"""What the server says before an attempt has said anything."""
ROLES = ("user", "assistant")
Elements = dict[str, dict[str, Any]]


def shape(graph: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """A graph without ids: nodes by label and key, edges by the names of their ends, all with what they hold."""
    names = {node["id"]: f"{node['label']}:{node.get('key')}" for node in graph["nodes"]}
    nodes = sorted([names[node["id"]], sorted(node["props"].items())] for node in graph["nodes"])
    edges = sorted(
        [names[edge["source"]], edge["label"], names[edge["target"]], sorted(edge["props"].items())]
        for edge in graph["edges"]
    )
    return nodes, edges


def conversation(server: Serving, session_id: str) -> dict[str, list[str]]:
    """What each side said, in order; each message is there once.

    When a prompt was sent is left to chance, so the two sides' messages are told apart.
    """
    path = f"/v1/sessions/{session_id}/messages?limit={PAGE}"
    total = server.get(path)["total"]
    messages = [message for at in range(0, total, PAGE) for message in server.get(f"{path}&offset={at}")["items"]]
    assert len({message["id"] for message in messages}) == total
    messages.sort(key=lambda message: str(message["timestamp"]))
    return {role: [message["content"] for message in messages if message["role"] == role] for role in ROLES}


def standing_of_all(log: Sequence[Event]) -> list[Event]:
    """What is not retracted, of all tasks: a retraction voids its own task's words only."""
    return sorted((event for events in tasks_of(log).values() for event in standing(events)), key=seq_of)


def folded(log: Sequence[Event]) -> tuple[Elements, Elements]:
    """The graph that a client has who applies what stands of the log: nodes and edges by id."""
    nodes: Elements = {}
    edges: Elements = {}
    for event in standing_of_all(log):
        if event["type"] == "graph_update":
            for operation in event["data"]["delta"]:
                _apply(operation, nodes, edges)
    return nodes, edges


def _apply(operation: Mapping[str, Any], nodes: Elements, edges: Elements) -> None:
    match operation["action"]:
        case "add_node" | "update_node":
            _put(nodes, operation["node"])
        case "add_edge" | "update_edge":
            _put(edges, operation["edge"])
        case "remove_edge":
            del edges[operation["id"]]
        case "remove_node":
            del nodes[operation["id"]]
            for edge in [edge for edge in edges.values() if operation["id"] in {edge["source"], edge["target"]}]:
                del edges[edge["id"]]
        case action:
            raise AssertionError(f"{action} was not asked for")


def _put(elements: Elements, given: Mapping[str, Any]) -> None:
    """Properties merge by name, and null removes one; what is not given stays."""
    known = elements.get(given["id"], {"props": {}})
    props = {name: value for name, value in {**known["props"], **given.get("props", {})}.items() if value is not None}
    elements[given["id"]] = {**known, **given, "props": props}


def by_id(elements: Iterable[dict[str, Any]]) -> Elements:
    """Nodes or edges as a fold has them."""
    return {element["id"]: element for element in elements}


def deaths(events: Sequence[Event]) -> int:
    """How often a task may have died since it last saved something, as far as its log tells.

    An attempt that died has saved something when words of it stand although a later attempt has begun to speak.
    """
    latest = max((int(event["attempt"]) for event in events), default=1)
    said = [event for event in standing(events) if not event["type"].startswith(SERVERS)]
    spoke = [int(event["attempt"]) for event in events if event["type"] not in NO_WORDS]
    proven = [int(event["attempt"]) for event in said if event["attempt"] < max(spoke)]
    return latest - max(proven, default=1)


def milliseconds(event: Event) -> int:
    """When an event was said."""
    return round(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
