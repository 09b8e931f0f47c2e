"""Any LangGraph graph as an agent, unmodified.

Each task has a thread of checkpoints of its own, which begins where the last task of the same agent in the session is:
so a conversation goes on from task to task, and a task that rests keeps its place whatever others do meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import anyio
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs, var_child_runnable_config
from langgraph.errors import GraphDrained, GraphRecursionError, is_invalid_resume
from langgraph.pregel import Pregel
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot, StreamMode
from pydantic import ValidationError

from puntini.agent import emit
from puntini.agent.contract import Task
from puntini.agent.emit import Voice
from puntini.agent.graphs.answers import answer, output
from puntini.agent.graphs.breakpoints import Breakpoints
from puntini.agent.graphs.hearing import Ear
from puntini.agent.graphs.holding import TaskSaver
from puntini.agent.graphs.prompts import Remembering, first, in_messages, prompt_id
from puntini.agent.graphs.questions import Questions
from puntini.agent.graphs.telling import Telling
from puntini.agent.graphs.thread import MARK, Thread
from puntini.agent.job import out_of_steps
from puntini.errors import Misconfigured
from puntini.protocol.events import Envelope

MODES: list[StreamMode] = ["tasks", "custom", "values"]
CANCEL_AGAIN_SECONDS = 1.0
NODES_A_STEP = 8
"""More rounds of the graph are not made for a step, as the task counts them."""

Graph = Pregel[Any, Any, Any, Any]
T = TypeVar("T")


def is_graph(found: object) -> bool:
    """Whether something is a compiled graph."""
    return isinstance(found, Pregel)


class Leaving(RunControl):
    """Tells LangGraph to come to rest after this step when the task is to."""

    __slots__ = ("_task",)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task

    @property
    def drain_requested(self) -> bool:
        """Whether to come to rest."""
        return self._task.leaving


class GraphAgent:
    """Runs a graph, or what a factory makes for each attempt. One that ``tells_itself`` speaks by ``emit`` only.

    ``remembering`` adds what was said before to what the graph is given, where no checkpoint tells it.
    """

    def __init__(
        self,
        name: str,
        graph: Graph | Callable[[], Graph],
        *,
        tells_itself: bool = False,
        remembering: Remembering = in_messages,
    ) -> None:
        self.name = name
        self._graph = graph
        self._tells_itself = tells_itself
        self._remembering = remembering

    async def run(self, task: Task) -> str:
        """Run the graph to its end, or to where it waits for a person."""
        await task.rewind()
        saver = TaskSaver(task, tells_itself=self._tells_itself)
        graph = self._compiled(saver)
        run = Run(task, graph, saver, None if self._tells_itself else Telling(task, saver), self._remembering)
        reset = emit.current.set(Voice(task, run.say))
        try:
            return await _undisturbed(run.go())
        finally:
            emit.current.reset(reset)

    async def join(self, given: Mapping[str, Any], voice: Voice) -> Any:
        """Run the graph inside a node of another, in a voice that is its own; returns its state at the end.

        What it saves is part of the other's thread, so that the node, when it is run again, goes on where it was.
        """
        reset = emit.current.set(voice)
        try:
            return await self._made().ainvoke(given)
        finally:
            emit.current.reset(reset)

    def _compiled(self, saver: TaskSaver) -> Graph:
        return self._made().copy({"checkpointer": saver})

    def _made(self) -> Graph:
        graph = self._graph if isinstance(self._graph, Pregel) else self._graph()
        if not isinstance(graph, Pregel):
            raise Misconfigured(f"The agent `{self.name}` makes {type(graph).__name__}, not a compiled graph.")
        return graph


async def _undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Await something in a task of its own, which is given time to end when it is cancelled.

    LangGraph stops its nodes when it is cancelled, which takes some turns of the loop; anyio's scopes cancel again in
    each of them, and the nodes would be left behind, running. One that goes on all the same is cancelled again.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
        raise
    return task.result()


class Run:
    """One attempt at a task with a graph."""

    def __init__(
        self, task: Task, graph: Graph, saver: TaskSaver, telling: Telling | None, remembering: Remembering
    ) -> None:
        self._task = task
        self._graph = graph
        self._saver = saver
        self._telling = telling
        self._remembering = remembering
        self._thread = Thread(task, saver)
        self._questions = Questions(task)
        self._breakpoints = Breakpoints(graph)
        self._config: RunnableConfig = {
            **self._thread.config,
            "recursion_limit": NODES_A_STEP * max(1, task.max_steps - task.steps) + NODES_A_STEP,
        }

    def say(self, event: Envelope) -> None:
        """What a node says through ``emit``: the node is not done."""
        config = var_child_runnable_config.get() or {}
        place = config.get("metadata", {}).get("langgraph_checkpoint_ns", "")
        if node := str(place).rpartition(":")[2]:
            self._saver.spoke(node)
        self._task.emit(event)

    async def go(self) -> str:
        """Run until the graph ends, and return its answer."""
        await self._thread.begin()
        before = await self._state()
        mine = (before.metadata or {}).get(MARK) == self._task.task_id
        if self._telling:
            self._telling.know(before, again=mine)
        if not mine:
            given = await self._first(before)
        elif before.tasks:  # not `next`: it leaves out nodes that are done where the checkpoint after them is not there
            given = await self._resumed(before, asks=self._breakpoints.may_hold(before))
        else:
            return self._end(before)  # it was done, and the server died before it could say so
        await self._play(given)
        while (after := await self._state()).next or after.interrupts:
            await self._play(await self._resumed(after, asks=True))
        await self._thread.leave()
        return answer(output(self._graph, after.values), prompt_id(self._task))

    async def _first(self, before: StateSnapshot) -> Any:
        """The prompt, and what was said before it where the agent begins without a checkpoint."""
        given = first(self._graph, self._task, before.values)
        if before.created_at is None and (words := await self._thread.words()):
            given = self._remembering(given, words)
            if self._telling:
                self._telling.heard_before(given)
        return given

    def _end(self, state: StateSnapshot) -> str:
        """The answer of a graph that an earlier attempt ended; what its last step changed may not be told."""
        given = output(self._graph, state.values)
        if self._telling:
            self._telling.state(given)
        return answer(given, prompt_id(self._task))

    async def _state(self) -> StateSnapshot:
        return await self._graph.aget_state(self._config, subgraphs=self._breakpoints.inside)

    async def _resumed(self, state: StateSnapshot, *, asks: bool) -> Any:
        """What to go on with where the graph left off: nothing, or what people decided.

        Comes to rest while nothing is. ``asks`` says that what has no interrupts left off at a breakpoint.
        """
        if state.interrupts:
            decisions = await self._questions.decisions(state.interrupts)
            if not decisions:
                self._task.wait()
            return Command(resume=decisions)
        if asks:
            if not self._breakpoints.any:
                raise Misconfigured(f"The graph left off before {', '.join(state.next)}, and asked nothing.")
            await self._questions.go_on(await self._saver.newest(self._thread.name), state.next)
        return None

    # Running it.

    async def _play(self, given: Any) -> None:
        """Run the graph as far as it goes."""
        try:
            await self._pass(given)
        except GraphDrained:
            await self._saver.settle()
            self._task.save([])  # between two steps all that was said stands
            await self._task.point()
            await self._play(None)  # the order was taken back meanwhile
        except GraphRecursionError:
            raise out_of_steps(self._task.max_steps) from None
        except ValidationError as error:
            if not (is_invalid_resume(error) and isinstance(given, Command)):
                raise
            await self._refused(given, error)
        await self._saver.settle()

    async def _refused(self, given: Command[Any], error: ValidationError) -> None:
        """A person's answer was not what the graph asks for: it will be asked for again."""
        await self._saver.settle()
        answers = given.resume or {}
        refused = [interrupt for interrupt in (await self._state()).interrupts if interrupt.id in answers]
        if not refused:
            raise error
        await self._questions.refuse(refused, error)

    async def _pass(self, given: Any) -> None:
        if self._telling is None:
            async for _ in self._parts(given, self._config, []):
                pass
        else:
            await self._tell(given, self._telling)

    async def _tell(self, given: Any, telling: Telling) -> None:
        """Run a graph that knows nothing of us, and tell what happens in it."""
        ear = Ear(telling)
        config = merge_configs(self._graph.config, self._config, {"callbacks": ear.manager})
        # What comes out of a node's cache is in the updates only.
        modes: list[StreamMode] = MODES if self._graph.cache is None else [*MODES, "updates"]
        async for part in self._parts(given, config, modes):
            telling.tell(part)
            await self._task.room()
        ear.check()

    def _parts(self, given: Any, config: RunnableConfig, modes: list[StreamMode]) -> AsyncIterator[Any]:
        return self._graph.astream(
            given,
            config,
            stream_mode=modes,
            subgraphs=bool(modes),
            durability="sync",
            control=Leaving(self._task),
            version="v2",
        )
