"""The tools that every Puntini has, and a user's own beside them."""

from collections.abc import Iterable

from puntini.agent.tools.calculator import calculate
from puntini.agent.tools.clock import current_time
from puntini.agent.tools.graph import EDITORS, NEED_CONSENT, READERS
from puntini.agent.tools.knowledge import search_knowledge
from puntini.agent.tools.registry import AnyTool, Tools, tool
from puntini.agent.tools.workspace import list_files, read_file, search_files

# Models are shown them in this order.
BUILTIN: tuple[AnyTool, ...] = (
    *(tool(consent=each in NEED_CONSENT)(each) for each in EDITORS),
    *(tool(in_turn=False)(each) for each in READERS),
    search_knowledge,
    calculate,
    current_time,
    list_files,
    search_files,
    read_file,
)


def builtin_tools(own: Iterable[AnyTool] = ()) -> Tools:
    """A registry of the built-in tools, then ``own``. Raises Misconfigured where two have one name."""
    return Tools((*BUILTIN, *own))
