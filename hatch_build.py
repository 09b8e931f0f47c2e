"""What hatchling runs before it packs a checkout: the console is built. An sdist brings it along."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("puntini", "console", "static", "index.html")
INSTALL = ("npm", "ci", "--no-audit", "--no-fund")
BUILD = ("npm", "run", "build", "--workspace", "console")


class ConsoleHook(BuildHookInterface):
    """Builds the console for a wheel or an sdist; an editable installation is served from the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises RuntimeError where the console is not built and can't be."""
        root = Path(self.root)
        packed = (root / "PKG-INFO").is_file() and (root / BUILT).is_file()
        if version == "editable" or packed:
            return
        if shutil.which("npm") is None:
            raise RuntimeError("Packing a checkout needs Node.js 20 and npm for the web console; install them.")
        for step in (BUILD,) if (root / "node_modules").is_dir() else (INSTALL, BUILD):
            subprocess.run(step, cwd=root, check=True)
