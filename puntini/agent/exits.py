"""Agents' code that calls ``sys.exit()``: in an asyncio task that ends the loop, and so the server for everybody."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from puntini.agent import emit


def contain_exits() -> None:
    """From now on, tasks that are begun on this loop while an agent runs, for it, fail where they would exit."""
    loop = asyncio.get_running_loop()
    if loop.get_task_factory() is None:
        loop.set_task_factory(_task)


def _task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    if emit.current.get(None) is None:
        return asyncio.Task(work, loop=loop, **options)
    task = asyncio.Task(_contained(work), loop=loop, **options)
    task.add_done_callback(lambda _: work.close())  # else Python warns of work that was cancelled before it began
    return task


async def _contained(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except SystemExit as error:
        raise RuntimeError(f"The agent's code called sys.exit({error.code!r}).") from error
