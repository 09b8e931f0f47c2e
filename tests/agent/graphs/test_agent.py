"""LangGraph graphs as agents: what is told of them, and that they go on where they were."""

import asyncio
import random
from typing import Annotated, Any, TypedDict

import anyio
import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send, StreamWriter, interrupt

from puntini.agent import emit
from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from puntini.protocol.events import (
    ApprovalRequest,
    AssistantResponse,
    Debug,
    LoggedEvent,
    Reasoning,
    StateUpdate,
    Step,
    TaskCompleted,
    TaskFailed,
    TaskRetracted,
    ToolCall,
    UserPromptData,
)
from puntini.protocol.events import UserPrompt as UserPromptEvent
from tests.agent.graphs.making import Counted, chain
from tests.agent.stage import Stage, stage, until

pytestmark = pytest.mark.anyio


def talker(*answers: str) -> GraphAgent:
    """A graph that answers with these words, streamed."""
    model = GenericFakeChatModel(messages=iter([AIMessage(answer) for answer in answers]))

    async def talk(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("talk", talk)
    graph.add_edge(START, "talk")
    return GraphAgent("talker", graph.compile())


def standing(events: list[LoggedEvent]) -> list[LoggedEvent]:
    """The events that were not retracted. In these tests an event's place in the log is its seq less one."""
    void: set[int] = set()
    for event in events:
        if isinstance(event, TaskRetracted):
            first, last = (int(at.partition(".")[2]) for at in (event.data.from_id, event.data.to_id))
            void |= set(range(first, last + 1))
    return [event for seq, event in enumerate(events, 1) if seq not in void]


# What is told.


async def test_a_streamed_answer_comes_in_pieces_and_whole(store: Store) -> None:
    async with stage(store, talker("Hello to all of you.")) as life:
        task = await life.task("Say hello.")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    answers = [event.data for event in said if isinstance(event, AssistantResponse)]
    pieces, whole = answers[:-1], answers[-1]
    assert len(pieces) > 3
    assert all(piece.chunk for piece in pieces)
    assert "".join(piece.text for piece in pieces) == whole.text == "Hello to all of you."
    assert [piece.offset for piece in pieces] == [
        sum(len(before.text) for before in pieces[:at]) for at in range(len(pieces))
    ]
    assert {answer.message_id for answer in answers} == {whole.message_id}
    steps = [event.data for event in said if isinstance(event, Step)]
    assert [(step.step_number, step.name, step.success) for step in steps] == [(1, "talk", True)]
    assert isinstance(said[-1], TaskCompleted)
    assert said[-1].data.final_answer == "Hello to all of you."


async def test_a_conversation_goes_on_from_task_to_task(store: Store) -> None:
    heard: list[list[str]] = []

    async def listen(state: MessagesState) -> dict[str, Any]:
        heard.append([str(message.content) for message in state["messages"]])
        return {"messages": [AIMessage(f"That was {len(state['messages'])}.")]}

    async with stage(store, chain(listen, state=MessagesState)) as life:
        session = await life.session()
        for text in ("one", "two"):
            assert await life.ended(await life.prompt(session, text)) == "completed"

    assert heard == [["one"], ["one", "That was 1.", "two"]]


async def test_tool_calls_begin_and_end(store: Store) -> None:
    async def ask(_state: MessagesState) -> dict[str, Any]:
        calls = [{"name": "add", "args": {"a": 1}, "id": "c1"}, {"name": "fail", "args": {}, "id": "c2"}]
        return {"messages": [AIMessage("", tool_calls=calls)]}

    async def work(_state: MessagesState) -> dict[str, Any]:
        return {
            "messages": [
                ToolMessage("3", tool_call_id="c1", name="add"),
                ToolMessage("It broke.", tool_call_id="c2", name="fail", status="error"),
            ]
        }

    async with stage(store, chain(ask, work, state=MessagesState)) as life:
        task = await life.task("Add.")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    calls = [event.data for event in said if isinstance(event, ToolCall)]
    assert [(call.call_id, call.tool_name, call.status) for call in calls] == [
        ("c1", "add", "started"),
        ("c2", "fail", "started"),
        ("c1", "add", "succeeded"),
        ("c2", "fail", "failed"),
    ]
    assert (calls[2].parameters, calls[2].result, calls[3].error) == ({"a": 1}, "3", "It broke.")
    steps = [event.data for event in said if isinstance(event, Step)]
    assert [(tool.tool_name, tool.success) for tool in steps[-1].tool_calls] == [("add", True), ("fail", False)]


async def test_thoughts_are_told_apart_from_words(store: Store) -> None:
    async def think(_state: MessagesState) -> dict[str, Any]:
        content = [{"type": "thinking", "thinking": "Two."}, {"type": "text", "text": "2"}]
        return {"messages": [AIMessage(content, usage_metadata=USAGE)]}  # type: ignore[arg-type]

    async with stage(store, chain(think, state=MessagesState)) as life:
        task = await life.task("1 + 1?")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    assert [event.data.text for event in said if isinstance(event, Reasoning)] == ["Two."]
    assert isinstance(said[-1], TaskCompleted)
    assert (said[-1].data.final_answer, said[-1].data.usage.input_tokens, said[-1].data.usage.output_tokens) == (
        "2",
        5,
        7,
    )


USAGE = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}


