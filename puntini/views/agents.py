"""What each agent of a session last said that it is doing."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from puntini.protocol.events import AgentStatus

MOST_AGENTS = 1_000
"""Of more, those that have not spoken for longest are forgotten."""
DETAIL_SHOWN = 2_000
"""So many characters of a detail are shown."""


class AgentView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An agent as it last spoke of itself, and for which task."""

    agent: str
    status: Literal["idle", "busy", "waiting", "failed"]
    detail: str = ""
    task_id: str = ""
    timestamp: str = ""


class Statuses:
    """The latest status of each agent; who spoke last comes last."""

    def __init__(self, agents: Iterable[AgentView] = ()) -> None:
        self._latest = {each.agent: each for each in agents}

    def change(self, event: AgentStatus) -> None:
        """An agent says what it is doing."""
        data = event.data
        detail = data.detail if len(data.detail) <= DETAIL_SHOWN else f"{data.detail[:DETAIL_SHOWN]}…"
        self._latest.pop(data.agent, None)
        self._latest[data.agent] = AgentView(
            agent=data.agent, status=data.status, detail=detail, task_id=event.task_id, timestamp=event.timestamp
        )
        if len(self._latest) > MOST_AGENTS:
            del self._latest[next(iter(self._latest))]

    def end(self, task_id: str) -> None:
        """A task has ended: nobody works at it any more, whatever they last said."""
        for name, each in self._latest.items():
            if each.task_id == task_id and each.status in {"busy", "waiting"}:
                self._latest[name] = replace(each, status="idle", detail="")

    def latest(self) -> list[AgentView]:
        """The agents."""
        return list(self._latest.values())
