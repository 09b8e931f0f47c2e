"""Statements about relations: ``Alice manages Bob and Carol``, ``Build depends on Design``, ``Bob is led by Alice``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.reading.references import several
from puntini.agent.models.offline.text.labels import relation_of
from puntini.agent.models.offline.text.verbs import AFTER_BEING, BASE, BEING, EITHER, PREPOSITIONS, THIRD, Verb
from puntini.agent.models.offline.text.words import AND, ARTICLES, Words, spot_last
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.linking import MOST_LINES, Line, Link

MOST_SIDE = 24  # words on one side of a verb
PEOPLE = frozenset({"i", "you", "we"})
_NO_VERBS = frozenset({"is", "was", "as", "this", "does", "always", "us", "yes"}) | PREPOSITIONS


class Hit(NamedTuple):
    """A verb in a sentence: from where to where, and what it states."""

    start: int
    end: int
    verb: Verb


def relations(words: Words, memory: Memory) -> list[Wish]:
    """The relations that a sentence states; empty when it states none. Raises NoReferent."""
    hits = list(_hits(words))
    lines: list[Line] = []
    start = 0
    sources: Words = []
    for at, hit in enumerate(hits):
        sources = words[start : hit.start] or sources
        until = hits[at + 1].start if at + 1 < len(hits) else len(words)
        joint = hit.end + spot_last(words[hit.end : until], AND) if at + 1 < len(hits) else until
        if joint < hit.end:
            return []
        new = lines_of(sources, hit.verb, words[hit.end : joint], memory)
        if not new or len(lines) + len(new) > MOST_LINES:
            return []
        lines += new
        start = joint + 1
    return [Link(tuple(lines), stated=True)] if lines else []


def lines_of(left: Words, verb: Verb, right: Words, memory: Memory) -> list[Line]:
    """The lines from everything on one side of a verb to everything on the other. Raises NoReferent."""
    if not left or not right or len(left) > MOST_SIDE or left[0].low in PEOPLE or right[0].low in PEOPLE:
        return []
    sources, targets = several(left, memory), several(right, memory)
    if verb.backwards:
        sources, targets = targets, sources
    return [Line(source, target, verb.label, {}, verb.kinds) for source in sources for target in targets]


def _hits(words: Words) -> Iterator[Hit]:
    at = 1
    while at < len(words) - 1:
        if hit := verb_at(words, at, THIRD) or being_at(words, at) or _plural_at(words, at) or _unknown_at(words, at):
            yield hit
            at = hit.end + 1
        else:
            at += 1


def verb_at(words: Words, at: int, verbs: Mapping[str, Verb]) -> Hit | None:
    """The verb that begins here, the longest first."""
    if not words[at:] or not words[at].text.islower():
        return None
    for size in (3, 2, 1):
        if at + size <= len(words) and (verb := verbs.get(" ".join(word.low for word in words[at : at + size]))):
            return Hit(at, at + size, verb)
    return None


def being_at(words: Words, at: int) -> Hit | None:
    """``is managed by``, ``is the parent of``, ``is sponsored by``: what "be" states here."""
    if words[at].low not in BEING:
        return None
    start = at + 2 if at + 1 < len(words) and words[at + 1].low in ARTICLES else at + 1
    if known := verb_at(words, start, AFTER_BEING):
        return Hit(at, known.end, known.verb)
    if start + 2 < len(words) and words[start].text.islower() and words[start + 1].low in PREPOSITIONS:
        label = relation_of(f"{words[start].text} {words[start + 1].text}")
        return Hit(at, start + 2, Verb(label, ("Thing", "Thing"))) if label else None
    return None


def _plural_at(words: Words, at: int) -> Hit | None:
    """``Alice and Bob manage Carol``: the base form, behind a list."""
    return verb_at(words, at, BASE) if spot_last(words[:at], {"and", "&"}) > 0 else None


def _unknown_at(words: Words, at: int) -> Hit | None:
    """``Alice sponsors Bob``: a verb that is not in the table, between two names."""
    return unknown_verb(words, at) if words[at - 1].is_name and words[at - 1].low not in AND else None


def unknown_verb(words: Words, at: int) -> Hit | None:
    """A word in front of a name that looks like a verb: ``sponsors Bob``, ``flies to Rome``."""
    word = words[at]
    plain = word.text.isalpha() and word.text.islower() and word.low.endswith("s") and word.low not in _NO_VERBS
    if not plain or at + 1 == len(words):
        return None
    end = at + 2 if words[at + 1].low in PREPOSITIONS and at + 2 < len(words) else at + 1
    if not words[end].is_name:
        return None
    return Hit(at, end, Verb(relation_of(" ".join(each.text for each in words[at:end])), ("Thing", "Thing")))


def said_with(words: Sequence[str]) -> Verb | None:
    """The verb of a question (``report to``, ``managed by``), whatever its form."""
    phrase = " ".join(words)
    return EITHER.get(phrase) or AFTER_BEING.get(phrase)
