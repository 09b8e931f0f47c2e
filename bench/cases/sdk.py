"""The TypeScript SDK in Node.js: from the bytes of an event stream to the state of a session, on one core."""

import json
import os
import shutil
import subprocess

from bench.measure import Pace, figure, percentile
from bench.report import Result, Row, median_of, ratios
from bench.servers import LOAD_CORE, ROOT

FOLDER = ROOT / "sdk" / "typescript"
EVENTS, QUICK_EVENTS = 100_000, 30_000
SECONDS = 300
TARGET = 50_000
RATE, SEEK = "events/s", "ms"
FOLDED, PARSED, RIVAL, TRAVEL = "parsed and folded", "parsed", "`eventsource-parser`, parsed", "a seek in 20,000 events"


def sdk(pace: Pace) -> Result:
    """Events a second of a session with thoughts, tool calls, answers and a graph of 2,000 nodes."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules").exists():
        raise RuntimeError("it needs Node.js and the npm packages: `npm ci`")
    run = subprocess.run(
        [node, "bench/speed.mjs", str(QUICK_EVENTS if pace.quick else EVENTS)],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}),
    )
    if run.returncode:
        raise RuntimeError(run.stderr.strip()[-500:])
    found = json.loads(run.stdout)
    rows = [
        Row(FOLDED, {RATE: figure(found["folded"])}),
        Row(PARSED, {RATE: figure(found["parsed"])}),
        Row(RIVAL, {RATE: figure(found["rival"])}),
    ]
    ratios(rows, RATE, RIVAL)
    seeks = found["seeks"]
    rows.append(Row(TRAVEL, {SEEK: figure([percentile(seeks, 50), min(seeks), max(seeks)])}))
    return Result(
        "sdk",
        "the TypeScript SDK in Node.js, from the bytes of an event stream",
        rows,
        f"at least {TARGET:,} events/s parsed and folded",
        median_of(rows, FOLDED, RATE) >= TARGET,
        [
            f"{found['events']:,} events, {found['mebibytes']:.0f} MiB, in pieces of 64 KiB, JSON parsed in each row.",
            "Thoughts, tool calls, answers by words, changes of a graph of 2,000 nodes; the state is read every 100.",
            "Of the time that the process ran. JSON.parse limits it, and copying the graph's maps for each state.",
        ],
    )
