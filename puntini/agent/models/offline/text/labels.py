"""Nouns as labels and labels as nouns: ``people`` → ``Person``, ``TeamMember`` → ``team members``."""

import re

from puntini.agent.models.offline.text.words import Words, vocabulary

_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "mice": "mouse",
    "criteria": "criterion",
    "analyses": "analysis",
    "series": "series",
    "news": "news",
    "data": "data",
    "buses": "bus",
    "statuses": "status",
    "movies": "movie",
    "cookies": "cookie",
    "shelves": "shelf",
    "leaves": "leaf",
    "wives": "wife",
}
_PLURALS = {one: many for many, one in _IRREGULAR.items() if many != "persons"}
GENERIC = vocabulary("node nodes vertex vertices entity entities element elements item items")

# What is a kind of thing even where nothing else tells: "add person alice".
KINDS = vocabulary(
    "person project task phase milestone team company department role skill document file service database api "
    "component module product supplier customer order warehouse factory city country place event meeting "
    "course lesson topic concept book author movie planet star animal system server user group feature bug "
    "issue goal risk decision requirement organisation organization device machine material category tag idea "
    "thing"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"\W+")
MOST_LABEL = 60


def singular(noun: str) -> str:
    """One of several; a noun that is one already stays."""
    low = noun.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low.endswith("ies") and len(low) > 4:
        return noun[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3:
        return noun[:-1]
    return noun


def plural(noun: str) -> str:
    """Several of one."""
    low = noun.lower()
    if low in _PLURALS:
        return _PLURALS[low]
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if low.endswith(("s", "x", "ch", "sh")) else "s")


def label_of(words: Words) -> str:
    """The label that a noun stands for; "" for nodes in general and for what is no noun."""
    texts = [word.text for word in words]
    if not texts or texts[-1].lower() in GENERIC:
        texts = texts[:-1]
    if not texts or len(texts) > 4:
        return ""
    texts[-1] = singular(texts[-1])
    joined = "".join(part[:1].upper() + part[1:] for text in texts for part in _NOT_WORD.split(text))
    return joined[:MOST_LABEL]


def is_kind(word: str) -> bool:
    """Whether a word is a well-known kind of thing, one or several."""
    low = word.lower()
    return low in KINDS or singular(low) in KINDS


def noun(label: str, count: int = 1) -> str:
    """A label in running text."""
    words = _CAMEL.sub(" ", label).replace("_", " ")
    if not words.isupper():
        words = words.lower()
    return words if count == 1 else plural(words)


def relation_of(text: str) -> str:
    """A relation's label: ``works with`` → ``WORKS_WITH``."""
    return _NOT_WORD.sub("_", text).strip("_").upper()[:MOST_LABEL]


def spoken(relation: str) -> str:
    """A relation in running text, as a verb: ``WORKS_ON`` → ``works on``, ``PART_OF`` → ``is part of``."""
    words = relation.replace("_", " ").lower()
    first, _, rest = words.partition(" ")
    return (
        f"is {words}"
        if rest in {"of", "by"} or (rest in {"to", "in", "for", "with"} and first.endswith(("ed", "ible")))
        else words
    )


def spoken_of_many(verb: str) -> str:
    """A relation in running text, its subject being several: ``works on`` → ``work on``."""
    first, space, rest = verb.partition(" ")
    return {"is": "are", "has": "have"}.get(first, singular(first)) + space + rest
