"""The inbox: messages to this node's jobs, from whichever node they were sent."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import assert_never

import msgspec
from anyio.abc import TaskGroup
from msgspec import Struct

from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.shared.wakes import Wakes
from puntini.errors import PuntiniError, StoreUnavailable
from puntini.log.contract import Once, Written
from puntini.log.queue import ORDERS_SECONDS, Message, Queue, Verb
from puntini.protocol.events import UserPrompt

RESUMED, LEAVING, NOT_PAUSED = b"resumed", b"leaving", b"not paused"


class Said(Struct, frozen=True):
    """What a message tells a job."""

    event: UserPrompt
    once: Once | None


class Heard(Struct, frozen=True):
    """What came of it; nothing written when nobody would hear it. ``error`` says why it is not known."""

    written: Written | None = None
    error: str = ""


said, heard = msgspec.json.Decoder(Said).decode, msgspec.json.Decoder(Heard).decode


class Inbox:
    """Gives messages to jobs."""

    def __init__(self, queue: Queue, jobs: Jobs, wakes: Wakes, tasks: TaskGroup) -> None:
        self._queue = queue
        self._jobs = jobs
        self._wakes = wakes
        self._group = tasks
        self._orders: defaultdict[Job, dict[int, Verb]] = defaultdict(dict)
        """The pauses and stops that a job was given: they are read again and again, and given once."""

    async def receive(self) -> None:
        """Look when called, and every now and then besides. Runs until cancelled."""
        while True:
            await self._wakes.orders.wait(ORDERS_SECONDS)
            if jobs := list(self._jobs):
                with suppress(StoreUnavailable):  # next time
                    await self.look(jobs)

    async def look(self, jobs: Sequence[Job]) -> None:
        """Give jobs what has come for them. Raises StoreUnavailable."""
        by_task = {job.task_id: job for job in jobs}
        for message in await self._queue.receive(list(by_task)):
            job = by_task[message.task_id]
            if message.number not in self._orders.get(job, ()):
                await self._give(job, message)

    async def _give(self, job: Job, message: Message) -> None:
        match message.verb:
            case "stop":
                self._orders[job][message.number] = "stop"
                job.stop()
            case "pause":
                self._orders[job][message.number] = "pause"
                job.order = "pause"
            case "resume":
                await self._resume(job, message)
            case "tell":
                self._group.start_soon(self._tell, job, message)
            case _:
                assert_never(message.verb)

    async def _resume(self, job: Job, message: Message) -> None:
        if job.order != "pause":
            await self._queue.answer(message.number, NOT_PAUSED)
        elif job.interrupted:
            await self._queue.answer(message.number, LEAVING)
        else:
            job.order = None
            await self._queue.discard([number for number, verb in self._orders[job].items() if verb == "pause"])
            await self._queue.answer(message.number, RESUMED)

    async def _tell(self, job: Job, message: Message) -> None:
        try:
            what = said(message.body)
            told = Heard(await job.attention.tell(job.row, what.event, what.once) if job.hears else None)
        except PuntiniError as error:
            told = Heard(error=error.message)
        except msgspec.DecodeError:
            told = Heard(
                error="The worker that runs the task is of another version; say it again when all are renewed."
            )
        with suppress(StoreUnavailable):  # who asks is told that it is not known
            await self._queue.answer(message.number, msgspec.json.encode(told))

    def left(self, job: Job) -> None:
        """A job has left: what it was told to do is done, or is for the next attempt."""
        orders = list(self._orders.pop(job, ()))
        if orders and (job.row.ended or job.row.status == "paused"):
            self._group.start_soon(self._discard, orders)

    async def _discard(self, orders: Sequence[int]) -> None:
        with suppress(StoreUnavailable):  # they are out of date all the same
            await self._queue.discard(orders)
