"""``/v1/tasks/{id}/…``: what a task came to, and what it did, planned and said on the way."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Raw, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.folds import Folds
from puntini.api.http import PAGED, Door, Json, Words, page_bounds, resource
from puntini.api.recall import Said, hits, query, said, summaries
from puntini.api.tasks import task_of
from puntini.auth.rights import VIEW_TASK
from puntini.log.contract import Store, TaskRow
from puntini.log.mint import timestamp
from puntini.protocol.events import ApprovalRequestData, StepTool, Usage
from puntini.views.work import Call, StepTaken, WorkView

REASONING_SHOWN = 65_536
RETRY_SECONDS = 1

T = TypeVar("T")


class Result(Struct, frozen=True):
    """What an ended task came to. Of an end that retention has removed only what the task's record says is left."""

    task_id: str
    success: bool
    status: str
    final_answer: str
    reasoning: str
    error: str
    usage: Usage
    duration_seconds: float
    complete: bool


class Pending(Struct, frozen=True):
    """A task that has not ended; ``approvals`` are what it waits for."""

    task_id: str
    status: str
    approvals: list[ApprovalRequestData]


class StepInfo(Struct, frozen=True):
    """A step that is done. ``id`` is the event that said so: the session's state and graph can be asked for at it."""

    id: str
    step_number: int
    name: str
    started_at: str
    duration_seconds: float
    success: bool
    tool_calls: list[StepTool]


class CallInfo(Struct, frozen=True):
    """A tool call; ``success`` is null until it has ended, and ``cut`` names values that are too large to be shown."""

    id: str
    tool_name: str
    parameters: Raw
    result: Raw
    success: bool | None
    status: str
    error: str
    timestamp: str
    duration_seconds: float | None
    cut: tuple[str, ...]


class Left(Struct, Generic[T], frozen=True):
    """A page. ``left_out`` counts older ones beyond what is kept; ``total`` does not, so that pages add up to it."""

    items: list[T]
    total: int
    left_out: int
    complete: bool


class PlanInfo(Struct, frozen=True):
    """The plan as it stands; ``updated_at`` is null where none was made."""

    current_plan: list[str]
    last_reflection: str
    updated_at: str | None
    complete: bool


class Memory(Struct, frozen=True):
    """A task's working memory, and what of it a query finds."""

    task_id: str
    working_messages: list[Said]
    summary: str
    total: int
    left_out: int
    complete: bool
    hits: list[Said]


class Work:
    """The routes."""

    def __init__(self, store: Store, folds: Folds) -> None:
        self._store = store
        self._folds = folds

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""

        one = "/v1/tasks/{task_id}"
        return [
            resource(f"{one}/result", get=Door(VIEW_TASK, self.result, gives=Result, answers={202: Pending})),
            resource(f"{one}/steps", get=Door(VIEW_TASK, self.steps, PAGED, gives=Left[StepInfo])),
            resource(f"{one}/plan", get=Door(VIEW_TASK, self.plan, gives=PlanInfo)),
            resource(f"{one}/tools", get=Door(VIEW_TASK, self.tools, PAGED, gives=Left[CallInfo])),
            resource(f"{one}/memory", get=Door(VIEW_TASK, self.memory, {**PAGED, "q": Words}, gives=Memory)),
        ]

    async def result(self, request: Request) -> Response:
        """How the task ended, or 202 as long as it has not."""
        row, view = await self._view(request)
        if row.ended or view.status is not None:
            return Json(_result(row, view))
        pending = Pending(row.task_id, row.status, view.open_approvals())
        return Json(pending, status_code=202, headers={"retry-after": str(RETRY_SECONDS)})

    async def steps(self, request: Request) -> Response:
        """The steps that are done, the first of them first."""
        limit, offset = page_bounds(request)
        _, view = await self._view(request)
        items = [_step(step, self._store.epoch) for step in view.steps.page(limit, offset)]
        return Json(Left(items, len(view.steps), view.steps.left_out, view.complete))

    async def plan(self, request: Request) -> Response:
        """The plan."""
        _, view = await self._view(request)
        plan = view.plan
        return Json(PlanInfo(plan.current_plan, plan.last_reflection, plan.updated_at or None, view.complete))

    async def tools(self, request: Request) -> Response:
        """The tool calls, in the order in which they began."""
        limit, offset = page_bounds(request)
        _, view = await self._view(request)
        items = [_call(call) for call in view.calls.page(limit, offset)]
        return Json(Left(items, len(view.calls), view.calls.left_out, view.complete))

    async def memory(self, request: Request) -> Response:
        """The newest ``limit`` messages but ``offset``, the oldest of them first, and the newest summary."""
        limit, offset = page_bounds(request)
        words = query(request)
        _, view = await self._view(request)
        messages = said(view)
        end = max(0, len(messages) - offset)
        memory = Memory(
            task_id=view.task_id,
            working_messages=messages[max(0, end - limit) : end],
            summary=view.summary,
            total=len(messages),
            left_out=view.message_count - len(messages),
            complete=view.complete,
            hits=await hits([*summaries(view), *messages], words),
        )
        return Json(memory)

    async def _view(self, request: Request) -> tuple[TaskRow, WorkView]:
        row = await task_of(self._store, request)
        return row, await self._folds.view(row)


def _result(row: TaskRow, view: WorkView) -> Result:
    status, end = view.status or row.status, view.end
    return Result(
        task_id=row.task_id,
        success=status == "completed",
        status=status,
        final_answer=end.final_answer if end else "",
        reasoning=view.reasoning(REASONING_SHOWN),
        error=end.error if end else "",
        usage=end.usage if end else Usage(),
        duration_seconds=end.duration_seconds if end else max(0, row.updated_at - row.created_at) / 1000,
        complete=view.complete,
    )


def _step(step: StepTaken, epoch: str) -> StepInfo:
    data = step.data
    return StepInfo(
        id=f"{epoch}.{step.seq}",
        step_number=data.step_number,
        name=data.name,
        started_at=_before(step.timestamp, data.duration_seconds),
        duration_seconds=data.duration_seconds,
        success=data.success,
        tool_calls=data.tool_calls,
    )


def _call(call: Call) -> CallInfo:
    data = call.data
    return CallInfo(
        id=data.call_id,
        tool_name=data.tool_name,
        parameters=data.parameters,
        result=data.result,
        success=None if data.status == "started" else data.status == "succeeded",
        status=data.status,
        error=data.error,
        timestamp=call.timestamp,
        duration_seconds=data.duration_seconds,
        cut=call.cut,
    )


def _before(at: str, seconds: float) -> str:
    """So long before a time; the time itself where that can't be told."""
    try:
        began = datetime.fromisoformat(at) - timedelta(seconds=max(0.0, seconds))
        return timestamp(max(0, round(began.timestamp() * 1000)))
    except (ValueError, OverflowError):  # a duration that no clock measured
        return at
