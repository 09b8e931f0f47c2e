"""A user's own tools are found by the name of their module, or it is said why not."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from puntini.agent.tools.builtin import BUILTIN, builtin_tools
from puntini.agent.tools.loading import load_tools
from puntini.errors import Misconfigured

WEATHER = """
from puntini.agent.tools.registry import tool

@tool
def rain(place: str) -> bool:
    "Tell whether it rains."
    return place == "Bergen"

@tool
def snow(place: str) -> bool:
    "Tell whether it snows."
    return False

winter = [snow]
again = rain
number = 7
"""
Make = Callable[[str], str]
_numbers = itertools.count()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Writes a module into a folder; returns its name. What Python remembers of it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(source: str) -> str:
        name = f"own_tools_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return write


def names(where: str, folder: Path) -> list[str]:
    return [each.name for each in load_tools(where, folder)]


def test_all_tools_of_a_module_are_found(make: Make, tmp_path: Path) -> None:
    module = make(WEATHER)

    assert names(module, tmp_path) == ["rain", "snow"]
    assert names(f"{module}:snow", tmp_path) == ["snow"]
    assert names(f"{module}:winter", tmp_path) == ["snow"]


def test_own_tools_stand_beside_the_built_in_ones(make: Make, tmp_path: Path) -> None:
    tools = builtin_tools(load_tools(make(WEATHER), tmp_path))

    assert tools.names == [*(each.name for each in BUILTIN), "rain", "snow"]


def test_an_own_tool_does_not_replace_a_built_in_one(make: Make, tmp_path: Path) -> None:
    source = "from puntini.agent.tools.registry import tool\n@tool\ndef calculate() -> int:\n    'Guess.'\n    return 7"

    with pytest.raises(Misconfigured, match="two tools called `calculate`"):
        builtin_tools(load_tools(make(source), tmp_path))


@pytest.mark.parametrize(
    ("source", "name", "sentence"),
    [
        (WEATHER, ":hail", "has no tool `hail`"),
        (WEATHER, ":number", "has no tool `number`"),
        ("empty = []", ":empty", "has no tools; put `@tool` above"),
        ("", "", "has no tools; put `@tool` above"),
        ("1 / 0", "", "can't be imported: ZeroDivisionError: division by zero"),
        ("def (", "", "can't be imported: SyntaxError"),
        ("raise SystemExit", "", "can't be imported: it ends the program"),
        (
            "from puntini.agent.tools.registry import tool\n@tool\ndef f(): pass",
            "",
            "can't be imported: TypeError: Tool `f` needs a docstring",
        ),
    ],
)
def test_what_is_no_tool_is_told(make: Make, tmp_path: Path, source: str, name: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        load_tools(make(source) + name, tmp_path)


@pytest.mark.parametrize("where", ["", ":", "a:", "a b", "../own", "a.:b", "a:b:c", "no_such_module_at_all"])
def test_a_name_that_leads_nowhere_is_told(where: str) -> None:
    with pytest.raises(Misconfigured, match=r"names no tools|can't be imported: ModuleNotFoundError"):
        load_tools(where)
