"""A tool is called by name with what a model wrote, and whatever comes of it is a result."""

import math
import threading
from contextvars import ContextVar
from typing import Any

import anyio
import pytest
from msgspec import Struct
from structlog.testing import capture_logs

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.registry import THREADS, AnyTool, Tools, tool
from puntini.errors import StoreUnavailable
from tests.agent.tools.asking import Asker, ask

pytestmark = pytest.mark.anyio
DEADLINE_SECONDS = 20.0
TRACE: ContextVar[str] = ContextVar("TRACE", default="")


class Point(Struct, forbid_unknown_fields=True):
    """A place on a map."""

    label: str
    at: tuple[float, float]


@tool
async def greet(context: ToolContext, name: str, times: int = 1) -> str:
    """Say hello.

    This paragraph is for people.
    """
    return f"{context.agent}: " + f"hello {name} " * times


@tool
def draw(points: list[Point]) -> list[str]:
    """Draw points."""
    return [point.label for point in points]


@tool(consent=True)
def erase() -> None:
    """Erase everything."""


def failing(error: Exception) -> AnyTool:
    @tool
    def fail() -> None:
        """Fail."""
        raise error

    return fail


# What goes well.


async def test_a_tool_is_called_with_its_context_and_its_defaults() -> None:
    tools = Tools([greet])

    result = await tools.call("greet", {"name": "Ann"}, Asker(agent="driver"))

    assert (result.success, result.value, result.error) == (True, "driver: hello Ann ", "")
    assert result.seconds >= 0


async def test_arguments_arrive_as_what_the_hints_say() -> None:
    result = await ask(draw, points=[{"label": "a", "at": [1, 2]}, {"label": "b", "at": [0.5, 0]}])

    assert result.value == ["a", "b"]


async def test_a_tool_can_be_called_as_the_function_it_was() -> None:
    assert draw([Point("a", (0, 0))]) == ["a"]
    assert await greet(Asker(), "Bob", times=2) == "puntini: hello Bob hello Bob "
    assert (draw.__name__, draw.__doc__) == ("draw", "Draw points.")


async def test_consent_is_said_not_asked() -> None:
    assert erase.consent
    assert not draw.consent
    assert (await ask(erase)).success


# What does not.


async def test_an_unknown_tool_is_told_with_those_that_are_near() -> None:
    result = await Tools([greet, draw]).call("greeet", {}, Asker())

    assert not result.success
    assert result.error == "There is no tool `greeet` (did you mean `greet`?); there are greet, draw."


async def test_a_tool_that_is_not_allowed_is_none() -> None:
    tools = Tools([greet, draw, erase])
    mine = tools.only({"greet", "draw", "sing"})

    result = await mine.call("erase", {}, Asker())

    assert result.error == "There is no tool `erase`; there are greet, draw."
    assert mine.names == ["greet", "draw"]
    assert mine.get("erase") is None
    assert [spec.name for spec in tools.specs({"erase"})] == ["erase"]
    assert [spec.name for spec in tools.specs()] == tools.names == ["greet", "draw", "erase"]
    assert (await mine.call("greet", {"name": "Ann"}, Asker())).success


async def test_where_there_are_no_tools_that_is_said() -> None:
    assert (await Tools().call("x" * 1_000, {}, Asker())).error == "There are no tools here; answer without."


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "arguments.points: this field is needed"),
        ({"points": [{"at": [0, 0]}]}, "arguments.points[0].label: this field is needed"),
        ({"points": [{"label": 1, "at": [0, 0]}]}, "arguments.points[0].label: Expected `str`, got `int`"),
        ({"points": [], "color": "red"}, "arguments.color: there is no such field; use points"),
        ({"points": "all"}, "arguments.points: Expected `array`, got `str`"),
        ({"points": [{"label": "a", "at": [math.nan, 0]}]}, "arguments.points[0].at[0]: Expected `float`, got `null`"),
        ({"points": {1, 2}.__iter__()}, "arguments: This is not JSON: "),
        ([], "arguments: Expected `object`, got `array`"),
    ],
)
async def test_wrong_arguments_are_told_by_their_field(arguments: Any, error: str) -> None:
    result = await Tools([draw]).call("draw", arguments, Asker())

    assert not result.success
    assert result.error.startswith(error)


