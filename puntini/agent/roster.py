"""The agents of a server: those it is started with, and those created while it runs, which the store keeps.

Where there are several nodes, each looks at what is kept when the others say that it has changed, and when somebody
asks for an agent that it does not know.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import anyio
import msgspec
import structlog
from msgspec.structs import replace

from puntini.agent.contract import Agent
from puntini.agent.teams.founding import check_team
from puntini.errors import Conflict, Invalid, NotFound
from puntini.log.agents import MAX_TURNS, AgentRow, NewAgent
from puntini.log.contract import Kept, Ledger
from puntini.log.mint import now_ms
from puntini.log.nodes import News, Nodes

NEWS = "agents"
SPACE, KIND = "agents", "agent"
MOST_CREATED = 100
log = structlog.get_logger("puntini.agent")
_row = msgspec.json.Decoder(AgentRow).decode


class Roster(Mapping[str, Agent]):
    """Agents by name. ``make`` makes one of a record; ``allowed`` are the tools that created ones may be given.

    ``model`` is what those that are made think with. ``nodes`` are others that create agents too, if there are any.
    """

    def __init__(
        self,
        shelf: Ledger,
        make: Callable[[AgentRow], Agent],
        allowed: Sequence[str],
        model: str,
        nodes: Nodes | None = None,
    ) -> None:
        self._shelf = shelf
        self._nodes = nodes
        self._kept: dict[str, bytes] = {}
        self._stale = False
        self._model = model
        self._make = make
        self._allowed = list(allowed)
        self._agents: dict[str, Agent] = {}
        self._rows: dict[str, AgentRow] = {}
        self.elsewhere: Callable[[], Collection[str]] = tuple
        """Names a worker's own agents, which run there and not here."""
        self._changing = anyio.Lock()

    def __getitem__(self, name: str) -> Agent:
        """An agent by name."""
        return self._agents[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order in which the agents came."""
        return iter(self._agents)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._agents)

    @property
    def own(self) -> list[str]:
        """Those that this server was started with."""
        return [row.name for row in self._rows.values() if row.kind != "created"]

    def rows(self) -> list[AgentRow]:
        """What is known of each: first those it was started with, then those that were created, the oldest first.

        Where there are several nodes the order is the same at all of them, and the agents of their workers are there.
        """
        found = [*self._rows.values(), *(_loaded(name) for name in self.elsewhere() if name not in self._rows)]
        named = self._nodes is not None
        return sorted(found, key=lambda row: (row.created_at, row.name if row.created_at or named else ""))

    def row(self, name: str) -> AgentRow | None:
        """What is known of one."""
        return self._rows.get(name) or (_loaded(name) if name in self.elsewhere() else None)

    def called(self, name: str) -> AgentRow | None:
        """The same, in whatever case its name is written."""
        return self.row(name) or next((row for row in self.rows() if row.name.casefold() == name.casefold()), None)

    def add(self, row: AgentRow, agent: Agent | None = None) -> None:
        """Take an agent in, made of its record where none is given. Of two with one name the first stays."""
        if row.name not in self._agents:
            self._agents[row.name] = self._make(row) if agent is None else agent
            self._rows[row.name] = replace(row, model=self._model) if agent is None else row

    async def load(self) -> None:
        """Be as the store says: take in those that were created, and let go of those that were removed."""
        found = dict(await self._shelf.kept_all(SPACE, KIND))
        for key in [key for key, body in self._kept.items() if found.get(key) != body]:
            self._let_go(key)
        for key, body in found.items():
            if key not in self._kept:
                self._take_in(key, body)

    def _take_in(self, key: str, body: bytes) -> None:
        self._kept[key] = body
        row = _row(body)
        if any(_key(name) == _key(row.name) for name in self._rows):
            log.warning("a created agent is left out: another has its name", agent=row.name)
        else:
            self.add(replace(row, tools=[name for name in self._allowed if name in row.tools]))

    def _let_go(self, key: str) -> None:
        name = _row(self._kept.pop(key)).name
        if (row := self._rows.get(name)) is not None and row.kind == "created":
            del self._agents[name], self._rows[name]

    # Other nodes.

    async def look(self) -> None:
        """Take in what other nodes have done, now. Raises StoreUnavailable."""
        if self._nodes is not None:
            async with self._changing:
                await self.load()

    def heard(self, _news: Sequence[News], _missed: bool) -> None:
        """Others have created or removed some."""
        self._stale = True

    async def look_if_told(self) -> None:
        """Look, if others have done something. Raises StoreUnavailable."""
        if self._stale:
            self._stale = False
            try:
                await self.look()
            except BaseException:  # cancelled, too
                self._stale = True
                raise

    async def _tell(self, name: str) -> None:
        if self._nodes is not None:
            await self._nodes.tell([News(NEWS, name)])

    async def create(self, new: NewAgent) -> AgentRow:
        """Create an agent, which is there at once and after each start. Raises Conflict or Invalid."""
        for name, value in (("role", new.role), ("reason", new.reason)):
            if not value.strip():
                raise Invalid(f"{name}: write something", path=name)
        await self.look()
        async with self._changing:
            row = self._row_of(new)
            self._check(new.name)
            key, body = _key(row.name), msgspec.json.encode(row)
            # Once it is kept it has to be there, also when the caller has left.
            with anyio.CancelScope(shield=True):
                if not await self._shelf.swap(Kept(SPACE, KIND, key, body), None):
                    raise Conflict(f"There is an agent `{row.name}` already; choose another name.")
                self._take_in(key, body)
                await self._tell(row.name)
            return self._rows[row.name]

    def _row_of(self, new: NewAgent) -> AgentRow:
        members = check_team(new, self.called)
        return AgentRow(
            name=new.name,
            kind="created",
            role=new.role,
            capabilities=new.capabilities,
            instructions=new.instructions,
            tools=self._tools_of(new),
            members=members,
            manner=new.manner,
            max_turns=(new.max_turns or MAX_TURNS) if members else 0,
            until=new.until.strip(),
            reason=new.reason,
            created_by=new.created_by,
            created_at=now_ms(),
        )

    def _tools_of(self, new: NewAgent) -> list[str]:
        if new.manner is not None:
            return []
        if new.tools is None:
            return self._allowed
        for name in new.tools:
            if name not in self._allowed:
                raise Invalid(f"tools: there is no tool `{name}` for created agents; see GET /v1/tools", path="tools")
        return [name for name in self._allowed if name in new.tools]

    def _check(self, name: str) -> None:
        if taken := self.called(name):
            raise Conflict(f"There is an agent `{taken.name}` already; choose another name.")
        if sum(row.kind == "created" for row in self.rows()) >= MOST_CREATED:
            raise Conflict(f"{MOST_CREATED} agents were created, which is the most; delete one of them first.")

    async def remove(self, name: str) -> None:
        """Forget an agent that was created. Raises NotFound, and Conflict for any other and for a team's member."""
        await self.look()
        async with self._changing:
            row = self.row(name)
            if row is None:
                raise NotFound(f"There is no agent `{name[:80]}`.")
            if row.kind != "created":
                raise Conflict(f"The agent `{name}` was not created over the API; it stays as long as the server runs.")
            if team := next((each.name for each in self.rows() if name in each.members), ""):
                raise Conflict(f"The agent `{name}` is a member of the team `{team}`; delete the team first.")
            with anyio.CancelScope(shield=True):
                await self._shelf.keep([Kept(SPACE, KIND, _key(name), None)])
                self._let_go(_key(name))
                await self._tell(name)


def _loaded(name: str) -> AgentRow:
    """What is known of an agent that a server or a worker was started with."""
    return AgentRow(name=name, kind="loaded")


def _key(name: str) -> str:
    """Names that differ only in case are one."""
    return name.casefold()
