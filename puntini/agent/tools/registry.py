"""Tools: what they are made of, and the registry that agents call them through."""

import asyncio
import contextvars
import functools
import inspect
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from time import monotonic
from typing import Any, Generic, ParamSpec, TypeVar, overload

import anyio
import structlog
from msgspec import Struct

from puntini.agent.models.contract import ToolSpec
from puntini.agent.tools.bounds import MOST_BYTES, bounded, shortened, words
from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.schema import read
from puntini.errors import Misconfigured, PuntiniError

TIMEOUT_SECONDS = 30.0
LEAST_BYTES = 256
THREADS = 8
MOST_NAMED = 50
MOST_QUOTED = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
P = ParamSpec("P")
R = TypeVar("R")
log = structlog.get_logger("puntini.agent")


class Tool(Generic[P, R]):
    """A function that models may call. People call it as the function it was.

    ``consent`` says that a person has to agree to each call first, which is the agent's business to ask. ``in_turn``
    says that its calls are not made side by side with others.
    """

    __name__: str

    def __init__(
        self, function: Callable[P, R], *, consent: bool, timeout: float, most_bytes: int, in_turn: bool | None
    ) -> None:
        functools.update_wrapper(self, function)
        self.name = _name(function)
        self.consent = consent
        self.timeout = timeout
        self.most_bytes = most_bytes
        self.is_async = inspect.iscoroutinefunction(function)
        self.parameters = read(function, self.name)
        self.in_turn = self.parameters.takes_context if in_turn is None else in_turn
        self.spec = ToolSpec(self.name, _description(function, self.name), self.parameters.schema)
        self._function = function
        if not 0 < timeout < math.inf or most_bytes < LEAST_BYTES:
            raise TypeError(f"Tool `{self.name}` needs a timeout above 0 and at least {LEAST_BYTES} bytes.")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, unchecked and unbounded."""
        return self._function(*args, **kwargs)

    def bind(self, arguments: dict[str, Any], context: ToolContext) -> Callable[[], Any]:
        """The call, ready to be made. Raises ToolFailed, which names the argument that won't do."""
        given = self.parameters.check(arguments)
        first = (context,) if self.parameters.takes_context else ()
        return functools.partial(self._function, *first, **given)


