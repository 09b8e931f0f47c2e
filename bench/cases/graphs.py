"""The same LangGraph graph behind Puntini and behind ``langgraph dev``, from the prompt to who reads the stream."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Figure, Pace, figure
from bench.posting import posted
from bench.report import Result, Row
from bench.rivals import langgraph_dev
from bench.servers import PUNTINI, Server

MANY = 50
"""Runs at once, a session and a reader each."""
WORDS, WRITER, FAST = "model's tokens", "stream writer", "fast lane (`emit`)"
AGENTS = {"talker": "bench.rivals.langgraph_app:graph", "writer": "bench.rivals.langgraph_app:writer"}
TARGET = 20.0
ONE, EACH = "events/s, one run", f"events/s, {MANY} runs at once"

Tell = Callable[[str, int], None]
"""Has a graph say so many events, and reads them all."""


def graphs(pace: Pace) -> Result:
    """Events a second, read to the end of the run."""
    events = 4_000 if pace.quick else 10_000
    if missing := langgraph_dev.missing():
        raise RuntimeError(missing)
    found: dict[tuple[str, str], dict[str, Figure]] = {}
    with _puntini() as tell:
        for kind, graph in ((WORDS, "talker"), (WRITER, "writer"), (FAST, "fast")):
            found["Puntini, SQLite", kind] = _measured(tell, graph, events, pace.rounds)
    with tempfile.TemporaryDirectory(prefix="puntini-bench-") as name, langgraph_dev.langgraph_dev(Path(name)) as dev:
        for kind, graph in ((WORDS, "talker"), (WRITER, "writer")):
            found["langgraph dev", kind] = _measured(dev.told, graph, events, pace.rounds)
    rows = [Row(f"{server}: {kind}", {**figures}) for (server, kind), figures in found.items()]
    for (_, kind), row in zip(found, rows, strict=True):
        base = found["langgraph dev", WORDS if kind == WORDS else WRITER]
        row.values |= {f"× dev, {name}": figures.times(base[name]) for name, figures in found[_key(row)].items()}
    fastest = found["Puntini, SQLite", FAST][ONE].times(found["langgraph dev", WRITER][ONE])
    return Result(
        "graphs",
        "the same LangGraph graph behind Puntini and behind `langgraph dev`, from the prompt to the end of the stream",
        rows,
        f"at least {TARGET:.0f} × the events of `langgraph dev` (fast lane, one run)",
        fastest.median >= TARGET,
        [
            f"{events:,} events in all, read over SSE by a process on the other core.",
            "Puntini commits each event to SQLite before it is sent; `langgraph dev` keeps nothing on disk.",
            f"`langgraph dev` runs with --n-jobs-per-worker {langgraph_dev.JOBS}.",
            "Its ratio is to the same kind of graph; the fast lane's is to the stream writer.",
            "What LangChain itself takes to stream a token (about 15 µs here) is part of both sides' first row.",
        ],
    )


def _key(row: Row) -> tuple[str, str]:
    server, _, kind = row.name.partition(": ")
    return server, kind


def _measured(tell: Tell, graph: str, events: int, rounds: int) -> dict[str, Figure]:
    tell(graph, 500)
    return {
        ONE: figure(_rate(tell, graph, events, 1) for _ in range(rounds)),
        EACH: figure(_rate(tell, graph, events, MANY) for _ in range(rounds)),
    }


def _rate(tell: Tell, graph: str, events: int, runs: int) -> float:
    with ThreadPoolExecutor(runs) as pool:
        began = time.monotonic()
        for done in [pool.submit(tell, graph, events // runs) for _ in range(runs)]:
            done.result()
        return events / (time.monotonic() - began)


@contextmanager
def _puntini() -> Iterator[Tell]:
    command = [*PUNTINI, "--port", "0", "--store", "puntini.db", "--agent", "fast=bench.inside.fast_lane:graph"]
    for name, place in AGENTS.items():
        command += ["--agent", f"{name}={place}"]
    with Server(command) as server:

        def tell(graph: str, events: int) -> None:
            posted(server.address, "/v1/chat", {"prompt": f"Say {events}", "agent": graph}, events)

        yield tell
