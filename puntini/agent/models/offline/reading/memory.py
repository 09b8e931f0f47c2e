"""What a reader knows besides the clause: what was spoken of last."""

from collections.abc import Iterable

from puntini.agent.models.offline.wishes.contract import Wish

ONE = frozenset({"it", "him", "her", "he", "she", "this", "that", "its", "his"})
MANY = frozenset({"them", "they", "these", "those", "both", "their"})
POINTING = ONE | MANY | {"same", "node"}
"""Words that may speak of what was named before."""


class NoReferent(Exception):
    """A pronoun that nothing was said for. Its argument is the pronoun."""


class Memory:
    """Carried along while clauses are read, so that "it" and "them" mean what was named before."""

    def __init__(self) -> None:
        self._one = ""
        self._many: tuple[str, ...] = ()

    def note(self, wishes: Iterable[Wish]) -> None:
        """Remember what a clause spoke of."""
        names = tuple(dict.fromkeys(name for wish in wishes for name in wish.names))
        if names:
            self._one = names[0]
            self._many = names if len(names) > 1 else tuple(dict.fromkeys((*self._many[-1:], *names)))

    def one(self, pronoun: str) -> str:
        """What "it" means. Raises NoReferent."""
        if not self._one:
            raise NoReferent(pronoun)
        return self._one

    def many(self, pronoun: str) -> tuple[str, ...]:
        """What "them" means. Raises NoReferent."""
        if not self._many:
            raise NoReferent(pronoun)
        return self._many
