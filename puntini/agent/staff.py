"""The built-in agents, and what makes those that are created: one graph, with roles and tools of their own."""

from collections.abc import Iterable
from pathlib import Path

from puntini.agent.builtin.creating import creating
from puntini.agent.builtin.handing import Colleague, handing
from puntini.agent.contract import Agent
from puntini.agent.late import Late
from puntini.agent.models.contract import Model
from puntini.agent.scripted import ScriptedAgent
from puntini.agent.roster import Roster
from puntini.agent.tools.contract import ToolFailed
from puntini.agent.tools.registry import MOST_NAMED, Tools
from puntini.log.agents import AgentRow
from puntini.log.contract import Store

PUNTINI = "puntini"
"""The built-in agent that serves where none is named."""
DRIVER, CREATOR, GENERATOR = "driver", "creator", "generator"
ROLES: dict[str, tuple[str, list[str]]] = {
    PUNTINI: ("You help with whatever is asked.", ["builds and edits graphs", "answers from graph and documents"]),
    DRIVER: (
        "You lead a team: hand writing to the generator, new agents to the creator; do what nobody does better.",
        ["hands work to other agents", "builds and edits graphs"],
    ),
    CREATOR: (
        "You create agents: you find a short name, a role in one or two sentences, and what the agent can do.",
        ["creates agents"],
    ),
    GENERATOR: ("You write texts from what the graph and the documents say.", ["writes texts"]),
}
OWN_TOOLS = {DRIVER: ["hand_off"], CREATOR: ["create_agent"]}
"""Tools that no other agents have."""


class Staff:
    """Makes a server's agents: ``roster`` has them all, ``tools`` is every tool that one of them has."""

    def __init__(
        self, model: Model, tools: Tools, store: Store, served: Iterable[Agent], *, workspace: Path | None = None
    ) -> None:
        self._model = model
        self._store = store
        self._workspace = workspace
        self.roster = Roster(store, self._made, tools.names, model.name)
        hand_off = handing(self._colleague, model, store, workspace)
        self.tools = tools.also(hand_off, creating(self.roster))
        self._add(served, tools.names)

    def _add(self, served: Iterable[Agent], shared: list[str]) -> None:
        for agent in served:
            if isinstance(agent, ScriptedAgent):
                self.roster.add(AgentRow(name=agent.name, kind="built_in", role="You play what you are told to."), agent)
            else:
                self.roster.add(AgentRow(name=agent.name, kind="loaded"), agent)
        for name, (role, capabilities) in ROLES.items():
            tools = [*shared, *OWN_TOOLS.get(name, [])]
            self.roster.add(AgentRow(name=name, kind="built_in", role=role, capabilities=capabilities, tools=tools))

    def _made(self, row: AgentRow) -> Agent:
        def make() -> Agent:
            from puntini.agent.graphs.builtin import builtin

            tools = self.tools.only(row.tools)
            return builtin(row.name, self._model, tools, self._store, workspace=self._workspace, role=role_of(row))

        return Late(row.name, make)

    async def ready(self, name: str) -> None:
        """Make an agent now rather than with its first task."""
        if isinstance(agent := self.roster.get(name), Late):
            await agent.ready()

    def _colleague(self, name: str) -> Colleague:
        """Who takes work over: an agent with tools of ours that does not hand work on itself. Raises ToolFailed."""
        others = [row for row in self.roster.rows() if row.model and row.name != DRIVER]
        row = self.roster.called(name)
        if row is None or row not in others:
            names = ", ".join(other.name for other in others[:MOST_NAMED])
            raise ToolFailed(f"No agent `{name}` takes work over; there are {names}.")
        return Colleague(row.name, role_of(row), self.tools.only(row.tools))


def role_of(row: AgentRow) -> str:
    """What an agent's model is told of itself."""
    if row.kind != "created":
        return row.role
    parts = [f"Your role: {row.role}"]
    if row.capabilities:
        parts.append(f"You were made because you can do this: {'; '.join(row.capabilities)}.")
    return "\n".join([*parts, *filter(None, [row.instructions])])
