"""A task at work, in few words, and a fold of what it said."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    ApprovalRequest,
    ApprovalRequestData,
    ApprovalResolved,
    ApprovalResolvedData,
    Envelope,
    MemorySummary,
    MemorySummaryData,
    PlanUpdate,
    PlanUpdateData,
    Reasoning,
    ReasoningData,
    Step,
    StepData,
    TaskRetracted,
    TaskRetractedData,
    ToolCall,
    ToolCallData,
)
from puntini.views.work import WorkView
from tests.views import said

Numbered = Sequence[tuple[int, Entry]]


def step(number: int, *, task: str = "t1", at: str = "", seconds: float = 0.0, name: str = "Look") -> Step:
    data = StepData(step_number=number, name=name, success=True, duration_seconds=seconds)
    return Step(task_id=task, timestamp=at, data=data)


def call(call_id: str, status: Any = "succeeded", *, task: str = "t1", at: str = "", **fields: Any) -> ToolCall:
    data = ToolCallData(call_id=call_id, tool_name="draw", status=status, **fields)
    return ToolCall(task_id=task, timestamp=at, data=data)


def plan(*steps: str, reflection: str = "", task: str = "t1", at: str = "") -> PlanUpdate:
    data = PlanUpdateData(current_plan=list(steps), last_reflection=reflection)
    return PlanUpdate(task_id=task, timestamp=at, data=data)


def thought(text: str = "", *steps: str, task: str = "t1", **fields: Any) -> Reasoning:
    return Reasoning(task_id=task, data=ReasoningData(text=text, steps=list(steps), **fields))


def summed(text: str, *, task: str = "t1", at: str = "") -> MemorySummary:
    return MemorySummary(task_id=task, timestamp=at, data=MemorySummaryData(summary=text))


def request(approval_id: str, *, task: str = "t1") -> ApprovalRequest:
    data = ApprovalRequestData(approval_id=approval_id, question="May I?", options=["yes", "no"])
    return ApprovalRequest(task_id=task, data=data)


def decision(approval_id: str, *, task: str = "t1") -> ApprovalResolved:
    return ApprovalResolved(
        task_id=task, data=ApprovalResolvedData(approval_id=approval_id, decision="approved", by="ann")
    )


def took_back(first: int, last: int, *, task: str = "t1") -> TaskRetracted:
    return TaskRetracted(task_id=task, data=TaskRetractedData(attempt=1, from_id=f"e.{first}", to_id=f"e.{last}"))


def numbered(events: Iterable[Envelope], after: int = 0) -> list[tuple[int, Entry]]:
    """The events as a log holds them."""
    return [(seq, entry_of(event)) for seq, event in enumerate(events, after + 1)]


def worked(entries: Numbered, view: WorkView | None = None) -> WorkView:
    """The view of task ``t1`` after all of these, of which ``view`` has taken in the first already."""
    view = view or WorkView("t1")
    for seq, entry in entries:
        if seq > view.seq:
            view.take(seq, entry)
    return worked(entries, view.anew()) if view.overtaken else view


def shown(view: WorkView) -> Any:
    """All that can be seen of a view."""
    whole = [
        list(view.steps),
        list(view.calls),
        list(view.summaries),
        list(view.approvals),
        view.plan,
        view.messages(),
        view.message_count,
        view.reasoning(1_000),
        view.status,
        view.end,
        view.complete,
    ]
    return msgspec.json.decode(msgspec.json.encode(whole))


names = st.sampled_from("abc")
tasks = st.sampled_from(["t1", "t1", "t1", "t2"])
texts = st.text("aé😀", max_size=4)
offsets = st.integers(0, 6)

words: SearchStrategy[Envelope] = st.one_of(
    st.builds(said.piece, names, texts, offsets, task=tasks),
    st.builds(said.whole, names, texts, task=tasks),
    st.builds(thought, texts, task=tasks, message_id=st.just("") | names, chunk=st.booleans(), offset=offsets),
    st.builds(step, st.integers(1, 9), task=tasks),
    st.builds(call, names, st.sampled_from(["started", "succeeded", "failed"]), task=tasks, result=texts),
    st.builds(lambda a, task: call(a, "started", task=task, parameters={"a": 1}), names, tasks),
    st.builds(plan, texts, reflection=texts, task=tasks),
    st.builds(summed, texts, task=tasks),
    st.builds(request, names, task=tasks),
)
"""What an agent says."""
standing: SearchStrategy[Envelope] = st.one_of(
    st.builds(said.asked, names, texts, task=tasks),
    st.builds(decision, names, task=tasks),
    st.builds(said.progressed, tasks),
    st.builds(said.ended, tasks),
)
"""What no retraction takes back, or is none of the view's concern."""


@st.composite
def lives(draw: Any) -> list[tuple[int, Entry]]:
    """What is said in a session in which tasks work, and take back some of what they said before."""
    events: list[Envelope] = []
    for event in draw(st.lists(words | words | standing | st.none(), max_size=25)):
        if event is None:
            first = draw(st.integers(0, len(events)))
            event = took_back(first, draw(st.integers(0, len(events))), task=draw(tasks))
        events.append(event)
    return numbered(events)
