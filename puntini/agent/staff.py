"""The built-in agents, and what makes those that are created: one graph, with roles and tools of their own."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from puntini.agent.builtin.creating import creating
from puntini.agent.contract import Agent
from puntini.agent.late import Late
from puntini.agent.models.contract import Model
from puntini.agent.roster import Roster
from puntini.agent.scripted import ScriptedAgent
from puntini.agent.teams.chat import GroupChat
from puntini.agent.teams.supervisor import Supervisor
from puntini.agent.tools.registry import Tools
from puntini.log.agents import MAX_TURNS, AgentRow
from puntini.log.contract import Store

PUNTINI = "puntini"
"""The built-in agent that serves where none is named."""
DRIVER, CREATOR, GENERATOR = "driver", "creator", "generator"
ROLES: dict[str, tuple[str, list[str]]] = {
    PUNTINI: ("You help with whatever is asked.", ["builds and edits graphs", "answers from graph and documents"]),
    DRIVER: (
        "All agents of this server are your team: hand each piece of work to whom it suits best.",
        ["hands work to other agents"],
    ),
    CREATOR: (
        "You create agents: you find a short name, a role in one or two sentences, and what the agent can do.",
        ["creates agents"],
    ),
    GENERATOR: ("You write texts from what the graph and the documents say.", ["writes texts"]),
}
OWN_TOOLS = {CREATOR: ["create_agent"]}
"""Tools that no other agents have."""


class Staff:
    """Makes a server's agents: ``roster`` has them all, ``tools`` is every tool that one of them has."""

    def __init__(
        self, model: Model, tools: Tools, store: Store, served: Iterable[Agent], *, workspace: Path | None = None
    ) -> None:
        self._model = model
        self._store = store
        self._workspace = workspace
        self.roster = Roster(store, self._made, tools.names, model.name, store.nodes)
        self.tools = tools.also(creating(self.roster))
        self._add(served, tools.names)

    def _add(self, served: Iterable[Agent], shared: list[str]) -> None:
        for agent in served:
            if isinstance(agent, ScriptedAgent):
                self.roster.add(
                    AgentRow(name=agent.name, kind="built_in", role="You play what you are told to."), agent
                )
            else:
                self.roster.add(AgentRow(name=agent.name, kind="loaded"), agent)
        for name, (role, capabilities) in ROLES.items():
            row = AgentRow(name=name, kind="built_in", role=role, capabilities=capabilities)
            if name == DRIVER:
                self.roster.add(replace(row, manner="supervisor", max_turns=MAX_TURNS))
            else:
                self.roster.add(replace(row, tools=[*shared, *OWN_TOOLS.get(name, [])]))

    def _made(self, row: AgentRow) -> Agent:
        # LangGraph takes most of a second to import, hence inside the functions.
        def alone() -> Agent:
            from puntini.agent.graphs.builtin import builtin

            tools = self.tools.only(row.tools)
            return builtin(row.name, self._model, tools, self._store, workspace=self._workspace, role=role_of(row))

        def team() -> Agent:
            from puntini.agent.graphs.teams import Members, chatting, supervised

            crew = Members(lambda: self._members(row), self._ready)
            if row.manner == "supervisor":
                leader = Supervisor(row.name, self._model, crew, role=role_of(row), max_turns=row.max_turns)
                return supervised(row.name, leader)
            return chatting(row.name, GroupChat(row, crew, purpose=role_of(row)))

        return Late(row.name, alone if row.manner is None else team)

    def _members(self, team: AgentRow) -> list[AgentRow]:
        """The members of a team that are there: those it names, or else all who could be one."""
        found = [row for row in self.roster.rows() if row.model and row.manner is None]
        if not team.members:
            return found
        by_name = {row.name: row for row in found}
        return [by_name[name] for name in team.members if name in by_name]

    async def _ready(self, name: str) -> Agent | None:
        agent = self.roster.get(name)
        return await agent.ready() if isinstance(agent, Late) else agent

    async def ready(self, name: str) -> None:
        """Make an agent now rather than with its first task."""
        await self._ready(name)


def role_of(row: AgentRow) -> str:
    """What an agent's model is told of itself."""
    if row.kind != "created":
        return row.role
    parts = [f"Your role: {row.role}"]
    if row.capabilities:
        parts.append(f"You were made because you can do this: {'; '.join(row.capabilities)}.")
    return "\n".join([*parts, *filter(None, [row.instructions])])
