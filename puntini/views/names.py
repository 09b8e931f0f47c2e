"""Nodes by what people call them: their keys, whatever the case."""

from collections.abc import Iterable, Iterator

from puntini.protocol.graph import Node


class Names:
    """The ids of the nodes that share a key, in the order they came to it. Nodes without a key are not in it."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        # Nearly every name is one node's, and a dict for each of these would be most of the memory.
        self._ids: dict[str, str | dict[str, None]] = {}
        for node in nodes:
            self._put(node)

    def replace(self, before: Node | None, after: Node | None) -> None:
        """A node came, was renamed or went."""
        if before is not None and after is not None and before.key == after.key:
            return
        if before is not None:
            self._drop(before)
        if after is not None:
            self._put(after)

    def ids(self, key: str) -> Iterable[str]:
        """The nodes that are called so."""
        ids = self._ids.get(key.casefold(), {})
        return (ids,) if isinstance(ids, str) else ids

    def __iter__(self) -> Iterator[str]:
        """All names, in lower case."""
        return iter(self._ids)

    def _put(self, node: Node) -> None:
        if not node.key:
            return
        name = node.key.casefold()
        ids = self._ids.setdefault(name, node.id)
        if isinstance(ids, dict):
            ids[node.id] = None
        elif ids != node.id:
            self._ids[name] = {ids: None, node.id: None}

    def _drop(self, node: Node) -> None:
        if not node.key:
            return
        name = node.key.casefold()
        ids = self._ids[name]
        if isinstance(ids, dict):
            ids.pop(node.id, None)
        if not ids or isinstance(ids, str):
            del self._ids[name]
