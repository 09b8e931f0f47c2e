"""The fast lane: say something from anywhere inside an agent, in one call and without passing anything along.

    from puntini.agent import emit

    emit.reasoning("There are two ways to read this.")

It works in LangGraph nodes, in functions they call, and in the threads that they run in.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Literal

from msgspec import UNSET

from puntini.agent.contract import Task
from puntini.protocol.events import (
    Debug,
    DebugData,
    Envelope,
    GraphUpdate,
    GraphUpdateData,
    MemorySummary,
    MemorySummaryData,
    PlanUpdate,
    PlanUpdateData,
    Reasoning,
    ReasoningData,
    TaskData,
    TaskProgress,
)
from puntini.protocol.graph import GraphOp

Level = Literal["debug", "info", "warning", "error"]
MOST_AHEAD, LONGEST_AHEAD = 256, 60.0
"""So many events of threads wait for the loop, and a thread so many seconds for its turn."""


class Voice:
    """Says events for one task. ``say`` is called on the event loop's thread, whichever thread speaks."""

    def __init__(self, task: Task, say: Callable[[Envelope], None], *, agent: str = "") -> None:
        self.task = task
        self.agent = agent or task.agent
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._ahead = threading.BoundedSemaphore(MOST_AHEAD)
        self._failed: Exception | None = None

    def emit(self, event: Envelope) -> None:
        """Say an event. From another thread it is said a moment later, in order.

        A thread waits when it is far ahead, and is told of what could not be said when it speaks the next time.
        """
        if threading.get_ident() == self._thread:
            self._say(event)
            return
        if not self._ahead.acquire(timeout=LONGEST_AHEAD):
            raise TimeoutError("What the agent said in a thread could not be written in time.")
        if self._failed is not None:
            self._ahead.release()
            raise self._failed
        self._loop.call_soon_threadsafe(self._say_later, event)

    def _say_later(self, event: Envelope) -> None:
        try:
            self._say(event)
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that speaks
            self._failed = error
        finally:
            self._ahead.release()


current: ContextVar[Voice] = ContextVar("puntini_voice")
"""Set while an agent runs."""


def event(said: Envelope) -> None:
    """Say any event. Raises RuntimeError outside of an agent, and what ``Task.emit`` raises."""
    voice().emit(said)


def voice() -> Voice:
    """Who speaks here. Raises RuntimeError outside of an agent."""
    try:
        return current.get()
    except LookupError:
        raise RuntimeError("Nobody listens here: `emit` works while an agent runs.") from None


def reasoning(text: str = "", *, steps: Sequence[str] = (), phase: str = "") -> None:
    """Say what the agent thinks."""
    event(Reasoning(data=ReasoningData(text=text, steps=list(steps), phase=phase)))


def debug(message: str, *, level: Level = "info", **details: Any) -> None:
    """Say something for those who look closer."""
    event(Debug(data=DebugData(message=message, level=level, details=details or UNSET)))


def plan(steps: Sequence[str], *, reflection: str = "") -> None:
    """Show what the agent is going to do."""
    event(PlanUpdate(data=PlanUpdateData(current_plan=list(steps), last_reflection=reflection)))


def progress(share: float, detail: str = "") -> None:
    """Show how far the task is, from 0 to 1."""
    event(TaskProgress(data=TaskData(status="running", progress=min(1.0, max(0.0, share)), detail=detail)))


def graph(*delta: GraphOp, author: str = "agent") -> None:
    """Change the session's graph."""
    speaker = voice()
    speaker.emit(
        GraphUpdate(data=GraphUpdateData(version=speaker.task.next_graph_version(), delta=list(delta), author=author))
    )


def summary(text: str) -> None:
    """Sum up what was said before."""
    event(MemorySummary(data=MemorySummaryData(summary=text)))
