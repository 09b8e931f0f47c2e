"""Schemathesis against a running server, by the server's own OpenAPI document.

It makes requests that the document allows and such that it forbids, thousands of them, and follows what was made from
operation to operation. None may end in a fault of the server's, in a status, a content type, a header or a body that is
not promised, or be taken where the document forbids it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.serving import ROOT, Serving, serving

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

HOOKS = "tests.live.clients.schemathesis_hooks"
CONFIGURATION = ROOT / "tests" / "live" / "clients" / "schemathesis.toml"

KEY = "s" * 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A server that takes no requests without a credential, and any number with one."""
    with serving(tmp_path, key=KEY, rate_limit=0, rate_limit_address=0) as running:
        yield running


def judged(server: Serving, *options: str) -> subprocess.CompletedProcess[str]:
    """What schemathesis says of a server."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
            *("run", f"{server.url}/openapi.json", "--no-color", "--header", f"X-API-Key: {KEY}"),
            *("--request-timeout", "10", "--generation-database", "none"),
            *options,
        ],
        cwd=server.directory,
        env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(120)
def test_nothing_is_found_at_the_edges_of_what_is_documented(server: Serving) -> None:
    done = judged(server, "--phases", "examples,coverage", "--max-time", "30")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_found_in_thousands_of_requests_that_follow_from_one_another(server: Serving) -> None:
    done = judged(server, "--phases", "fuzzing,stateful", "--max-examples", "30", "--max-time", "200")
    assert done.returncode == 0, done.stdout + done.stderr
