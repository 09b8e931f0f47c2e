"""Tools of your own for the built-in agent.

    cd examples
    ANTHROPIC_API_KEY=… puntini serve --tools own_tools

and in another terminal:

    puntini chat "Add a task Launch for 2027-03-01, and say how many days are left from 2027-02-10"

A model calls them as it sees fit. The offline model, which answers without a key, calls them when it is told to:

    puntini chat "call days_between first=2027-02-10 last=2027-03-01"

``add_deadline`` asks a person first. A plain function is called in a thread; an ``async`` one on the event loop.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.registry import tool
from puntini.protocol.graph import GraphOp, Node


@tool
def days_between(first: date, last: date) -> int:
    """How many days there are from one date to another."""
    if last < first:
        raise ToolFailed(f"{last} is before {first}; give the earlier date first.")  # the model reads this
    return (last - first).days


@tool(consent=True, timeout=5)
async def add_deadline(
    context: ToolContext, task: Annotated[str, Meta(min_length=1, max_length=200, description="its name")], due: date
) -> str:
    """Add a task with a deadline to the graph."""
    node = Node(id=context.new_id(), label="Task", key=task, props={"due": due.isoformat()})
    await context.edit([GraphOp(action="add_node", node=node)])
    return f"{task} is due on {due}."
