"""``python -m bench.inside.token_path KIND TOKENS STORE``: one answer of so many tokens, from a model to the log."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable

import msgspec

from bench.inside.engine import engine
from bench.rivals.langgraph_app import graph
from puntini.agent.contract import Agent
from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.graphs.builtin import builtin
from puntini.agent.models.contract import Piece, Request, Spent, Text, TextPiece, Turn, Whole
from puntini.agent.tools.builtin import builtin_tools
from puntini.log.contract import Store

TOKEN = "word "
WARM_UP = 500


class Talker:
    """A model of the built-in agent's that says as many tokens as the prompt's last word asks for, without pause."""

    name = "talker"

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Say them; the loop has its turn as it would with a network."""
        asked = [block.text for block in request.turns[-1].content if isinstance(block, Text)]
        count = int(asked[-1].split()[-1])
        for number in range(count):
            if number % 16 == 0:
                await asyncio.sleep(0)
            yield TextPiece(TOKEN)
        yield Whole(Turn("assistant", [Text(TOKEN * count)]), "end", Spent())

    async def aclose(self) -> None:
        """Nothing to let go of."""


KINDS: dict[str, Callable[[Store], Agent]] = {
    "built-in": lambda store: builtin("talker", Talker(), builtin_tools(), store),
    "graph": lambda _store: GraphAgent("talker", graph),
}


async def measure(kind: str, tokens: int, store: str) -> dict[str, float]:
    """Processor time of the whole process, all its threads, from the prompt to the task's end."""
    async with engine(store, KINDS[kind]) as life:
        await life.prompt(await life.session(), f"Say {WARM_UP}")
        await life.watch.ended(1)
        before = life.watch.pieces
        began, used = time.monotonic(), time.process_time()
        await life.prompt(await life.session(), f"Say {tokens}")
        await life.watch.ended(2)
        cpu, took = time.process_time() - used, time.monotonic() - began
        return {
            "cpu": cpu / tokens * 1e6,
            "rate": tokens / took,
            "told": life.watch.pieces - before,
            "breaks": life.watch.breaks,
            "completed": life.watch.ends.get("task_completed", 0),
        }


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3]))).decode(), flush=True)
