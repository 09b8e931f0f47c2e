"""Statements about one thing: ``Alice is a person``, ``Alice's age is 31``, ``Design is done``, ``Bob has age 40``."""

from typing import Any

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.reading.references import possessor, several
from puntini.agent.models.offline.reading.relations import PEOPLE, relations
from puntini.agent.models.offline.text.labels import label_of
from puntini.agent.models.offline.text.properties import properties_of, property_name, value_of
from puntini.agent.models.offline.text.verbs import BEING
from puntini.agent.models.offline.text.words import ARTICLES, Clause, Words, bare, spot, text_of, vocabulary
from puntini.agent.models.offline.wishes.changing import Change
from puntini.agent.models.offline.wishes.contract import Wish

MOST_SUBJECT = 12
STATUSES = vocabulary(
    "done open active finished complete completed blocked cancelled planned pending ready closed urgent late"
) | {"in progress", "on hold", "not started"}
PROPERTIES = vocabulary(
    "age role status priority budget email colour color size weight height price cost start end due phone "
    "title rank score level count version language country city birthday deadline description"
)


def stating(clause: Clause, memory: Memory) -> list[Wish]:
    """What a statement makes true."""
    words = clause.words
    if words[0].low in PEOPLE:
        return []
    return _property(words, memory) or _has(words, memory) or relations(words, memory) or _is(words, memory)


def _property(words: Words, memory: Memory) -> list[Wish]:
    """``Alice's age is 31``, ``the age of Alice is 31``."""
    at = spot(words, BEING, 1)
    if at < 2 or at + 1 == len(words):
        return []
    owner, owned = possessor(words[:at])
    if owner and owned:
        nodes = several(owner, memory)
    elif (of := spot(words[:at], {"of"}, 1)) > 0 and not words[0].is_name:
        nodes, owned = several(words[of + 1 : at], memory), words[:of]
    elif (of := spot(words[:at], {"of"}, 2)) > 0 and words[0].low in ARTICLES:
        nodes, owned = several(words[of + 1 : at], memory), words[1:of]
    else:
        return []
    return [Change(node, props={property_name(owned): value_of(words[at + 1 :])}) for node in nodes]


def _has(words: Words, memory: Memory) -> list[Wish]:
    """``Bob has age 40``, ``Bob has a budget of 500``: a property; ``Bob has Car`` is none."""
    at = spot(words, {"has", "have"}, 1)
    if at < 1 or at > MOST_SUBJECT:
        return []
    said = bare(words[at + 1 :])
    if len(said) < 2 or not (said[0].low in PROPERTIES or spot(said, {"=", "of"}, 1) > 0 or said[1].text.isdecimal()):
        return []
    props = properties_of(said)
    return [Change(node, props=props) for node in several(words[:at], memory)] if props else []


def _is(words: Words, memory: Memory) -> list[Wish]:
    """``Alice is a person``, ``Alice is 30 years old``, ``Design is done``."""
    at = spot(words, BEING, 1)
    if at < 1 or at > MOST_SUBJECT:
        return []
    said = words[at + 1 :]
    label, props = _said_of(said, many=words[at].low == "are")
    if not label and not props:
        return []
    return [Change(node, label=label, props=props, stated=True) for node in several(words[:at], memory)]


def _said_of(said: Words, *, many: bool) -> tuple[str, dict[str, Any]]:
    """What "is …" says: a label, or a property; "" and nothing where it says neither."""
    text = text_of(said).lower()
    if said and said[0].text.isdecimal() and text_of(said[1:]).lower() in {"", "years old", "year old"}:
        return "", {"age": int(said[0].text[:15])}
    if text in STATUSES:
        return "", {"status": text}
    noun = bare(said)
    if (
        (many or (said[:1] and said[0].low in {"a", "an"}))
        and 0 < len(noun) <= 2
        and all(w.text.isalpha() for w in noun)
    ):
        return label_of(noun), {}
    return "", {}
