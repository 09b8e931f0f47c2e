"""The newest of many things, within a bound on how many and on their bytes."""

from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Window(Generic[T]):
    """Things by their keys, in the order in which they first came; ``left_out`` counts those that had to go.

    The newest stays however large it is: whoever fills the window bounds the single thing.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.left_out = 0
        self._most = most
        self._most_bytes = most_bytes
        self._size = 0
        self._things: dict[str, tuple[T, int]] = {}

    def put(self, key: str, thing: T, size: int) -> None:
        """Take a thing in; one that has the key of another takes its place."""
        if known := self._things.get(key):
            self._size -= known[1]
        self._things[key] = (thing, size)
        self._size += size
        while len(self._things) > self._most or (self._size > self._most_bytes and len(self._things) > 1):
            self._size -= self._things.pop(next(iter(self._things)))[1]
            self.left_out += 1

    def get(self, key: str) -> T | None:
        """The thing with this key, if it is still here."""
        found = self._things.get(key)
        return found[0] if found else None

    def page(self, limit: int, offset: int) -> list[T]:
        """So many of those that are here, the oldest first."""
        return list(islice(self, offset, offset + limit))

    def __iter__(self) -> Iterator[T]:
        return (thing for thing, _ in self._things.values())

    def __len__(self) -> int:
        return len(self._things)