async def test_custom_parts_are_events_or_shown_and_the_fast_lane_is_heard_from_threads(store: Store) -> None:
    async def speak(_state: Counted, writer: StreamWriter) -> dict[str, Any]:
        writer({"type": "reasoning", "data": {"text": "custom"}})
        writer({"any": "thing"})
        writer({"type": "task_completed", "data": {}})
        emit.reasoning("fast")
        return {}

    def sync(_state: Counted) -> dict[str, Any]:
        emit.debug("from a thread", n=1)
        return {"seen": [1]}

    async with stage(store, chain(speak, sync)) as life:
        task = await life.task("Speak.")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    assert {event.data.text for event in said if isinstance(event, Reasoning)} == {"custom", "fast"}
    messages = [(event.data.message, event.data.details) for event in said if isinstance(event, Debug)]
    assert ("custom", {"any": "thing"}) in messages
    assert ("from a thread", {"n": 1}) in messages
    patches = [event.data.patch for event in said if isinstance(event, StateUpdate) and event.data.patch]
    assert patches[-1] == [{"op": "replace", "path": "/seen", "value": [1]}]


async def test_a_subgraph_speaks_in_its_own_name(store: Store) -> None:
    inner = StateGraph(MessagesState)
    model = GenericFakeChatModel(messages=iter([AIMessage("I am inside.")]))

    async def talk(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    inner.add_node("talk", talk)
    inner.add_edge(START, "talk")
    outer = StateGraph(MessagesState)
    outer.add_node("helper", inner.compile())
    outer.add_edge(START, "helper")

    async with stage(store, GraphAgent("outer", outer.compile())) as life:
        task = await life.task("Where are you?")
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    assert {event.agent for event in said if isinstance(event, AssistantResponse) and event.data.chunk} == {"helper"}


async def test_errors_and_endless_loops_fail_the_task(store: Store) -> None:
    async def fail(_state: Counted) -> dict[str, Any]:
        raise ValueError("no such luck")

    loop = StateGraph(Counted)
    loop.add_node("turn", lambda _state: {"seen": [1]})
    loop.add_edge(START, "turn")
    loop.add_conditional_edges("turn", lambda _state: "turn")
    shapeless: StateGraph[Any] = StateGraph(dict)
    shapeless.add_node("turn", lambda _state: {})
    shapeless.add_edge(START, "turn")

    agents = [chain(fail), GraphAgent("loop", loop.compile()), GraphAgent("shapeless", shapeless.compile())]
    async with stage(store, *agents) as life:
        for name, words in (("chain", "no such luck"), ("loop", "larger max_steps"), ("shapeless", "prompt")):
            task = await life.task("Go.", agent=name)
            assert await life.ended(task) == "failed"
            end = (await life.said(task))[-1]
            assert isinstance(end, TaskFailed)
            assert words in end.data.error


# People.


def asker() -> GraphAgent:
    """A graph that asks twice at once, and answers with what was decided."""

    async def first(_state: Any) -> dict[str, Any]:
        return {"seen": [1 if interrupt("May I?") else 0]}

    async def second(_state: Any) -> dict[str, Any]:
        value = interrupt({"question": "How many?", "options": ["1", "2"], "expires_seconds": 3600})
        return {"seen": [int(value)]}

    graph: StateGraph[Any] = StateGraph(Counted)
    graph.add_node("first", first)  # type: ignore[arg-type]
    graph.add_node("second", second)  # type: ignore[arg-type]
    graph.add_edge(START, "first")
    graph.add_edge(START, "second")
    return GraphAgent("asker", graph.compile())


async def approvals(life: Stage, task: str) -> dict[str, str]:
    """What a task has asked: questions with their ids."""
    return {
        event.data.question: event.data.approval_id
        for event in await life.said(task)
        if isinstance(event, ApprovalRequest)
    }


async def test_interrupts_wait_for_people_also_through_a_crash(store: Store) -> None:
    async with stage(store, asker()) as life:
        task = await life.task("Ask.")
        row = await life.until(task, "waiting")
        asked = await approvals(life, task)
        assert set(asked) == {"May I?", "How many?"}
        await life.runner.decide(row.session_id, asked["How many?"], "answered", 2, "ann", None)
        await life.until(task, "waiting")

    async with stage(store, asker()) as life:
        await until(lambda: waits(life, task), "the task to wait again")
        assert len(await approvals(life, task)) == 2
        await life.runner.decide(row.session_id, asked["May I?"], "approved", None, "bob", None)
        assert await life.ended(task) == "completed"
        said = standing(await life.said_all(task))

    states = [event for event in said if isinstance(event, StateUpdate)]
    assert states[-1].data.snapshot or states[-1].data.patch
    assert isinstance(said[-1], TaskCompleted)
    assert '"seen":[1,2]' in said[-1].data.final_answer


async def waits(life: Stage, task: str) -> bool:
    """Whether a task waits and its attempt has left."""
    return (await life.row(task)).status == "waiting" and not life.runner.stats["running"]


@pytest.mark.parametrize("rest", ["waiting", "paused"])
async def test_a_task_that_rests_keeps_its_place_whatever_others_do(store: Store, rest: str) -> None:
    asked: list[str] = []
    paused = anyio.Event()

    async def ask(state: MessagesState) -> dict[str, Any]:
        words = str(state["messages"][-1].content)
        asked.append(words)
        if rest == "waiting" and words == "lamp":
            interrupt("Buy the lamp?")
        if rest == "paused":
            await paused.wait()
        return {"messages": [AIMessage(f"bought the {words}")]}

    async def pack(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"packed after {len(state['messages'])}")]}

    async with stage(store, chain(ask, pack, state=MessagesState)) as life:
        session = await life.session()
        lamp = await life.prompt(session, "lamp")
        if rest == "waiting":
            await until(lambda: waits(life, lamp), "the task to wait")
        else:
            await until(lambda: asyncio.sleep(0, asked), "the first node")
            await life.control(lamp, "pause")
            paused.set()
            await life.until(lamp, "paused")
        assert await life.ended(await life.prompt(session, "desk")) == "completed"
        if rest == "waiting":
            [approval] = (await approvals(life, lamp)).values()
            await life.runner.decide(session, approval, "approved", None, "ann", None)
        else:
            await life.control(lamp, "resume")
        assert await life.ended(lamp) == "completed"
        end = (await life.said(lamp))[-1]
        attempts = (await life.row(lamp)).attempt

    assert attempts == 2
    assert isinstance(end, TaskCompleted)
    assert end.data.final_answer == "packed after 2"
    assert asked.count("lamp") == (2 if rest == "waiting" else 1)


