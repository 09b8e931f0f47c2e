"""Any LangGraph graph as an agent, unmodified.

Each task has a thread of checkpoints of its own, which begins where the last task of the same agent in the session is:
so a conversation goes on from task to task, and a task that rests keeps its place whatever others do meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, TypeVar, assert_never

import anyio
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs, var_child_runnable_config
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt, StateSnapshot, StreamMode

from puntini.agent import emit
from puntini.agent.approvals import shown
from puntini.agent.contract import Approval, Decision, Task
from puntini.agent.emit import Voice
from puntini.agent.graphs.hearing import Ear
from puntini.agent.graphs.holding import TaskSaver
from puntini.agent.graphs.nesting import NestingSaver
from puntini.agent.graphs.state import plain
from puntini.agent.graphs.telling import Telling
from puntini.agent.job import out_of_steps
from puntini.errors import Misconfigured
from puntini.log.contract import Kept
from puntini.protocol.events import Envelope

MODES: list[StreamMode] = ["tasks", "custom", "values"]
MARK = "puntini_task"
CANCEL_AGAIN_SECONDS = 1.0
NEWEST = "thread"
"""Names the thread of the last task of each agent."""
ASKED = frozenset({"question", "message", "options", "tool_name", "parameters", "expires_seconds"})
"""What of an interrupt's value has a place of its own in an approval."""
NODES_A_STEP = 8
"""More rounds of the graph are not made for a step, as the task counts them."""
PROMPT_FIELDS = ("messages", "prompt", "input", "question", "query", "task")
STOPPED = "This was interrupted before it had a result."

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
    """Runs a graph, or what a factory makes for each attempt. One that ``tells_itself`` speaks by ``emit`` only."""

    def __init__(self, name: str, graph: Graph | Callable[[], Graph], *, tells_itself: bool = False) -> None:
        self.name = name
        self._graph = graph
        self._tells_itself = tells_itself

    async def run(self, task: Task) -> str:
        """Run the graph to its end, or to where it waits for a person."""
        await task.rewind()
        saver = NestingSaver(task, tells_itself=self._tells_itself)
        graph = self._compiled(saver)
        run = Run(task, graph, saver, None if self._tells_itself else Telling(task, saver))
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

    def __init__(self, task: Task, graph: Graph, saver: TaskSaver, telling: Telling | None) -> None:
        self._task = task
        self._graph = graph
        self._saver = saver
        self._telling = telling
        self._config: RunnableConfig = {
            "configurable": {"thread_id": f"{task.session_id}/{task.agent}/{task.task_id}"},
            "metadata": {MARK: task.task_id},
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
        await self._begin()
        before = await self._graph.aget_state(self._config)
        mine = (before.metadata or {}).get(MARK) == self._task.task_id
        # Not `next`: it leaves out nodes that are done where the checkpoint after them is not there yet.
        if mine and not before.tasks:
            return _answer(before.values)  # it was done, and the server died before it could say so
        await self._play(await self._resumed(before) if mine else self._first(before))
        after = await self._graph.aget_state(self._config)
        if after.interrupts:
            await self._decisions(after)
            self._task.wait()
        await self._leave()
        return (self._telling.answer if self._telling else "") or _answer(after.values)

    # The thread.

    @property
    def _thread(self) -> str:
        return str(self._config["configurable"]["thread_id"])

    async def _begin(self) -> None:
        """Begin the thread, if there is none yet, where the last task's is; that goes, if its task has ended."""
        task = self._task
        if await self._saver.aget_tuple(self._config) is not None:
            return
        newest = await task.shelf.kept(task.session_id, NEWEST, task.agent)
        items = [Kept(task.session_id, NEWEST, task.agent, self._thread.encode())]
        if newest is not None and (last := newest.decode()) != self._thread:
            items += await self._saver.carried(last, self._thread)
            if await task.has_ended(last.rpartition("/")[2]):
                items += await self._saver.all_of(last)
        task.save(items)

    async def _leave(self) -> None:
        """At the end, forget the thread if another task has begun since: nobody begins where it is."""
        newest = await self._task.shelf.kept(self._task.session_id, NEWEST, self._task.agent)
        if newest is not None and newest.decode() != self._thread:
            self._task.save(await self._saver.all_of(self._thread))

    async def _play(self, given: Any) -> None:
        try:
            if self._telling is None:
                async for _ in self._parts(given, self._config, []):
                    pass
            else:
                await self._tell(given, self._telling)
        except GraphDrained:
            self._saver.settle()
            self._task.save([])  # between two steps all that was said stands
            await self._task.point()
        except GraphRecursionError:
            raise out_of_steps(self._task.max_steps) from None
        self._saver.settle()

    async def _tell(self, given: Any, telling: Telling) -> None:
        """Run a graph that knows nothing of us, and tell what happens in it."""
        ear = Ear(telling)
        config = merge_configs(self._graph.config, self._config, {"callbacks": ear.manager})
        async for part in self._parts(given, config, MODES):
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

    # What the graph is given.

    async def _resumed(self, state: StateSnapshot) -> Any:
        """Where an earlier attempt left off: nothing, or what people decided since."""
        if not state.interrupts:
            return None
        decisions = await self._decisions(state)
        if not decisions:
            self._task.wait()
        return Command(resume=decisions)

    def _first(self, state: StateSnapshot) -> Any:
        """The prompt."""
        if not isinstance(self._graph, CompiledStateGraph):
            return self._task.prompt  # a function, of LangGraph's functional interface
        fields = self._graph.builder.schemas[self._graph.builder.input_schema]
        field = next((name for name in PROMPT_FIELDS if name in fields), None)
        if field is None:
            raise Misconfigured(
                f"The agent `{self._task.agent}` takes {', '.join(fields) or 'nothing'}; "
                f"give its input one of the fields {', '.join(PROMPT_FIELDS)}, for the prompt."
            )
        if field != "messages":
            return {field: self._task.prompt}
        prompt = HumanMessage(self._task.prompt, id=f"msg_{self._task.task_id}")
        return {"messages": [*_repairs(state.values), prompt]}

    # People.

    async def _decisions(self, state: StateSnapshot) -> dict[str, Any]:
        """Ask what the graph asks; returns what is decided, by interrupt."""
        decided: dict[str, Any] = {}
        for interrupt in state.interrupts:
            if (decision := await self._task.ask(_approval(interrupt))) is not None:
                decided[interrupt.id] = _value(decision)
        return decided


def _approval(interrupt: Interrupt[Any]) -> Approval:
    """An interrupt as a question: its value is one, or a mapping that says more."""
    value = plain(interrupt.value)
    found = value if isinstance(value, dict) else {}
    question = found.get("question") or found.get("message") or value
    options = found.get("options")
    others = {name: value for name, value in found.items() if name not in ASKED}
    parameters = found.get("parameters", others)
    seconds = found.get("expires_seconds")
    return Approval(
        key=interrupt.id,
        question=shown(question),
        options=tuple(map(str, options)) if isinstance(options, list) and options else ("approve", "deny"),
        tool_name=str(found.get("tool_name") or ""),
        parameters=parameters if isinstance(parameters, dict) else {"value": parameters},
        response_schema=interrupt.response_schema if isinstance(interrupt.response_schema, dict) else None,
        expires_seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
    )


def _value(decision: Decision) -> Any:
    """What the graph's ``interrupt()`` returns."""
    match decision.decision:
        case "answered":
            return decision.value
        case "approved":
            return True if decision.value is None else decision.value
        case "denied" | "expired":
            return False
        case _:
            assert_never(decision.decision)


def _repairs(values: Any) -> list[BaseMessage]:
    """Results for tool calls that a stopped task left without one: models refuse a history that lacks them."""
    messages = values.get("messages", []) if isinstance(values, Mapping) else []
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    return [
        ToolMessage(STOPPED, tool_call_id=call["id"], name=call["name"], status="error")
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]


def _answer(values: Any) -> str:
    """The answer of a graph that said none: a field that is called so, or its state."""
    found = values if isinstance(values, Mapping) else {}
    for message in reversed(found.get("messages") or []):
        if isinstance(message, AIMessage) and message.text:
            return str(message.text)
    for name in ("answer", "output", "result", "response"):
        if isinstance(found.get(name), str):
            return str(found[name])
    return shown(plain({name: value for name, value in found.items() if name != "messages"})) if found else ""
