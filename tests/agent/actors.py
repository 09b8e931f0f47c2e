"""Agents for tests: each does one thing that an agent may do."""

import anyio

from puntini.agent.contract import Approval, Task
from puntini.protocol.events import Debug, DebugData, Reasoning, ReasoningData


def line(text: str) -> Debug:
    """Something to say."""
    return Debug(data=DebugData(message=text))


class Patient:
    """Says one line, then waits at safe points until it may finish."""

    name = "patient"

    def __init__(self) -> None:
        self.may_finish = anyio.Event()
        self.started: list[str] = []
        self.present: set[str] = set()
        self.most_present = 0

    async def run(self, task: Task) -> str:
        """Wait."""
        self.started.append(task.task_id)
        self.present.add(task.task_id)
        self.most_present = max(self.most_present, len(self.present))
        try:
            task.emit(line("I am here."))
            while not self.may_finish.is_set():
                await task.point()
                await anyio.sleep(0.001)
        finally:
            self.present.discard(task.task_id)
        return "I was patient."


class Tidy:
    """Waits at safe points; the first of its attempts to be interrupted tidies up for as long as it is left to."""

    name = "tidy"

    def __init__(self) -> None:
        self.here = anyio.Event()
        self.tidying = anyio.Event()
        self.may_leave = anyio.Event()

    async def run(self, task: Task) -> str:
        """Wait, and tidy up; another attempt has nothing more to do."""
        if task.spoken:
            return "I am tidy."
        task.emit(line("I am here."))
        try:
            while True:
                await task.point()
                self.here.set()
                await anyio.sleep(0.001)
        finally:
            self.tidying.set()
            await self.may_leave.wait()


class Stepper:
    """Says numbered thoughts, as far as it is ``allowed`` to, and goes on where the log left off."""

    name = "stepper"

    def __init__(self, count: int, *, allowed: int = 0) -> None:
        self.count = count
        self.allowed = allowed

    def go(self) -> None:
        """Allow everything."""
        self.allowed = self.count

    async def run(self, task: Task) -> str:
        """Say one after the other."""
        for number in range(task.spoken + 1, self.count + 1):
            await task.point()
            while number > self.allowed:
                await anyio.sleep(0.001)
                await task.point()
            task.emit(Reasoning(data=ReasoningData(text=f"Thought {number}.")))
        return "That was all."


class Deaf:
    """Never comes to a safe point."""

    name = "deaf"

    def __init__(self) -> None:
        self.here = anyio.Event()
        self.left = anyio.Event()

    async def run(self, task: Task) -> str:
        """Wait for ever."""
        self.here.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.left.set()
        return "never"


class Listener:
    """Hears what is said to it until it may finish, and asks once more before it does."""

    name = "listener"

    def __init__(self) -> None:
        self.may_finish = anyio.Event()
        self.heard: list[str] = []

    async def run(self, task: Task) -> str:
        """Listen."""
        after = 0
        while True:
            await task.point()
            last = self.may_finish.is_set()
            found = await task.heard(after, last=last)
            for item in found:
                self.heard.append(item.data.prompt)
                after = item.seq
            if last and not found:
                return "I heard it all."
            await anyio.sleep(0.001)


class Asker:
    """Asks whether it may, and waits for the answer."""

    name = "asker"

    def __init__(self, approval: Approval | None = None) -> None:
        self.approval = approval or Approval(key="may", question="May I?")

    async def run(self, task: Task) -> str:
        """Ask."""
        await task.rewind()
        if await task.ask(self.approval) is None:
            task.wait()
        return "I did."


class Broken:
    """Says one line and raises what it was given."""

    name = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def run(self, task: Task) -> str:
        """Raise."""
        task.emit(line("This will end badly."))
        raise self.error


class Talker:
    """Says its lines in one breath, with no safe point between, and answers with the last."""

    name = "talker"

    def __init__(self, count: int) -> None:
        self.count = count

    async def run(self, task: Task) -> str:
        """Talk."""
        for number in range(self.count):
            task.emit(line(f"line {number}"))
        return f"line {self.count - 1}"


class Unspeakable:
    """Says what JSON has no word for."""

    name = "unspeakable"

    async def run(self, task: Task) -> str:
        """Try to say it."""
        task.emit(Debug(data=DebugData(message="odd", details={"it": object()})))
        return "said"


class Team:
    """Lets two child tasks talk in turn, each with its own safe points."""

    name = "team"

    async def run(self, task: Task) -> str:
        """Talk in two voices until told otherwise."""
        async with anyio.create_task_group() as voices:
            voices.start_soon(self._voice, task, "first")
            voices.start_soon(self._voice, task, "second")
        return "never"

    async def _voice(self, task: Task, name: str) -> None:
        while True:
            await task.point()
            task.emit(line(name))
            await anyio.sleep(0.001)


class Flood:
    """Talks as fast as it may, for ever, and counts."""

    name = "flood"

    def __init__(self) -> None:
        self.said = 0
        self.present: set[str] = set()

    async def run(self, task: Task) -> str:
        """Flood."""
        self.present.add(task.task_id)
        try:
            while True:
                await task.point()
                task.emit(line("more"))
                self.said += 1
        finally:
            self.present.discard(task.task_id)
