"""Agents at work: a thousand tasks of the built-in agent at once, and what a token costs on its way to the log."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import servers
from bench.measure import Figure, Pace, figure
from bench.report import Result, Row, median_of, ratios
from bench.rivals import langgraph_dev

STORES = {"SQLite": "puntini.db", "memory": "memory:"}
CPU = "µs of CPU a token"
BUILT_IN, ADAPTER, DEV = "built-in agent, SQLite", "LangGraph graph, adapter, SQLite", "langgraph dev"
TOKEN_TARGET = 40.0
BLOCK_TARGET = 50.0
LONGEST = 400.0

Measured = dict[str, float]


def tasks(pace: Pace) -> Result:
    """Offline tasks at once in one process on one core, which is also the one that is measured."""
    count = 200 if pace.quick else 1_000
    rows = []
    for name, store in STORES.items():
        rounds = [inside("tasks", str(count), store) for _ in range(1 if pace.quick else pace.rounds)]
        if any(one["completed"] != count or one["breaks"] for one in rounds):
            raise RuntimeError("a task did not end well, or a stream had a hole")
        rows.append(_tasks_row(name, rounds))
    return Result(
        "tasks",
        f"{count:,} tasks of the built-in agent at once, offline model without pause, a session each",
        rows,
        f"every task completed, every stream whole, the loop never blocked for more than {BLOCK_TARGET:.0f} ms",
        0 < median_of(rows, "SQLite", "longest block") <= BLOCK_TARGET,
        [
            "No server and no readers: prompts are given to the engine, and commits are watched in the same process.",
            "`longest block` is the longest delay of a timer of 1 ms: many tasks' turns, a little of each.",
            "`p99 to commit` is from a piece's `timestamp`, which is cut to milliseconds, to its commit.",
        ],
    )


def _tasks_row(name: str, rounds: list[Measured]) -> Row:
    def of(key: str, unit: str = "") -> Figure:
        return figure((one[key] for one in rounds), unit)

    return Row(
        name,
        {
            "tasks/s": of("tasks"),
            "events/s": of("events"),
            "CPU a task": of("cpu", "ms"),
            "longest block": of("block", "ms"),
            "p99 to commit": of("p99", "ms"),
            "cores used": of("share"),
        },
    )


def token_path(pace: Pace) -> Result:
    """From a model's piece to the committed log, without readers; ``langgraph dev`` streams to one reader."""
    tokens = 5_000 if pace.quick else 20_000
    kinds: dict[str, Callable[[], float]] = {
        BUILT_IN: lambda: _token("built-in", tokens, "puntini.db"),
        "built-in agent, memory": lambda: _token("built-in", tokens, "memory:"),
        ADAPTER: lambda: _token("graph", tokens, "puntini.db"),
    }
    missing = langgraph_dev.missing()
    if not missing:
        kinds[DEV] = lambda: _dev(tokens)
    turns: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(pace.rounds):
        for name, turn in kinds.items():
            turns[name].append(turn())
    rows = [Row(name, {CPU: figure(found, "µs")}) for name, found in turns.items()]
    ratios(rows, CPU, ADAPTER)
    notes = [
        f"One answer of {tokens:,} tokens after a warm-up; user and system time of the whole process, all threads.",
        "The adapter's figure holds LangChain's and LangGraph's work for a token; the built-in agent has none of it.",
        f"{DEV} was not measured: {missing}."
        if missing
        else f"{DEV} keeps nothing on disk, and writes each token to one reader, which Puntini's figures leave out.",
    ]
    met = 0 < median_of(rows, BUILT_IN, CPU) <= TOKEN_TARGET
    return Result(
        "token_path",
        "processor time from a model's token to the committed log",
        rows,
        f"at most {TOKEN_TARGET:.0f} µs a token from the built-in agent's model with SQLite",
        met,
        notes,
    )


def _token(kind: str, tokens: int, store: str) -> float:
    found = inside("token_path", kind, str(tokens), store)
    if found["told"] != tokens or found["breaks"]:
        raise RuntimeError(f"{found['told']:.0f} of {tokens} tokens were committed, with {found['breaks']:.0f} breaks")
    return found["cpu"]


def _dev(tokens: int) -> float:
    with tempfile.TemporaryDirectory(prefix="puntini-bench-") as name, langgraph_dev.langgraph_dev(Path(name)) as dev:
        dev.say(500)
        return dev.say(tokens) / tokens * 1e6


def inside(module: str, *arguments: str) -> Measured:
    """Run one of ``bench.inside`` on the server's core, in a directory of its own. Raises RuntimeError."""
    with tempfile.TemporaryDirectory(prefix="puntini-bench-") as name:
        output = Path(name) / "output.txt"
        command = [sys.executable, "-m", f"bench.inside.{module}", *arguments]
        process = servers.spawn(command, Path(name), output=output, core=servers.SERVER_CORE)
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"it took longer than {LONGEST:.0f} s") from None
        finally:
            process.kill()
            process.wait()
        said = output.read_text(errors="replace").strip()
        if process.returncode:
            raise RuntimeError(f"it failed: {said[-800:]}")
        return msgspec.json.decode(said.splitlines()[-1], type=Measured)
