"""What a tool is made of: a function with a name, a docstring and type hints, or a sentence that says what it lacks."""

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from puntini.agent.tools.contract import ToolContext
from puntini.agent.tools.registry import Tool, Tools, tool
from puntini.errors import Misconfigured


def test_two_tools_of_one_name_are_refused() -> None:
    first, second = drawing(), drawing()
    tools = Tools([first, first])

    with pytest.raises(Misconfigured, match="two tools called `draw`"):
        tools.register(second)


def drawing() -> Tool[[], None]:
    """A tool; each time another."""

    @tool
    def draw() -> None:
        """Draw."""

    return draw


def no_docstring() -> None: ...


def no_hint(what) -> None:  # type: ignore[no-untyped-def]
    """Take something."""


def any_number(*what: int) -> None:
    """Take several."""


def by_place(what: int, /) -> None:
    """Take one by its place."""


def unknown_hint(what: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Take what nobody knows."""


def not_json(what: threading.Event) -> None:
    """Take what JSON can't bring."""


def late_context(what: int, context: ToolContext) -> None:
    """Take the context last."""


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (no_docstring, "needs a docstring"),
        (no_hint, "needs a type hint for `what`"),
        (any_number, r"takes `\*what: int`"),
        (by_place, "takes `what: int`"),
        (unknown_hint, "has a type hint that is not known"),
        (not_json, "has a parameter that JSON can't bring"),
        (late_context, "has a parameter that JSON can't bring"),
        (lambda: None, "a function with a name"),
    ],
)
def test_a_function_that_no_tool_can_be_made_of_is_refused(function: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        tool(function)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": math.inf}, {"most_bytes": 10}])
def test_a_tool_without_bounds_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="needs a timeout above 0"):
        tool(**options)(drawing)
