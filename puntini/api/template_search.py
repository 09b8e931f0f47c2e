"""Finding templates by words: all that can be seen fit into memory, so each search reads them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import log
from unicodedata import combining, normalize

from msgspec import Struct

from puntini.log.templates import Template
from puntini.store.words import QUERY_CHARACTERS, WORDS, may_go_on

TITLE, TAGS, TASK_TITLES, DESCRIPTION, TASK_DESCRIPTIONS = 8.0, 5.0, 3.0, 2.0, 1.0
"""What a word counts for by where it stands."""
BEGINNING = 0.5
"""What a word counts for, of that, when it is only the beginning of one that stands there."""
_WORD = re.compile(r"[^\W_]+")
_LITTLE = frozenset(("a", "an", "and", "by", "for", "from", "how", "in", "is", "it", "of", "on", "or", "the", "to"))
"""Words that say nothing of what is looked for."""


class Sheet(Struct, frozen=True):
    """The words of a template: what each counts for, by all the places where it stands."""

    weights: dict[str, float]

    def weight(self, word: str, *, begins: bool) -> float:
        """What a word of a query counts for here, also where it ``begins`` others; 0 when it is not there."""
        exact = self.weights.get(word, 0.0)
        if not begins:
            return exact
        begun = max((weight for known, weight in self.weights.items() if known.startswith(word)), default=0.0)
        return max(exact, BEGINNING * begun)


def sheet_of(template: Template) -> Sheet:
    """A template as searches see it."""
    tasks = template.tasks
    places = (
        (TITLE, template.title),
        (TAGS, " ".join(template.tags)),
        (TASK_TITLES, " ".join(task.title for task in tasks)),
        (DESCRIPTION, template.description),
        (TASK_DESCRIPTIONS, " ".join(task.description for task in tasks)),
    )
    weights: dict[str, float] = defaultdict(float)
    for weight, text in places:
        for word in set(words_of(text)):
            weights[word] += weight
    return Sheet(dict(weights))


def ranked(sheets: Sequence[Sheet], query: str) -> list[int]:
    """The places of the sheets that have a word of the query, or one that its last word begins; the best first.

    Rare words count for more, and so does having more of the query's words. Of equals the earlier comes first.
    """
    words = list(dict.fromkeys(words_of(query[:QUERY_CHARACTERS])))
    words = [word for word in words if word not in _LITTLE][-WORDS:] or words[-WORDS:]
    found = [[sheet.weight(word, begins=word is words[-1] and may_go_on(word)) for word in words] for sheet in sheets]
    rarity = [log(1 + len(sheets) / (1 + sum(map(bool, column)))) for column in zip(*found, strict=True)]
    scores = [_score(weights, rarity) for weights in found]
    return sorted((at for at, score in enumerate(scores) if score), key=lambda at: (-scores[at], at))


def _score(weights: Sequence[float], rarity: Sequence[float]) -> float:
    """A sum that falls with the share of the words that are not there."""
    had = sum(map(bool, weights))
    total = sum(weight * rare for weight, rare in zip(weights, rarity, strict=True))
    return round(total * had / len(weights), 9) if had else 0.0


def words_of(text: str) -> Iterator[str]:
    """The words of a text, without capitals, diacritics and the plural's `s`."""
    for match in _WORD.finditer(folded(text)):
        word = match[0]
        yield word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def folded(text: str) -> str:
    """A text without capitals and diacritics."""
    low = text.casefold()
    return low if low.isascii() else "".join(sign for sign in normalize("NFKD", low) if not combining(sign))
