"""Approvals: what people are asked, what they decide, and when it is too late.

An open approval is kept beside the log in the transaction that asks, a decision in the one that tells it. So both
survive whatever becomes of the task and its server, and nothing has to be held while a person thinks.
"""

import asyncio
import hashlib
import heapq
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakValueDictionary

import anyio
import msgspec
import structlog
from msgspec import Struct

from puntini.agent.contract import YES_OR_NO, Approval, Decision
from puntini.errors import Conflict, Invalid, KeptAlready, NotFound, PuntiniError, StaleAttempt
from puntini.log.contract import Append, Fence, Kept, Once, Store, TaskRow, Written
from puntini.log.mint import now_ms, timestamp
from puntini.protocol.entries import entry_of
from puntini.protocol.events import ApprovalRequest, ApprovalRequestData, ApprovalResolved, ApprovalResolvedData

ASKED, DECIDED = "approval", "decision"
DECIDED_ALREADY = "That approval is decided already."
RETRY_SECONDS = 1.0
MOST_SECONDS = 366 * 86_400
log = structlog.get_logger("puntini.agent")


class Asked(Struct, frozen=True):
    """An approval that somebody has to decide on. ``expires_at`` is in ms, 0 for never.

    ``options`` are all that may be answered; any words may where there are none.
    """

    task_id: str
    expires_at: int
    options: tuple[str, ...] = ()

    def check(self, decision: Decision) -> None:
        """Raises Invalid for an answer that was not offered."""
        if decision.decision == "answered" and self.options and shown(decision.value) not in self.options:
            raise Invalid(f"data.value: answer with {' or '.join(self.options)}.", path="data.value")


_asked = msgspec.json.Decoder(Asked).decode
_decided = msgspec.json.Decoder(Decision).decode
_encode = msgspec.json.Encoder().encode


def approval_id(task_id: str, key: str) -> str:
    """The same for every attempt at a task."""
    return f"apr_{hashlib.sha256(f'{task_id} {key}'.encode()).hexdigest()[:20]}"


def request(row: TaskRow, approval: Approval) -> tuple[ApprovalRequest, Kept, int]:
    """What is said when something is asked, what is kept of it, and when it expires (ms). Raises Invalid."""
    name = approval_id(row.task_id, approval.key)
    expires_at = _expiry(approval.expires_seconds)
    data = ApprovalRequestData(
        approval_id=name,
        question=approval.question,
        options=list(approval.options),
        tool_name=approval.tool_name,
        parameters=approval.parameters,
        response_schema=approval.response_schema,
        expires_at=timestamp(expires_at) if expires_at else "",
    )
    return (
        ApprovalRequest(data=data),
        Kept(row.session_id, ASKED, name, _encode(Asked(row.task_id, expires_at, _fixed(approval)))),
        expires_at,
    )


def _fixed(approval: Approval) -> tuple[str, ...]:
    """The answers that there are. To a question that is only to be approved, a reason may be one too."""
    return () if approval.response_schema or approval.options == YES_OR_NO else approval.options


def _expiry(seconds: float) -> int:
    if not 0 <= seconds <= MOST_SECONDS:
        raise Invalid(
            f"expires_seconds: give at most {MOST_SECONDS}, which is a year, or 0 for never, not {seconds:g}.",
            path="expires_seconds",
        )
    return now_ms() + int(seconds * 1000) if seconds else 0


