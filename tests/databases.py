"""Databases in the place of the files and of the memory that tests keep things in: what ``--postgres`` is about."""

from pathlib import Path

from tests.postgres import Postgres


class Databases:
    """Which database stands for which store. Without a server every store is what it is called."""

    def __init__(self) -> None:
        self.server: Postgres | None = None
        self._made: dict[tuple[Path, str], str] = {}

    def instead_of(self, store: str, directory: Path) -> str:
        """The database for the store of this name in a directory, the same each time; else the name."""
        if self.server is None or store.startswith(("postgres://", "postgresql://")):
            return store
        if (directory, store) not in self._made:
            self._made[directory, store] = self.server.database()
        return self._made[directory, store]

    def known(self) -> set[tuple[Path, str]]:
        """What there is a database for."""
        return set(self._made)

    def forget(self, known: set[tuple[Path, str]]) -> None:
        """Drop them, all but these."""
        for name in self._made.keys() - known:
            assert self.server is not None
            self.server.drop(self._made.pop(name))


databases = Databases()
