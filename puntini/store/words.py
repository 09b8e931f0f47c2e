"""The words of a query, as every store understands them: any text is a query, and none is too long."""

import re
import unicodedata

QUERY_CHARACTERS = 10_000
WORDS = 24
WORD_CHARACTERS = 64
BEGINNING_CHARACTERS = 3
"""So many characters at least stand for all the words that begin with them; fewer begin too many."""

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_FOLDED = re.compile(r"[^\W_]+")
_IDEOGRAPHS = "\u2e80"
"""Behind it are scripts without spaces, in which a character is a word."""


def query_words(query: str) -> list[str]:
    """The first different words of a query."""
    found: dict[str, None] = {}
    for word in _WORD.finditer(query, 0, QUERY_CHARACTERS):
        found.setdefault(word[0][:WORD_CHARACTERS].lower())
        if len(found) == WORDS:
            break
    return list(found)


def may_go_on(word: str) -> bool:
    """Whether a query's last word also stands for the words that begin with it."""
    return len(word) >= BEGINNING_CHARACTERS or word > _IDEOGRAPHS


def words_of(text: str) -> list[str]:
    """The words of a text, without capitals and diacritics."""
    plain = "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))
    return _FOLDED.findall(plain)
