"""Properties in plain words: ``age 30, role "lead" and a budget of 5000``."""

import re
from typing import Any

from puntini.agent.models.offline.text.words import AND, ARTICLES, Words, bare, split, spot, text_of, vocabulary

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_WORDS = {"true": True, "false": False, "null": None, "nothing": None}
_EQUALS = frozenset({"=", ":", "is", "of", "as", "are"})
_NAME = re.compile(r"\W+")
# What is a name together with the word before it: "due date", "last name".
_SECOND = vocabulary("date name time number level address code")
LABEL_WORDS = frozenset({"label", "type", "kind"})


def value_of(words: Words) -> Any:
    """What is meant by some words. Quoted words are always text."""
    words = words[1:] if len(words) > 1 and words[0].low in ARTICLES else words
    text = text_of(words)
    if len(words) != 1 or words[0].quoted:
        return text
    if words[0].low in _WORDS:
        return _WORDS[words[0].low]
    if number := _NUMBER.fullmatch(text):
        return float(text) if number[1] else int(text)
    return text


def property_name(words: Words) -> str:
    """A property's name: ``due date`` → ``due_date``."""
    words = [word for word in bare(words) if word.low not in {"property", "properties"}]
    return _NAME.sub("_", text_of(words).lower() if len(words) > 1 else text_of(words)).strip("_")[:60]


def properties_of(words: Words) -> dict[str, Any]:
    """What is said behind "with". A part that is only a value goes on with the text of the one before."""
    found: dict[str, Any] = {}
    last = ""
    for part in split(words, AND | {"(", ")", "with"}):
        name, value = _pair(bare(part))
        if name and value:
            found[name], last = value_of(value), name
        elif last and isinstance(found[last], str):
            found[last] = f"{found[last]}, {text_of(part)}"
    return found


def _pair(part: Words) -> tuple[str, Words]:
    """The name and the value in ``age 30``, ``age = 30``, ``a budget of 30``, ``due date 2027-01-01``."""
    equals = spot(part, _EQUALS, 1)
    if equals > 0:
        return property_name(part[:equals]), part[equals + 1 :]
    size = 2 if len(part) > 2 and part[1].low in _SECOND else 1
    return property_name(part[:size]), part[size:]
