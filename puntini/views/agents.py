"""What each agent of a session does: the last that the server, or the agent, said of it."""

from collections.abc import Iterable

from msgspec.structs import replace

from puntini.protocol.events import AgentStatus, AgentView

MOST_AGENTS = 1_000
"""Of more, those that have not spoken for longest are forgotten."""
DETAIL_SHOWN = 2_000
"""So many characters of a detail are shown."""
AT_WORK = frozenset({"busy", "waiting"})


class Statuses:
    """The latest status of each agent; whose changed last comes last."""

    def __init__(self, agents: Iterable[AgentView] = ()) -> None:
        self._latest = {each.agent: each for each in agents}

    def change(self, event: AgentStatus) -> None:
        """An agent begins, waits or is done. One that is done with a task may be at work at another."""
        data = event.data
        before = self._latest.get(data.agent)
        if data.status == "idle" and before and before.status in AT_WORK and before.task_id != event.task_id:
            return
        detail = data.detail if len(data.detail) <= DETAIL_SHOWN else f"{data.detail[:DETAIL_SHOWN]}…"
        self._latest.pop(data.agent, None)
        self._latest[data.agent] = AgentView(
            agent=data.agent, status=data.status, detail=detail, task_id=event.task_id, timestamp=event.timestamp
        )
        if len(self._latest) > MOST_AGENTS:
            del self._latest[next(iter(self._latest))]

    def leave(self, task_id: str) -> None:
        """A task has ended, was paused, or is taken up anew: nobody works at it now, whatever was last said."""
        for name, each in self._latest.items():
            if each.task_id == task_id and each.status in AT_WORK:
                self._latest[name] = replace(each, status="idle", detail="")

    def latest(self) -> list[AgentView]:
        """The agents."""
        return list(self._latest.values())