async def test_an_approval_that_nobody_decides_expires(store: Store) -> None:
    async def ask(_state: Counted) -> dict[str, Any]:
        return {"seen": [int(interrupt({"question": "Well?", "expires_seconds": 0.05}))]}

    async with stage(store, chain(ask)) as life:
        task = await life.task("Ask.")
        assert await life.ended(task) == "completed"
        kinds = await life.kinds(task)

    assert kinds.count("approval_resolved") == 1


async def test_a_task_that_waits_can_be_stopped(store: Store) -> None:
    async with stage(store, asker()) as life:
        task = await life.task("Ask.")
        await until(lambda: waits(life, task), "the task to wait")
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"


async def test_threads_of_tasks_that_were_stopped_as_they_waited_do_not_pile_up(store: Store) -> None:
    async with stage(store, asker()) as life:
        session = await life.session()
        tasks: list[str] = []
        for _ in range(4):
            for _ in range(2):
                tasks.append(await life.prompt(session, "Go."))
                await life.until(tasks[-1], "waiting")
            for task in tasks[-2:]:
                await life.control(task, "stop")
        left = {key.partition("\n")[0] for key, _ in await store.kept_all(session, "checkpoint")}
    # That of the last task, where the next one begins, and the one before it, which it finds when it does.
    assert left == {f"{session}/asker/{name}" for name in tasks[-2:]}


