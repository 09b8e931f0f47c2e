"""Agents, and an embedder, of anybody's own, named as ``module:attribute``."""

import importlib
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from inspect import isasyncgenfunction, iscoroutinefunction, signature
from pathlib import Path
from typing import Any

from puntini.agent.contract import Agent, Task
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
    if not callable(found) or isinstance(found, type):
        raise Misconfigured(
            f"The embedder {place} is {type(found).__name__}; give a function that takes a list of texts and returns a "
            "list of vectors."
        )
    return Embedder(name or place, found)


def _found(what: str, module: str, attribute: str, place: str, directory: Path) -> Any:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # anybody's module, with anybody's errors
        problem = "it ends the program" if isinstance(error, SystemExit) else described(error)
        raise Misconfigured(f"The {what} {place} can't be imported: {problem}.") from error
    try:
        for name in attribute.split("."):
            found = getattr(found, name)
    except AttributeError:
        raise Misconfigured(f"The {what} {place} is not there: the module {module} has no `{attribute}`.") from None
    return found


def _agent(name: str, place: str, found: Any) -> Agent:
    """What an agent may be: a compiled graph, what makes one, an asynchronous generator function, or an ``Agent``."""
    if isasyncgenfunction(found):
        return Narrator(name, found)
    if callable(getattr(found, "run", None)) and (isinstance(found, type) or hasattr(found, "name")):
        return _ready(place, _instance(place, found) if isinstance(found, type) else found)
    from puntini.agent.graphs.agent import GraphAgent, is_graph  # LangGraph takes most of a second to import

    if is_graph(found) or (callable(found) and not iscoroutinefunction(found) and _takes_nothing(found)):
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


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        signature(function).bind()
    except TypeError:
        return False
    except ValueError:  # of some built-in functions nothing is known
        return True
    return True
