"""How the graph and tools are told in words: names for ids, one line for many like changes, sizes for lists."""

from typing import Any

import pytest

from puntini.client.names import Names
from puntini.client.text import graph, summary, tool

LONG_ID = "42761b0d3b929856"


def update(*ops: dict[str, Any]) -> dict[str, Any]:
    """A change to the graph."""
    return {"type": "graph_update", "data": {"version": 1, "delta": list(ops)}}


def node(id_: str, key: str = "", **props: object) -> dict[str, Any]:
    """A node that is added."""
    return {"action": "add_node", "node": {"id": id_, "label": "Task", "props": props} | ({"key": key} if key else {})}


def edge(source: str, target: str, id_: str = "e1", action: str = "add_edge") -> dict[str, Any]:
    """An edge that is added."""
    return {"action": action, "edge": {"id": id_, "label": "NEEDS", "source": source, "target": target, "props": {}}}


def told(*events: dict[str, Any]) -> str:
    """The last of these in words, after the others were seen."""
    names = Names()
    for event in events:
        names.learn(event)
    return summary(events[-1], names)


def test_an_edge_goes_from_name_to_name() -> None:
    assert told(update(node(LONG_ID, "Design"), node("b", "Build")), update(edge(LONG_ID, "b"))) == (
        "+ Design -[NEEDS]-> Build"
    )


def test_what_has_no_name_is_called_by_the_beginning_of_its_id() -> None:
    assert told(update(edge(LONG_ID, "node-1"))) == "+ 42761b0d… -[NEEDS]-> node-1"


def test_a_snapshot_tells_names_too() -> None:
    ready = {"type": "session_ready", "data": {"initial_graph": {"nodes": [node("a", "Design")["node"]]}}}
    renamed = {"action": "update_node", "node": {"id": "a", "label": "Task", "props": {"status": "done"}}}

    assert told(ready, update(renamed)) == "~ Task Design (status: done)"


def test_what_is_removed_is_told_by_name() -> None:
    made = update(node("a", "Design"), node("b", "Build"), edge("a", "b"))
    gone = [{"action": "remove_edge", "id": "e1"}, {"action": "remove_node", "id": "a"}, {"action": "clear"}]

    assert told(made, update(*gone)) == "- Design -[NEEDS]-> Build; - Design; - everything"


def test_few_changes_are_a_line_each_and_many_one_line() -> None:
    few = [node(str(n), f"T{n}", days=n) for n in range(3)]
    many = [node(str(n), f"Number {n}") for n in range(40)]

    assert graph(update(*few)["data"], Names()) == [f"+ Task T{n} (days: {n})" for n in range(3)]
    [line] = graph(update(*many)["data"], Names())
    assert line.startswith("+ 40 nodes: Task Number 0, Task Number 1, ")
    assert line.endswith(", …")
    assert len(line) < 120


def test_only_so_many_names_are_remembered() -> None:
    names = Names(most=2)

    names.learn(update(*[node(f"{n}", f"Name {n}") for n in range(3)]))

    assert [names.of(f"{n}") for n in range(3)] == ["0", "Name 1", "Name 2"]


@pytest.mark.parametrize(
    ("status", "value", "words"),
    [
        ("started", {"nodes": [{"label": "A"}, {"label": "B"}], "reason": ""}, "t(2 nodes)"),
        (
            "started",
            {"node": "a", "props": {"status": "done", "tags": [1, 2]}},
            "t(node: Design, props: status done, tags (2))",
        ),
        ("started", {"edge": {"label": "NEEDS", "source": "a", "target": "b"}}, "t(edge: Design -[NEEDS]-> b)"),
        ("succeeded", {"nodes": [{"label": "Task", "key": "X"}], "total": 1}, "t → nodes: Task X, total: 1"),
        ("succeeded", {"passages": [], "path": ["a", "b"]}, "t → no passages, path: Design, b"),
        ("succeeded", {"done": True, "why": None}, "t → done: true, why: nothing"),
        ("succeeded", 4, "t → 4"),
        ("succeeded", "x" * 80, f"t → {'x' * 59}…"),
        ("succeeded", [{}, {}], "t → 2 items"),
    ],
)
def test_a_tool_call_is_a_few_words(status: str, value: object, words: str) -> None:
    names = Names()
    names.learn(update(node("a", "Design")))
    data = {"tool_name": "t", "status": status, "duration_seconds": 0.01}

    assert tool(data | ({"parameters": value} if status == "started" else {"result": value}), names) == words


def test_a_duration_is_told_where_it_can_be_felt() -> None:
    data = {"tool_name": "t", "status": "succeeded", "result": 4, "duration_seconds": 2.34}

    assert tool(data, Names()) == "t → 4 in 2.3 s"
