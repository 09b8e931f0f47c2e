"""An agent of your own: it counts to the number in the prompt, slowly, and fails when there is none.

    pip install .
    python examples/agent.py

and in another terminal:

    puntini chat "count to 20"

It is the whole server, and takes the same settings (PUNTINI_PORT=9000, …). Under another ASGI server, serve
``puntini.app.create_app(settings, agents=[Counter()])``.

Kill the server in the middle and start it again: the agent goes on with the next number. Pausing and stopping work as
they do for every agent; all it does for that is to await ``task.point()``.
"""

import os
import re
import sys
from pathlib import Path

import anyio

from puntini.agent.contract import Task
from puntini.protocol.events import Step, StepData, TaskData, TaskProgress
from puntini.server import run
from puntini.settings import load

SECONDS = 0.1


class Counter:
    """Says a step for each number."""

    name = "counter"

    async def run(self, task: Task) -> str:
        """Count. What is returned is the answer; an exception fails the task with its text."""
        numbers = re.findall(r"\d+", task.prompt)
        if not numbers:
            raise ValueError("there is no number in the prompt to count to")
        last = int(numbers[-1])
        # `spoken` is 0, or how many events the log holds of an earlier attempt: here, how many numbers were said.
        for number in range(task.spoken + 1, last + 1):
            await task.point()
            await anyio.sleep(SECONDS)  # a model or a tool would be asked here
            task.emit(
                Step(data=StepData(step_number=number, name=f"say {number}", success=True, duration_seconds=SECONDS))
            )
            # Progress is for those who look on; it does not count as spoken.
            task.emit(
                TaskProgress(data=TaskData(status="running", progress=number / last, detail=f"{number} of {last}"))
            )
        return f"I counted to {last}."


if __name__ == "__main__":
    sys.exit(run(load({"agent": "counter"}, os.environ, Path.cwd()), agents=[Counter()]))
