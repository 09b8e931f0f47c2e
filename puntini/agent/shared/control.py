"""Orders to tasks of many nodes. To one that rests any node gives them; to one that runs they are sent.

What was sent is kept until it is done: whoever takes the task up after its worker's death hears it too.
"""

from collections.abc import Callable

import anyio
import msgspec

from puntini.agent import status
from puntini.agent.resting import again, change, unended
from puntini.agent.rota import BUSY, Action, check_waiting
from puntini.agent.shared.inbox import LEAVING, NOT_PAUSED, RESUMED, Said, heard
from puntini.agent.shared.wakes import Wakes
from puntini.agent.status import End
from puntini.errors import Conflict, StaleAttempt, Unavailable
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.log.queue import Queue, Verb
from puntini.protocol.events import UserPrompt

RECHECK_SECONDS = 0.05
ASK_SECONDS = 0.5
"""A worker that has not answered by then may have ended the task meanwhile: one looks at it before asking again."""
TELL_SECONDS = 2.0
STOP_SECONDS = 20.0
"""A task whose worker died with the order is taken up, and stopped, within this."""


class SharedControl:
    """Gives orders. ``accept`` is told of each task that waits for its turn again."""

    def __init__(
        self, store: Store, queue: Queue, wakes: Wakes, accept: Callable[[TaskRow], None], leave_seconds: float
    ) -> None:
        self._store = store
        self._queue = queue
        self._wakes = wakes
        self._accept = accept
        self._leave_seconds = leave_seconds

    async def give(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
        row = await unended(self._store, task_id, action)
        match action:
            case "stop":
                await self._stop(row)
            case "pause":
                await self._pause(row)
            case "resume":
                await self._resume(row)
        return row

    # A task is found wherever it is. One that ends by itself in this moment was faster.

    async def _stop(self, row: TaskRow) -> None:
        latest: TaskRow | None = row
        while latest is not None and not latest.ended:
            if latest.status == "running":
                await self._queue.send(latest.task_id, "stop")
                latest = await self._store.task(latest.task_id)
                if latest is not None and latest.status == "running":
                    return  # it was told before it came to rest, if it does: who runs it looks once more then
            else:
                latest = await self._changed(latest, status.ended(latest, End("cancelled")))

    async def _pause(self, row: TaskRow) -> None:
        latest: TaskRow | None = row
        while latest is not None and not latest.ended and latest.status != "paused":
            if latest.status == "running":
                number = await self._queue.send(latest.task_id, "pause")
                latest = await self._store.task(latest.task_id)
                if latest is not None and latest.status == "running":
                    return
                await self._queue.discard([number])  # it shall not strike what is resumed later
            else:
                latest = await self._changed(latest, status.paused(latest))

    async def _changed(self, row: TaskRow, made: status.Change) -> TaskRow | None:
        """Change a task that rests; returns its record, which is another than the change's if somebody was faster."""
        try:
            with anyio.CancelScope(shield=True):
                await change(self._store, row, made)
        except StaleAttempt:
            return await self._store.task(row.task_id)
        return made.row

    async def _resume(self, row: TaskRow) -> None:
        """Raises Conflict, or Unavailable when the agent takes long to come to rest."""
        until = anyio.current_time() + self._leave_seconds
        while True:
            before = await self._queue.pending(row.task_id)
            latest = await self._store.task(row.task_id)
            if latest is not None and latest.status == "paused":
                # Those that came before it was seen to rest have had their way. Who waits for an answer looks again.
                await self._queue.discard([each.number for each in before if each.verb == "pause"])
                for each in before:
                    if each.verb == "resume":
                        await self._queue.answer(each.number, LEAVING)
                await self._again(latest)
                return
            if latest is None or latest.status != "running" or all(each.verb != "pause" for each in before):
                raise Conflict("The task is not paused.")
            answer = await self._ask(row.task_id, "resume", min(ASK_SECONDS, until - anyio.current_time()))
            if answer == RESUMED:
                return
            if answer == NOT_PAUSED:
                raise Conflict("The task is not paused.")
            # It has no answer yet from a worker that has just died, or is about to rest.
            if anyio.current_time() >= until:
                raise Unavailable("The task is still coming to rest; resume it in a moment.")
            await self._wakes.news(RECHECK_SECONDS)

    async def _again(self, row: TaskRow) -> None:
        check_waiting((await self._queue.take(row.session_id, row.task_id, wanted=False)).waiting)
        try:
            with anyio.CancelScope(shield=True):
                # Once it is written it has to be run, also when the caller has left.
                self._accept(await again(self._store, row, ""))
        except StaleAttempt:
            raise Conflict("The task is not paused.") from None

    async def _ask(self, task_id: str, verb: Verb, seconds: float, body: bytes = b"") -> bytes | None:
        """Send a message and wait for its answer; None when nobody took it, or it was discarded, and nobody will.

        Raises Unavailable when it was taken and not answered.
        """
        number = await self._queue.send(task_id, verb, body)
        answer = await self._answer(number, seconds)
        if answer is None and not await self._queue.withdraw(number):
            answer = await self._answer(number, TELL_SECONDS)
            if answer is None:
                raise Unavailable("The worker that runs the task does not answer; look at the session what came of it.")
        return answer or None

    async def _answer(self, number: int, seconds: float) -> bytes | None:
        with anyio.move_on_after(max(0.0, seconds)):
            while (answer := await self._queue.answered(number)) is None:
                await self._wakes.news(RECHECK_SECONDS)
            return answer
        return None

    async def stop_session(self, session_id: str, *, resting: bool) -> None:
        """Stop what keeps a session busy, and wait until it has ended. Raises Unavailable."""
        told: set[str] = set()
        with anyio.move_on_after(STOP_SECONDS):
            while True:
                rows = await self._store.tasks(session_id=session_id, open_only=True)
                for row in rows:
                    if (resting or row.status in BUSY) and not (row.task_id in told and row.status == "running"):
                        told.add(row.task_id)
                        await self._stop(row)
                if not await self._queue.busy(session_id):
                    return
                await self._wakes.news(RECHECK_SECONDS)
        raise Unavailable("A task of this session has been told to stop and has not ended yet; try again in a moment.")

    async def tell(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to a task that runs elsewhere; None when none does that could hear it."""
        for row in await self._store.tasks(session_id=session_id, status="running"):
            body = msgspec.json.encode(Said(event, once))
            answer = await self._ask(row.task_id, "tell", TELL_SECONDS, body)
            if answer is None:
                return None
            found = heard(answer)
            if found.error:
                raise Unavailable(found.error)
            return found.written
        return None
