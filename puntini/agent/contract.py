"""What an agent is to the runner, and what the runner gives an agent."""

from collections.abc import Sequence
from typing import Any, Literal, NoReturn, Protocol

from msgspec import Struct, json

from puntini.log.contract import Kept, Shelf
from puntini.protocol.events import Envelope, UserPromptData
from puntini.views.graph import GraphView

YES_OR_NO = ("approve", "deny")
YES = frozenset({"approve", "approved", "yes"})


class Approval(Struct, frozen=True, kw_only=True):
    """Something that a person has to decide. ``key`` tells it from the task's others, in each attempt alike."""

    key: str
    question: str
    options: tuple[str, ...] = YES_OR_NO
    tool_name: str = ""
    parameters: dict[str, Any] = {}
    response_schema: dict[str, Any] | None = None
    expires_seconds: float = 0.0


class Decision(Struct, frozen=True):
    """What was decided, and by whom."""

    decision: Literal["approved", "denied", "answered", "expired"]
    value: Any = None
    by: str = ""


def agreed(said: Any) -> bool:
    """Whether what a person said is a yes, and nothing else."""
    return said is True or (isinstance(said, str) and said.strip().lower() in YES)


class Heard(Struct, frozen=True):
    """What a person said to a task while it ran, and where in the log."""

    seq: int
    data: UserPromptData

    @property
    def words(self) -> str:
        """It as text: an action is told by its name and arguments."""
        action = self.data.action
        return self.data.prompt if action is None else f"[{action.name}: {json.encode(action.arguments).decode()}]"


class Teller(Protocol):
    """One attempt at a task, for an agent that works deterministically: it goes on after what it has ``spoken``."""

    task_id: str
    session_id: str
    prompt: str

    @property
    def spoken(self) -> int:
        """How many events the agent has already said for this task, in attempts that were paused or died.

        ``task_progress`` and ``agent_status`` do not count. Three attempts in a row that died without a ``save`` are
        the last; for an agent that goes by ``spoken``, what it says more than the one before is as good as a save.
        """
        ...

    def emit(self, event: Envelope) -> None:
        """Say something in the session's log and go on. Task, attempt, agent and time are filled in.

        Raises ValueError for what only the server says (a task's start, pause and end, a prompt, the session's end)
        and for what can't be logged, TypeError for what JSON has no word for, and BufferError when 16 MiB wait to be
        written, which happens to agents that never await ``point``.
        """

    async def point(self) -> None:
        """A safe point: waits while the log is behind, and is where pause, stop and shutdown take hold."""

    def next_graph_version(self) -> int:
        """The version that the next ``graph_update`` has to carry."""
        ...


class Task(Teller, Protocol):
    """One attempt at a task. An agent that saves calls ``rewind`` first and goes on from what it saved."""

    @property
    def agent(self) -> str:
        """In whose name it speaks."""
        ...

    @property
    def shelf(self) -> Shelf:
        """Where things can be kept and found again. What was given to ``save`` is there once it is ``drained``."""
        ...

    async def graph(self) -> GraphView:
        """The session's graph, with all that was said before. Use it before the next await: it goes on changing."""
        ...

    @property
    def steps(self) -> int:
        """How many steps were taken, as ``step`` counts them."""
        ...

    @property
    def max_steps(self) -> int:
        """How many steps it may take."""
        ...

    @property
    def leaving(self) -> bool:
        """Whether it is to come to rest at its next safe point."""
        ...

    async def room(self) -> None:
        """Waits while the log is behind, and no more: for moments at which the agent can't be left."""

    def next_state_version(self) -> int:
        """The version that the next ``state_update`` has to carry."""
        ...

    async def rewind(self) -> None:
        """Void what earlier attempts said after their last ``save``; to be called before anything is said."""

    def save(self, kept: Sequence[Kept]) -> None:
        """Keep things in one transaction with all that was said so far, which stands from then on."""

    async def drained(self) -> None:
        """Wait until all that was said and saved is committed."""

    def step(self) -> int:
        """Count a step and return its number. Raises PuntiniError when the task has taken all it may."""
        ...

    def spend(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Book what a model took. Raises ValueError for less than nothing, or for more than can be counted."""

    async def ask(self, approval: Approval) -> Decision | None:
        """Ask a person, once; returns what was decided, or None as long as nothing is. It counts as a ``save``."""
        ...

    def wait(self) -> NoReturn:
        """Come to rest until something that was asked is decided; then another attempt begins."""
        ...

    async def has_ended(self, task_id: str) -> bool:
        """Whether another task has ended, or is gone."""
        ...

    async def heard(self, after: int, *, last: bool = False) -> list[Heard]:
        """What people said to this task while it ran, after a place in the log.

        With ``last``, if that is nothing, nobody can speak to it any more: a prompt then starts a task of its own. An
        agent that asks so before it answers misses nothing.
        """
        ...


class Agent(Protocol):
    """Takes a task to its end."""

    @property
    def name(self) -> str:
        """How clients ask for it."""
        ...

    async def run(self, task: Task) -> str:
        """Work; await ``task.point()`` between events. Returns the final answer; an exception fails the task."""
        ...
