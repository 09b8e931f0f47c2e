"""Agents, and an embedder, of anybody's own, named as ``module:attribute``."""

import importlib
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from inspect import isasyncgenfunction, iscoroutinefunction, signature
from pathlib import Path
from traceback import extract_tb
from typing import Any

from puntini.agent.contract import Agent, Task
from puntini.agent.tools.registry import Tool
from puntini.errors import Misconfigured, described
from puntini.log.embedding import Embedder
from puntini.protocol.events import AssistantResponse, Envelope


class Narrator:
    """An asynchronous generator function that yields events, as an agent. It begins anew after a pause or a crash."""

    def __init__(self, name: str, tell: Callable[[Task], AsyncGenerator[Envelope, None]]) -> None:
        self.name = name
        self._tell = tell

    async def run(self, task: Task) -> str:
        """Say what it yields; its last whole answer is the task's."""
        await task.rewind()
        answer = ""
        async with aclosing(self._tell(task)) as events:
            async for event in events:
                if not isinstance(event, Envelope):
                    raise TypeError(
                        f"The agent {self.name} yielded a {type(event).__name__}; yield events, e.g. AssistantResponse."
                    )
                await task.point()
                task.emit(event)
                if isinstance(event, AssistantResponse) and not event.data.chunk:
                    answer = event.data.text
        return answer


def load(spec: str, directory: Path, known: Iterable[str]) -> Agent:
    """An agent by ``module:attribute`` or ``name=module:attribute``. Raises Misconfigured with a sentence.

    Modules are looked for in ``directory`` too. ``known`` names what else could have been named.
    """
    name, _, place = spec.rpartition("=")
    module, _, attribute = place.partition(":")
    if not module or not attribute:
        names = ", ".join(sorted(known))
        raise Misconfigured(f"There is no agent `{spec}`; name {names}, or your own as module:attribute.")
    return _agent(name or attribute, place, _found("agent", module, attribute, place, directory))


def load_embedder(spec: str, directory: Path) -> Embedder:
    """An embedder by ``module:attribute`` or ``name=module:attribute``. Raises Misconfigured with a sentence."""
    name, _, place = spec.rpartition("=")
    module, _, attribute = place.partition(":")
    if not module or not attribute:
        raise Misconfigured(f"`{spec}` names no embedder; write module:attribute.")
    found = _found("embedder", module, attribute, place, directory)
    if not callable(found) or isinstance(found, type | Tool) or not _takes(found, []):
        raise Misconfigured(
            f"The embedder {place} is {_kind(found)}; give a function that takes a list of texts and returns a "
            "list of vectors."
        )
    return Embedder(name or place, found)


def _found(what: str, module: str, attribute: str, place: str, directory: Path) -> Any:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise Misconfigured(f"The {what} {place} can't be imported: {_problem(error, module)}.") from error
        raise Misconfigured(f"The {what} {place} is not there: {_looked_for(module, attribute, directory)}") from None
    except (Exception, SystemExit) as error:  # anybody's module, with anybody's errors
        raise Misconfigured(f"The {what} {place} can't be imported: {_problem(error, module)}.") from error
    try:
        for name in attribute.split("."):
            found = getattr(found, name)
    except AttributeError:
        raise Misconfigured(f"The {what} {place} is not there: the module {module} has no `{attribute}`.") from None
    return found


def _looked_for(module: str, attribute: str, directory: Path) -> str:
    if module.endswith(".py"):
        return f"name the module without `.py`: {module.removesuffix('.py')}:{attribute}."
    return f"there is no module `{module}` in {directory}, nor where Python looks for installed ones."


def _problem(error: BaseException, module: str) -> str:
    """What went wrong while a module was imported, and at which of its lines, or of those it imports."""
    problem = "it ends the program" if isinstance(error, SystemExit) else described(error)
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    own = [frame for frame in frames if Path(frame.filename).stem == module.rpartition(".")[2]] or frames[1:]
    return f"{problem} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else problem


def _agent(name: str, place: str, found: Any) -> Agent:
    """What an agent may be: a compiled graph, what makes one, an asynchronous generator function, or an ``Agent``."""
    if isasyncgenfunction(found):
        return Narrator(name, found)
    if callable(getattr(found, "run", None)) and (isinstance(found, type) or hasattr(found, "name")):
        return _ready(place, _instance(place, found) if isinstance(found, type) else found)
    from puntini.agent.graphs.agent import GraphAgent, is_graph  # LangGraph takes most of a second to import

    if is_graph(found) or (callable(found) and not iscoroutinefunction(found) and _takes(found)):
        return GraphAgent(name, found)
    what = "a function that has to be awaited or given something" if callable(found) else type(found).__name__
    raise Misconfigured(
        f"The agent {place} is {what}; give a compiled LangGraph graph, a function without parameters that makes one, "
        "or an asynchronous generator function that takes a task and yields events."
    )


def _instance(place: str, found: type) -> Any:
    try:
        return found()
    except (Exception, SystemExit) as error:  # anybody's class
        raise Misconfigured(
            f"The agent {place} can't be made: {described(error)}; give a class that is made without arguments, or an "
            "instance."
        ) from error


def _ready(place: str, agent: Any) -> Agent:
    if not isinstance(getattr(agent, "name", None), str) or not agent.name or not iscoroutinefunction(agent.run):
        raise Misconfigured(f"The agent {place} needs a `name`, a text, and `async def run(self, task)`.")
    ready: Agent = agent
    return ready


def _kind(found: object) -> str:
    if isinstance(found, Tool):
        return "a tool"
    if isinstance(found, type):
        return "a class"
    return "a function of something else" if callable(found) else type(found).__name__


def _takes(function: Callable[..., Any], *arguments: object) -> bool:
    """Whether a function can be called with these arguments, as far as it tells."""
    try:
        signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # of some built-in functions nothing is known
        return True
    return True
