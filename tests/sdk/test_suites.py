"""The suites of what is written in TypeScript, run by vitest; it says what failed."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.live.serving import ROOT

VITEST = ROOT / "node_modules" / ".bin" / "vitest"
SECONDS = 240

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed"),
    pytest.mark.skipif(not VITEST.exists(), reason="the npm packages are not installed: `npm ci`"),
    pytest.mark.timeout(SECONDS + 10),
]


@pytest.mark.parametrize("folder", ["sdk/typescript", "console"])
def test_its_tests_pass(folder: str) -> None:
    run = subprocess.run(
        [VITEST, "run", "--passWithNoTests"],
        cwd=ROOT / folder,
        env=os.environ | {"PUNTINI_PYTHON": sys.executable, "CI": "1", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-12_000:]
