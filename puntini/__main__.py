"""``python -m puntini``: the command line."""

import sys

from puntini.cli import main

if __name__ == "__main__":
    sys.exit(main())
