"""The TypeScript SDK's types are made from the server's own, and committed: here it shows when they are behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SDK = ROOT / "sdk" / "typescript"
NODE = shutil.which("node")
COMPILER = ROOT / "node_modules" / "json-schema-to-typescript"

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(not COMPILER.exists(), reason="the npm packages are not installed: run `make test-needs`"),
]


def test_the_sdks_types_are_those_of_the_server(tmp_path: Path) -> None:
    subprocess.run(
        [str(NODE), str(SDK / "scripts" / "generate.mjs"), str(tmp_path)],
        env=os.environ | {"PUNTINI_PYTHON": sys.executable},
        check=True,
        timeout=60,
    )

    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    stale = [name for name, text in sorted(made.items()) if (SDK / "src" / name).read_text() != text]
    assert set(made) == {"protocol.ts", "resources.ts"}
    assert not stale, f"{' and '.join(stale)} in sdk/typescript/src are behind the server: run `make types`"