async def test_what_people_say_while_it_runs_is_heard(store: Store) -> None:
    heard: list[str] = []
    began = anyio.Event()

    class Listener:
        name = "listener"

        async def run(self, task: Any) -> str:
            began.set()
            while not heard:
                await task.point()
                heard.extend(item.data.prompt for item in await task.heard(0))
                await asyncio.sleep(0)
            return "heard"

    async with stage(store, Listener()) as life:
        task = await life.task("Listen.")
        await began.wait()
        row = await life.row(task)
        said = UserPromptData(message_id="m2", prompt="Faster!", user_id="ann")
        await life.runner.steer(row.session_id, UserPromptEvent(data=said, timestamp=""), None)
        assert await life.ended(task) == "completed"

    assert heard == ["Faster!"]


# Going on.


def worker(done: list[int], pace: float = 0.0, count: int = 12) -> GraphAgent:
    """A graph of ``count`` steps, each with two words and an effect that is noted in ``done``."""

    async def work(state: Counted) -> dict[str, Any]:
        number = len(state.get("seen", [])) + 1
        emit.reasoning(f"first {number}")
        await asyncio.sleep(pace)
        done.append(number)
        emit.reasoning(f"second {number}")
        return {"seen": [number]}

    graph = StateGraph(Counted)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_conditional_edges("work", lambda state: "work" if len(state["seen"]) < count else END)
    return GraphAgent("worker", graph.compile())


def thoughts(events: list[LoggedEvent]) -> list[str]:
    """What was thought and still stands."""
    return [event.data.text for event in standing(events) if isinstance(event, Reasoning)]


EXPECTED = [f"{word} {number}" for number in range(1, 13) for word in ("first", "second")]


async def saved(life: Stage, task: str, before: int) -> int:
    """Wait until a task has saved more than before, so that it does not seem to die at one place; returns how much."""

    async def more() -> int | None:
        row = await life.row(task)
        return row.safe_seq if row.safe_seq > before or row.ended else None

    return await until(more, "a save")


