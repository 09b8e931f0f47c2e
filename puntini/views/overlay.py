"""A mapping that can be changed while the one below it stays as it is."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Overlay(MutableMapping[K, V]):
    """Looks like a copy of ``base`` and costs only what is changed.

    ``copy`` is for values that are themselves changed in place: it is called once for each that is looked at.
    """

    def __init__(self, base: MutableMapping[K, V], copy: Callable[[V], V] | None = None) -> None:
        self._base = base
        self._copy = copy
        self._own: dict[K, V] = {}
        self._gone: set[K] = set()
        self._size = len(base)

    def __getitem__(self, key: K) -> V:
        if key in self._own:
            return self._own[key]
        if key in self._gone:
            raise KeyError(key)
        value = self._base[key]
        if self._copy is not None:
            value = self._own[key] = self._copy(value)
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._own or (key in self._base and key not in self._gone)

    def __setitem__(self, key: K, value: V) -> None:
        self._size += key not in self
        self._own[key] = value

    def __delitem__(self, key: K) -> None:
        if key not in self:
            raise KeyError(key)
        self._own.pop(key, None)
        self._gone.add(key)
        self._size -= 1

    def __iter__(self) -> Iterator[K]:
        yield from (key for key in self._base if key not in self._gone)
        yield from (key for key in self._own if key not in self._base or key in self._gone)

    def __len__(self) -> int:
        return self._size

    def clear(self) -> None:
        """Forget everything at once."""
        self._base, self._own, self._gone, self._size = {}, {}, set(), 0
