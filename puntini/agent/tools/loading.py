"""Tools of a user's own, named on the command line or in the settings as ``module`` or ``module:name``."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from puntini.agent.tools.bounds import words
from puntini.agent.tools.registry import AnyTool, Tool
from puntini.errors import Misconfigured


def load_tools(where: str, folder: Path | None = None) -> list[AnyTool]:
    """Import tools: all that a module has, or what ``name`` is in it, a tool or several.

    ``folder`` is looked in after all other places modules come from. Raises Misconfigured.
    """
    module_name, colon, name = where.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")) or (colon and not name.isidentifier()):
        raise Misconfigured(f"`{where}` names no tools; write `module` or `module:name`.")
    module = _imported(module_name, folder)
    found = _named(module, name) if name else _all(module)
    if not found:
        raise Misconfigured(f"`{where}` has no tools; put `@tool` above its functions.")
    return found


def _imported(name: str, folder: Path | None) -> ModuleType:
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # importing runs anybody's code
        problem = words(error) if isinstance(error, Exception) else "it ends the program"
        raise Misconfigured(f"The tools in `{name}` can't be imported: {problem}.") from error


def _all(module: ModuleType) -> list[AnyTool]:
    return _distinct(value for value in vars(module).values() if isinstance(value, Tool))


def _named(module: ModuleType, name: str) -> list[AnyTool]:
    value: Any = getattr(module, name, None)
    several = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, Tool) for each in several):
        raise Misconfigured(f"`{module.__name__}` has no tool `{name}`, nor a list of tools of that name.")
    return _distinct(several)


def _distinct(tools: Iterable[AnyTool]) -> list[AnyTool]:
    return list({id(each): each for each in tools}.values())