@pytest.mark.parametrize("seed", range(6))
async def test_crashes_repeat_nothing_that_was_saved(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    done: list[int] = []
    task = ""
    safe = 0
    for _ in range(4):
        async with stage(store, worker(done, 0.001)) as life:
            task = task or await life.task("Work.")
            safe = await saved(life, task, safe)
            await anyio.sleep(chance.uniform(0, 0.003))
    async with stage(store, worker(done)) as life:
        assert await life.ended(task) == "completed"
        events = await life.said_all(task)

    assert thoughts(events) == EXPECTED
    assert sorted(set(done)) == list(range(1, 13))
    assert len(done) <= 12 + 4, "at most the step that was cut short is done again"
    assert [event.data.step_number for event in standing(events) if isinstance(event, Step)] == list(range(1, 13))


async def test_of_a_thread_only_the_newest_checkpoint_is_kept(store: Store) -> None:
    async with stage(store, worker([])) as life:
        session = await life.session()
        for _ in range(2):
            assert await life.ended(await life.prompt(session, "Work.")) == "completed"

    assert len(await store.kept_all(session, "checkpoint")) == 1
    assert len(await store.kept_all(session, "write")) <= 2
    assert len(await store.kept_all(session, "channel")) <= 8


async def test_a_pause_comes_between_steps_and_repeats_nothing(store: Store) -> None:
    done: list[int] = []
    async with stage(store, worker(done, 0.002)) as life:
        task = await life.task("Work.")
        await until(lambda: asyncio.sleep(0, len(done) > 2), "some steps")
        await life.control(task, "pause")
        await life.until(task, "paused")
        before = len(done)
        await life.control(task, "resume")
        assert await life.ended(task) == "completed"
        events = await life.said_all(task)

    assert before < 12
    assert done == list(range(1, 13))
    assert thoughts(events) == EXPECTED
    assert not any(isinstance(event, TaskRetracted) for event in events)


async def test_nodes_side_by_side_are_told_whole_after_a_crash(store: Store) -> None:
    ran: list[str] = []
    stuck = True

    async def branch(state: Any) -> dict[str, Any]:
        name = state["name"]
        emit.reasoning(f"{name} begins")
        while stuck and name == "slow":
            await asyncio.sleep(0.001)
        ran.append(name)
        emit.reasoning(f"{name} ends")
        return {"seen": [1]}

    graph: StateGraph[Any] = StateGraph(Counted)
    graph.add_node("branch", branch)
    graph.add_conditional_edges(START, lambda _: [Send("branch", {"name": name}) for name in ("fast", "slow")])
    agent = GraphAgent("wide", graph.compile())
    async with stage(store, agent) as life:
        task = await life.task("Go.")
        await until(lambda: asyncio.sleep(0, "fast" in ran), "the fast branch")
        await anyio.sleep(0.02)
    stuck = False
    async with stage(store, agent) as life:
        assert await life.ended(task) == "completed"
        events = await life.said_all(task)

    assert sorted(thoughts(events)) == ["fast begins", "fast ends", "slow begins", "slow ends"]


async def test_three_crashes_at_one_place_are_enough(store: Store) -> None:
    begun: list[int] = []

    async def stick(_state: Counted) -> dict[str, Any]:
        begun.append(1)
        await asyncio.sleep(60)
        return {}

    task = ""
    for attempt in range(1, 4):
        async with stage(store, chain(stick)) as life:
            task = task or await life.task("Stick.")
            await until(lambda attempt=attempt: asyncio.sleep(0, len(begun) == attempt), "the node to begin")  # type: ignore[misc]
    async with stage(store, chain(stick)) as life:
        assert await life.ended(task) == "failed"
        end = (await life.said(task))[-1]

    assert isinstance(end, TaskFailed)
    assert "3 times" in end.data.error


async def test_a_stopped_tool_call_does_not_spoil_the_conversation(store: Store) -> None:
    histories: list[list[AnyMessage]] = []

    class State(TypedDict):
        messages: Annotated[list[AnyMessage], add_messages]

    async def ask(state: State) -> dict[str, Any]:
        histories.append(list(state["messages"]))
        if len(histories) > 1:
            return {"messages": [AIMessage("fine")]}
        return {"messages": [AIMessage("", tool_calls=[{"name": "slow", "args": {}, "id": "c1"}])]}

    async def work(_state: State) -> dict[str, Any]:
        if len(histories) == 1:
            await asyncio.sleep(60)
        return {}

    async with stage(store, chain(ask, work, state=State)) as life:
        session = await life.session()
        task = await life.prompt(session, "Begin.")

        async def called() -> bool:
            return "tool_call" in await life.kinds(task)

        await until(called, "the tool call")
        await life.control(task, "stop")
        assert await life.ended(task) == "cancelled"
        assert await life.ended(await life.prompt(session, "And now?")) == "completed"

    assert [message.type for message in histories[1]] == ["human", "ai", "tool", "human"]
