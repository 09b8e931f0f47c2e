"""A rival: ``langgraph dev``, the development server of LangGraph's own, with the graph in ``langgraph_app``."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.posting import posted
from bench.servers import HOST, ROOT, SERVER_CORE, busy, spawn

COMMAND = os.environ.get("LANGGRAPH_COMMAND", "langgraph")
"""Where it is, when it is in an environment of its own; Puntini's is better kept apart from it."""
CONFIGURATION = {
    "dependencies": ["."],
    "graphs": {"talker": "./langgraph_app.py:graph", "writer": "./langgraph_app.py:writer"},
}
START_SECONDS = 60.0
JOBS = 100
"""Runs at once; of itself it makes one at a time."""


def missing() -> str:
    """Why it can't run here; nothing when it can."""
    if shutil.which(COMMAND) is None:
        return (
            "langgraph dev is not installed (pip install langgraph-cli[inmem] into an environment of its own, and name "
            "its `langgraph` in LANGGRAPH_COMMAND)"
        )
    return ""


class Dev:
    """A running one."""

    def __init__(self, pid: int, port: int) -> None:
        self._pid = pid
        self._address = (HOST, port)

    def say(self, tokens: int) -> float:
        """Stream an answer, and return the processor seconds that the server took. Raises RuntimeError."""
        before = busy(self._pid)
        self.told("talker", tokens)
        return (busy(self._pid) - before).total

    def told(self, graph: str, events: int) -> None:
        """Run a graph, and read what it says to its end. Raises RuntimeError unless that is all of it."""
        body = {
            "assistant_id": graph,
            "input": {"messages": [{"role": "user", "content": f"Say {events}"}]},
            "stream_mode": ["messages-tuple" if graph == "talker" else "custom"],
        }
        posted(self._address, "/runs/stream", body, events)

    def wait_ready(self) -> None:
        """Wait until it answers. Raises RuntimeError."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                self.say(1)
                return
            except (OSError, RuntimeError):
                time.sleep(0.2)
        raise RuntimeError(f"langgraph dev did not answer within {START_SECONDS:.0f} s")


@contextmanager
def langgraph_dev(directory: Path) -> Iterator[Dev]:
    """One that runs for the length of a block, in ``directory``, on the server's core."""
    shutil.copy(ROOT / "bench" / "rivals" / "langgraph_app.py", directory)
    (directory / "langgraph.json").write_bytes(msgspec.json.encode(CONFIGURATION))
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = [COMMAND, "dev", "--host", HOST, "--port", str(port), "--no-reload", "--no-browser"]
    command += ["--n-jobs-per-worker", str(JOBS)]
    process = spawn(command, directory, output=directory / "output.txt", core=SERVER_CORE)
    try:
        dev = Dev(process.pid, port)
        dev.wait_ready()
        yield dev
    finally:
        process.kill()
        process.wait()
