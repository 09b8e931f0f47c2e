"""Agents of anybody's own: what can be one, and the sentence that stops the start for what can't."""

import sys
from itertools import count
from pathlib import Path

import pytest

from puntini.agent.contract import Agent
from puntini.agent.loading import load
from puntini.app import create_app
from puntini.errors import Misconfigured
from puntini.log.contract import Store
from puntini.protocol.events import TaskFailed
from puntini.settings import Settings
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio

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
        ("1 / 0", "can't be imported: ZeroDivisionError: division by zero (own_agent_"),
        ("x = 1\nimport os\nos.environ['SHOP_DATABASE']", ".py, line 3)."),
        ("import sys; sys.exit(3)", "can't be imported: it ends the program (own_agent_"),
        ("import no_such_thing", "can't be imported: ModuleNotFoundError: No module named 'no_such_thing' (own_agent_"),
        ("def A(:", "can't be imported: SyntaxError"),
        ("B = 1", "has no `A`"),
    ],
)
def test_what_is_none_stops_the_start_with_a_sentence(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        loaded(tmp_path, body)

    assert told in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("desk.py:graph", "The agent desk.py:graph is not there: name the module without `.py`: desk:graph."),
        ("nope:graph", "The agent nope:graph is not there: there is no module `nope` in "),
        ("nope", "There is no agent `nope`; name puntini, or your own as module:attribute."),
    ],
)
def test_a_place_where_nothing_is_stops_the_start_with_a_sentence(tmp_path: Path, spec: str, told: str) -> None:
    (tmp_path / "desk.py").write_text(GRAPH)
    with pytest.raises(Misconfigured) as raised:
        load(spec, tmp_path, ["puntini"])

    assert raised.value.message.startswith(told)


async def test_a_generator_that_yields_something_else_is_told_what_to_yield(store: Store, tmp_path: Path) -> None:
    agent = loaded(tmp_path, "async def A(task):\n    yield 'hello'")
    async with stage(store, agent) as life:
        task = await life.task("Hello?")
        assert await life.ended(task) == "failed"
        end = (await life.said(task))[-1]

    assert isinstance(end, TaskFailed)
    assert end.data.error == "TypeError: The agent A yielded a str; yield events, e.g. AssistantResponse."


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["puntini=nested:graph"], "`puntini` is a built-in agent; give yours another name: NAME=nested:graph."),
        (
            ["nested:graph", "nested:graph"],
            "Two agents are called `graph`; name one of them otherwise, as NAME=nested:graph.",
        ),
        (["puntini", "puntini"], "Two agents are called `puntini`"),
    ],
)
def test_a_name_stands_for_one_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: list[str], told: str
) -> None:
    monkeypatch.delitem(sys.modules, "nested", raising=False)
    (tmp_path / "nested.py").write_text(GENERATOR.replace("A", "graph"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured) as raised:
        create_app(Settings(agent=tuple(named), store="memory:"))

    assert raised.value.message.startswith(told)
