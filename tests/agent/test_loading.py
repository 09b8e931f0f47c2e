"""Agents of anybody's own: what can be one, and the sentence that stops the start for what can't."""

from itertools import count
from pathlib import Path

import pytest

from puntini.agent.contract import Agent
from puntini.agent.loading import load
from puntini.errors import Misconfigured

NUMBERS = count()
GENERATOR = "async def A(task):\n    yield 1"
GRAPH = """
from langgraph.graph import START, MessagesState, StateGraph
def A():
    graph = StateGraph(MessagesState)
    graph.add_node("talk", lambda state: {})
    graph.add_edge(START, "talk")
    return graph.compile()
"""
CLASS = "class A:\n    name = 'a'\n    async def run(self, task):\n        return ''"


def loaded(folder: Path, body: str) -> Agent:
    """What ``A`` in a module is as an agent."""
    name = f"own_agent_{next(NUMBERS)}"
    (folder / f"{name}.py").write_text(body)
    return load(f"{name}:A", folder, ["puntini"])


@pytest.mark.parametrize(
    ("body", "name"), [(GENERATOR, "A"), (GRAPH, "A"), (GRAPH.replace("A():", "A(x=1):"), "A"), (CLASS, "a")]
)
def test_what_an_agent_may_be(tmp_path: Path, body: str, name: str) -> None:
    assert loaded(tmp_path, body).name == name


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "class A:\n    name = 'a'\n    def __init__(self, x): ...\n    async def run(self, task): ...",
            "can't be made",
        ),
        ("class A:\n    name = 'a'\n    def __init__(self): 1 / 0\n    async def run(self, task): ...", "ZeroDivision"),
        ("class A:\n    async def run(self, task): ...", "needs a `name`"),
        ("class A:\n    name = 'a'\n    def run(self, task): ...", "`async def run(self, task)`"),
        ("async def A(task): ...", "has to be awaited or given something"),
        ("async def A(): ...", "has to be awaited or given something"),
        ("def A(x, y): ...", "has to be awaited or given something"),
        ("A = 7", "is int"),
        ("1 / 0", "can't be imported: ZeroDivisionError: division by zero."),
        ("import sys; sys.exit(3)", "can't be imported: it ends the program."),
        ("B = 1", "has no `A`"),
    ],
)
def test_what_is_none_stops_the_start_with_a_sentence(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        loaded(tmp_path, body)

    assert told in raised.value.message
    assert "\n" not in raised.value.message
