"""``python -m bench.inside.tasks COUNT STORE``: so many offline tasks at once, each in a session of its own."""

import asyncio
import sys
import time

import anyio
import msgspec

from bench.inside.engine import Ticker, engine
from bench.measure import percentile
from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.tools.builtin import builtin_tools
from puntini.server import spare

PROMPT = "Add a person named Alice, connect Alice to Bob as KNOWS and list all people."


async def measure(count: int, store: str) -> dict[str, float]:
    """Begin all at once, and wait for the last one's end."""
    async with engine(store, lambda opened: builtin("puntini", OfflineModel(), builtin_tools(), opened)) as life:
        sessions = [await life.session() for _ in range(count)]
        spare(count)  # as the server does when it sees so many
        ticker = Ticker()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ticker.run)
            await asyncio.sleep(0.1)
            ticker.longest = 0.0
            began, used, before = time.monotonic(), time.process_time(), life.watch.events
            for session_id in sessions:
                await life.prompt(session_id, PROMPT)
            await life.watch.ended(count)
            took, cpu = time.monotonic() - began, time.process_time() - used
            tasks.cancel_scope.cancel()
        watch = life.watch
        return {
            "tasks": count / took,
            "events": (watch.events - before) / took,
            "block": ticker.longest,
            "p99": percentile(watch.lags, 99),
            "cpu": cpu / count * 1000,
            "share": cpu / took,
            "completed": watch.ends.get("task_completed", 0),
            "breaks": watch.breaks,
        }


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(measure(int(sys.argv[1]), sys.argv[2]))).decode(), flush=True)
