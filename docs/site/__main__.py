"""``python -m docs.site [FOLDER]``: build the documentation, into ``build/docs`` unless said."""

import sys
from pathlib import Path

from docs.site.build import Broken, build
from docs.site.contents import ROOT


def main(words: list[str]) -> int:
    """Build, and say where, or what is broken."""
    folder = Path(words[0]) if words else ROOT / "build" / "docs"
    try:
        pages = build(folder)
    except Broken as broken:
        sys.stderr.write(f"Links that lead nowhere:\n{broken}\n")
        return 1
    sys.stdout.write(f"{len(pages)} pages are in {folder}; open {folder / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
