"""The chart's manifests: rendered by `helm` where there is one, and kept in chart/ for where there is none.

    python -m tests.deploy.rendering

writes what is kept anew, with Helm, after a change of the chart.
"""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.deploy.declared import DEPLOY

CHART = DEPLOY / "helm" / "puntini"
KEPT = Path(__file__).with_name("chart")
CASES = {"defaults": CHART / "values.yaml", "everything": KEPT / "everything.yaml"}
Manifest = dict[str, Any]


def digest(case: str) -> str:
    """What the chart and a case's values come to."""
    hashed = hashlib.sha256()
    for file in sorted([*(path for path in CHART.rglob("*") if path.is_file()), CASES[case]]):
        hashed.update(file.name.encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


def kept(case: str) -> str:
    """The manifests in the repository, as text."""
    return (KEPT / f"{case}.rendered.yaml").read_text("utf-8")


def rendered(case: str) -> str:
    """The manifests by Helm. Raises FileNotFoundError where there is none, CalledProcessError with what it said."""
    helm = shutil.which("helm")
    if helm is None:
        raise FileNotFoundError("helm")
    command = [helm, "template", "puntini", str(CHART), "--namespace", "agents", "--values", str(CASES[case])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def manifests(text: str) -> list[Manifest]:
    """The documents of a text, without empty ones."""
    parts = (msgspec.yaml.decode(part) for part in re.split(r"^---$", text, flags=re.MULTILINE))
    return [part for part in parts if part]


def keep() -> None:
    """Write what is kept anew."""
    for case in CASES:
        lines = [line for line in rendered(case).splitlines() if not line.lstrip().startswith("#")]
        text = "\n".join([f"# Made by `python -m tests.deploy.rendering` from {digest(case)}", *lines, ""])
        (KEPT / f"{case}.rendered.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    keep()
