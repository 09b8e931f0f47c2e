"""The tool that creates agents."""

from typing import Any, Protocol

from puntini.agent.tools.contract import ToolContext
from puntini.agent.tools.registry import AnyTool, tool
from puntini.errors import Conflict
from puntini.log.agents import AgentRow, Capabilities, NewAgent, NewName, Reason, Role


class Creator(Protocol):
    """Where agents are created."""

    async def create(self, new: NewAgent) -> AgentRow:
        """Create an agent. Raises PuntiniError."""
        ...

    def row(self, name: str) -> AgentRow | None:
        """What is known of an agent."""
        ...


def creating(creator: Creator) -> AnyTool:
    """The tool ``create_agent``. A call made again after a crash finds the agent that it made."""

    @tool
    async def create_agent(
        context: ToolContext, name: NewName, role: Role, capabilities: Capabilities, reason: Reason
    ) -> dict[str, Any]:
        """Create an agent that people, and agents that hand work over, can ask by its name from now on."""
        by = f"{context.agent} {context.task_id}"
        new = NewAgent(name=name, role=role, capabilities=capabilities, reason=reason, created_by=by)
        try:
            row = await creator.create(new)
        except Conflict:
            made = creator.row(name)
            if made is None or made.created_by != by:
                raise
            row = made
        return {"agent": row.name, "tools": row.tools}

    return create_agent