async def test_arguments_have_bounds_of_their_own() -> None:
    @tool
    def keep(what: Any) -> None:
        """Keep something."""

    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    circle: list[Any] = []
    circle.append(circle)

    assert "Nest values at most 64 deep" in (await ask(keep, what=deep)).error
    assert "contains itself" in (await ask(keep, what=circle)).error
    assert "Send at most" in (await ask(keep, what="x" * (2 << 20))).error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ToolFailed("The lake is dry."), "The lake is dry."),
        (ToolFailed(), "`fail` failed and did not say why."),
        (StoreUnavailable("The disk is full."), "The disk is full."),
        (KeyError("colour"), "KeyError: 'colour'"),
        (ValueError(), "ValueError"),
        (StopIteration(), "RuntimeError: StopIteration"),
        (ToolFailed("x" * 9_999), "x" * 2_000 + "…"),
    ],
)
async def test_an_exception_becomes_a_sentence(error: Exception, said: str) -> None:
    with capture_logs():
        result = await ask(failing(error))

    assert (result.success, result.value, result.error) == (False, None, said)


async def test_what_a_tool_did_not_foresee_is_logged_and_nothing_else_is() -> None:
    with capture_logs() as lines:
        await ask(failing(ToolFailed("The lake is dry.")))
        await ask(failing(KeyError("colour")))

    [line] = lines
    assert (line["event"], line["tool"], line["task_id"]) == ("tool failed", "fail", "tsk_1")


async def test_an_exception_that_can_not_be_told_is_told_by_its_name() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    with capture_logs():
        result = await ask(failing(Mute()))

    assert result.error == "Mute"


async def test_a_result_that_is_no_json_is_a_failure() -> None:
    @tool
    def strange() -> object:
        """Return what JSON has no word for."""
        return object()

    assert (await ask(strange)).error.startswith("The tool's result can't be put as JSON: ")


# Time.


async def test_a_tool_that_takes_too_long_is_given_up() -> None:
    ended = anyio.Event()

    @tool(timeout=0.05)
    async def dawdle() -> None:
        """Take for ever."""
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    result = await ask(dawdle)

    assert result.error == "`dawdle` took longer than 0.05 seconds and was given up; ask it for less."
    assert ended.is_set()


async def test_a_plain_tool_does_not_block_the_loop(gate: threading.Event) -> None:
    @tool
    def wait() -> str:
        """Wait for the gate."""
        assert gate.wait(DEADLINE_SECONDS)
        return threading.current_thread().name

    answers: list[Any] = []

    async def call() -> None:
        answers.append(await ask(wait))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        gate.set()  # only a loop that runs on gets here

    assert answers[0].value.startswith("puntini-tool")


async def test_a_plain_tool_that_hangs_is_given_up_too(gate: threading.Event) -> None:
    @tool(timeout=0.05)
    def hang() -> None:
        """Wait for the gate."""
        gate.wait(DEADLINE_SECONDS)

    assert "was given up" in (await ask(hang)).error
    assert not gate.is_set()


async def test_threads_that_hang_are_bounded_for_all_views_together(gate: threading.Event) -> None:
    entered = threading.Semaphore(0)

    @tool(timeout=0.1)
    def hang() -> None:
        """Wait for the gate."""
        entered.release()
        gate.wait(DEADLINE_SECONDS)

    tools = Tools([hang])
    async with anyio.create_task_group() as tasks:
        for view in (tools, tools.only({"hang"})):
            for _ in range(THREADS):
                tasks.start_soon(view.call, "hang", {}, Asker())

    assert sum(entered.acquire(blocking=False) for _ in range(2 * THREADS)) == THREADS
    gate.set()

    @tool
    def after() -> str:
        """Come when the others have gone."""
        return "free"

    tools.register(after)
    assert (await tools.call("after", {}, Asker())).value == "free"


async def test_a_plain_tool_sees_the_variables_of_its_caller() -> None:
    @tool
    def trace() -> str:
        """Tell the trace."""
        return TRACE.get()

    token = TRACE.set("t1")
    try:
        assert (await ask(trace)).value == "t1"
    finally:
        TRACE.reset(token)


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_cancellation_passes_through(kind: str, gate: threading.Event) -> None:
    began = threading.Event()

    @tool
    async def wait() -> None:
        """Wait, the async way."""
        began.set()
        await anyio.sleep_forever()

    @tool
    def wait_plainly() -> None:
        """Wait for the gate."""
        began.set()
        gate.wait(DEADLINE_SECONDS)

    answers: list[Any] = []

    async def call() -> None:
        answers.append(await ask(wait if kind == "async" else wait_plainly))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        with anyio.fail_after(DEADLINE_SECONDS):
            while not began.is_set():
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()

    assert answers == []


@pytest.fixture
def gate() -> Any:
    """Opened at the test's end at the latest, so that no thread is left waiting."""
    opened = threading.Event()
    yield opened
    opened.set()