class Approvals:
    """Takes decisions. ``go_on`` is told of each task for which there is one."""

    def __init__(self, store: Store, go_on: Callable[[str], None]) -> None:
        self._store = store
        self._go_on = go_on
        self._due: list[tuple[int, str, str]] = []
        self._earlier = anyio.Event()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def decision(self, session_id: str, name: str) -> Decision | None:
        """What was decided."""
        body = await self._store.kept(session_id, DECIDED, name)
        return None if body is None else _decided(body)

    async def asked(self, session_id: str, name: str) -> bool:
        """Whether it was asked before."""
        return await self._store.kept(session_id, ASKED, name) is not None

    async def unseen(self, row: TaskRow) -> frozenset[str]:
        """The decisions that a task has not taken in."""
        names = [name for name, body in await self._store.kept_all(row.session_id, ASKED) if _of(body, row)]
        return frozenset([name for name in names if await self.decision(row.session_id, name)])

    def seen(self, row: TaskRow, name: str) -> Kept:
        """What to keep once the task has taken a decision in: the question is settled."""
        return Kept(row.session_id, ASKED, name, None)

    async def decide(self, session_id: str, name: str, decision: Decision, once: Once | None = None) -> Written:
        """Write a decision down and let the task go on. Raises NotFound, Invalid, or Conflict when it is too late."""
        _check_value(decision.value)
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            task_id, written = await self._decide(session_id, name, decision, once)
        self._go_on(task_id)
        return written

    async def _decide(self, session_id: str, name: str, decision: Decision, once: Once | None) -> tuple[str, Written]:
        while True:
            task = await self._open(session_id, name, decision)
            try:
                return task.task_id, await self._write(task, name, decision, once)
            except StaleAttempt:
                continue  # it ended, or was taken up again, in this moment

    async def _write(self, task: TaskRow, name: str, decision: Decision, once: Once | None) -> Written:
        data = ApprovalResolvedData(approval_id=name, decision=decision.decision, by=decision.by, value=decision.value)
        event = ApprovalResolved(
            data=data, task_id=task.task_id, attempt=task.attempt, agent=task.agent, timestamp=timestamp()
        )
        write = Append(
            session_id=task.session_id,
            entries=[entry_of(event)],
            kept=[Kept(task.session_id, DECIDED, name, _encode(decision), new=True)],
            fence=Fence(task.task_id, task.attempt),
            once=once,
            at=now_ms(),
        )
        with anyio.CancelScope(shield=True):
            try:
                written = await self._store.append(write)
            except KeptAlready:  # on another node, in this moment
                raise Conflict(DECIDED_ALREADY) from None
        return written

    async def _open(self, session_id: str, name: str, decision: Decision) -> TaskRow:
        body = await self._store.kept(session_id, ASKED, name)
        if await self._store.kept(session_id, DECIDED, name) is not None:
            raise Conflict(DECIDED_ALREADY)
        asked = _asked(body) if body is not None else None
        task = await self._store.task(asked.task_id) if asked else None
        if asked is None or task is None:
            raise NotFound("There is no open approval with that id.", path="data.approval_id")
        if task.ended:
            raise Conflict(f"The task is {task.status}; there is nothing left to approve.")
        asked.check(decision)
        return task

    # Expiry.

    def watch(self, session_id: str, name: str, expires_at: int) -> None:
        """Decide by itself when time runs out."""
        heapq.heappush(self._due, (expires_at, session_id, name))
        self._earlier.set()

    async def load(self, rows: Iterable[TaskRow]) -> None:
        """Watch what the open tasks of an earlier server asked."""
        for session_id in {row.session_id for row in rows}:
            for name, body in await self._store.kept_all(session_id, ASKED):
                if expires_at := _asked(body).expires_at:
                    self.watch(session_id, name, expires_at)

    async def expire(self) -> None:
        """Runs as long as the server does."""
        while True:
            self._earlier = anyio.Event()
            seconds = (self._due[0][0] - now_ms()) / 1000 if self._due else None
            if seconds is not None and seconds <= 0:
                _, session_id, name = heapq.heappop(self._due)
                if not await self.expired(session_id, name):
                    self.watch(session_id, name, now_ms() + int(RETRY_SECONDS * 1000))
                continue
            with anyio.move_on_after(seconds):
                await self._earlier.wait()

    async def expired(self, session_id: str, name: str) -> bool:
        """Time is over: decide so, unless somebody was faster. False when that is to be tried again."""
        try:
            await self.decide(session_id, name, Decision("expired", by="server"))
        except (NotFound, Conflict):
            return True  # decided, ended or deleted meanwhile
        except PuntiniError as error:
            log.warning("an approval expires later", approval_id=name, reason=error.message)
            return False
        return True


def _check_value(value: Any) -> None:
    """Raises Invalid for what a checkpoint can't hold."""
    try:
        msgspec.msgpack.encode(value)
    except OverflowError:
        raise Invalid("data.value: numbers have at most 64 bits; write it as a text.", path="data.value") from None


def _of(body: bytes, row: TaskRow) -> bool:
    return _asked(body).task_id == row.task_id


def shown(value: Any) -> str:
    """A value that was asked about, as a question for people."""
    return value if isinstance(value, str) else _encode(value).decode()
