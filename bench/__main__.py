"""``python -m bench [name …] [--quick] [--json FILE]``: measure this machine and print Markdown."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from bench import report, servers
from bench.cases.agents import tasks, token_path
from bench.cases.append import append
from bench.cases.console import console
from bench.cases.doors import doors
from bench.cases.fanout import fanout_sse, fanout_ws
from bench.cases.graphs import graphs
from bench.cases.idle_memory import idle_memory
from bench.cases.latency import latency
from bench.cases.nodes import across, two_nodes
from bench.cases.sdk import sdk
from bench.cases.sessions import sessions
from bench.cases.storm import storm
from bench.cases.tail import tail
from bench.load import allow_many_files
from bench.measure import QUICK, Pace
from bench.report import Result

Case = Callable[[Pace], Result]
CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        fanout_sse,
        fanout_ws,
        storm,
        sessions,
        latency,
        idle_memory,
        tail,
        append,
        across,
        two_nodes,
        tasks,
        token_path,
        graphs,
        doors,
        sdk,
        console,
    )
}
LONGEST = 900
"""Seconds after which a benchmark is given up. Every wait has its deadline; this is for what nobody thought of."""
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; 1 when something could not be measured, whatever the figures say."""
    options = _parse(arguments)
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _give_up)
    allow_many_files()
    os.sched_setaffinity(0, {servers.LOAD_CORE})
    results = [
        found for name in options.names or CASES if (found := _measure(name, QUICK if options.quick else Pace()))
    ]
    file = options.json or RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    report.write(results, file, quick=options.quick)
    _say(f"The figures are in {file}.")
    return int(len(results) < len(options.names or CASES))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure Puntini and its rivals on this machine."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"what to measure, of {', '.join(CASES)}; all when left out"
    )
    parser.add_argument("--quick", action="store_true", help="shorter windows and fewer rounds: a rough idea")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where to write the figures (bench/results/… when left out)"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in CASES]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(CASES)}")
    if not hasattr(os, "sched_setaffinity"):
        parser.error("the benchmarks need Linux")
    return options


def _measure(name: str, pace: Pace) -> Result | None:
    """Measure and print one benchmark; None when it failed, which is printed too."""
    _say(f"{name} …")
    start = time.monotonic()
    signal.alarm(LONGEST)
    try:
        result = CASES[name](pace)
    except (RuntimeError, OSError) as error:  # TimeoutError is an OSError
        print(f"### {name}\n\nCould not be measured: {error}\n", flush=True)
        return None
    finally:
        signal.alarm(0)
    print(report.markdown(result), flush=True)
    _say(f"{name} took {time.monotonic() - start:.0f} s.")
    return result


def _give_up(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGALRM:
        raise TimeoutError(f"it took longer than {LONGEST} s")
    sys.exit("Stopped.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
