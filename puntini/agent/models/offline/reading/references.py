"""Noun phrases as nodes: ``the task "Go live"``, ``Alice's``, ``it``, ``all tasks with status done``."""

from puntini.agent.models.offline.reading.memory import MANY, ONE, Memory
from puntini.agent.models.offline.text.labels import GENERIC, is_kind, label_of
from puntini.agent.models.offline.text.properties import LABEL_WORDS, properties_of
from puntini.agent.models.offline.text.words import ARTICLES, Word, Words, quoted, split, spot, text_of, vocabulary
from puntini.agent.models.offline.wishes.nodes import Every, Named, Which

MOST_NAME = 120
ALL = frozenset({"all", "every", "each"})
CALLED = frozenset({"named", "called", "titled"})
WITH = frozenset({"with", "having", "whose", "where"})
_NO_NAMES = vocabulary(
    "to of and as with from in for by = ( ) , anything anyone anybody something someone somebody nothing nobody"
)
_DEFINITE = frozenset({"this", "that", "the", "same"})


def which(words: Words, memory: Memory) -> Which | None:
    """The node, or all nodes of a kind, that some words mean. Raises NoReferent."""
    if words and words[0].low in ALL:
        return every(words[1:])
    if len(words) == 1 and words[0].low in {"everything", "everyone", "everybody"}:
        return Every("")
    return named(words, memory)


def every(words: Words) -> Every | None:
    """``[the] tasks [with status done]``."""
    at = spot(words, WITH)
    kind = [word for word in (words[:at] if at > 0 else words) if word.low not in ARTICLES | {"of"}]
    if not kind or len(kind) > 3:
        return None
    properties = properties_of(words[at + 1 :]) if at > 0 else {}
    if at > 0 and len(properties) != 1:
        return None
    name, value = next(iter(properties.items()), ("", None))
    if name in LABEL_WORDS:
        return Every(label_of([quoted(str(value))]))
    return Every(label_of(kind), name, value)


def named(words: Words, memory: Memory) -> Named | None:
    """The node that some words name. Raises NoReferent."""
    if not words:
        return None
    if words[0].low in ONE and (len(words) == 1 or (len(words) == 2 and _is_noun(words[1]))):
        return Named(memory.one(words[0].low))
    if len(words) == 2 and words[0].low in _DEFINITE and words[1].low in GENERIC:
        return Named(memory.one(text_of(words)))
    definite = words[0].low == "the"
    while len(words) > 1 and words[0].low in ARTICLES | GENERIC | CALLED:
        words = words[1:]
    label, rest = _labelled(words, definite=definite)
    name = text_of(rest)
    return Named(name, label) if name and len(name) <= MOST_NAME and not _is_function(rest) else None


def several(words: Words, memory: Memory) -> list[Which]:
    """All the nodes of a list: ``Alice, Bob and the task Test``. Empty when one of them is not understood."""
    if len(words) == 1 and words[0].low in MANY:
        return [Named(name) for name in memory.many(words[0].low)]
    found = [which(part, memory) for part in split(words)]
    whole = [each for each in found if each]
    return whole if len(whole) == len(found) else []


def _labelled(words: Words, *, definite: bool) -> tuple[str, Words]:
    """A label in front of a name (``person Alice``) or behind it (``the Design task``), and the name."""
    at = spot(words, CALLED, 1)
    if at > 0:
        return label_of(words[:at]), words[at + 1 :]
    if len(words) < 2 or words[0].quoted:
        return "", words
    size = next((at for at, word in enumerate(words) if word.is_name), 0)
    if 0 < size <= 2 and not words[size].text.isdigit():
        return label_of(words[:size]), words[size:]
    if size == 0 and words[0].text.islower() and is_kind(words[0].low):
        return label_of(words[:1]), words[1:]
    if definite and words[0].is_name and words[-1].text.islower() and is_kind(words[-1].low):
        return label_of(words[-1:]), words[:-1]
    return "", words


def _is_noun(word: Word) -> bool:
    return word.low in GENERIC or is_kind(word.low)


def _is_function(words: Words) -> bool:
    """Whether these can't be a name: a lone word that only holds sentences together."""
    return len(words) == 1 and words[0].low in _NO_NAMES


def possessor(words: Words) -> tuple[Words, Words]:
    """``Alice's age`` → ``Alice``, ``age``; ``its age`` → ``it``, ``age``; else two empty parts."""
    for at, word in enumerate(words[:-1]):
        if word.low in {"its", "his", "her", "their"} and at == 0:
            return [word], words[1:]
        if not word.quoted and word.low.endswith(("'s", "s'")) and len(word.low) > 2:
            cut = 2 if word.low.endswith("'s") else 1
            owner = word._replace(text=word.text[:-cut], low=word.low[:-cut], end=word.end - cut)
            return [*words[:at], owner], words[at + 1 :]
        if word.quoted and words[at + 1].low == "'s":
            return words[: at + 1], words[at + 2 :]
    return [], []
