"""Databases in the place of the files and of the memory that tests keep things in: what ``--postgres`` is about."""

from pathlib import Path

from tests.postgres import Postgres


class Databases:
    """Which database stands for which file; without a server, files are files."""

    def __init__(self) -> None:
        self.server: Postgres | None = None
        self._made: dict[Path, str] = {}

    def place_of(self, file: Path) -> str:
        """Where to keep what a test would keep in this file: there, or in a database, the same each time."""
        if self.server is None:
            return str(file)
        if file not in self._made:
            self._made[file] = self.server.database()
        return self._made[file]

    def known(self) -> set[Path]:
        """The files that there is a database for."""
        return set(self._made)

    def forget(self, known: set[Path]) -> None:
        """Drop them, all but these."""
        for file in self._made.keys() - known:
            assert self.server is not None
            self.server.drop(self._made.pop(file))


databases = Databases()