AnyTool = Tool[..., Any]


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *,
    consent: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    most_bytes: int = MOST_BYTES,
    in_turn: bool | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    consent: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    most_bytes: int = MOST_BYTES,
    in_turn: bool | None = None,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a tool of a function, async or plain; a plain one is called in a thread.

    The function's name is the tool's, the first paragraph of its docstring the description, its type hints the schema;
    ``Annotated[int, Meta(ge=1, description="…")]`` adds bounds and words. A first parameter of type ToolContext is
    passed in, and calls are then made one after the other, unless ``in_turn`` says otherwise: what one does to the
    session, the next may need. A call ends after ``timeout`` seconds, and its result is cut beyond ``most_bytes`` of
    JSON. Raises TypeError for a function that no tool can be made of.
    """
    make = functools.partial(Tool[P, R], consent=consent, timeout=timeout, most_bytes=most_bytes, in_turn=in_turn)
    return make if function is None else make(function)


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise TypeError(f"A tool needs a function with a name of at most 64 letters, digits and `_`, not `{name}`.")
    return str(name)


def _description(function: Callable[..., Any], name: str) -> str:
    paragraph = (inspect.getdoc(function) or "").strip().partition("\n\n")[0]
    if not paragraph:
        raise TypeError(f"Tool `{name}` needs a docstring: models choose by its first paragraph.")
    return " ".join(paragraph.split())


class Result(Struct, frozen=True):
    """What came of a call: a ``value`` that JSON can hold, or an ``error`` that is a sentence for the model."""

    success: bool
    value: Any = None
    error: str = ""
    seconds: float = 0.0


class Tools:
    """Tools by name. Plain functions share ``threads``, of their own where none are given.

    No thread can be ended from outside: a function that outlives its call keeps its thread, and the process, waiting.
    """

    def __init__(self, tools: Iterable[AnyTool] = (), *, threads: ThreadPoolExecutor | None = None) -> None:
        self._threads = threads or ThreadPoolExecutor(THREADS, "puntini-tool")
        self._tools: dict[str, AnyTool] = {}
        for each in tools:
            self.register(each)

    def register(self, tool: AnyTool) -> None:
        """Add a tool; again is no harm. Raises Misconfigured where another has its name."""
        if self._tools.setdefault(tool.name, tool) is not tool:
            raise Misconfigured(f"There are two tools called `{tool.name}`; rename one of them.")

    def get(self, name: str) -> AnyTool | None:
        """A tool by name."""
        return self._tools.get(name)

    def __iter__(self) -> Iterator[AnyTool]:
        """All tools, in the order they were added."""
        return iter(self._tools.values())

    @property
    def names(self) -> list[str]:
        """Of all tools, in the order they were added."""
        return list(self._tools)

    def only(self, allowed: Collection[str]) -> "Tools":
        """These tools as they are now, without the others. A name that is none is passed over."""
        return Tools((each for name, each in self._tools.items() if name in allowed), threads=self._threads)

    def also(self, *more: AnyTool) -> "Tools":
        """These tools as they are now, and more. Raises Misconfigured where two have one name."""
        return Tools((*self._tools.values(), *more), threads=self._threads)

    def specs(self, allowed: Collection[str] | None = None) -> list[ToolSpec]:
        """The tools as a model is shown them: all, or those that are allowed."""
        return [each.spec for name, each in self._tools.items() if allowed is None or name in allowed]

    async def call(self, name: str, arguments: dict[str, Any], context: ToolContext) -> Result:
        """Call a tool. Whatever goes wrong is told in the result; only a cancellation passes through."""
        began = monotonic()
        try:
            value = await self._answer(name, arguments, context)
        except ToolFailed as error:
            return _failed(str(error) or f"`{name}` failed and did not say why.", began)
        except PuntiniError as error:  # the store is away, the session closed: a sentence already
            return _failed(error.message, began)
        except (Exception, SystemExit) as error:
            # A tool is anybody's code: what it did not foresee is the operator's to read, and must not end the task,
            # nor the server, as an exit would.
            log.exception("tool failed", tool=name, task_id=context.task_id, session_id=context.session_id)
            return _failed(words(error), began)
        return Result(True, value, seconds=monotonic() - began)

    async def _answer(self, name: str, arguments: dict[str, Any], context: ToolContext) -> Any:
        found = self._tools.get(name)
        if found is None:
            raise ToolFailed(self._absent(name))
        made = found.bind(arguments, context)
        with anyio.move_on_after(found.timeout):
            value = await (made() if found.is_async else self._in_thread(made))
            return bounded(value, found.most_bytes)
        raise ToolFailed(f"`{name}` took longer than {found.timeout:g} seconds and was given up; ask it for less.")

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        # Not anyio.to_thread: there, a thread that is given up no longer counts, so that those that hang have no bound.
        within = functools.partial(contextvars.copy_context().run, _unstopped, call)
        return await asyncio.get_running_loop().run_in_executor(self._threads, within)

    def _absent(self, name: str) -> str:
        if not self._tools:
            return "There are no tools here; answer without."
        near = get_close_matches(name[:MOST_QUOTED], self._tools, n=2)
        hint = f" (did you mean {' or '.join(f'`{each}`' for each in near)}?)" if near else ""
        more = " and others" if len(self._tools) > MOST_NAMED else ""
        return f"There is no tool `{name[:MOST_QUOTED]}`{hint}; there are {', '.join(self.names[:MOST_NAMED])}{more}."


def _unstopped(call: Callable[[], Any]) -> Any:
    """Call. A StopIteration, which no future can carry, comes out as a RuntimeError."""
    try:
        return call()
    except StopIteration as error:
        raise RuntimeError("StopIteration") from error


def _failed(error: str, began: float) -> Result:
    return Result(False, error=shortened(error), seconds=monotonic() - began)
